package merge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailerlake/export/merge"
	"mailerlake/export/pagelog"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// world is one table of the model: what is stored by its key, and what a scan says.
type world struct {
	table  *schema.Table
	lake   lake
	stored map[string]row
	now    int64
}

// claim is what a scan says of a table.
type claim struct {
	rows     map[string]claimed
	missing  map[string]bool
	standing func(key string, r row) merge.Standing // of a stored row that was not met
	parents  merge.Parents
	log      *pagelog.Log
	extract  bool
	gone     map[string]map[string]bool
}

// claimed is a scanned row: its attributes by path, and the objects that it lacks.
type claimed struct {
	values map[string]any
	lacks  []string
}

// convert says what a row is, given what is stored of it, nil if nothing is.
func (w *world) convert(c claimed, stored *row, missing map[string]bool) row {
	r := row{values: map[string]string{}, rescued: map[string]string{}}
	for path, v := range c.values {
		raw, _ := json.Marshal(v)
		value := strings.Trim(string(raw), `"`)
		switch {
		case v == nil:
		case w.numeric(path) && value[0] == 'x':
			r.rescued[path] = string(raw)
		case path == "value": // of a tag: what the field's JSON is
			r.values[path] = v.(string)
		case path == "updated_at":
			at := v.(string)
			r.values[path] = at
		default:
			r.values[path] = value
		}
	}
	if stored == nil {
		return r
	}
	kept := func(path string) bool {
		return missing[path] || slices.ContainsFunc(c.lacks, func(object string) bool { return strings.HasPrefix(path, object+".") })
	}
	for path, v := range stored.values {
		if kept(path) {
			r.values[path] = v
		}
	}
	for path, v := range stored.rescued {
		if _, ok := r.rescued[path]; kept(path) && !ok {
			r.rescued[path] = v
		}
	}
	return r
}

func (w *world) numeric(path string) bool {
	return slices.ContainsFunc(w.table.Columns, func(c schema.Column) bool { return c.Path == path && c.Kind == schema.Int64 })
}

func sameRow(a, b row) bool {
	return maps.Equal(a.values, b.values) && maps.Equal(a.rescued, b.rescued)
}

// merged returns the state after a scan, and counts what changes. Of lost rows nothing is known but what the scan says.
func (w *world) merged(c claim, lost map[string]bool, withheld bool) (map[string]row, merge.Plan) {
	after, plan := map[string]row{}, merge.Plan{Seen: int64(len(c.rows)), Kept: map[string]int64{}}
	for key, claimed := range c.rows {
		stored, ok := w.stored[key]
		if !ok || lost[key] {
			r := w.convert(claimed, nil, nil)
			r.synced = w.now
			after[key] = r
			plan.Inserted++
			continue
		}
		r := w.convert(claimed, &stored, c.missing)
		if r.synced = stored.synced; !sameRow(r, stored) {
			r.synced = w.now
			plan.Updated++
		} else {
			plan.Unchanged++
		}
		for path := range c.missing {
			if _, ok := stored.values[path]; ok {
				plan.Kept[strings.ReplaceAll(path, ".", "_")]++
			}
		}
		if slices.ContainsFunc(slices.Collect(maps.Keys(stored.rescued)), func(path string) bool { return c.missing[path] }) {
			plan.Kept[schema.Rescued]++
		}
		after[key] = r
	}
	for key, stored := range w.stored {
		if _, met := c.rows[key]; met || lost[key] {
			continue
		}
		switch standing := c.standing(key, stored); {
		case standing == merge.Read && !withheld:
			plan.Deleted++
			continue
		case standing != merge.Outside:
			plan.Unproven++
		}
		after[key] = stored
	}
	return after, plan
}

// step scans a table, merges it and compares it with the model.
func (w *world) step(t *testing.T, r *rand.Rand, sizes part.Sizes, c claim) {
	t.Helper()
	w.now++
	ctx := context.Background()
	log := c.log
	if c.extract {
		log = newLog(t, w.table)
		if err := merge.Extract(ctx, log, c.log, w.table, merge.GoneParents{}); err != nil {
			t.Fatal(err)
		}
	}
	m := w.lake.table(w.table, c.log, sizes)
	if m.Log, m.Nested = log, m.Nested && !c.extract; c.missing == nil {
		m.Missing = nil
	}
	m.Parents, m.Gone = c.parents, c.gone
	lost, exactly := w.damage(t, r, m)
	w.checkKeys(t, m, c, lost)
	withheld := []string{"", "for a reason"}[r.IntN(2)]
	after, want := w.merged(c, lost, withheld != "")
	plan, err := m.Plan(ctx, r.IntN(2) == 0)
	if err != nil {
		t.Fatal(err)
	}
	plan.Settle(m, withheld)
	if met := w.met(c, lost); plan.Rebuilt < met || exactly && plan.Rebuilt > met || len(plan.RebuiltParts) != len(m.Damaged) {
		t.Fatalf("%s: %d rows are rebuilt, want %d; parts %v", w.table.Name, plan.Rebuilt, met, plan.RebuiltParts)
	}
	got := merge.Plan{Seen: plan.Seen, Inserted: plan.Inserted + plan.Rebuilt, Updated: plan.Updated, Deleted: plan.Deleted, Unchanged: plan.Unchanged,
		Unproven: plan.Unproven, Kept: plan.Kept}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(merge.Plan{}), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s: plan: %s", w.table.Name, diff)
	}
	changes := newChangeLog(t, w.table, r.IntN(2) == 0, w.stored)
	var wanted merge.Changes
	if m.LostRows() == 0 {
		wanted = changes
	}
	w.write(t, m, plan, wanted)
	rows := w.lake.rows(t, w.table)
	if diff := diffRows(after, rows); diff != "" {
		t.Fatalf("%s: rows: %s", w.table.Name, diff)
	}
	if wanted != nil {
		changes.check(rows, plan)
	}
	w.stored = rows
}

// damage damages parts: some as if nothing of them could be read, others in a byte of the file. It returns the rows that are
// lost, and whether it is known of every key if there was a row of it.
func (w *world) damage(t *testing.T, r *rand.Rand, m *merge.Table) (lost map[string]bool, exactly bool) {
	t.Helper()
	lost, exactly, m.Damaged = map[string]bool{}, true, map[string]*merge.Damage{}
	w.lake.files = maps.Clone(w.lake.files)
	for i := range w.lake.parts {
		p := &w.lake.parts[i]
		var sound map[string]bool
		known := p.Rows == 0
		switch r.IntN(12) {
		case 0:
			m.Damaged[p.Path] = &merge.Damage{}
		case 1:
			data := bytes.Clone(w.lake.files[p.Path].Buffer.Bytes())
			data[r.IntN(len(data))] ^= byte(1 + r.IntN(255))
			w.lake.files[p.Path] = &file{*bytes.NewBuffer(data)}
			damage, err := m.Survey(t.Context(), i)
			if err != nil {
				t.Fatal(err)
			}
			m.Damaged[p.Path] = damage
			sound, known = w.lake.sound(i)
		default:
			continue
		}
		exactly = exactly && known
		for key, stored := range w.stored {
			if stored.part == p.Path && !sound[key] {
				lost[key] = true
			}
		}
	}
	return lost, exactly
}

// sound returns the rows of a damaged part that can be read to their last value, and whether all keys can be.
func (l *lake) sound(i int) (sound map[string]bool, known bool) {
	sound, known = map[string]bool{}, true
	r, err := l.openDamaged(i)
	if err != nil {
		return nil, l.parts[i].Rows == 0
	}
	for g := range l.parts[i].RowGroups {
		keys, err := r.SoundKeys(g)
		if err != nil {
			known = false
			continue
		}
		whole := slices.Repeat([]bool{true}, keys.Len())
		for c := range l.columns {
			values, err := r.ReadSound(g, c, &schema.Vector{})
			for row := range whole {
				whole[row] = whole[row] && err == nil && values[row]
			}
		}
		for row, ok := range whole {
			sound[name(keys.At(row))] = ok
		}
	}
	return sound, known
}

// met counts the rows among these that a scan met.
func (w *world) met(c claim, rows map[string]bool) (n int64) {
	for key := range rows {
		if _, ok := c.rows[key]; ok {
			n++
		}
	}
	return n
}

// checkKeys compares a plan by key alone with the model.
func (w *world) checkKeys(t *testing.T, m *merge.Table, c claim, lost map[string]bool) {
	t.Helper()
	_, all := w.merged(c, lost, false)
	plan, err := m.PlanKeys(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	want := []int64{all.Seen, all.Inserted, all.Updated + all.Unchanged, all.Deleted, all.Unproven}
	got := []int64{plan.Seen, plan.Inserted + plan.Rebuilt, plan.Unchanged, plan.Candidates(), plan.Unproven}
	if diff := cmp.Diff(want, got); diff != "" || len(plan.Sample()) != int(plan.Candidates()) {
		t.Fatalf("%s: plan by keys: %s", w.table.Name, diff)
	}
	for _, key := range plan.Sample() {
		if _, met := c.rows[name(key)]; met || c.standing(name(key), w.stored[name(key)]) != merge.Read {
			t.Fatalf("%s: %v is a candidate", w.table.Name, key)
		}
	}
}

// write carries a plan out and checks that it touched what it said.
func (w *world) write(t *testing.T, m *merge.Table, plan *merge.Plan, changes merge.Changes) {
	t.Helper()
	before, total, planned := w.lake, plan.PartsTotal, plan.PartsWritten
	if plan.Empty() {
		return
	}
	w.lake.writeTo(t, m, plan, w.now, changes)
	written, cut := 0, false
	for i, p := range w.lake.parts {
		if i < len(plan.Parts) {
			cut = cut || plan.Parts[i].Rows > m.Sizes.Outgrown()
		}
		if w.lake.files[p.Path] == before.files[p.Path] {
			continue
		}
		if written++; p.Rows > m.Sizes.Outgrown() {
			t.Fatalf("%s was written with %d rows; it should have been cut", p.Path, p.Rows)
		}
	}
	if written != plan.PartsWritten || len(w.lake.parts) != plan.PartsTotal {
		t.Fatalf("%d of %d parts written, the plan says %d of %d", written, len(w.lake.parts), plan.PartsWritten, plan.PartsTotal)
	}
	if !cut && (written != planned || len(w.lake.parts) != total) {
		t.Fatalf("%d of %d parts written, the plan said %d of %d", written, len(w.lake.parts), planned, total)
	}
}

// TestModel lets accounts change and merges their tables, and compares each with a model that knows nothing of parts.
func TestModel(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 7))
			a := &account{r: r, things: map[string]object{}, loose: map[string]string{}, visits: map[string]map[string]object{}}
			sizes := part.Sizes{Group: int64(2 + r.IntN(40)), Part: int64(3 + r.IntN(90))}
			worlds := map[string]*world{}
			for _, table := range catalog.Tables() {
				worlds[table.Name] = &world{table: table}
			}
			for range 6 {
				a.change()
				s := a.scan(t)
				claims := a.claims(t, s)
				for _, name := range slices.Sorted(maps.Keys(claims)) {
					worlds[name].step(t, r, sizes, claims[name])
				}
			}
		})
	}
}

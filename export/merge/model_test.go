package merge_test

import (
	"context"
	"encoding/json"
	"fmt"
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

// object is a JSON object; sent are all its attributes by path, those of inner objects too, where it has them.
type object = map[string]any

// account is what the API would tell: things by id, their visits by id, and who has which loose row.
type account struct {
	r      *rand.Rand
	things map[string]object
	loose  map[string]string            // id -> thing
	visits map[string]map[string]object // by thing
	fields int
}

func (a *account) id() string {
	return strconv.Itoa(1 + a.r.IntN([]int{9, 60, 250}[a.r.IntN(3)]))
}

// value returns a value that may be absent (nothing), null, fitting, or not fitting a number.
func (a *account) put(o object, name string) {
	switch a.r.IntN(9) {
	case 0:
	case 1:
		o[name] = nil
	case 2:
		o[name] = "x" + a.id()
	default:
		o[name] = a.r.IntN(3)
	}
}

func (a *account) object(names ...string) object {
	o := object{}
	for _, name := range names {
		a.put(o, name)
	}
	return o
}

// thing makes a thing without its loose rows.
func (a *account) thing(id string) object {
	o := a.object("name", "n")
	o["id"] = id
	o["updated_at"] = fmt.Sprintf("2024-01-01 00:00:%02d", a.r.IntN(60))
	if a.r.IntN(5) > 0 {
		o["obj"] = a.object("a", "b")
	} else if a.r.IntN(2) == 0 {
		o["obj"] = nil
	}
	if a.r.IntN(5) > 0 {
		fields := object{}
		for i := range a.fields {
			a.put(fields, fmt.Sprintf("f%d", i))
		}
		o["fields"] = fields
	}
	if a.r.IntN(5) > 0 {
		o["kids"] = a.children()
	}
	return o
}

func (a *account) children() []any {
	list := []any{}
	seen := map[string]bool{}
	for range a.r.IntN(4) {
		kid := a.object("size")
		kid["id"], kid["ref"] = strconv.Itoa(1+a.r.IntN(12)), strconv.Itoa(a.r.IntN(5))
		if !seen[kid["id"].(string)] {
			seen[kid["id"].(string)] = true
			list = append(list, kid)
		}
	}
	return list
}

// change adds, changes and deletes things.
func (a *account) change() {
	for range a.r.IntN(40) {
		switch id := a.id(); a.r.IntN(4) {
		case 0:
			delete(a.things, id)
			delete(a.visits, id)
		default:
			a.things[id] = a.thing(id)
		}
		a.loose[a.id()] = a.id()
		delete(a.loose, a.id())
	}
	if a.r.IntN(3) == 0 {
		a.fields++
	}
	for _, id := range slices.Sorted(maps.Keys(a.things)) {
		list := []any{}
		for _, loose := range slices.Sorted(maps.Keys(a.loose)) {
			if a.loose[loose] == id {
				o := a.object("size")
				o["id"], o["ref"] = loose, strconv.Itoa(a.r.IntN(5))
				list = append(list, o)
			}
		}
		if a.things[id]["loose"] = list; a.r.IntN(6) == 0 {
			delete(a.things[id], "loose")
		}
		if a.visits[id] == nil || a.r.IntN(4) == 0 {
			a.visits[id] = map[string]object{}
			for range a.r.IntN(8) {
				visit := a.object("n")
				visit["id"], visit["ref"] = strconv.Itoa(a.r.IntN(30)), strconv.Itoa(a.r.IntN(5))
				a.visits[id][visit["id"].(string)] = visit
			}
		}
	}
}

// scan is what a scan of the things met: the records that count, and the log.
type scan struct {
	log *pagelog.Log
	met map[string]object
	had map[string]bool // paths that some record had
}

// scan reads most of the things, some of them twice, in pages that overlap, and leaves out some attributes.
func (a *account) scan(t testing.TB) *scan {
	table := catalog.Lookup("thing")
	s := &scan{newLog(t, table), map[string]object{}, map[string]bool{}}
	var never []string
	for _, name := range []string{"name", "n", "obj", "updated_at"} {
		if a.r.IntN(8) == 0 {
			never = append(never, name)
		}
	}
	ids := slices.Sorted(maps.Keys(a.things))
	if a.r.IntN(2) == 0 {
		slices.SortFunc(ids, func(x, y string) int { return schema.Key{y}.Compare(schema.Key{x}) })
	}
	for len(ids) > 0 {
		n := min(len(ids), 1+a.r.IntN(80))
		again := min(n-1, a.r.IntN(3)) // are sent again, in another version
		page := []any{}
		for i, id := range ids[:n] {
			if i >= n-again || a.r.IntN(10) == 0 {
				page = append(page, s.meet(a.thing(id), never))
			}
			if i < n-again && a.r.IntN(20) > 0 {
				page = append(page, s.meet(maps.Clone(a.things[id]), never))
			}
		}
		appendPage(t, s.log, table, page)
		ids = ids[n-again:]
	}
	return s
}

// meet notes a record without some attributes and returns it.
func (s *scan) meet(o object, never []string) object {
	for _, name := range never {
		delete(o, name)
	}
	s.met[o["id"].(string)] = o
	for path := range flat("", o) {
		s.had[path] = true
	}
	return o
}

// flat returns the attributes of an object that are no objects or arrays, by path.
func flat(at string, o object) map[string]any {
	all := map[string]any{}
	for name, v := range o {
		switch v := v.(type) {
		case object:
			maps.Copy(all, flat(at+name+".", v))
		case []any:
		default:
			all[at+name] = v
		}
	}
	return all
}

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

// merged returns the state after a scan, and counts what changes.
func (w *world) merged(c claim, damaged map[string]bool, withheld bool) (map[string]row, merge.Plan) {
	after, plan := map[string]row{}, merge.Plan{Seen: int64(len(c.rows)), Kept: map[string]int64{}}
	for key, claimed := range c.rows {
		stored, ok := w.stored[key]
		if !ok || damaged[stored.part] {
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
		if _, met := c.rows[key]; met || damaged[stored.part] {
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
		if err := merge.Extract(ctx, log, c.log, w.table); err != nil {
			t.Fatal(err)
		}
	}
	m := w.lake.table(w.table, c.log, sizes)
	if m.Log, m.Nested = log, m.Nested && !c.extract; c.missing == nil {
		m.Missing = nil
	}
	m.Parents, m.Gone, m.Damaged = c.parents, c.gone, map[string]bool{}
	for i := range w.lake.parts {
		if r.IntN(12) == 0 {
			m.Damaged[w.lake.parts[i].Path] = true
		}
	}
	w.checkKeys(t, m, c)
	withheld := []string{"", "for a reason"}[r.IntN(2)]
	after, want := w.merged(c, m.Damaged, withheld != "")
	plan, err := m.Plan(ctx, r.IntN(2) == 0)
	if err != nil {
		t.Fatal(err)
	}
	plan.Settle(m, withheld)
	got := merge.Plan{Seen: plan.Seen, Inserted: plan.Inserted, Updated: plan.Updated, Deleted: plan.Deleted, Unchanged: plan.Unchanged,
		Unproven: plan.Unproven, Kept: plan.Kept}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(merge.Plan{}), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s: plan: %s", w.table.Name, diff)
	}
	w.write(t, m, plan)
	rows := w.lake.rows(t, w.table)
	if diff := cmp.Diff(after, rows, cmp.AllowUnexported(row{}), cmpopts.IgnoreFields(row{}, "part"), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s: rows: %s", w.table.Name, diff)
	}
	w.stored = rows
}

// checkKeys compares a plan by key alone with the model.
func (w *world) checkKeys(t *testing.T, m *merge.Table, c claim) {
	t.Helper()
	_, all := w.merged(c, m.Damaged, false)
	plan, err := m.PlanKeys(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	want := []int64{all.Seen, all.Inserted, all.Updated + all.Unchanged, all.Deleted, all.Unproven}
	got := []int64{plan.Seen, plan.Inserted, plan.Unchanged, plan.Candidates(), plan.Unproven}
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
func (w *world) write(t *testing.T, m *merge.Table, plan *merge.Plan) {
	t.Helper()
	before, total, planned := w.lake, plan.PartsTotal, plan.PartsWritten
	if plan.Empty() {
		return
	}
	w.lake.write(t, m, plan, w.now)
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

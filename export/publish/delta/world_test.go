package delta_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strconv"
	"testing"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/disk/disktest"
	"mailerlake/export/part"
	"mailerlake/export/publish/delta"
	"mailerlake/export/publish/store"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

const program = "mailerlake 1.2.3"

// row holds the values of a row by column; a column that it lacks is null.
type row map[string]any

// world is a dataset of one table that lives on from day to day, and what was published of it.
type world struct {
	t     *testing.T
	r     *rand.Rand
	store store.Store
	now   time.Time

	table    dataset.TableState
	snapshot int64
	rows     map[int]row           // by number; the key is its text
	past     map[int64]map[int]row // rows of each snapshot
	widened  int64                 // snapshot since which columns are as they are
	files    map[string][]byte     // local parts
	dirty    map[int]bool          // parts

	history bool
	was     *dataset.DeltaTable
	token   int
	orphans bool
	retain  time.Duration
}

// partRows is how many numbers belong to a part.
const partRows = 50

func newWorld(t *testing.T, seed uint64, s store.Store) *world {
	w := &world{t: t, r: rand.New(rand.NewPCG(seed, 3)), store: s, now: time.Date(2026, 3, 1, 4, 5, 6, 789e6, time.UTC), rows: map[int]row{}, past: map[int64]map[int]row{},
		files: map[string][]byte{}, dirty: map[int]bool{0: true}, retain: 7 * 24 * time.Hour}
	w.table = dataset.TableState{Name: "thing", Key: []string{"id"}, Columns: []schema.Column{schematest.KeyColumn("id"), {Name: "name", Kind: schema.String},
		{Name: "count", Kind: schema.Int64}, {Name: "rate", Kind: schema.Double}, {Name: "flag", Kind: schema.Bool}, {Name: "at", Kind: schema.Timestamp}, {Name: "day", Kind: schema.Date}}}
	return w
}

// value returns a random value, or null.
func (w *world) value(k schema.Kind) any {
	if w.r.IntN(5) == 0 {
		return nil
	}
	n := w.r.Int64N(1 << 40)
	switch k {
	case schema.String:
		return fmt.Sprintf("%s %x", []string{"plain", "Größe", "日本", "quo\"te\\ \n", "longer than thirty-two characters are"}[n%5], n)
	case schema.Double:
		return float64(n-1<<39) / 1024
	case schema.Bool:
		return n%2 == 0
	case schema.Timestamp:
		return time.UnixMicro(n * 1000003 % 4e15).UTC()
	case schema.Date:
		return int32(n % 30000)
	}
	return n - 1<<39
}

func (w *world) put(number int) {
	r := row{"id": strconv.Itoa(number)}
	for _, c := range w.table.Columns[1:] {
		if v := w.value(c.Kind); v != nil {
			r[c.Name] = v
		}
	}
	w.rows[number] = r
	w.dirty[number/partRows] = true
}

// change inserts, updates and deletes some rows. All row numbers have the same length, so that their order is that of keys.
func (w *world) change() {
	for range 1 + w.r.IntN(8) {
		if number := 1000 + w.r.IntN(100+10*int(w.snapshot)); w.rows[number] != nil && w.r.IntN(3) == 0 {
			delete(w.rows, number)
			w.dirty[number/partRows] = true
		} else {
			w.put(number)
		}
	}
}

// addColumn adds a column; all parts are written again.
func (w *world) addColumn() {
	name := fmt.Sprintf("extra_%d", len(w.table.Columns))
	w.table.Columns = append(w.table.Columns, schema.Column{Name: name, Kind: schema.Kind(1 + w.r.IntN(int(schema.Date)))})
	w.dirtyAll()
	w.change()
}

// dirtyAll lets all parts be written again.
func (w *world) dirtyAll() {
	for i := range w.table.Parts {
		w.dirty[w.table.Parts[i].Number()] = true
	}
}

// widen makes a column text.
func (w *world) widen() {
	c := &w.table.Columns[1+w.r.IntN(len(w.table.Columns)-1)]
	if c.Kind == schema.String {
		return
	}
	c.Kind, w.widened = schema.String, w.snapshot+1
	for number, r := range w.rows {
		if v, ok := r[c.Name]; ok {
			r = maps.Clone(r)
			r[c.Name] = fmt.Sprint(v)
			w.rows[number] = r
		}
	}
	w.dirtyAll()
}

// commit makes a snapshot of the rows.
func (w *world) commit() {
	w.snapshot++
	w.past[w.snapshot] = maps.Clone(w.rows)
	if len(w.dirty) == 0 {
		return
	}
	byPart := map[int][]int{}
	for number := range w.rows {
		byPart[number/partRows] = append(byPart[number/partRows], number)
	}
	w.table.ChangedIn = w.snapshot
	w.table.Rows = int64(len(w.rows))
	old := w.table.Parts
	w.table.Parts = nil
	numbers := slices.Sorted(maps.Keys(byPart))
	if len(numbers) == 0 {
		numbers = []int{0}
	}
	for _, n := range numbers {
		i := slices.IndexFunc(old, func(p part.Part) bool { return p.Path == part.Path("thing", n) })
		if i >= 0 && !w.dirty[n] {
			w.table.Parts = append(w.table.Parts, old[i])
			continue
		}
		slices.Sort(byPart[n])
		w.table.Parts = append(w.table.Parts, w.writePart(n, byPart[n]))
	}
	w.table.Parts[0].From = nil
	w.dirty = map[int]bool{}
}

func (w *world) writePart(n int, numbers []int) part.Part {
	b := w.batch(w.rows, numbers)
	var out bytes.Buffer
	pw := part.NewWriter(&out, "thing", w.table.Columns, []string{"id"}, program, part.Sizes{Group: 20})
	if err := pw.Write(part.Rows{Batch: b, To: b.Rows}); err != nil {
		w.t.Fatal(err)
	}
	p, err := pw.Close()
	if err != nil {
		w.t.Fatal(err)
	}
	p.Path, p.Bytes, p.SHA256, p.ChangedIn = part.Path("thing", n), int64(out.Len()), fmt.Sprintf("%x", sha256.Sum256(out.Bytes())), w.snapshot
	p.From = schema.Key{strconv.Itoa(n * partRows)}
	w.files[p.Path] = out.Bytes()
	return p
}

// batch returns rows in the table's columns.
func (w *world) batch(rows map[int]row, numbers []int) *schema.Batch {
	b := &schema.Batch{Columns: w.table.Columns, Rows: len(numbers)}
	for _, c := range w.table.Columns {
		v := schema.NewVector(c.Kind)
		for _, number := range numbers {
			switch x := rows[number][c.Name].(type) {
			case nil:
				v.AppendNull(1)
			case string:
				v.AppendText([]byte(x))
			case float64:
				v.AppendFloat(x)
			case bool:
				v.AppendInt(map[bool]int64{true: 1}[x])
			case time.Time:
				v.AppendInt(x.UnixMicro())
			case int32:
				v.AppendInt(int64(x))
			case int64:
				v.AppendInt(x)
			}
		}
		b.Vectors = append(b.Vectors, v)
	}
	return b
}

// changes returns the rows that differ from those of a snapshot.
func (w *world) changes(_ context.Context, since int64) (iter.Seq2[delta.Change, error], bool, error) {
	if since < w.widened {
		return nil, false, nil
	}
	before, after := w.past[since], w.past[w.snapshot]
	all := maps.Clone(before)
	maps.Copy(all, after)
	return func(yield func(delta.Change, error) bool) {
		for _, number := range slices.Sorted(maps.Keys(all)) {
			var c delta.Change
			if before[number] != nil {
				c.Before = part.Rows{Batch: w.batch(before, []int{number}), To: 1}
			}
			if after[number] != nil {
				c.After = part.Rows{Batch: w.batch(after, []int{number}), To: 1}
			}
			if !maps.Equal(before[number], after[number]) && !yield(c, nil) {
				return
			}
		}
	}, true, nil
}

// upload puts the data files into the store.
func (w *world) upload(ctx context.Context) error {
	for i := range w.table.Parts {
		p := &w.table.Parts[i]
		if _, err := w.store.Put(ctx, delta.DataFile(p), store.BytesBody(w.files[p.Path]), store.IfAbsent()); err != nil && !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return nil
}

// input returns what a publish of the snapshot commits.
func (w *world) input() delta.Input {
	w.token++
	return delta.Input{Store: w.store, Was: w.was, Table: &w.table, Snapshot: w.snapshot, SnapshotID: fmt.Sprintf("id-%d", w.snapshot), Account: "42", Program: program,
		Token: fmt.Sprintf("token-%012d", w.token), Now: func() time.Time { return w.now }, Retain: w.retain,
		Open: func(_ context.Context, p *part.Part) (disk.File, error) {
			return &disktest.File{Data: w.files[p.Path]}, nil
		},
		Orphans: w.orphans, History: w.history, Changes: w.changes, Scratch: func() (disk.File, error) { return &disktest.File{}, nil }}
}

// publish publishes the snapshot.
func (w *world) publish() {
	w.t.Helper()
	if err := w.upload(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	was, err := delta.Commit(w.t.Context(), w.input())
	if err != nil {
		w.t.Fatal(err)
	}
	w.was = was
}

// names returns the names of the data files that the table should have, sorted.
func (w *world) names() (names []string) {
	for i := range w.table.Parts {
		names = append(names, path.Base(delta.DataFile(&w.table.Parts[i])))
	}
	slices.Sort(names)
	return names
}

// pass lets time pass.
func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

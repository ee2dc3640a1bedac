package feed_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/feed"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// lake is a dataset of one table that changes at random, with all its states.
type lake struct {
	t       *testing.T
	r       *rand.Rand
	dir     string
	columns []schema.Column
	history func(snapshot int64) bool
	state   dataset.TableState
	rows    map[string][]string           // the present rows by key: a text for each column after the key, "-" for null
	past    map[int64]map[string][]string // the rows of each snapshot
	known   map[int64][]string            // the names of the columns of each snapshot
}

var lakeKey = []schema.Column{schematest.KeyColumn("group_id"), schematest.KeyColumn("person_id")}

func newLake(t *testing.T, seed uint64) *lake {
	l := &lake{t: t, r: rand.New(rand.NewPCG(seed, 1)), dir: t.TempDir(), rows: map[string][]string{}, past: map[int64]map[string][]string{},
		known: map[int64][]string{}, history: func(int64) bool { return true }}
	l.columns = append(slices.Clone(lakeKey), schema.Column{Name: "note", Kind: schema.String, Path: "note"}, schema.Column{Name: "n", Kind: schema.Int64, Path: "n"})
	l.state = dataset.TableState{Name: "membership", Key: []string{"group_id", "person_id"}, Order: []string{"person_id", "group_id"}, CreatedIn: 1, ChangesSince: 1}
	return l
}

// value makes a value of a column.
func (l *lake) value(c schema.Column) string {
	switch n := l.r.IntN(5); {
	case n == 0:
		return "-"
	default:
		return fmt.Sprint(n * 7)
	}
}

// compareKeys orders keys as the table does.
func compareKeys(a, b string) int {
	return schema.Key(strings.Fields(a)).Compare(schema.Key(strings.Fields(b)))
}

// batch makes a batch of rows in the table's columns.
func (l *lake) batch(keys []string, rows map[string][]string) part.Rows {
	b := &schema.Batch{Columns: l.columns, Rows: len(keys)}
	for _, c := range l.columns {
		b.Vectors = append(b.Vectors, schema.NewVector(c.Kind))
	}
	for _, key := range keys {
		person, group, _ := strings.Cut(key, " ")
		b.Vectors[0].AppendText([]byte(group))
		b.Vectors[1].AppendText([]byte(person))
		for i, text := range rows[key] {
			v := b.Vectors[2+i]
			switch {
			case text == "-":
				v.AppendNull(1)
			case v.Kind == schema.String:
				v.AppendText([]byte(text))
			default:
				var n int64
				fmt.Sscan(text, &n)
				v.AppendInt(n)
			}
		}
	}
	return part.Rows{Batch: b, To: b.Rows}
}

// next makes the next snapshot: some rows come, change and go.
func (l *lake) next(snapshot int64, changes int) {
	was := maps.Clone(l.rows)
	for range changes {
		key := fmt.Sprintf("%d %d", l.r.IntN(120), l.r.IntN(3))
		if _, there := l.rows[key]; there && l.r.IntN(3) == 0 {
			delete(l.rows, key)
			continue
		}
		var row []string
		for _, c := range l.columns[2:] {
			row = append(row, l.value(c))
		}
		l.rows[key] = row
	}
	l.write(snapshot, was)
}

// write writes the parts, and the changes since the rows before.
func (l *lake) write(snapshot int64, was map[string][]string) {
	l.t.Helper()
	if snapshot > 1 {
		l.writeChanges(snapshot, was)
	}
	l.writeParts(snapshot)
	l.past[snapshot] = maps.Clone(l.rows)
	for _, c := range l.columns[2:] {
		l.known[snapshot] = append(l.known[snapshot], c.Name)
	}
	l.state.Columns = l.columns
	m := &dataset.Manifest{Format: dataset.Format, Program: "mailerlake 1", Account: dataset.Account{ID: "1"}, Snapshot: snapshot,
		CommittedAt: at(snapshot), Tables: []dataset.TableState{l.state}, Feed: dataset.Feed{Keep: 86400}}
	data, err := dataset.EncodeManifest(m)
	if err != nil {
		l.t.Fatal(err)
	}
	l.put(dataset.ManifestName, data)
}

func (l *lake) put(path string, data []byte) {
	l.t.Helper()
	name := filepath.Join(l.dir, path)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lake) writeChanges(snapshot int64, was map[string][]string) {
	f := &changeFile{}
	table := feed.Table{Name: l.state.Name, Order: l.state.Order, Columns: l.columns}
	w := feed.NewWriter(func() (feed.File, error) { return f, nil }, table, snapshot, at(snapshot), l.history(snapshot), "mailerlake 1")
	w.GroupRows(1 + l.r.IntN(20))
	all := maps.Clone(was)
	maps.Copy(all, l.rows)
	for _, key := range slices.SortedFunc(maps.Keys(all), compareKeys) {
		before, there := was[key]
		after, here := l.rows[key]
		var err error
		switch one := []string{key}; {
		case there && here && slices.Equal(before, after):
		case there && here:
			err = w.Updated(l.batch(one, was), l.batch(one, l.rows))
		case there:
			err = w.Deleted(l.batch(one, was))
		default:
			err = w.Inserted(l.batch(one, l.rows))
		}
		if err != nil {
			l.t.Fatal(err)
		}
	}
	c, err := w.Close()
	if err != nil {
		l.t.Fatal(err)
	}
	if c != nil {
		l.state.Changes = append(l.state.Changes, *c)
		l.put(dataset.ChangesPath(l.state.Name, snapshot), f.Data)
	}
}

// writeParts writes all rows in parts of random sizes.
func (l *lake) writeParts(snapshot int64) {
	keys := slices.SortedFunc(maps.Keys(l.rows), compareKeys)
	l.state.Parts, l.state.Rows, l.state.ChangedIn = nil, int64(len(keys)), snapshot
	for len(keys) > 0 || l.state.Parts == nil {
		n := min(len(keys), 1+l.r.IntN(60))
		f := &changeFile{}
		w := part.NewWriter(f, l.state.Name, l.columns, l.state.Order, "mailerlake 1", part.Sizes{Group: int64(1 + l.r.IntN(30))})
		if err := w.Write(l.batch(keys[:n], l.rows)); err != nil {
			l.t.Fatal(err)
		}
		p, err := w.Close()
		if err != nil {
			l.t.Fatal(err)
		}
		p.Path, p.Bytes, p.SHA256, p.ChangedIn = part.Path(l.state.Name, len(l.state.Parts)), f.Bytes(), f.Sum(), snapshot
		if len(l.state.Parts) > 0 {
			p.From = p.RowGroups[0].First
		}
		l.put(p.Path, f.Data)
		l.state.Parts, keys = append(l.state.Parts, p), keys[n:]
	}
}

// open opens the dataset.
func (l *lake) open() (*dataset.Dataset, *dataset.TableState) {
	l.t.Helper()
	d, err := dataset.Open(disk.OS(false), l.dir)
	if err != nil {
		l.t.Fatal(err)
	}
	return d, &d.Manifest.Tables[0]
}

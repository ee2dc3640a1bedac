package feed_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/disk/disktest"
	"mailerlake/export/feed"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// changeFile is a change file in memory.
type changeFile struct{ disktest.File }

func (f *changeFile) Bytes() int64 { return int64(len(f.Data)) }

func (f *changeFile) Sum() string {
	sum := sha256.Sum256(f.Data)
	return hex.EncodeToString(sum[:])
}

// at is when the changes of a snapshot are made in tests.
func at(snapshot int64) time.Time {
	return time.Date(2026, 1, 1, 12, 0, 0, 123456789, time.UTC).AddDate(0, 0, int(snapshot))
}

// memberships is a table whose rows are sorted by its second key column first.
var memberships = feed.Table{Name: "membership", Order: []string{"person_id", "group_id"}, Columns: []schema.Column{
	schematest.KeyColumn("group_id"), schematest.KeyColumn("person_id"), {Name: "note", Kind: schema.String, Path: "note"},
	{Name: "score", Kind: schema.Double, Path: "score"}}}

// row is a row of memberships; an empty note is null.
type row struct {
	group, person, note string
	score               float64
}

// rowsOf makes a batch of rows.
func rowsOf(rows ...row) part.Rows {
	b := &schema.Batch{Columns: memberships.Columns, Rows: len(rows)}
	for _, c := range b.Columns {
		b.Vectors = append(b.Vectors, schema.NewVector(c.Kind))
	}
	for _, r := range rows {
		b.Vectors[0].AppendText([]byte(r.group))
		b.Vectors[1].AppendText([]byte(r.person))
		if r.note == "" {
			b.Vectors[2].AppendNull(1)
		} else {
			b.Vectors[2].AppendText([]byte(r.note))
		}
		b.Vectors[3].AppendFloat(r.score)
	}
	return part.Rows{Batch: b, To: b.Rows}
}

// writer returns a writer of memberships into a file.
func writer(f *changeFile, snapshot int64, history bool) *feed.Writer {
	return feed.NewWriter(func() (feed.File, error) { return f, nil }, memberships, snapshot, at(snapshot), history, "mailerlake 1")
}

// lines reads a change file as text, a line for each row.
func lines(t *testing.T, f *changeFile, c *dataset.ChangeFile) []string {
	t.Helper()
	if err := part.CheckFile(context.Background(), &f.File, &part.Part{Bytes: c.Bytes, SHA256: c.SHA256}); err != nil {
		t.Fatal(err)
	}
	r, err := part.OpenDescribed(&f.File, c.Bytes, c.Rows, 10)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range r.Columns() {
		names = append(names, c.Name)
	}
	text := []string{strings.Join(names, " ")}
	for g, group := range r.RowGroups() {
		rows := make([]string, group.Rows)
		for i := range names {
			v := &schema.Vector{}
			if err := r.Read(g, i, v); err != nil {
				t.Fatal(err)
			}
			for row := range rows {
				rows[row] += " " + valueText(v, row)
			}
		}
		text = append(text, rows...)
	}
	return text
}

func valueText(v *schema.Vector, row int) string {
	switch {
	case v.Null(row):
		return "-"
	case v.Kind == schema.String:
		return string(v.Text(row))
	case v.Kind == schema.Double:
		return fmt.Sprint(v.Float(row))
	case v.Kind == schema.Timestamp:
		return time.UnixMicro(v.Int(row)).UTC().Format(time.DateOnly)
	}
	return fmt.Sprint(v.Int(row))
}

func TestWriterKeepsKeys(t *testing.T) {
	f := &changeFile{}
	w := writer(f, 3, false)
	if w.Whole() {
		t.Error("it wants whole rows")
	}
	keys := rowsOf(row{"7", "1", "", 0}, row{"9", "2", "", 0})
	keys.Batch.Vectors[2], keys.Batch.Vectors[3] = nil, nil
	if err := errors.Join(w.Deleted(keys), w.Updated(part.Rows{}, rowsOf(row{"7", "10", "now", 1})), w.Inserted(rowsOf(row{"8", "10", "new", 2}))); err != nil {
		t.Fatal(err)
	}
	c, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"_change _snapshot _changed_at person_id group_id", " delete 3 2026-01-04 1 7", " delete 3 2026-01-04 2 9",
		" update 3 2026-01-04 10 7", " insert 3 2026-01-04 10 8"}
	if got := lines(t, f, c); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if c.Snapshot != 3 || !c.At.Equal(at(3).Truncate(time.Microsecond)) || c.History || !f.Closed {
		t.Errorf("got %+v", c)
	}
}

func TestWriterKeepsHistory(t *testing.T) {
	f := &changeFile{}
	w := writer(f, 4, true)
	before, after := rowsOf(row{"0", "0", "", 0}, row{"7", "1", "a", 1}, row{"7", "2", "", 2}), rowsOf(row{"7", "1", "b", 1}, row{"7", "2", "c", 2})
	before.From = 1
	if err := errors.Join(w.Updated(before, after), w.Deleted(rowsOf(row{"8", "2", "d", 3})), w.Inserted(rowsOf(row{"1", "3", "", 4}))); err != nil {
		t.Fatal(err)
	}
	c, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"_change _snapshot _changed_at person_id group_id note score", " update_before 4 2026-01-05 1 7 a 1", " update_after 4 2026-01-05 1 7 b 1",
		" update_before 4 2026-01-05 2 7 - 2", " update_after 4 2026-01-05 2 7 c 2", " delete 4 2026-01-05 2 8 d 3", " insert 4 2026-01-05 3 1 - 4"}
	if got := lines(t, f, c); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if !c.History || !w.Whole() {
		t.Errorf("got %+v", c)
	}
}

// TestWriterOfMany: what is written in several row groups is read back in order.
func TestWriterOfMany(t *testing.T) {
	f := &changeFile{}
	w := writer(f, 2, true)
	const n = 20000
	for from := 0; from < n; from += 3000 {
		var before, after []row
		for i := from; i < min(n, from+3000); i++ {
			before, after = append(before, row{"1", fmt.Sprint(100000 + i), "old", 0}), append(after, row{"1", fmt.Sprint(100000 + i), "new", float64(i)})
		}
		if err := w.Updated(rowsOf(before...), rowsOf(after...)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	got := lines(t, f, c)[1:]
	if len(got) != 2*n || c.Rows != 2*n {
		t.Fatalf("%d rows, the manifest says %d", len(got), c.Rows)
	}
	for i := range n {
		if want := fmt.Sprintf(" update_after 2 2026-01-03 %d 1 new %d", 100000+i, i); got[2*i+1] != want {
			t.Fatalf("row %d is %q, want %q", 2*i+1, got[2*i+1], want)
		}
	}
}

func TestWriterWithoutChanges(t *testing.T) {
	w := feed.NewWriter(func() (feed.File, error) { t.Error("a file is created"); return nil, nil }, memberships, 2, at(2), false, "mailerlake 1")
	if c, err := w.Close(); c != nil || err != nil {
		t.Errorf("got %v, %v", c, err)
	}
}

func TestWriterRefuses(t *testing.T) {
	one, two := rowsOf(row{"1", "1", "", 0}), rowsOf(row{"1", "2", "", 0}, row{"1", "3", "", 0})
	for name, do := range map[string]func(*feed.Writer) error{
		"a key twice":             func(w *feed.Writer) error { return errors.Join(w.Inserted(one), w.Deleted(one)) },
		"keys that descend":       func(w *feed.Writer) error { return errors.Join(w.Inserted(two), w.Deleted(one)) },
		"other keys in a pair":    func(w *feed.Writer) error { return w.Updated(one, part.Rows{Batch: two.Batch, To: 1}) },
		"more rows after":         func(w *feed.Writer) error { return w.Updated(one, two) },
		"no rows before":          func(w *feed.Writer) error { return w.Updated(part.Rows{}, one) },
		"a batch of other colums": func(w *feed.Writer) error { return w.Inserted(part.Rows{Batch: &schema.Batch{Rows: 1}, To: 1}) },
	} {
		w := writer(&changeFile{}, 2, true)
		if err := do(w); err == nil {
			t.Errorf("%s: no error", name)
		}
		if c, err := w.Close(); err == nil {
			t.Errorf("%s: it is closed as %+v", name, c)
		}
	}
}

// TestWriterFails: an error of the file is the writer's.
func TestWriterFails(t *testing.T) {
	f := &changeFile{disktest.File{Full: true, Room: 10}}
	w := writer(f, 2, false)
	if err := w.Inserted(rowsOf(row{"1", "1", "", 0})); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); !errors.Is(err, disktest.ErrFull) || !strings.Contains(err.Error(), "membership") {
		t.Errorf("got %v", err)
	}
}

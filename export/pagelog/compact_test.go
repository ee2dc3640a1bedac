package pagelog

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/disk"
	"mailerlake/schema"
)

// overlapping returns a log of pages that all overlap, with keys doubled, and what it holds: the later row of each key.
func overlapping(t *testing.T, pages int) (*Log, map[string]string) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, uint64(pages)))
	l, err := Create(disk.OS(false), filepath.Join(t.TempDir(), "log"), Header{Table: "t", Started: time.Unix(1, 0)}, []string{"id"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for n := range pages {
		rows := map[int]bool{}
		for range 1 + rnd.IntN(20) {
			rows[rnd.IntN(1000)] = true
		}
		ids, values, extra := schema.NewVector(schema.String), schema.NewVector(schema.String), schema.NewVector(schema.Raw)
		offsets, child := []uint32{0}, schema.NewVector(schema.String)
		for id := range 1000 {
			if !rows[id] {
				continue
			}
			key, value := fmt.Sprintf("%04d", id), fmt.Sprintf("page %d", n)
			want[key] = value
			ids.AppendText([]byte(key))
			values.AppendText([]byte(value))
			extra.AppendText([]byte(value))
			for range id % 3 {
				child.AppendText([]byte(key + value))
			}
			offsets = append(offsets, uint32(child.Len()))
		}
		batch := &schema.Batch{Rows: len(rows), Vectors: []*schema.Vector{ids, values, extra}, Columns: []schema.Column{
			{Name: "id", Kind: schema.String, Required: true}, {Name: "value", Kind: schema.String},
			{Name: fmt.Sprint("x", n%7), Path: fmt.Sprint("x", n%7), Kind: schema.Raw}}}
		members := &schema.Batch{Rows: child.Len(), Columns: []schema.Column{{Name: "of", Kind: schema.String}}, Vectors: []*schema.Vector{child}}
		if err := l.Append(&schema.Page{Rows: batch, Child: members, Offsets: offsets}, Mark{}); err != nil {
			t.Fatal(err)
		}
	}
	return l, want
}

func TestCompactKeepsTheRows(t *testing.T) {
	for _, pages := range []int{1, maxStreams, 3 * maxStreams, maxStreams*maxStreams + 1} {
		l, want := overlapping(t, pages)
		c, err := Compact(disk.OS(false), filepath.Join(t.TempDir(), "sorted", "log"), l)
		if err != nil {
			t.Fatal(err)
		}
		if streams := len(sortedStreams(c, c.all())); streams > maxStreams {
			t.Errorf("%d pages: %d sorted streams are left", pages, streams)
		}
		got, last := map[string]string{}, ""
		for cursor := NewCursor(c, nil, nil); ; {
			s, ok, err := cursor.Next()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			for i := s.From; i < s.To; i++ {
				key, value := string(s.Keys[0].Text(i)), string(s.Page.Rows.Vector("value").Text(i))
				if key <= last {
					t.Fatalf("%d pages: key %s after %s", pages, key, last)
				}
				last, got[key] = key, value
				checkRow(t, s, i, key, value)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%d pages: rows differ (-want +got)\n%s", pages, d)
		}
	}
}

// checkRow checks that a row kept its dynamic column and its child rows.
func checkRow(t *testing.T, s Run, i int, key, value string) {
	t.Helper()
	set := 0
	for c, column := range s.Page.Rows.Columns {
		if v := s.Page.Rows.Vectors[c]; column.Kind == schema.Raw && !v.Null(i) {
			set++
			if got := string(v.Text(i)); got != value {
				t.Errorf("%s: %s is %q, want %q", key, column.Name, got, value)
			}
		}
	}
	if set != 1 {
		t.Errorf("%s: %d dynamic values, want 1", key, set)
	}
	id, _ := strconv.Atoi(key)
	if got, want := int(s.Page.Offsets[i+1]-s.Page.Offsets[i]), id%3; got != want {
		t.Errorf("%s: %d child rows, want %d", key, got, want)
	}
	for k := s.Page.Offsets[i]; k < s.Page.Offsets[i+1]; k++ {
		if got := string(s.Page.Child.Vector("of").Text(int(k))); got != key+value {
			t.Errorf("%s: child row %q", key, got)
		}
	}
}

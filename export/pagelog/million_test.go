package pagelog_test

import (
	"fmt"
	"testing"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// smallPage returns the page of a walk of a parent: none to three rows. Its memory is used again by the next one.
func smallPage(page *schema.Page, walk int) *schema.Page {
	batch := page.Rows
	if batch == nil {
		batch = &schema.Batch{Columns: []schema.Column{schematest.KeyColumn("parent_id"), schematest.KeyColumn("id"), pageColumn}}
		batch.Vectors = []*schema.Vector{schema.NewVector(schema.String), schema.NewVector(schema.String), schema.NewVector(schema.Int64)}
		page.Rows = batch
	}
	for _, v := range batch.Vectors {
		v.Reset()
	}
	batch.Rows = walk * 7919 % 4
	for i := range batch.Rows {
		batch.Vectors[0].AppendText(fmt.Append(nil, parentOf(walk)))
		batch.Vectors[1].AppendText(fmt.Append(nil, 10+i))
		batch.Vectors[2].AppendInt(int64(walk))
	}
	return page
}

// parentOf is the id of a walk's parent: parents come nearly in the order of their ids.
func parentOf(walk int) int { return 10_000_000 + 10*(walk^5) }

// TestMillionWalks: a log of a million walks of parents, most of them with a few rows, is opened and read in little
// memory.
func TestMillionWalks(t *testing.T) {
	walks := 1_000_000
	if testing.Short() || raced {
		walks = 50_000
	}
	s := diskStore(t)
	shape := pagelog.Shape{Order: []string{"parent_id", "id"}}
	l, err := s.Create(logHeader, shape)
	if err != nil {
		t.Fatal(err)
	}
	rows, page := 0, &schema.Page{}
	for walk := range walks {
		mark := pagelog.Mark{Walk: fmt.Sprint("walk ", walk), Parent: true, End: walk != 77}
		if err := l.Append(smallPage(page, walk), mark); err != nil {
			t.Fatal(err)
		}
		rows += page.Rows.Rows
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = nil
	before := schematest.LiveHeap()
	if l, err = s.Open(t.Context(), logHeader.Table, shape); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	used := schematest.LiveHeap() - before
	t.Logf("%d walks, %d rows in %d bytes, %d segments: %.1f MiB of heap", walks, rows, l.Size(), l.Segments(), float64(used)/(1<<20))
	if used > 24<<20 {
		t.Errorf("%d bytes of heap are in use", used)
	}
	checkMillion(t, l, walks, rows)
}

func checkMillion(t *testing.T, l *pagelog.Log, walks, rows int) {
	t.Helper()
	for walk := range walks + 1000 {
		got := l.Walk(fmt.Sprint("walk ", walk))
		if got.Begun != (walk < walks) || got.Ended != (walk < walks && walk != 77) {
			t.Fatalf("walk %d: %+v", walk, got)
		}
	}
	if names := l.Unfinished(); len(names) != 1 || names[0] != "walk 77" {
		t.Errorf("unfinished: %v", names)
	}
	c := pagelog.NewCursor(t.Context(), l, nil, nil)
	c.Reuse()
	read, parent := 0, 0 // the walk of the next row is that of the next parent that has rows
	for {
		run, ok, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		for i := run.From; i < run.To; {
			walk := parent ^ 5
			for k := range walk * 7919 % 4 {
				key := run.Keys.At(i)
				if key[0] != fmt.Sprint(parentOf(walk)) || key[1] != fmt.Sprint(10+k) || run.Page.Rows.Vectors[2].Int(i) != int64(walk) {
					t.Fatalf("row %d is %v, want row %d of walk %d", read, key, k, walk)
				}
				read++
				i++
				if i == run.To && k+1 < walk*7919%4 {
					if run, ok, err = c.Next(); !ok || err != nil {
						t.Fatal(ok, err)
					}
					i = run.From
				}
			}
			parent++
		}
	}
	if n, err := l.Count(t.Context()); err != nil || n != int64(rows) || read != rows {
		t.Errorf("counted %d rows, %v, and read %d of %d", n, err, read, rows)
	}
}

package export_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"mailerlake/export"
	"mailerlake/schema"
)

// newGuested returns a depot whose visits, by the second column of their key, are those of guests of the account, from whom
// badges are made.
func newGuested(t *testing.T) *depot {
	t.Helper()
	d := newWatched(t, false)
	all := d.catalog.Tables()
	visit := *d.catalog.Lookup("visit")
	visit.References = []schema.Reference{{Column: "box_id", Table: "box"}, {Column: "id", Table: "guest"}}
	all[slices.IndexFunc(all, func(t *schema.Table) bool { return t.Name == "visit" })] = &visit
	guest := &schema.Table{Name: "guest", Key: []string{"id"}, Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("name")),
		Source: &schema.List{Path: "/guests", Paging: schema.ByPage, Limits: []int{100}, Item: "/guests/{id}"}}
	badge := &schema.Table{Name: "badge", Key: []string{"guest_id", "place"},
		Columns: slices.Concat(schema.LinkedKey("guest_id"), schema.KeyColumn("place"), schema.Texts("letter")),
		Source:  &schema.Derived{From: schema.Link{Table: "guest", Columns: []string{"guest_id"}}, Rows: badges}}
	catalog, err := schema.NewCatalog(append(all, guest, badge)...)
	if err != nil {
		t.Fatal(err)
	}
	d.catalog = catalog
	d.boxes.banned = nil // the guests are those of a list
	for i := range 60 {
		d.boxes.guests = append(d.boxes.guests, strconv.Itoa(i+1))
	}
	return d
}

// badges makes a row of each guest.
func badges(from *schema.Batch, _ []*schema.Batch) schema.Children {
	columns := slices.Concat(schema.LinkedKey("guest_id"), schema.KeyColumn("place"), schema.Texts("letter"))
	b := &schema.Batch{Columns: columns, Vectors: []*schema.Vector{nil, schema.NewVector(schema.String), schema.NewVector(schema.String)}}
	offsets := []uint32{0}
	for range from.Rows {
		b.Vectors[1].AppendText([]byte("0"))
		b.Vectors[2].AppendText([]byte("g"))
		b.Rows++
		offsets = append(offsets, uint32(b.Rows))
	}
	return schema.Children{Rows: b, Offsets: offsets}
}

// leave removes a guest from the account, with the visits of it.
func (b *boxes) leave(guest int) {
	b.guests = slices.DeleteFunc(b.guests, func(id string) bool { return id == strconv.Itoa(guest) })
	for _, x := range b.list {
		x.visits = slices.DeleteFunc(x.visits, func(v int) bool { return v == guest })
	}
}

// TestGuestGone: rows of lists that stand still go with the row that they refer to.
func TestGuestGone(t *testing.T) {
	d := newGuested(t)
	d.mustRun(t)
	d.mustRun(t) // what was stored by the first run has its lists read once more
	d.boxes.walked()
	d.boxes.leave(50)
	d.read(t)
	d.read(t)
}

// TestGuestHidden: nothing goes because of a row that a list lacks, but that is there when it is asked for.
func TestGuestHidden(t *testing.T) {
	d := newGuested(t)
	d.mustRun(t)
	d.boxes.hiddenGuest = "50"
	d.mustRun(t)
	d.checkVisits(t)
	if rows := d.list(t, "guest"); len(rows) != len(d.boxes.guests) {
		t.Errorf("%d guests, want %d", len(rows), len(d.boxes.guests))
	}
}

// TestGuestNotExported: of a table that is only read for the sake of another no row is proved gone.
func TestGuestNotExported(t *testing.T) {
	d := newGuested(t)
	d.mustRun(t)
	d.boxes.hiddenGuest = "50"
	options := d.options(t)
	options.Tables = []string{"box", "visit", "badge"}
	if _, err := export.Export(context.Background(), options); err != nil {
		t.Fatal(err)
	}
	d.checkVisits(t)
}

// TestNewGuestWhilePlanned: a guest who comes between the two stages of a plan, or of a rewrite, is left to the next run.
func TestNewGuestWhilePlanned(t *testing.T) {
	for name, run := range map[string]func(*testing.T, *depot, func(string) int) error{
		"plan": func(t *testing.T, d *depot, comes func(string) int) error {
			d.boxes.fault = comes
			if _, err := export.Plan(context.Background(), d.options(t)); err != nil {
				return err
			}
			d.boxes.fault = nil
			_, err := export.ExportPlanned(context.Background(), d.options(t))
			return err
		},
		"rewrite": func(t *testing.T, d *depot, comes func(string) int) error {
			d.mustRun(t)
			d.boxes.fault = comes
			options := d.options(t)
			options.Rewrite = true
			_, err := export.Export(context.Background(), options)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newGuested(t)
			err := run(t, d, func(path string) int {
				if path == "/boxes/103/visits" && !slices.Contains(d.boxes.guests, "77") {
					d.boxes.guests = append(d.boxes.guests, "77")
					d.boxes.list[2].moved(77)
				}
				return 0
			})
			if err != nil {
				t.Fatal(err)
			}
			d.boxes.fault = nil
			d.now = d.now.Add(time.Minute)
			d.mustRun(t)
			d.checkVisits(t)
			if rows := d.list(t, "guest"); len(rows) != 61 {
				t.Errorf("%d guests", len(rows))
			}
		})
	}
}

// TestRepairWithLists: damaged rows are rebuilt, and their lists are read, also where these are chosen while other tables are
// still being read.
func TestRepairWithLists(t *testing.T) {
	for _, guests := range []bool{false, true} {
		d := newWatched(t, guests)
		d.mustRun(t)
		parts, err := filepath.Glob(filepath.Join(d.dir, "box", "*.parquet"))
		if err != nil || len(parts) == 0 {
			t.Fatal(err, parts)
		}
		if err := os.WriteFile(parts[0], []byte("damaged"), 0o644); err != nil {
			t.Fatal(err)
		}
		d.boxes.list[2].moved(1)
		options := d.options(t)
		options.Repair = true
		if r, err := export.Export(context.Background(), options); err != nil || r.Failed() {
			t.Errorf("guests %t: %v: %s", guests, err, troubles(r))
			continue
		}
		d.checkVisits(t)
	}
}

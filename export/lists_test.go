package export_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client"
	"mailerlake/export"
	"mailerlake/schema"
)

// watched declares boxes and, for each open one, a list of visits that stands still while the box has not moved.
//
// With guests, a visit's key refers to the guest, so that the visits are read before the guests, in the same stage.
func watched(t testing.TB, guests bool) *schema.Catalog {
	t.Helper()
	declared := []*schema.Table{
		&schema.Table{
			Name: "box", Key: []string{"id"},
			Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("label", "kind"), schema.Counts("moves")),
			Source:  &schema.List{Path: "/boxes", Paging: schema.ByPage, Limits: []int{2}, Item: "/boxes/{id}"},
		},
		&schema.Table{
			Name: "visit", Key: []string{"box_id", "id"}, Optional: true,
			Columns: slices.Concat(schema.LinkedKey("box_id"), schema.KeyColumn("id"), schema.Times("at")),
			Source: &schema.List{Path: "/boxes/{box_id}/visits", Paging: schema.ByCursor, Limits: []int{2},
				Per: &schema.Link{Table: "box", Columns: []string{"box_id"}},
				Of:  &schema.Condition{Column: "kind", Values: []string{"open"}}, Still: []string{"moves"}},
		},
	}
	if guests {
		declared[1].References = []schema.Reference{{Column: "id", Table: "guest"}}
		declared = append(declared, &schema.Table{Name: "guest", Key: []string{"id"}, Columns: schema.KeyColumn("id"),
			Source: &schema.List{Path: "/guests", Paging: schema.ByPage}})
	}
	catalog, err := schema.NewCatalog(declared...)
	if err != nil {
		t.Fatal(err)
	}
	return catalog
}

// newWatched returns a depot whose boxes are open but for the second.
func newWatched(t testing.TB, guests bool) *depot {
	d := newDepot(t)
	d.catalog, d.boxes.banned = watched(t, guests), map[int]bool{}
	for _, x := range d.boxes.list {
		x.kind = "open"
	}
	d.boxes.list[1].kind, d.boxes.list[1].visits = "shut", nil
	return d
}

// walked returns the boxes whose lists were read since the last call.
func (b *boxes) walked() []string {
	ids := []string{}
	for _, path := range b.asked {
		if id, ok := strings.CutSuffix(strings.TrimPrefix(path, "/boxes/"), "/visits"); ok {
			ids = append(ids, id)
		}
	}
	b.asked = nil
	slices.Sort(ids)
	return slices.Compact(ids)
}

// quiet waits for the request that a run which was stopped left behind. None comes after it.
func (b *boxes) quiet() {
	b.mu.Lock()
	defer b.mu.Unlock()
}

// checkVisits compares the visits with those of the account.
func (d *depot) checkVisits(t testing.TB) {
	t.Helper()
	d.check(t, map[string][]string{"visit": d.boxes.truth()["visit"]})
}

// moved changes the visits of a box, and its counter.
func (x *box) moved(visits ...int) {
	x.visits, x.moves = visits, x.moves+1
}

func (d *depot) mustRun(t testing.TB) *export.Report {
	t.Helper()
	r, err := d.run(t)
	if err != nil || r.Failed() {
		t.Fatalf("%v; %+v", err, r)
	}
	return r
}

// TestStandStill reads only the lists of rows that moved in the declared columns, of new rows, and with Full of all.
func TestStandStill(t *testing.T) {
	d := newWatched(t, false)
	check := func(what string, want ...string) {
		t.Helper()
		d.checkVisits(t)
		if diff := cmp.Diff(append([]string{}, want...), d.boxes.walked()); diff != "" {
			t.Errorf("%s: lists read (-want +got):\n%s", what, diff)
		}
	}
	if r := d.mustRun(t); r.Snapshot != 2 {
		t.Errorf("two stages made snapshot %d", r.Snapshot)
	}
	check("first", "101", "103", "104", "105", "106", "107")
	if r := d.mustRun(t); !r.Empty() || r.Matches {
		t.Errorf("second run: empty %t, claims to match without having read the lists %t", r.Empty(), r.Matches)
	} else if lists := tableOf(t, r, "visit").Lists; lists == nil || *lists != (export.ListCounts{Still: 6}) {
		t.Errorf("lists %+v", lists)
	}
	check("nothing moved")
	d.boxes.list[2].label = "renamed"
	d.mustRun(t)
	check("renamed")
	d.mustRun(t)
	check("after it was renamed")
	d.boxes.list[2].moved(7, 6)
	d.boxes.list[1].kind = "open"
	d.boxes.list[1].visits = []int{9} // it opens without moving, and is known to have had no list
	d.boxes.list = append(d.boxes.list[:5], append(d.boxes.list[6:], &box{id: "300", kind: "open", visits: []int{1}})...)
	d.boxes.list[1].moves++
	d.mustRun(t)
	check("moved, opened, new and gone", "102", "103", "300")
	if r := d.mustRun(t); !r.Empty() {
		t.Errorf("changes although nothing changed: %+v", r)
	}
	check("and then nothing")
	d.boxes.list[3].visits = []int{1} // unnoticed
	options := d.options(t)
	options.Full = true
	if r, err := export.Export(context.Background(), options); err != nil || !r.Matches {
		t.Fatal(err, r)
	}
	check("full", "101", "102", "103", "104", "105", "107", "300")
}

// TestStandStillWithGuests: of lists that stand still, rows go that refer to a row that is gone.
func TestStandStillWithGuests(t *testing.T) {
	d := newWatched(t, true)
	if r := d.mustRun(t); r.Snapshot != 1 {
		t.Errorf("snapshot %d, want all in one stage", r.Snapshot)
	}
	d.checkVisits(t)
	d.mustRun(t) // what was stored by the first run has its lists read once more
	d.boxes.walked()
	d.boxes.banned[50] = true
	d.mustRun(t)
	d.checkVisits(t)
	if got := d.boxes.walked(); len(got) > 0 {
		t.Errorf("lists read: %v", got)
	}
}

// TestFailedFirst reads the list of a row first, and again, that failed in the run before.
func TestFailedFirst(t *testing.T) {
	d := newWatched(t, false)
	for i := range 300 { // more than are read side by side
		d.boxes.list = append(d.boxes.list, &box{id: strconv.Itoa(200 + i), kind: "open", visits: []int{i}})
	}
	d.boxes.list = append(d.boxes.list, &box{id: "999", kind: "open"})
	last := d.boxes.list[len(d.boxes.list)-1]
	d.mustRun(t)
	d.boxes.walked()
	last.moved(1)
	d.boxes.fault = func(path string) int { return map[string]int{"/boxes/999/visits": 500}[path] }
	if r, err := d.run(t); err != nil || !r.Failed() {
		t.Fatalf("%v; %+v", err, r)
	}
	d.boxes.fault, d.boxes.asked = nil, nil
	for _, x := range d.boxes.list[:len(d.boxes.list)-1] {
		if x.kind == "open" {
			x.moved(3)
		}
	}
	d.mustRunLong(t)
	isList := func(path string) bool { return strings.HasSuffix(path, "/visits") }
	lists := slices.DeleteFunc(slices.Clone(d.boxes.asked), func(path string) bool { return !isList(path) })
	if at := slices.Index(lists, "/boxes/999/visits"); at < 0 || at > 100 {
		t.Errorf("its list is asked for at place %d of %d", at, len(lists))
	}
	d.checkVisits(t)
	d.boxes.asked = nil
	d.mustRunLong(t)
	if got := d.boxes.walked(); len(got) > 0 {
		t.Errorf("lists read: %v", got)
	}
}

// withoutBatches returns a client for a server that knows no batches, with a budget of requests a minute.
func (d *depot) withoutBatches(t testing.TB, rate int) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{Key: "test", Transport: noBatches{d.boxes}, Rate: rate, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type noBatches struct{ http.RoundTripper }

func (n noBatches) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/batch") {
		return n.RoundTripper.RoundTrip(r)
	}
	return &http.Response{StatusCode: 404, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

// TestKilledBetweenStages: rows that were committed as moved have their lists read by the next run.
func TestKilledBetweenStages(t *testing.T) {
	d := newWatched(t, false)
	d.mustRun(t)
	d.boxes.list[2].moved(7)
	d.boxes.list[4].moved()
	ctx, cancel := context.WithCancel(context.Background())
	d.boxes.fault = func(path string) int {
		if strings.HasSuffix(path, "/visits") {
			cancel()
		}
		return 0
	}
	r, err := export.Export(ctx, d.options(t))
	if !errors.Is(err, context.Canceled) || r.Snapshot != 3 {
		t.Fatalf("%v; snapshot %d, want the first stage committed", err, r.Snapshot)
	}
	d.boxes.quiet()
	d.boxes.fault = nil
	d.boxes.asked = nil
	d.mustRun(t)
	if got := d.boxes.walked(); !slices.Equal(got, []string{"103", "105"}) {
		t.Errorf("lists read: %v", got)
	}
	d.checkVisits(t)
}

// TestLongListsCommitted commits what is complete every 15 minutes, and goes on.
func TestLongListsCommitted(t *testing.T) {
	d := newWatched(t, false)
	for i := range 400 { // more than are read side by side
		d.boxes.list = append(d.boxes.list, &box{id: strconv.Itoa(200 + i), kind: "open", visits: []int{i, 999}})
	}
	read := 0
	d.boxes.fault = func(path string) int {
		if strings.HasSuffix(path, "/visits") {
			if read++; read%150 == 0 {
				d.advance(16 * time.Minute)
			}
		}
		return 0
	}
	r := d.mustRunAlone(t)
	if r.Snapshot < 4 {
		t.Errorf("snapshot %d, want several", r.Snapshot)
	}
	visits := r.Tables[slices.IndexFunc(r.Tables, func(t export.TableReport) bool { return t.Name == "visit" })]
	if want := int64(len(d.boxes.truth()["visit"])); visits.Inserted != want || visits.Rows != want || visits.Incomplete != "" {
		t.Errorf("report of visits: %+v, want %d inserted", visits.TablePlan, want)
	}
	d.checkVisits(t)
	if s := d.manifest(t).Table("visit"); len(s.Changes) > 0 || s.ChangesSince != s.ChangedIn || s.CreatedIn >= s.ChangedIn {
		t.Errorf("while a table is loaded, its changes are kept: %+v, known since %d; created in %d, changed in %d", s.Changes, s.ChangesSince, s.CreatedIn, s.ChangedIn)
	}
	d.boxes.walked()
	d.boxes.fault = nil
	if r := d.mustRun(t); !r.Empty() {
		t.Errorf("changes although nothing changed: %+v", r)
	}
	if got := d.boxes.walked(); len(got) > 0 {
		t.Errorf("lists read again: %v", got)
	}
}

// TestLongRepair repairs a table of long lists, of which what is complete is committed. If it is stopped in between, the next run
// reads the other lists, although they stand still.
func TestLongRepair(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		d := newWatched(t, false)
		for i := range 400 {
			d.boxes.list = append(d.boxes.list, &box{id: strconv.Itoa(200 + i), kind: "open", visits: []int{i, 999}})
		}
		d.mustRunLong(t)
		if err := os.WriteFile(filepath.Join(d.dir, "visit/part-00000.parquet"), make([]byte, 5000), 0o644); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		read, first := 0, d.manifest(t).Snapshot
		d.boxes.fault = func(path string) int {
			if !strings.HasSuffix(path, "/visits") {
				return 0
			}
			if read++; read%150 == 0 {
				d.advance(16 * time.Minute)
			}
			if stopped && d.manifest(t).Snapshot > first+1 {
				cancel()
			}
			return 0
		}
		o := d.options(t)
		o.Client, o.Repair, o.Yes = d.withoutBatches(t, 1<<30), true, true
		r, err := export.Export(ctx, o)
		if errors.Is(err, context.Canceled) != stopped || d.manifest(t).Snapshot < first+2 {
			t.Fatalf("%v; snapshot %d after %d: %+v", err, d.manifest(t).Snapshot, first, r)
		}
		d.boxes.quiet()
		d.boxes.fault = nil
		if stopped {
			d.mustRunLong(t)
		}
		d.checkVisits(t)
	}
}

func (d *depot) mustRunLong(t testing.TB) *export.Report {
	t.Helper()
	return d.mustRunWith(t, d.options(t))
}

// mustRunAlone asks for few lists at a time.
func (d *depot) mustRunAlone(t testing.TB) *export.Report {
	t.Helper()
	options := d.options(t)
	options.Client = d.withoutBatches(t, 1<<30)
	return d.mustRunWith(t, options)
}

func (d *depot) mustRunWith(t testing.TB, options export.Options) *export.Report {
	t.Helper()
	options.ResumeWithin, options.Yes = 24*time.Hour, true // a few boxes may be most of the visits
	r, err := export.Export(context.Background(), options)
	if err != nil || r.Failed() {
		t.Fatalf("%v; %+v", err, r)
	}
	return r
}

// TestWatchedModel takes random days through runs that fail, stop, plan, or leave tables out. Whatever happened, a run
// that succeeds, and resumes nothing, leaves the visits of the account.
func TestWatchedModel(t *testing.T) {
	for seed := range uint64(16 / thinned) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 7))
			d := newWatched(t, seed%2 == 1)
			f := &follower{}
			for run := range 12 {
				d.someDay(rng)
				if d.someRun(t, rng); run%3 == 0 {
					f.follow(t, d.dir)
				}
			}
			d.boxes.fault = nil
			if r := d.mustRunLong(t); slices.ContainsFunc(r.Tables, func(t export.TableReport) bool { return t.Resumed }) {
				d.mustRunLong(t) // what was resumed is as of the time when it was begun
			}
			d.checkVisits(t)
			f.follow(t, d.dir)
			if r := d.mustRunLong(t); !r.Empty() {
				t.Errorf("changes although nothing changed: %+v", r)
			}
		})
	}
}

// someDay changes some boxes.
func (d *depot) someDay(rng *rand.Rand) {
	b := d.boxes
	b.fault = nil
	for range rng.IntN(4) {
		x := b.list[rng.IntN(len(b.list))]
		switch rng.IntN(7) {
		case 0:
			x.label += "x"
		case 6:
			if d.catalog.Lookup("guest") != nil && len(x.visits) > 0 {
				b.banned[x.visits[0]] = true // and the box does not move
			}
		case 1:
			if len(b.list) > 4 {
				b.list = slices.DeleteFunc(b.list, func(y *box) bool { return y == x })
			}
		case 2:
			b.list = append(b.list, &box{id: strconv.Itoa(400 + rng.IntN(1000000)), kind: "open", visits: []int{rng.IntN(5)}})
		default:
			if x.kind == "open" {
				visits := make([]int, rng.IntN(5))
				for i := range visits {
					visits[i] = 100*i + rng.IntN(100)
				}
				x.moved(visits...)
			}
		}
	}
}

// someRun makes a run that may go wrong. Its outcome does not matter.
func (d *depot) someRun(t testing.TB, rng *rand.Rand) {
	options := d.options(t)
	options.ResumeWithin, options.Yes = 24*time.Hour, true
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if rng.IntN(2) == 0 { // few lists at a time, so that the time is up before all are begun
		options.Client = d.withoutBatches(t, 1<<30)
	}
	stop, n := 0, 0
	if rng.IntN(3) == 0 {
		stop = 1 + rng.IntN(20)
	}
	fails := rng.IntN(4)
	d.boxes.fault = func(path string) int {
		if n++; n == stop {
			cancel()
		}
		if strings.HasSuffix(path, "/visits") && rng.IntN(10) == 0 {
			d.advance(10 * time.Minute)
		}
		if strings.HasSuffix(path, "/visits") && fails == 0 && rng.IntN(4) == 0 {
			return 500
		}
		return 0
	}
	switch rng.IntN(6) {
	case 0:
		_, err := export.Plan(ctx, options)
		d.boxes.quiet()
		if err == nil && rng.IntN(2) == 0 {
			_, _ = export.ExportPlanned(context.Background(), options)
		}
		return
	case 1:
		options.Tables = []string{"visit"}
	case 2:
		options.Tables = []string{"box"}
	}
	_, _ = export.Export(ctx, options)
	cancel()
	d.boxes.quiet()
}

package export_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/schema"
)

// The tests of this file are about lists that must not be taken for standing still: a list that is not read although it has
// changed is lost without a word.

// read makes a run that must succeed, and checks which lists it reads and that they are those of the account afterwards.
func (d *depot) read(t *testing.T, want ...string) {
	t.Helper()
	d.boxes.quiet()
	d.boxes.fault, d.boxes.asked = nil, nil
	d.mustRun(t)
	if diff := cmp.Diff(append([]string{}, want...), d.boxes.walked()); diff != "" {
		t.Errorf("lists read (-want +got):\n%s", diff)
	}
	d.checkVisits(t)
}

// killed makes a run that is stopped when it reads the first list.
func (d *depot) killed(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	d.boxes.fault = func(path string) int {
		if strings.HasSuffix(path, "/visits") {
			cancel()
		}
		return 0
	}
	if _, err := export.Export(ctx, d.options(t)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	d.boxes.quiet()
	d.boxes.fault = nil
}

// failing makes a run in which some paths are answered by a status, and that does not fail as a whole.
func (d *depot) failing(t *testing.T, status int, paths ...string) *export.Report {
	t.Helper()
	d.boxes.fault = func(path string) int {
		if slices.Contains(paths, path) {
			return status
		}
		return 0
	}
	r, err := d.run(t)
	if err != nil {
		t.Fatal(err)
	}
	d.boxes.fault = nil
	return r
}

// TestSeveralFailedFirst: each of several rows whose lists failed has its list read by the next run.
func TestSeveralFailedFirst(t *testing.T) {
	d := newWatched(t, false)
	d.mustRun(t)
	for _, i := range []int{0, 2, 4, 6} {
		d.boxes.list[i].moved(5)
	}
	if r := d.failing(t, 500, "/boxes/101/visits", "/boxes/103/visits", "/boxes/105/visits", "/boxes/107/visits"); !r.Failed() {
		t.Fatalf("%+v", r)
	}
	d.read(t, "101", "103", "105", "107")
}

// TestGoneForAMoment: a row that seemed to be gone while its list was read is there again, as it was.
func TestGoneForAMoment(t *testing.T) {
	d := newWatched(t, false)
	d.mustRun(t)
	d.boxes.list[2].moved(1, 2)
	d.failing(t, 404, "/boxes/103", "/boxes/103/visits")
	d.read(t, "103")
	d.read(t)
}

// TestUnreadRowNotMet: a row whose list is still to be read, after a kill or a failure, is passed over by an incomplete scan.
func TestUnreadRowNotMet(t *testing.T) {
	for name, leave := range map[string]func(*depot){
		"killed": func(d *depot) { d.killed(t) },
		"failed": func(d *depot) { d.failing(t, 500, "/boxes/103/visits") },
	} {
		t.Run(name, func(t *testing.T) {
			d := newWatched(t, false)
			d.mustRun(t)
			d.boxes.list[2].moved(1, 2)
			leave(d)
			d.boxes.hidden = "103"
			if r := d.failing(t, 0); !r.Failed() {
				t.Fatalf("%+v", r)
			}
			d.boxes.hidden = ""
			d.read(t, "103")
			d.read(t)
		})
	}
}

// TestIncompleteParent: an incomplete scan of the rows does not make all lists be read again.
func TestIncompleteParent(t *testing.T) {
	d := newWatched(t, false)
	d.boxes.hidden = "103"
	for range 2 {
		if r := d.failing(t, 0); !r.Failed() {
			t.Fatalf("%+v", r)
		}
	}
	d.boxes.hidden = ""
	d.read(t, "103")
}

// TestClockSetBack: rows that are stored while the clock is behind have moved all the same.
func TestClockSetBack(t *testing.T) {
	for _, back := range []time.Duration{time.Second, 30 * time.Second, 5 * time.Hour, 5000 * time.Hour} {
		d := newWatched(t, false)
		d.mustRun(t)
		d.advance(-back)
		d.boxes.list[2].moved(1, 2)
		d.killed(t)
		d.boxes.list[4].moved(3)
		d.read(t, "103", "105")
		d.read(t)
		d.boxes.list[2].moved(4)
		d.killed(t)
		d.advance(-back)
		d.boxes.list[2].moved(6)
		d.failing(t, 0) // what it goes on with may be old
		d.advance(2 * back)
		d.boxes.fault = nil
		d.mustRun(t)
		d.checkVisits(t)
		d.boxes.walked()
		d.read(t)
	}
}

// TestClockSetBackStamps: rows that change while the clock is behind are later than all that were there before.
func TestClockSetBackStamps(t *testing.T) {
	l := newLake(t, mailerlitetest.Options{Subscribers: 30, Groups: 2, Churn: 3})
	l.export(t)
	for range 3 {
		last := l.manifest(t).CommittedAt.Format(timeFormat)
		l.advance(-time.Hour)
		before := withoutNulls(l.rows(t, "subscriber"))
		l.account.Advance(1)
		if r := tableOf(t, mustExport(t, l.options(t)), "subscriber"); r.Inserted+r.Updated == 0 {
			t.Fatal("nothing has changed")
		}
		for key, row := range withoutNulls(l.rows(t, "subscriber")) {
			if at := row[schema.SyncedAt].(string); at <= last && !reflect.DeepEqual(row, before[key]) {
				t.Errorf("%s was exported at %s, after a commit at %s", key, at, last)
			}
		}
	}
}

// TestUnreadableCounter: a counter that does not fit its column, or does not come, does not stand still.
func TestUnreadableCounter(t *testing.T) {
	d := newWatched(t, false)
	d.boxes.list[2].count = "many"
	d.mustRun(t)
	d.boxes.list[2].count = "more"
	d.boxes.list[2].visits = []int{7}
	d.read(t, "103")
	d.boxes.list[2].count = nil
	d.boxes.list[2].moved(8)
	d.read(t, "103")
	d.read(t)
	d.boxes.mute = true
	d.boxes.list[4].moved(9)
	d.failing(t, 0) // keeps the counters that there were
	if got := d.boxes.walked(); len(got) != 6 {
		t.Errorf("lists read: %v", got)
	}
	d.checkVisits(t)
}

// TestNeverACounter: without any counter all lists are read.
func TestNeverACounter(t *testing.T) {
	d := newWatched(t, false)
	d.boxes.mute = true
	d.mustRun(t)
	d.boxes.list[4].moved(9)
	d.boxes.walked()
	d.read(t, "101", "103", "104", "105", "106", "107")
}

// newLong returns a depot with many lists, and a run of it that commits several times while it reads them: it takes six
// minutes for each after the first.
func newLong(t *testing.T) (d *depot, run func(ctx context.Context, fault func(path string) int) (*export.Report, error)) {
	d = newWatched(t, false)
	for i := range 20 {
		d.boxes.list = append(d.boxes.list, &box{id: strconv.Itoa(200 + i), kind: "open", visits: []int{i, 99}})
	}
	return d, func(ctx context.Context, fault func(path string) int) (*export.Report, error) {
		d.boxes.fault = func(path string) int {
			if strings.HasSuffix(path, "/visits") {
				d.advance(6 * time.Minute)
			}
			return fault(path)
		}
		options := d.options(t)
		options.Client, options.ResumeWithin, options.Yes = d.withoutBatches(t, 1<<30), 24*time.Hour, true
		return export.Export(ctx, options)
	}
}

// TestEarlierPartFailed: what failed in a part that was committed before is in the report, and is read by the next run.
func TestEarlierPartFailed(t *testing.T) {
	d, run := newLong(t)
	r, err := run(context.Background(), failing("/boxes/101/visits", 500))
	if visits := tableOf(t, r, "visit"); err != nil || r.Snapshot < 4 || !r.Failed() || r.Matches || !strings.Contains(visits.Incomplete, "1 row of box") {
		t.Errorf("%v; snapshot %d, failed %t, matches %t: %+v", err, r.Snapshot, r.Failed(), r.Matches, visits.TablePlan)
	}
	d.read(t, "101")
}

// TestEarlierPartResumed: if only the first part was begun by an earlier run, the report says so, and since when.
func TestEarlierPartResumed(t *testing.T) {
	d, run := newLong(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	began := d.now
	stop := func(path string) int {
		if path == "/boxes/104/visits" {
			cancel()
		}
		return 0
	}
	if _, err := run(ctx, stop); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	d.boxes.quiet()
	r, err := run(context.Background(), failing("", 0))
	if visits := tableOf(t, r, "visit"); err != nil || r.Failed() || r.Snapshot < 5 || !visits.Resumed || visits.AsOf.Sub(began) > time.Minute || r.Matches {
		t.Errorf("%v; snapshot %d, resumed %t, as of %v, matches %t", err, r.Snapshot, visits.Resumed, visits.AsOf, r.Matches)
	}
	d.checkVisits(t)
}

// TestStoppedAfterAPart: the report of a run that is stopped counts what it committed.
func TestStoppedAfterAPart(t *testing.T) {
	d, run := newLong(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := func(path string) int {
		if path == "/boxes/215/visits" {
			cancel()
		}
		return 0
	}
	r, err := run(ctx, stop)
	if !errors.Is(err, context.Canceled) || r.Snapshot < 3 {
		t.Fatal(err, r.Snapshot)
	}
	if visits := tableOf(t, r, "visit"); visits.TablePlan == nil || visits.Rows == 0 || visits.Inserted != visits.Rows || r.Matches {
		t.Errorf("visits: %+v, rows %d, matches %t", visits.TablePlan, visits.Rows, r.Matches)
	}
	d.boxes.quiet()
	d.boxes.fault = nil
	d.mustRunLong(t)
	d.checkVisits(t)
}

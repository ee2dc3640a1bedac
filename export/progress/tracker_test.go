package progress

import (
	"testing"
	"time"

	"mailerlake/client"
	"mailerlake/export"
)

// TestShares: a table's share comes from the best that is known about how much there is to read.
func TestShares(t *testing.T) {
	w := newWorld()
	w.Expect(export.Expected{Requests: 100, Units: 50, Tables: []export.ExpectedTable{
		{Name: "counted", Rows: 4000, Requests: 4, Units: 4},
		{Name: "stored", Rows: 1000, Rough: true, Requests: 1, Units: 1},
		{Name: "lists", Requests: 40, Units: 10}, {Name: "members", Requests: 40, Units: 10}, {Name: "pages", Requests: 4, Units: 4}}})
	w.wantShare(t, "before it begins", "counted", Unknown)
	if got := w.table(t, "stored"); got.Stage != Waiting || got.Of != 1000 || !got.Rough {
		t.Errorf("a table that waits: %+v", got)
	}
	w.read(export.Event{Table: "counted", Rows: 1000, Pages: 1})
	w.wantShare(t, "of a count", "counted", 0.25)
	w.read(export.Event{Table: "counted", Rows: 1500, Of: 2000, Pages: 2})
	w.wantShare(t, "of what the API states", "counted", 0.75)
	w.read(export.Event{Table: "stored", Rows: 1200, Pages: 2})
	w.wantShare(t, "of an estimate that was too low", "stored", almost)
	w.read(export.Event{Table: "lists", Rows: 300, Of: 1000, Rough: true, Pages: 4, Lists: 10, ListsRead: 1})
	w.wantShare(t, "of lists that state their rows", "lists", 0.3)
	w.read(export.Event{Table: "members", Rows: 300, Pages: 20, Lists: 10, ListsRead: 1})
	w.wantShare(t, "of lists that do not", "members", 0.5)
	w.read(export.Event{Table: "members", Rows: 900, Pages: 21, Lists: 10, ListsRead: 9})
	w.wantShare(t, "of lists", "members", 0.9)
	w.read(export.Event{Table: "pages", Rows: 10, Pages: 1})
	w.wantShare(t, "of requests", "pages", 0.25)
	w.read(export.Event{Table: "unexpected", Rows: 10, Pages: 1})
	w.wantShare(t, "of nothing known", "unexpected", Unknown)
	w.read(export.Event{Table: "pages", Rows: 12, Pages: 2, Done: true})
	w.wantShare(t, "at the end", "pages", 1)
	w.read(export.Event{Table: "lists", Rows: 500, Pages: 20, Lists: 10, ListsRead: 6, Done: true})
	w.wantShare(t, "at the end of a part", "lists", 0.6)
	w.read(export.Event{Table: "lists", Rows: 500, Pages: 0, Lists: 10, ListsRead: 6})
	if got := w.table(t, "lists"); got.Stage != Reading || got.Share != 0.6 {
		t.Errorf("at the beginning of the next part: %+v", got)
	}
	if got := w.State().Share; got <= 0 || got > almost {
		t.Errorf("of the run: %v", got)
	}
}

// TestResumed: a scan that goes on begins at its share, and its speed is that of this run.
func TestResumed(t *testing.T) {
	w := newWorld()
	w.Expect(export.Expected{Tables: []export.ExpectedTable{{Name: "subscriber", Rows: 100000}}})
	w.read(export.Event{Table: "subscriber", Rows: 60000})
	w.wantShare(t, "at first", "subscriber", 0.6)
	w.pass(10 * time.Second)
	w.read(export.Event{Table: "subscriber", Rows: 61000, Pages: 1})
	if got := w.table(t, "subscriber"); got.RowsPerSecond != 100 || got.Left != 390*time.Second {
		t.Errorf("got %+v, want 100 rows a second and 390 s left", got)
	}
}

// TestSpeedIsThatOfTheLastMinute: a wait for the rate limit slows a table down, and is forgotten in time.
func TestSpeedIsThatOfTheLastMinute(t *testing.T) {
	w := newWorld()
	rows := int64(0)
	read := func(seconds int) {
		for range seconds {
			w.pass(time.Second)
			rows += 100
			w.read(export.Event{Table: "subscriber", Rows: rows, Of: 1e6, Pages: int(rows / 100)})
		}
	}
	w.read(export.Event{Table: "subscriber", Of: 1e6})
	read(20)
	if got := w.table(t, "subscriber").RowsPerSecond; got != 100 {
		t.Errorf("at first: %v rows a second", got)
	}
	w.pass(20 * time.Second)
	if got := w.table(t, "subscriber").RowsPerSecond; got != 50 {
		t.Errorf("during a wait: %v rows a second", got)
	}
	read(100)
	if got := w.table(t, "subscriber").RowsPerSecond; got != 100 {
		t.Errorf("long after it: %v rows a second", got)
	}
}

// TestTimeLeft is the longest of what speed, answers and the rate limit say.
func TestTimeLeft(t *testing.T) {
	w := newWorld()
	w.Expect(export.Expected{Requests: 110, Units: 110, Tables: []export.ExpectedTable{
		{Name: "subscriber", Rows: 1000, Requests: 10, Units: 10}, {Name: "activity", Requests: 100, Units: 100}}})
	if got := w.State().Left; got != Unknown {
		t.Errorf("before anything is known: %s", got)
	}
	w.limits = time.Second
	if got := w.State().Left; got != 110*time.Second {
		t.Errorf("by the rate limit alone: %s", got)
	}
	w.pass(10 * time.Second)
	w.stats = client.Stats{Requests: 5, Waited: 5 * time.Second}
	w.read(export.Event{Table: "subscriber", Pages: 0})
	w.pass(10 * time.Second)
	w.read(export.Event{Table: "subscriber", Rows: 500, Pages: 5})
	if got := w.table(t, "subscriber").Left; got != 10*time.Second {
		t.Errorf("of the table, by its speed: %s", got)
	}
	if got := w.State().Left; got != 315*time.Second { // 105 units at 3 s each, of the 15 s that 5 requests took without the wait
		t.Errorf("by answers: %s", got)
	}
	w.limits = 4 * time.Second
	if got := w.State().Left; got != 420*time.Second {
		t.Errorf("by the rate limit: %s", got)
	}
	if got := w.table(t, "subscriber").Left; got != 20*time.Second {
		t.Errorf("of the table, by the rate limit: %s", got)
	}
	w.read(export.Event{Table: "subscriber", Rows: 1000, Pages: 10, Done: true})
	w.read(export.Event{Table: "activity", Pages: 200, Done: true})
	if got := w.State(); got.Left != Unknown || got.Share != 1 || got.Read() != 2 {
		t.Errorf("at the end: %+v", got)
	}
}

// TestTimeLeftWithoutEstimate: nobody knows how long the tables take that were not begun.
func TestTimeLeftWithoutEstimate(t *testing.T) {
	w := newWorld()
	w.Expect(export.Expected{Tables: []export.ExpectedTable{{Name: "subscriber", Rows: 1000}, {Name: "activity"}}})
	w.read(export.Event{Table: "subscriber"})
	w.pass(5 * time.Second)
	w.read(export.Event{Table: "subscriber", Rows: 500, Pages: 1})
	if got := w.State(); got.Left != Unknown || got.Share != 0.25 {
		t.Errorf("with a table to come: %s left of a share of %v", got.Left, got.Share)
	}
	w.read(export.Event{Table: "activity", Done: true})
	if got := w.State().Left; got != 5*time.Second {
		t.Errorf("without: %s left", got)
	}
}

// TestWait lasts as long as the longest that was told of.
func TestWait(t *testing.T) {
	w := newWorld()
	w.Wait(client.Wait{Reason: client.WaitRate, Duration: 30 * time.Second})
	w.Wait(client.Wait{Reason: client.WaitRetry, Duration: 2 * time.Second})
	w.pass(10 * time.Second)
	if got := w.State().Wait; got == nil || *got != (Wait{client.WaitRate, 20 * time.Second}) {
		t.Errorf("got %+v", got)
	}
	w.pass(20 * time.Second)
	if got := w.State().Wait; got != nil {
		t.Errorf("after it: %+v", got)
	}
}

// TestPhases: the state is that of the phase told of last.
func TestPhases(t *testing.T) {
	w := newWorld()
	w.Event(export.Event{Phase: export.Comparing, Table: "group", Step: 2, Steps: 30})
	w.Event(export.Event{Message: "odd", Table: "group"})
	if s := w.State(); s.Phase != export.Comparing || s.Table != "group" || s.Step != 2 || s.Steps != 30 || len(s.Tables) != 0 {
		t.Errorf("got %+v", s)
	}
}

// TestTransfers: what is transferred to a destination never becomes less, unless it begins anew.
func TestTransfers(t *testing.T) {
	w := newWorld()
	amount := func(objects int, bytes int64) (a export.Transfer) {
		a.Destination, a.Of.Objects, a.Of.Bytes = "s3://lake", 4, 4000
		a.Done.Objects, a.Done.Bytes = objects, bytes
		return a
	}
	w.Transfer(amount(0, 0))
	w.pass(10 * time.Second)
	w.Transfer(amount(1, 1000))
	w.Transfer(amount(0, 900)) // late
	w.Transfer(export.Transfer{Destination: "s3://lake", Message: "odd"})
	if got := w.State().Transfers[0]; got.Share != 0.25 || got.BytesPerSecond != 100 || got.Left != 30*time.Second || got.Done.Objects != 1 {
		t.Errorf("got %+v", got)
	}
	w.Transfer(amount(3, 4000))
	if got := w.State().Transfers[0].Share; got != almost {
		t.Errorf("all bytes, and not all objects: %v", got)
	}
	w.Transfer(amount(4, 4000))
	if got := w.State().Transfers[0]; got.Share != 1 || got.Left != Unknown {
		t.Errorf("at the end: %+v", got)
	}
	again := amount(0, 0)
	again.Of.Bytes = 100
	w.Transfer(again)
	if got := w.State().Transfers[0].Share; got != 0 {
		t.Errorf("begun anew: %v", got)
	}
}

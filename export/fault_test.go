package export_test

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
)

// outcome is what must become of one table in a disturbed run.
type outcome struct {
	kind   outcomeKind
	why    string // part of what the report says
	madeUp string // key of a row that the fault made up
}

type outcomeKind int

const (
	whole    outcomeKind = iota // equals the account: the fault is not seen
	withheld                    // all but the deletes is applied
	partial                     // nothing is deleted; what the scan met is applied
	kept                        // equals the account, but for rows of subscribers whose own deletes are withheld
	failed                      // keeps its old state
	open                        // any of these: it depends on which request comes first
)

type outcomes map[string]outcome

func both(o outcome) outcomes { return outcomes{"subscriber": o, "group_subscriber": o} }

func (o outcomes) and(table string, x outcome) outcomes {
	o = maps.Clone(o)
	o[table] = x
	return o
}

// check compares a table after a disturbed run with what was stored before it and with the account.
func (o outcome) check(t *testing.T, x *trial, table export.TableReport, before map[string]map[string]any) {
	t.Helper()
	after := x.rows(t, table.Name)
	old, got, want := keys(before), keys(after), keys(x.truth(t, table.Name))
	all := maps.Clone(old)
	maps.Copy(all, want)
	o.checkReport(t, table)
	switch o.kind {
	case whole:
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: differs (-account +dataset)\n%s", table.Name, d)
		}
	case withheld:
		if d := cmp.Diff(all, got); d != "" {
			t.Errorf("%s: differs (-account and what was stored +dataset)\n%s", table.Name, d)
		}
	case kept:
		subscribers := x.truth(t, "subscriber")
		for key := range old {
			if subscribers[key[strings.Index(key, "/")+1:]] == nil {
				want[key] = true
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: differs (-account and rows of withheld subscribers +dataset)\n%s", table.Name, d)
		}
	case partial, open:
		for key := range all {
			if old[key] && !got[key] {
				t.Errorf("%s: %s was deleted", table.Name, key)
			}
		}
		for key := range got {
			if !all[key] && key != o.madeUp {
				t.Errorf("%s: %s was made up", table.Name, key)
			}
		}
	case failed:
		if d := cmp.Diff(before, after); d != "" {
			t.Errorf("%s: changed (-before +after)\n%s", table.Name, d)
		}
	}
}

func (o outcome) checkReport(t *testing.T, table export.TableReport) {
	t.Helper()
	said := table.Error
	if table.TablePlan != nil {
		said += table.Withheld
	}
	quiet := o.kind == whole || o.kind == kept
	if o.kind != open && (!strings.Contains(said, o.why) || (said == "") != quiet) {
		t.Errorf("%s: reported %q, want %q", table.Name, said, o.why)
	}
	if o.kind != open && (table.Err != nil) != (o.kind == failed) {
		t.Errorf("%s: got error %v", table.Name, table.Err)
	}
}

// faultCase states what must become of a run in which something goes wrong.
type faultCase struct {
	name    string
	account func(*mailerlitetest.Options)        // how the account behaves, for good
	change  func(x *trial, subscribers []string) // in the account, beside a day's changes
	fault   func() fault                         // in the run
	drop    int                                  // the subscriber of this index is missing from the lists
	client  client.Options
	wrap    func(http.RoundTripper) http.RoundTripper

	want       outcomes      // by table; whole where it says nothing
	stopped    error         // the run ends with it, and nothing is committed
	mayFail    string        // as failsWhole, if it comes to that
	failsWhole string        // no table could be exported: part of the error; nothing is committed
	limit      time.Duration // the run takes no longer; 2 minutes if zero
	loose      bool          // values are not as the account's, by intent
	forever    bool          // a healthy run would meet the same: it is part of the account
	then       func(t *testing.T, x *trial, before map[string]map[string]map[string]any)
}

func (c faultCase) run(t *testing.T) {
	x := newTrial(t, c.account)
	subs := x.account.IDs("subscriber")
	first := c.begin(t, x)
	before := x.state(t)
	x.day(t)
	if c.change != nil {
		c.change(x, subs)
	}
	if c.drop > 0 {
		c.fault = dropRow(subs[c.drop])
	}
	if c.fault != nil {
		x.disturb(c.fault())
	}
	x.client.MaxBody, x.transport = c.client.MaxBody, c.wrap
	start := time.Now()
	report, err := export.Export(t.Context(), x.options(t))
	if took := time.Since(start); took > max(c.limit, 2*time.Minute) {
		t.Errorf("the run took %v", took)
	}
	c.checkRun(t, x, report, err, before)
	if err == nil && report.Snapshot != first.Snapshot+1 {
		t.Errorf("got snapshot %d, want %d", report.Snapshot, first.Snapshot+1)
	}
	if c.then != nil {
		c.then(t, x, before)
	}
	if !c.forever && !t.Failed() {
		c.settle(t, x)
	}
}

// begin makes the first, healthy run.
func (c faultCase) begin(t *testing.T, x *trial) *export.Report {
	t.Helper()
	first, err := export.Export(t.Context(), x.options(t))
	if err != nil {
		t.Fatal(err)
	}
	x.checkKeys(t)
	return first
}

// settle makes the last, healthy run.
func (c faultCase) settle(t *testing.T, x *trial) {
	t.Helper()
	x.healthy(t)
	if c.loose {
		x.checkKeys(t)
	} else {
		x.check(t)
	}
}

// checkRun requires the outcome that the case states.
func (c faultCase) checkRun(t *testing.T, x *trial, report *export.Report, err error, before map[string]map[string]map[string]any) {
	t.Helper()
	switch {
	case c.stopped == nil && c.failsWhole == "" && err == nil:
		c.checkTables(t, x, report, before)
		return
	case c.stopped != nil && errors.Is(err, c.stopped):
	case c.mayFail != "" && err != nil && strings.Contains(err.Error(), "no table could be exported: ") && strings.Contains(err.Error(), c.mayFail):
	case c.failsWhole != "" && err != nil && strings.Contains(err.Error(), c.failsWhole):
	default:
		t.Fatalf("got error %v, want %v%s", err, c.stopped, c.failsWhole)
	}
	if d := cmp.Diff(before, x.state(t)); d != "" {
		t.Errorf("a run that was stopped changed the dataset\n%s", d)
	}
}

func (c faultCase) checkTables(t *testing.T, x *trial, report *export.Report, before map[string]map[string]map[string]any) {
	t.Helper()
	for _, table := range report.Tables {
		c.want[table.Name].check(t, x, table, before[table.Name])
	}
	if report.Failed() != (len(c.want) > 0) {
		t.Errorf("the report says failed: %v", report.Failed())
	}
}

func testFaults(t *testing.T, cases []faultCase) {
	for i, c := range cases {
		if i%thinned == 0 {
			t.Run(c.name, func(t *testing.T) { bubble(t, c.run) })
		}
	}
}

func TestFaultsThatAreRetried(t *testing.T)      { testFaults(t, retried()) }
func TestFaultsThatFailATable(t *testing.T)      { testFaults(t, lasting()) }
func TestFaultsThatStopTheRun(t *testing.T)      { testFaults(t, stopping()) }
func TestFaultsThatWithholdDeletes(t *testing.T) { testFaults(t, unproven()) }
func TestOddities(t *testing.T)                  { testFaults(t, harmless()) }

package terminal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client"
	"mailerlake/export"
	"mailerlake/schema"
)

// table makes a report of one table; fields of the plan are set afterwards.
func table(name string, rows int64, plan export.TablePlan) export.TableReport {
	plan.PartsTotal = max(plan.PartsTotal, 1)
	return export.TableReport{Name: name, Rows: rows, TablePlan: &plan}
}

func failed(name string, rows int64, err error) export.TableReport {
	return export.TableReport{Name: name, Rows: rows, Err: err, Error: err.Error()}
}

func text(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// want compares texts; want begins with a line break, so that it stands in the source as it is read.
func want(t *testing.T, got, want string) {
	t.Helper()
	if d := cmp.Diff(strings.TrimPrefix(want, "\n"), got); d != "" {
		t.Errorf("text (-want +got)\n%s", d)
	}
}

func dayLater() *export.Report {
	return &export.Report{Dataset: "lake", Snapshot: 2, Requests: 34, Waited: 0.04, BytesWritten: 1258291, Tables: []export.TableReport{
		table("subscriber", 2009, export.TablePlan{Inserted: 12, Updated: 1040, Deleted: 3, PartsWritten: 1,
			NewColumns: []schema.Column{{Name: "fields_birthday", Kind: schema.Date}},
			Changed:    map[string]int64{"status": 12, "open_rate": 1030, "clicks_count": 12}, Rescued: 1}),
		table("group", 12, export.TablePlan{}),
		table("campaign", 1, export.TablePlan{Inserted: 1, PartsWritten: 1, PartsTotal: 2, Rescued: 2}),
	}}
}

func TestPlan(t *testing.T) {
	r := dayLater()
	r.Dataset = "my lake"
	want(t, text(t, func(w io.Writer) error { return Plan(w, r, []string{"export", "--planned", "--out", r.Dataset}) }), `
  subscriber  + 12 to add, ~ 1,040 to change, - 3 to delete  (2,009 rows; writes 1 of 1 part)
      new column fields_birthday DATE
      changed: open_rate 1,030, clicks_count 12, status 12
      1 value did not fit its column; it is kept in _rescued
  group       no changes                                     (12 rows)
  campaign    +  1 to add, ~     0 to change, - 0 to delete  (1 row; writes 1 of 2 parts)
      2 values did not fit their columns; they are kept in _rescued

Plan: + 13 to add, ~ 1,040 to change, - 3 to delete in 2 tables.
To commit exactly this: mailerlake export --planned --out 'my lake'
`)
}

func TestReport(t *testing.T) {
	want(t, text(t, func(w io.Writer) error { return Report(w, dayLater()) }), `
  subscriber  + 12 added, ~ 1,040 changed, - 3 deleted  (2,009 rows; wrote 1 of 1 part)
      new column fields_birthday DATE
      changed: open_rate 1,030, clicks_count 12, status 12
      1 value did not fit its column; it is kept in _rescued
  group       no changes                                (12 rows)
  campaign    +  1 added, ~     0 changed, - 0 deleted  (1 row; wrote 1 of 2 parts)
      2 values did not fit their columns; they are kept in _rescued

Exported: + 13 added, ~ 1,040 changed, - 3 deleted in 2 tables; snapshot 2; 1.2 MiB written; 34 requests, 0 retries, 0.0 s waited
`)
}

// TestWidenedColumn: a part may be written although no row changes.
func TestWidenedColumn(t *testing.T) {
	plan := export.TablePlan{PartsWritten: 1, Widened: []schema.Column{{Name: "fields_age", Kind: schema.String}}}
	r := &export.Report{Snapshot: 2, Tables: []export.TableReport{table("subscriber", 300, plan)}}
	want(t, text(t, func(w io.Writer) error { return Report(w, r) }), `
  subscriber  no changes  (300 rows; wrote 1 of 1 part)
      type of column fields_age changed: it is STRING now

Exported: + 0 added, ~ 0 changed, - 0 deleted in 1 table; snapshot 2; 0 bytes written
`)
}

func TestFirstExport(t *testing.T) {
	columns := []schema.Column{{Name: "id", Kind: schema.String}}
	r := &export.Report{Dataset: "lake", Snapshot: 1, Requests: 1, Retries: 1, BytesWritten: 1, Tables: []export.TableReport{
		table("subscriber", 200000, export.TablePlan{New: true, Inserted: 200000, NewColumns: columns, PartsWritten: 2, PartsTotal: 2}),
		table("group", 0, export.TablePlan{New: true, PartsWritten: 1}),
	}}
	want(t, text(t, func(w io.Writer) error { return Report(w, r) }), `
  subscriber  200,000 rows added  (2 parts)
  group       0 rows added        (1 part)

Exported: 200,000 rows added in 2 tables; snapshot 1; 1 byte written; 1 request, 1 retry, 0.0 s waited
`)
	want(t, text(t, func(w io.Writer) error { return Plan(w, r, []string{"export", "--planned", "--out", r.Dataset}) }), `
  subscriber  200,000 rows to add  (2 parts)
  group       0 rows to add        (1 part)

Plan: 200,000 rows to add in 2 tables.
To commit exactly this: mailerlake export --planned --out lake
`)
}

func TestNoChanges(t *testing.T) {
	r := &export.Report{Snapshot: 3, Requests: 2, Waited: 61.25, Matches: true, Tables: []export.TableReport{table("group", 1, export.TablePlan{})}}
	want(t, text(t, func(w io.Writer) error { return Plan(w, r, []string{"export", "--planned", "--out", r.Dataset}) }), `
  group  no changes  (1 row)

No changes. The dataset matches the account.
`)
	want(t, text(t, func(w io.Writer) error { return Report(w, r) }), `
  group  no changes  (1 row)

No changes. The dataset matches the account.
snapshot 3; 0 bytes written; 2 requests, 0 retries, 61.2 s waited
`)
	r.Matches, r.Tables[0].Incomplete, r.Tables[0].Unproven = false, "1 of 2 rows met", 1
	want(t, text(t, func(w io.Writer) error { return Plan(w, r, []string{"export", "--planned", "--out", r.Dataset}) }), `
  group  no changes  (1 row)
      incomplete: 1 of 2 rows met; 1 row not met is kept; the next run tries again

No changes.
`)
}

func TestWhatWentWrong(t *testing.T) {
	part := &export.PartError{Path: "group/part-00000.parquet", Err: fs.ErrNotExist}
	r := &export.Report{Dataset: "lake", Snapshot: 4, BytesWritten: 2048, Tables: []export.TableReport{
		table("subscriber", 100, export.TablePlan{Inserted: 1, PartsWritten: 1, Unproven: 30, Withheld: "30 of 100 rows would go; --yes deletes them"}),
		table("field", 3, export.TablePlan{Incomplete: "the list changed while it was read"}),
		failed("group", 12, part),
		failed("campaign", 0, &client.Error{Method: "GET", Path: "/campaigns", Status: 500, Message: "\x1b[2Jserver error"}),
		{Name: "group_subscriber", Rows: 1},
		table("segment", 5, export.TablePlan{Updated: 1, Rebuilt: 4, PartsWritten: 1, RebuiltParts: []string{"segment/part-00000.parquet"}}),
		table("webhook", 2, export.TablePlan{PartsWritten: 1, RebuiltParts: []string{"webhook/part-00000.parquet"}}),
	}}
	want(t, text(t, func(w io.Writer) error { return Report(w, r) }), `
  subscriber        + 1 added, ~ 0 changed, - 0 deleted             (100 rows; wrote 1 of 1 part)
      30 deletes withheld: 30 of 100 rows would go; --yes deletes them
  field             no changes                                      (3 rows)
      incomplete: the list changed while it was read; the next run tries again
  group             not exported                                    (keeps its 12 rows)
      part group/part-00000.parquet is damaged: file does not exist; mailerlake export --repair rebuilds it from a fresh scan
  campaign          not exported                                    (keeps its 0 rows)
      get /campaigns: 500 Internal Server Error; [2Jserver error; the next run tries again
  group_subscriber  not exported                                    (keeps its 1 row)
      not reached; the next run tries again
  segment           + 0 added, ~ 1 changed, - 0 deleted, 4 rebuilt  (5 rows; wrote 1 of 1 part)
      rebuilt segment/part-00000.parquet
      what was stored of 4 rows could not be read: their _synced_at is new
  webhook           no changes                                      (2 rows; wrote 1 of 1 part)
      rebuilt webhook/part-00000.parquet

Exported: + 1 added, ~ 1 changed, - 0 deleted, 4 rebuilt in 3 tables; snapshot 4; 2.0 KiB written
`)
}

// TestDataOfAnEarlierScan: that the dataset matches the account is said only if the report claims it; data that was
// scanned by an earlier run is dated.
func TestDataOfAnEarlierScan(t *testing.T) {
	today := time.Date(2026, 3, 2, 16, 0, 0, 0, time.FixedZone("", 3600))
	subscriber, group, field := table("subscriber", 9, export.TablePlan{}), table("group", 1, export.TablePlan{}), table("field", 1, export.TablePlan{})
	subscriber.AsOf, subscriber.Resumed = today.Add(-time.Hour), true
	group.AsOf, field.AsOf = today.Add(-20*time.Hour), today.Add(time.Second)
	r := &export.Report{Dataset: "lake", Started: today, Tables: []export.TableReport{subscriber, group, field}}
	want(t, text(t, func(w io.Writer) error { return Plan(w, r, []string{"export", "--planned", "--out", r.Dataset}) }), `
  subscriber  no changes  (9 rows)
  group       no changes  (1 row)
  field       no changes  (1 row)

No changes; subscriber as of 14:00 UTC, resumed; group as of 2026-03-01 19:00 UTC.
`)
	r.Tables[1].Inserted, r.Tables[1].PartsWritten = 1, 1
	want(t, text(t, func(w io.Writer) error { return Report(w, r) }), `
  subscriber  no changes                           (9 rows)
  group       + 1 added, ~ 0 changed, - 0 deleted  (1 row; wrote 1 of 1 part)
  field       no changes                           (1 row)

Exported: + 1 added, ~ 0 changed, - 0 deleted in 1 table; subscriber as of 14:00 UTC, resumed; group as of 2026-03-01 19:00 UTC; 0 bytes written
`)
	r.Tables[2].AsOf, r.Tables[2].Resumed = subscriber.AsOf, true
	want(t, text(t, func(w io.Writer) error { return Report(w, r) }), `
  subscriber  no changes                           (9 rows)
  group       + 1 added, ~ 0 changed, - 0 deleted  (1 row; wrote 1 of 1 part)
  field       no changes                           (1 row)

Exported: + 1 added, ~ 0 changed, - 0 deleted in 1 table; subscriber, field as of 14:00 UTC, resumed; group as of 2026-03-01 19:00 UTC; 0 bytes written
`)
	r.Tables = []export.TableReport{subscriber, field}
	r.Tables[1].AsOf, r.Tables[1].Resumed, r.Tables[1].Inserted, r.Tables[1].PartsWritten = subscriber.AsOf, true, 1, 1
	want(t, text(t, func(w io.Writer) error { return Report(w, r) }), `
  subscriber  no changes                           (9 rows)
  field       + 1 added, ~ 0 changed, - 0 deleted  (1 row; wrote 1 of 1 part)

Exported: + 1 added, ~ 0 changed, - 0 deleted in 1 table; all tables as of 14:00 UTC, resumed; 0 bytes written
`)
	r.Tables = []export.TableReport{table("group", 1, export.TablePlan{})}
	want(t, text(t, func(w io.Writer) error { return Plan(w, r, []string{"export", "--planned", "--out", r.Dataset}) }), `
  group  no changes  (1 row)

No changes.
`)
}

// TestJSONOfDatedTables shows the members that scripts read.
func TestJSONOfDatedTables(t *testing.T) {
	subscriber := table("subscriber", 9, export.TablePlan{Incomplete: "1 of 2 rows met"})
	subscriber.AsOf, subscriber.Resumed = time.Date(2026, 3, 2, 14, 2, 0, 0, time.UTC), true
	got := text(t, func(w io.Writer) error {
		return JSON(w, export.Report{Matches: true, Tables: []export.TableReport{subscriber}})
	})
	for _, member := range []string{`"incomplete": "1 of 2 rows met"`, `"as_of": "2026-03-02T14:02:00Z"`, `"resumed": true`, `"matches_account": true`} {
		if !strings.Contains(got, member) {
			t.Errorf("got\n%s\nwant in it %s", got, member)
		}
	}
}

func TestProblems(t *testing.T) {
	answer := func(status int, hint string) error {
		return fmt.Errorf("read: %w", &client.Error{Method: "GET", Path: "/p", Status: status, Hint: hint})
	}
	tests := []struct {
		name  string
		table export.TableReport
		want  []string
	}{
		{"complete", table("t", 1, export.TablePlan{}), nil},
		{"not found by chance", table("t", 1, export.TablePlan{Unproven: 2}), []string{"2 rows not met and not proven deleted are kept"}},
		{"cut short, nothing to delete", table("t", 1, export.TablePlan{Incomplete: "1,000 of 2,300 rows met"}),
			[]string{"incomplete: 1,000 of 2,300 rows met; the next run tries again"}},
		{"cut short, rows kept", table("t", 1, export.TablePlan{Incomplete: "1,000 of 2,300 rows met", Unproven: 1300}),
			[]string{"incomplete: 1,000 of 2,300 rows met; 1,300 rows not met are kept; the next run tries again"}},
		{"too many", table("t", 1, export.TablePlan{Withheld: "30 of 100 rows would go; --yes deletes them", Unproven: 30}),
			[]string{"30 deletes withheld: 30 of 100 rows would go; --yes deletes them"}},
		{"unproven", table("t", 1, export.TablePlan{Withheld: "a row answered", Unproven: 1}),
			[]string{"1 delete withheld: a row answered; the next run tries again"}},
		{"both", table("t", 1, export.TablePlan{Incomplete: "cut short", Withheld: "a row answered", Unproven: 1}),
			[]string{"incomplete: cut short; the next run tries again", "1 delete withheld: a row answered; the next run tries again"}},
		{"server in trouble", failed("t", 1, answer(502, "")), []string{"read: get /p: 502 Bad Gateway; the next run tries again"}},
		{"server in trouble, with a hint", failed("t", 1, answer(502, "run again later")), []string{"read: get /p: 502 Bad Gateway; run again later"}},
		{"rate limit", failed("t", 1, answer(429, "")), []string{"read: get /p: 429 Too Many Requests; the next run tries again"}},
		{"forbidden", failed("t", 1, answer(403, "check the key")), []string{"read: get /p: 403 Forbidden; check the key"}},
		{"refused", failed("t", 1, answer(422, "")), []string{"read: get /p: 422 Unprocessable Entity"}},
		{"timeout", failed("t", 1, fmt.Errorf("get /p: %w", client.ErrTimeout)), []string{"get /p: no complete answer in time; the next run tries again"}},
		{"broken connection", failed("t", 1, fmt.Errorf("get /p: %w", io.ErrUnexpectedEOF)), []string{"get /p: unexpected EOF; the next run tries again"}},
		{"no network", failed("t", 1, &net.OpError{Op: "dial", Err: errors.New("no route")}), []string{"dial: no route; the next run tries again"}},
		{"too large", failed("t", 1, &client.BodyError{Method: "GET", Path: "/p", Status: 200, Why: "too large", TooLarge: true}),
			[]string{"get /p: 200 with an unusable body: too large"}},
		{"too deep", failed("t", 1, &client.BodyError{Method: "GET", Path: "/p", Status: 200, Why: "too deep; asking again cannot help", TooDeep: true}),
			[]string{"get /p: 200 with an unusable body: too deep; asking again cannot help"}},
		{"not JSON", failed("t", 1, &client.BodyError{Method: "GET", Path: "/p", Status: 200, Why: "not JSON"}),
			[]string{"get /p: 200 with an unusable body: not JSON; the next run tries again"}},
		{"full disk", failed("t", 1, &fs.PathError{Op: "write", Path: "p", Err: syscall.ENOSPC}), []string{"write p: no space left on device"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if d := cmp.Diff(test.want, Problems(test.table)); d != "" {
				t.Errorf("problems (-want +got)\n%s", d)
			}
		})
	}
}

func TestManyColumns(t *testing.T) {
	plan := export.TablePlan{Updated: 1, PartsWritten: 1, Changed: map[string]int64{}}
	for i := range 25 {
		name := fmt.Sprintf("c%02d\u202e", i)
		plan.NewColumns = append(plan.NewColumns, schema.Column{Name: name, Kind: schema.String})
		plan.Changed[name] = int64(i + 1)
	}
	got := text(t, func(w io.Writer) error {
		return Report(w, &export.Report{Tables: []export.TableReport{table("t", 1, plan)}})
	})
	for _, line := range []string{
		"      new column c19 STRING\n      5 more new columns\n",
		"      changed: c24 25, c23 24, c22 23, c21 22, c20 21, and 20 more\n",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("got\n%s\nwant in it\n%s", got, line)
		}
	}
	if strings.ContainsRune(got, '\u202e') {
		t.Errorf("a column's name reaches the terminal as it is: %q", got)
	}
}

// brokenPipe is a reader that went away.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, fs.ErrClosed }

func TestResultThatCannotBeWritten(t *testing.T) {
	for name, err := range map[string]error{
		"report": Report(brokenPipe{}, dayLater()),
		"plan":   Plan(brokenPipe{}, dayLater(), nil),
		"json":   JSON(brokenPipe{}, dayLater()),
	} {
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s: got %v, want %v", name, err, fs.ErrClosed)
		}
	}
}

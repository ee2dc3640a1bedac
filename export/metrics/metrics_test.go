package metrics

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export"
	"mailerlake/export/cost"
	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/export/publish"
)

var night = time.Date(2026, 11, 27, 2, 0, 0, 500e6, time.UTC)

// partly is a run that did some of what it was to do.
func partly() Run {
	return Run{Account: "acme", Dataset: `/srv/"lake"\n` + "\n\xff", Version: "v1.2.3", Ended: night, Seconds: 61.5, ExitCode: 3, Succeeded: 1795000000.25,
		Report: &export.Report{Requests: 33, Retries: 2, Waited: 4.5, BytesWritten: 1 << 40, Estimate: &cost.Estimate{Units: 31, Seconds: 17.25},
			Tables: []export.TableReport{
				{Name: "subscriber", BytesWritten: 1 << 40, Status: export.Changed, TablePlan: &export.TablePlan{Inserted: 12, Updated: 40, Incomplete: "cut short", Withheld: "cut short"}},
				{Name: "group", Status: export.Failed},
				{Name: "shop", Status: export.Unavailable, Unavailable: "403"},
			},
			Published: []export.Published{{Report: publish.Report{Destination: "s3://b/lake", Snapshot: 7}},
				{Report: publish.Report{Destination: "file:///there", Error: "full"}, Err: errors.New("full")}}},
		Manifest: &dataset.Manifest{Snapshot: 7, CommittedAt: night.Add(-time.Second), Tables: []dataset.TableState{
			{Name: "group", Rows: 5, ScanStarted: night.Add(-24 * time.Hour), Complete: true, Parts: []part.Part{{Bytes: 10}}},
			{Name: "subscriber", Rows: 400, ScanStarted: night.Add(-time.Minute), Parts: []part.Part{{Bytes: 10}, {Bytes: 20}}},
		}},
		Destinations: []string{"s3://b/lake", "file:///there", "gs://b/not-reached"},
	}
}

// TestText shows the metrics of two accounts: one of which something was done, and one that was locked before it had a snapshot.
func TestText(t *testing.T) {
	locked := Run{Account: "", Dataset: "/srv/other", Version: "v1.2.3", Ended: night, ExitCode: 6}
	got := string(Text([]Run{partly(), locked}, nil))
	got = strings.ReplaceAll(got, `account="acme",dataset="/srv/\"lake\"\\n\n`+"\ufffd\"", "ACME")
	got = strings.ReplaceAll(got, `account="",dataset="/srv/other"`, "OTHER")
	want := `build_info{ACME,version="v1.2.3"} 1
build_info{OTHER,version="v1.2.3"} 1
last_run_timestamp_seconds{ACME} 1795744800.5
last_run_timestamp_seconds{OTHER} 1795744800.5
last_success_timestamp_seconds{ACME} 1795000000.25
last_commit_timestamp_seconds{ACME} 1795744799.5
snapshot{ACME} 7
last_run_exit_code{ACME} 3
last_run_exit_code{OTHER} 6
last_run_duration_seconds{ACME} 61.5
last_run_duration_seconds{OTHER} 0
last_run_requests{ACME} 33
last_run_requests{OTHER} 0
last_run_retries{ACME} 2
last_run_retries{OTHER} 0
last_run_waited_seconds{ACME} 4.5
last_run_waited_seconds{OTHER} 0
last_run_written_bytes{ACME} 1099511627776
last_run_written_bytes{OTHER} 0
last_run_matches_account{ACME} 0
last_run_matches_account{OTHER} 0
last_run_estimated_units{ACME} 31
last_run_estimated_duration_seconds{ACME} 17.25
table_rows{ACME,table="group"} 5
table_rows{ACME,table="subscriber"} 400
table_bytes{ACME,table="group"} 10
table_bytes{ACME,table="subscriber"} 30
table_as_of_timestamp_seconds{ACME,table="group"} 1795658400.5
table_as_of_timestamp_seconds{ACME,table="subscriber"} 1795744740.5
table_complete{ACME,table="group"} 1
table_complete{ACME,table="subscriber"} 0
table_last_run_written_bytes{ACME,table="group"} 0
table_last_run_written_bytes{ACME,table="shop"} 0
table_last_run_written_bytes{ACME,table="subscriber"} 1099511627776
table_last_run_failed{ACME,table="group"} 1
table_last_run_failed{ACME,table="shop"} 0
table_last_run_failed{ACME,table="subscriber"} 0
table_last_run_incomplete{ACME,table="group"} 0
table_last_run_incomplete{ACME,table="shop"} 0
table_last_run_incomplete{ACME,table="subscriber"} 1
table_last_run_deletes_withheld{ACME,table="group"} 0
table_last_run_deletes_withheld{ACME,table="shop"} 0
table_last_run_deletes_withheld{ACME,table="subscriber"} 1
table_last_run_unavailable{ACME,table="group"} 0
table_last_run_unavailable{ACME,table="shop"} 1
table_last_run_unavailable{ACME,table="subscriber"} 0
table_last_run_rows{ACME,table="group",change="added"} 0
table_last_run_rows{ACME,table="group",change="changed"} 0
table_last_run_rows{ACME,table="group",change="deleted"} 0
table_last_run_rows{ACME,table="group",change="rebuilt"} 0
table_last_run_rows{ACME,table="shop",change="added"} 0
table_last_run_rows{ACME,table="shop",change="changed"} 0
table_last_run_rows{ACME,table="shop",change="deleted"} 0
table_last_run_rows{ACME,table="shop",change="rebuilt"} 0
table_last_run_rows{ACME,table="subscriber",change="added"} 12
table_last_run_rows{ACME,table="subscriber",change="changed"} 40
table_last_run_rows{ACME,table="subscriber",change="deleted"} 0
table_last_run_rows{ACME,table="subscriber",change="rebuilt"} 0
destination_published{ACME,destination="s3://b/lake"} 1
destination_published{ACME,destination="file:///there"} 0
destination_published{ACME,destination="gs://b/not-reached"} 0
destination_snapshot{ACME,destination="s3://b/lake"} 7
`
	if d := cmp.Diff(want, samples(t, got)); d != "" {
		t.Errorf("samples (-want +got)\n%s", d)
	}
}

// samples returns the samples alone, without the prefix of their names. What is said of a metric must come before its samples.
func samples(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	name := ""
	for line := range strings.Lines(text) {
		if help, ok := strings.CutPrefix(line, "# HELP "); ok {
			name, _, _ = strings.Cut(help, " ")
			continue
		}
		if line == "# TYPE "+name+" gauge\n" {
			continue
		}
		sample, ok := strings.CutPrefix(line, "mailerlake_")
		if !ok || !strings.HasPrefix(line, name+"{") {
			t.Errorf("below the help of %s there is %q", name, line)
		}
		out.WriteString(sample)
	}
	return out.String()
}

// TestSuccesses: what was written is read, for every dataset, and what is cut anywhere is noticed.
func TestSuccesses(t *testing.T) {
	one, other, none := partly(), partly(), partly()
	one.Dataset, other.Succeeded, none.Dataset, none.Succeeded = `/srv/"lake"\n`+"\n,{}\\", 17, "/srv/none", 0
	other.Dataset = "/srv/other"
	text := Text([]Run{one, other, none}, nil)
	want := map[string]float64{one.Dataset: one.Succeeded, other.Dataset: 17}
	if got, err := Successes(text); err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for n := range text {
		got, err := Successes(text[:n])
		if err == nil && text[max(n-1, 0)] != '\n' {
			t.Fatalf("no error for the first %d bytes: %q", n, text[max(0, n-100):n])
		}
		for name, at := range got {
			if want[name] != at {
				t.Fatalf("the first %d bytes say %v of %q", n, at, name)
			}
		}
	}
	for name, damaged := range map[string]string{
		"empty":      "",
		"a stranger": "root:x:0:0\n",
		"no number":  "# HELP mailerlake_\nmailerlake_last_success_timestamp_seconds{dataset=\"d\"} soon\n",
		"negative":   "# HELP mailerlake_\nmailerlake_last_success_timestamp_seconds{dataset=\"d\"} -1\n",
		"no number?": "# HELP mailerlake_\nmailerlake_last_success_timestamp_seconds{dataset=\"d\"} NaN\n",
		"infinite":   "# HELP mailerlake_\nmailerlake_last_success_timestamp_seconds{dataset=\"d\"} +Inf\n",
		"no label":   "# HELP mailerlake_\nmailerlake_last_success_timestamp_seconds{} 1\n",
	} {
		if got, err := Successes([]byte(damaged)); err == nil || len(got) > 0 {
			t.Errorf("%s: got %v, %v, want an error", name, got, err)
		}
	}
}

// TestOthers: what a text says of other datasets is kept as it is, metric by metric; what is no sample is not.
func TestOthers(t *testing.T) {
	one, other, third := partly(), partly(), partly()
	one.Dataset, other.Dataset, third.Dataset = "/srv/one", "/srv/\"other\"\n{}", "/srv/third"
	all := Text([]Run{one, other, third}, nil)
	if d := cmp.Diff(string(all), string(Text([]Run{one}, Others(all, []string{other.Dataset, third.Dataset})))); d != "" {
		t.Errorf("text (-want +got)\n%s", d)
	}
	damaged := strings.ReplaceAll(string(Text([]Run{one}, nil)), "} 1\n", "} soon\n") + `mailerlake_snapshot{account="a",dataset="/srv/one"} 7`
	for name, lines := range Others([]byte(damaged), []string{"/srv/one"}) {
		for _, line := range lines {
			if strings.HasSuffix(line, "soon") || line == `mailerlake_snapshot{account="a",dataset="/srv/one"} 7` {
				t.Errorf("%s: kept %q", name, line)
			}
		}
	}
}

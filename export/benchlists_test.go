package export_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/schema/tables"
)

// The environment variables that set the size of the account of BenchmarkLists, beside BENCH_ROWS: campaigns, of which about
// two thirds are sent, and recipients of each. A million rows of campaign_activity and the activity of 200,000 subscribers:
//
//	BENCH_ROWS=200000 BENCH_CAMPAIGNS=5000 BENCH_RECIPIENTS=300 go test ./export -run '^$' -bench Lists -benchtime 1x -timeout 2h
const (
	benchCampaigns  = "BENCH_CAMPAIGNS"
	benchRecipients = "BENCH_RECIPIENTS"
	benchWhole      = "BENCH_WHOLE" // set in the process of the account: it has everything
)

// wholeBench describes an account with something of everything.
func wholeBench(subscribers int) mailerlitetest.Options {
	o := mailerlitetest.Demo(0)
	o.RatePerMinute, o.Churn, o.Subscribers = -1, 0.33, subscribers
	o.Campaigns, o.Recipients = benchNumber(benchCampaigns, 40), benchNumber(benchRecipients, 0)
	return o
}

func benchNumber(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// BenchmarkLists measures the tables that are read from a list for each campaign, and for each subscriber, and then all
// tables: a first export, one of an unchanged account and one of the next day.
func BenchmarkLists(b *testing.B) {
	addr := startAccount(b, benchWhole+"=1")
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(108 << 20) // as the program does
	}
	for _, selected := range [][]string{{"campaign", "campaign_activity"}, {"subscriber", "subscriber_activity"}, nil} {
		name := "all"
		if selected != nil {
			name = selected[1]
		}
		dir := filepath.Join(b.TempDir(), "lake")
		o := export.Options{FS: disk.OS(false), Dir: dir, Program: "mailerlake bench", Catalog: tables.All(), Tables: selected, ResumeWithin: time.Hour}
		for _, day := range []string{"first", "unchanged", "changed"} {
			b.Run(name+"/"+day, func(b *testing.B) {
				for range b.N {
					switch day {
					case "first":
						os.RemoveAll(dir)
					case "changed":
						if _, err := http.Post(addr+"/advance", "", nil); err != nil {
							b.Fatal(err)
						}
					}
					measureLists(b, addr, o)
				}
			})
		}
	}
}

func measureLists(b *testing.B, addr string, o export.Options) {
	c, err := client.New(client.Options{URL: addr + "/api", Key: "bench", Rate: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	o.Client = c
	debug.FreeOSMemory()
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // resets the peak, on Linux
	cpu := cpuTime()
	report, err := export.Export(context.Background(), o)
	if err != nil || report.Failed() {
		b.Fatalf("%v; %+v", err, report)
	}
	rows := int64(0)
	for _, t := range report.Tables {
		rows += t.Rows
	}
	b.ReportMetric(float64(rows), "rows")
	b.ReportMetric(float64(report.Requests), "requests")
	b.ReportMetric(cpuTime()-cpu, "cpu-s")
	b.ReportMetric(float64(report.BytesWritten)/1e6, "MB-written")
	b.ReportMetric(peakMiB(), "peak-MiB")
}

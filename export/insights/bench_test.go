package insights_test

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/insights"
)

// benchRows is the environment variable that sets how many subscribers BenchmarkRead has; each is in two groups and got
// three of twelve campaigns:
//
//	BENCH_ROWS=1000000 go test ./export/insights -run '^$' -bench Read -benchtime 1x
const benchRows = "BENCH_ROWS"

// BenchmarkRead measures a report. peak-MiB is the greatest resident memory while it is computed.
func BenchmarkRead(b *testing.B) {
	rows, err := strconv.Atoi(os.Getenv(benchRows))
	if err != nil {
		rows = 20_000
	}
	l := newLake(b)
	l.putLarge(rows)
	debug.FreeOSMemory()
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // resets the peak, on Linux
	for b.Loop() {
		d, err := dataset.Open(disk.OS(false), l.dir)
		if err != nil {
			b.Fatal(err)
		}
		r, err := insights.Read(b.Context(), d)
		if err != nil {
			b.Fatal(err)
		}
		if r.Subscribers.Audience.Subscribers != int64(rows) || r.Recency.Followed == 0 {
			b.Fatalf("got %+v", r.Subscribers)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "subscribers/s")
	b.ReportMetric(peakMiB(), "peak-MiB")
}

// putLarge puts tables as a large account has them. Half of the subscribers have a domain of their own.
func (l *lake) putLarge(rows int) {
	l.put("subscriber", 1, subscriberColumns, rows, func(i int) []any {
		domain := []string{"gmail.com", "outlook.com", "example.com"}[i%3]
		if i%2 == 0 {
			domain = fmt.Sprintf("company-%d.example", i)
		}
		at := now.Add(-time.Duration(i%3000) * 24 * time.Hour)
		return []any{fmt.Sprintf("1%09d", i), fmt.Sprintf("someone.%d@%s", i, domain), []string{"active", "active", "active", "unsubscribed"}[i%4],
			[]string{"api", "import", "webform"}[i%3], i % 50, i % 20, float64(i % 100), float64(i % 30), at, at, nil}
	})
	l.put("group", 1, groupColumns, 40, func(i int) []any {
		return []any{fmt.Sprintf("1%02d", i), fmt.Sprint("Group ", i), i * 100, i, i * 1000, 0.4, 0.1}
	})
	l.put("group_subscriber", 2, memberColumns, 2*rows, func(i int) []any { return []any{fmt.Sprintf("1%09d", i/2), fmt.Sprintf("1%02d", 10+i%2)} })
	l.put("campaign", 1, campaignColumns, 12, func(i int) []any {
		at := now.AddDate(0, -i, 0)
		return []any{fmt.Sprintf("1%02d", i), fmt.Sprint("Campaign ", i), "sent", at, at, rows / 4, rows / 10, rows / 30, 1}
	})
	quarter := max(1, rows/4)
	l.put("campaign_activity", 2, activityColumns, 12*quarter, func(i int) []any {
		person := 4*(i%quarter) + i/quarter%4
		return []any{fmt.Sprintf("1%02d", i/quarter), fmt.Sprintf("1%09d", i%quarter), fmt.Sprintf("1%09d", person), person%3 == 0}
	})
}

// peakMiB returns the greatest resident memory since it was reset; 0 if the system does not say.
func peakMiB() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.Atoi(strings.Fields(kib)[0])
			return float64(n) / 1024
		}
	}
	return 0
}

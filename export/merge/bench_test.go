package merge_test

import (
	"bytes"
	"context"
	"fmt"
	"syscall"
	"testing"

	"mailerlake/export/pagelog"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
	"mailerlake/schema/tables"
)

const (
	benchRows = 200_000
	benchPage = 1000
)

// benchLog logs a scan of subscribers, newest first, with about 80 columns; of changed rows, one in so many, a few values
// are others.
func benchLog(b *testing.B, table *schema.Table, oneIn int) *pagelog.Log {
	log := newLog(b, table)
	d := schema.NewDecoder(table)
	for top := benchRows; top > 0; top -= benchPage {
		page, err := d.Page(benchRecords(top, oneIn))
		if err == nil {
			err = log.Append(page, pagelog.Mark{Walk: "all", End: top == benchPage})
		}
		if err != nil {
			b.Fatal(err)
		}
		d.Recycle(page)
	}
	return log
}

// benchRecords returns a page of records, from row top downwards.
func benchRecords(top, oneIn int) []byte {
	var w bytes.Buffer
	for i := range benchPage {
		n := top - i
		opens := n % 97
		if oneIn > 0 && n%oneIn == 7 {
			opens += 1000
		}
		fmt.Fprintf(&w, `,{"id":"1%011d","email":"person%d@example.com","status":"active","source":"api","sent":%d,"opens_count":%d,"clicks_count":%d,
"open_rate":0.%d,"click_rate":0.%d,"ip_address":null,"subscribed_at":"2024-03-%02d 10:%02d:00","unsubscribed_at":null,
"created_at":"2024-03-%02d 10:%02d:00","updated_at":"2025-03-%02d 11:%02d:%02d","opted_in_at":null,"optin_ip":null,"fields":{`,
			n, n, n%131, opens, n%13, n%89, n%17, 1+n%28, n%60, 1+n%28, n%60, 1+n%28, n%60, n%59)
		for f := range 60 {
			if f > 0 {
				w.WriteByte(',')
			}
			switch {
			case (n+f)%3 == 0:
				fmt.Fprintf(&w, `"f%d":null`, f)
			case f%4 == 0:
				fmt.Fprintf(&w, `"f%d":%d`, f, n*f%1000)
			default:
				fmt.Fprintf(&w, `"f%d":"value %d of %d"`, f, n%(10+f*f*f), f)
			}
		}
		w.WriteString(`},"groups":[]}`)
	}
	data := append(w.Bytes(), ']')
	data[0] = '['
	return data
}

// BenchmarkMerge measures the processor time, per million rows, of planning and writing a first export, one of what has
// not changed, and one of which one row in a hundred has.
func BenchmarkMerge(b *testing.B) {
	table := tables.All().Lookup("subscriber")
	same, changed := benchLog(b, table, 0), benchLog(b, table, 100)
	var stored lake
	for _, bench := range []struct {
		name string
		log  *pagelog.Log
	}{{"first", same}, {"unchanged", same}, {"changed", changed}} {
		b.Run(bench.name, func(b *testing.B) {
			allocated, cpu := schematest.Allocated(), cpuTime()
			for range b.N {
				l := stored
				if bench.name == "first" {
					l = lake{}
				}
				m := l.table(table, bench.log, part.DefaultSizes)
				plan, err := m.Plan(context.Background(), false)
				if err != nil {
					b.Fatal(err)
				}
				if plan.Settle(m, ""); !plan.Empty() {
					l.write(b, m, plan, 1)
				}
				if bench.name == "first" {
					stored = l
				} else if plan.Unchanged+plan.Updated != benchRows {
					b.Fatalf("%+v", plan)
				}
			}
			million := float64(b.N) * benchRows / 1e6
			b.ReportMetric((cpuTime()-cpu)/million, "cpu-s/1M-rows")
			b.ReportMetric(float64(schematest.Allocated()-allocated)/million/1e6, "MB/1M-rows")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// cpuTime returns the processor time this process has used, in seconds.
func cpuTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

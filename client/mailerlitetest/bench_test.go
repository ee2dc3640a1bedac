package mailerlitetest

import (
	"io"
	"runtime"
	"strconv"
	"testing"
)

// big describes an account like that of the program's benchmarks, of any size.
func big(n int) Options {
	return Options{Subscribers: n, Groups: 50, Campaigns: 100, CustomFields: 19, RatePerMinute: -1}
}

// BenchmarkPages reads pages of 1,000 subscribers with their groups, to the end of
// the body.
func BenchmarkPages(b *testing.B) {
	a := New(big(100_000))
	rt := a.Transport()
	b.ReportAllocs()
	i, rows := len(a.subs), 0
	for b.Loop() {
		if i < 1000 {
			i = len(a.subs)
		}
		resp, err := rt.RoundTrip(request("GET", "/subscribers?limit=1000&include=groups&cursor="+cursor{a.subs[i-1].id + 1, true}.encode(0), ""))
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		if err != nil || n < 1_000_000 {
			b.Fatalf("got %d bytes, %v", n, err)
		}
		resp.Body.Close()
		b.SetBytes(n)
		i -= 1000
		rows += 1000
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkNew makes accounts and reports the memory that one takes.
func BenchmarkNew(b *testing.B) {
	for _, n := range []int{0, 2000, 200_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var a *Account
			for b.Loop() {
				a = New(big(n))
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB")
			runtime.KeepAlive(a)
		})
	}
}

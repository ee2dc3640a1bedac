package export_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// The environment variables that set the size of the account that the benchmarks export, subscribers and custom fields
// of each, how many pages of them may share a batch, and the requests a minute. The account lives in another process, so
// that memory and processor time are those of the export alone:
//
//	BENCH_ROWS=1000000 BENCH_FIELDS=50 go test ./export -run '^$' -bench Export -benchtime 1x
const (
	benchRows   = "BENCH_ROWS"
	benchFields = "BENCH_FIELDS"
	benchPages  = "BENCH_PAGES"
	benchRate   = "BENCH_RATE"
)

func TestMain(m *testing.M) {
	if rows := os.Getenv("BENCH_ACCOUNT"); rows != "" {
		serveAccount(rows)
		return
	}
	compressOutsideBubbles()
	os.Exit(m.Run())
}

// compressOutsideBubbles makes the encoder that all parts share: its channel must not belong to one test's bubble.
func compressOutsideBubbles() {
	id := schema.KeyColumn("id")
	v := schema.NewVector(schema.String)
	v.AppendText([]byte("1"))
	w := part.NewWriter(io.Discard, "t", id, []string{"id"}, "test 1", part.DefaultSizes)
	err := w.Write(part.Rows{Batch: &schema.Batch{Columns: id, Vectors: []*schema.Vector{v}, Rows: 1}, To: 1})
	if _, closing := w.Close(); err != nil || closing != nil {
		panic(errors.Join(err, closing))
	}
}

// serveAccount serves a simulated account to the benchmark process; a post to /advance lets a day pass.
func serveAccount(rows string) {
	n, err := strconv.Atoi(rows)
	if err != nil {
		panic(err)
	}
	fields := 19
	if text := os.Getenv(benchFields); text != "" {
		if fields, err = strconv.Atoi(text); err != nil {
			panic(err)
		}
	}
	o := mailerlitetest.Options{Subscribers: n, Groups: 40, Campaigns: 60, CustomFields: fields, RatePerMinute: -1, Churn: 0.33}
	if os.Getenv(benchWhole) != "" {
		o = wholeBench(n)
	}
	account := mailerlitetest.New(o)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	mux := http.NewServeMux()
	mux.Handle("/api/", account)
	mux.HandleFunc("/advance", func(http.ResponseWriter, *http.Request) { account.Advance(1) })
	http.Serve(listener, mux)
}

// startAccount starts the other process and returns its address.
func startAccount(b *testing.B, env ...string) string {
	rows := os.Getenv(benchRows)
	if rows == "" {
		rows = "20000"
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), "BENCH_ACCOUNT="+rows), env...)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return "http://" + strings.TrimSpace(addr)
}

// BenchmarkExport measures a first export, one of an unchanged account and one of an account of which about 1 % has
// changed. Rows are subscribers; cpu-s/bare-cpu-s compares with what decoding the same pages costs alone.
func BenchmarkExport(b *testing.B) {
	addr := startAccount(b)
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(108 << 20) // as the program does
	}
	dir := filepath.Join(b.TempDir(), "lake")
	o := export.Options{FS: disk.OS(false), Dir: dir, Program: "mailerlake bench", Catalog: core(), ResumeWithin: time.Hour}
	for _, name := range []string{"first", "unchanged", "changed"} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				switch name {
				case "first":
					os.RemoveAll(dir)
				case "changed":
					if _, err := http.Post(addr+"/advance", "", nil); err != nil {
						b.Fatal(err)
					}
				}
				measure(b, addr, o)
			}
		})
	}
}

func measure(b *testing.B, addr string, o export.Options) {
	rate, err := strconv.Atoi(os.Getenv(benchRate))
	if err != nil {
		rate = 1 << 30
	}
	pages, _ := strconv.Atoi(os.Getenv(benchPages))
	c, err := client.New(client.Options{URL: addr + "/api", Key: "bench", Rate: rate, BatchPages: pages})
	if err != nil {
		b.Fatal(err)
	}
	o.Client = c
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // resets the peak, on Linux
	start, cpu := time.Now(), cpuTime()
	report, err := export.Export(context.Background(), o)
	if err != nil {
		b.Fatal(err)
	}
	wall, used := time.Since(start).Seconds(), cpuTime()-cpu
	if report.Failed() {
		b.Fatalf("%+v", report.Tables)
	}
	b.ReportMetric(float64(report.Tables[0].Rows)/wall, "rows/s")
	b.ReportMetric(float64(c.Stats().Requests), "requests")
	b.ReportMetric(used, "cpu-s")
	b.ReportMetric(used/bareDecode(b, addr), "cpu-s/bare-cpu-s")
	b.ReportMetric(float64(report.BytesWritten)/1e6, "MB-written")
	b.ReportMetric(peakMiB(), "peak-MiB")
}

// bareDecode returns the processor time of fetching all subscribers and reading every token of them.
func bareDecode(b *testing.B, addr string) float64 {
	c, err := client.New(client.Options{URL: addr + "/api", Key: "bench", Rate: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	src := core().Lookup("subscriber").Source.(*schema.List)
	cpu := cpuTime()
	list := client.List{Path: src.Path, Params: src.Params, Limits: src.Limits}
	for _, err := range c.Cursor(context.Background(), list, func(body []byte, at int) (int, int, error) {
		dec := jsontext.NewDecoder(bytes.NewBuffer(body[at:]), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		for {
			if _, err := dec.ReadToken(); err != nil || dec.StackDepth() == 0 {
				return 1, at + int(dec.InputOffset()), err
			}
		}
	}) {
		if err != nil {
			b.Fatal(err)
		}
	}
	return cpuTime() - cpu
}

// cpuTime returns the processor time this process has used, in seconds.
func cpuTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
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

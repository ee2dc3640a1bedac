package scan

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// peakHeap returns the greatest size of what is in use on the heap while f runs, beyond what was in use before.
func peakHeap(f func()) (bytes uint64) {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, done, peak := m.HeapInuse, make(chan struct{}), make(chan uint64)
	go func() {
		most := uint64(0)
		for {
			select {
			case <-done:
				peak <- most
				return
			case <-time.After(5 * time.Millisecond):
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
			}
		}
	}()
	f()
	close(done)
	return max(<-peak, before) - before
}

// largeLists is an API of many campaigns, whose activity is a list of a few pages of 100 rows, each with a subscriber. It
// takes no memory for its answers, so that what is measured is the reader's.
type largeLists struct {
	campaigns string
	pages     []string
	delay     time.Duration
}

func newLargeLists(t testing.TB, campaigns, pages int) *largeLists {
	t.Helper()
	a := mailerlitetest.New(mailerlitetest.Options{Seed: 1, Subscribers: 100, CustomFields: 19})
	var text strings.Builder
	if err := a.Truth("subscriber", &text); err != nil {
		t.Fatal(err)
	}
	subscribers := strings.Split(strings.TrimSpace(text.String()), "\n")
	l := &largeLists{delay: 100 * time.Millisecond}
	for p := range pages {
		var rows []string
		for i, s := range subscribers {
			rows = append(rows, fmt.Sprintf(`{"id":"%d","opens_count":1,"clicks_count":0,"subscriber":%s}`, 1000*p+i+1, s))
		}
		l.pages = append(l.pages, fmt.Sprintf(`{"data":[%s],"links":{"next":null},"meta":{"current_page":%d,"last_page":%d,"per_page":100,"total":%d,`+
			`"aggregations":{"all":%[4]d,"opened":0,"clicked":0,"unsubscribed":0,"forwarded":0,"hardbounced":0,"softbounced":0,"junk":0}}}`,
			strings.Join(rows, ","), p+1, pages, pages*len(rows)))
	}
	var rows []string
	for i := range campaigns {
		rows = append(rows, fmt.Sprintf(`{"id":"%d","status":"sent"}`, i+1))
	}
	l.campaigns = fmt.Sprintf(`{"data":[%s],"links":{"next":null},"meta":{"current_page":1,"last_page":1,"per_page":100,"total":%d}}`, strings.Join(rows, ","), campaigns)
	return l
}

func (l *largeLists) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(l.delay)
	var parts []io.Reader
	if r.Method == http.MethodGet {
		parts = append(parts, strings.NewReader(l.answer(r.URL.Path, r.URL.Query().Get("page"), r.URL.Query().Get("filter[status]"))))
	} else {
		var batch struct {
			Requests []struct {
				Path string
				Body map[string]any
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
			return nil, err
		}
		for i, part := range batch.Requests {
			filter, _ := part.Body["filter"].(map[string]any)
			head := map[bool]string{true: `{"responses":[`, false: `,`}[i == 0] + `{"code":200,"body":`
			parts = append(parts, strings.NewReader(head), strings.NewReader(l.answer(part.Path, fmt.Sprint(part.Body["page"]), fmt.Sprint(filter["status"]))), strings.NewReader(`}`))
		}
		parts = append(parts, strings.NewReader(`]}`))
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: -1, Body: io.NopCloser(io.MultiReader(parts...)), Request: r}, nil
}

func (l *largeLists) answer(path, page, status string) string {
	switch {
	case strings.HasSuffix(path, "/campaigns") && status == "sent":
		return l.campaigns
	case strings.HasSuffix(path, "/campaigns"):
		return `{"data":[],"links":{"next":null},"meta":{"current_page":1,"last_page":1,"per_page":100,"total":0}}`
	}
	var n int
	fmt.Sscan(page, &n)
	return l.pages[n-1]
}

// TestMemoryOfManyWalks: 400 lists read side by side, whose pages take more than a hundred kilobytes, fit into little
// memory.
func TestMemoryOfManyWalks(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector takes memory of its own")
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(108 << 20)) // as the program does
	const campaigns, pages = 800, 3
	lists := newLargeLists(t, campaigns, pages)
	api, err := client.New(client.Options{Key: "test", Transport: lists, Rate: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	catalog := tables.All()
	s := scannerIn(t.TempDir(), api, catalog)
	cpu := cpuTime()
	peak := peakHeap(func() {
		if err := s.Scan(t.Context(), []*schema.Table{catalog.Lookup("campaign_activity")}); err != nil {
			t.Fatal(err)
		}
	})
	cpu = cpuTime() - cpu
	r := s.Result(catalog.Lookup("campaign_activity"))
	defer r.Log.Close()
	defer s.Result(catalog.Lookup("campaign")).Log.Close()
	stats := api.Stats()
	t.Logf("%.1f MiB on the heap; pages of %d KB, %d requests, %.1f MB, %d rows, %.1f s of the machine", float64(peak)/(1<<20), len(lists.pages[0])>>10,
		stats.Requests, float64(stats.BytesRead)/1e6, r.Log.Stats().Rows, cpu.Seconds())
	if rows := r.Log.Stats().Rows; !r.Complete() || rows != campaigns*pages*100 {
		t.Errorf("%d rows, %+v", rows, r.Outcome)
	}
	if peak > 100<<20 {
		t.Errorf("%d MiB on the heap", peak>>20)
	}
}

package scan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
)

// batchTrouble is what goes wrong with batches.
type batchTrouble struct {
	name   string
	server func(*mailerlitetest.Options)
	fault  func(rnd *rand.Rand, batch, parts int) *mailerlitetest.Fault // of the nth batch
	forget func(batch int) bool                                         // the parameters of its parts are not read
	lost   bool                                                         // lists may fail for it
}

// oneOf returns one of several faults, in one of so many batches.
func oneOf(in int, faults ...mailerlitetest.Fault) func(*rand.Rand, int, int) *mailerlitetest.Fault {
	return func(rnd *rand.Rand, _, _ int) *mailerlitetest.Fault {
		if rnd.IntN(in) > 0 {
			return nil
		}
		f := faults[rnd.IntN(len(faults))]
		return &f
	}
}

// someParts has some parts of some batches fail.
func someParts(codes ...int) func(*rand.Rand, int, int) *mailerlitetest.Fault {
	return func(rnd *rand.Rand, _, parts int) *mailerlitetest.Fault {
		f := &mailerlitetest.Fault{Parts: map[int]int{}}
		for range rnd.IntN(4) {
			f.Parts[rnd.IntN(parts)] = codes[rnd.IntN(len(codes))]
		}
		return f
	}
}

var batchTroubles = []batchTrouble{
	{name: "limited", fault: oneOf(6, mailerlitetest.Fault{Status: 429, RetryAfter: "3"})},
	{name: "broken", fault: oneOf(4, mailerlitetest.Fault{Status: 500}, mailerlitetest.Fault{Status: 502}, mailerlitetest.Fault{Hang: true},
		mailerlitetest.Fault{Truncate: 700}, mailerlitetest.Fault{Reset: true}, mailerlitetest.Fault{ResetAfter: 900}, mailerlitetest.Fault{WrongLength: true})},
	{name: "too large", fault: func(_ *rand.Rand, _, parts int) *mailerlitetest.Fault {
		if parts > 7 {
			return &mailerlitetest.Fault{Status: 413}
		}
		return nil
	}},
	{name: "always broken", fault: oneOf(1, mailerlitetest.Fault{Status: 500})},
	{name: "parts", fault: someParts(429, 500, 503)},
	{name: "parts not found", fault: someParts(404, 500), lost: true},
	{name: "refused from the middle on", fault: func(_ *rand.Rand, batch, _ int) *mailerlitetest.Fault {
		if batch > 5 {
			return &mailerlitetest.Fault{Status: 403}
		}
		return nil
	}},
	{name: "parameters ignored", forget: func(int) bool { return true }},
	{name: "parameters ignored from the middle on", forget: func(batch int) bool { return batch > 5 }},
	{name: "counted by part", server: func(o *mailerlitetest.Options) { o.BatchCostPerPart = true }},
	{name: "slow", server: func(o *mailerlitetest.Options) { o.LatencyPerPart = 3 * time.Second }},
	{name: "refused", server: func(o *mailerlitetest.Options) { o.BatchStatus = 404 }},
}

// troubled is a way to an account on which batches go wrong.
type troubled struct {
	batchTrouble
	next http.RoundTripper

	mu      sync.Mutex
	rnd     *rand.Rand
	batch   int
	limited int64 // 429 of the trouble's own making
}

// forgets reports whether the parameters of the next batch are not read.
func (w *troubled) forgets() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.forget != nil && w.forget(w.batch)
}

// RoundTrip changes batches as the trouble says.
func (w *troubled) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost || !w.forgets() {
		return w.next.RoundTrip(r)
	}
	var batch struct {
		Requests []map[string]any `json:"requests"`
	}
	if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
		return nil, err
	}
	for _, part := range batch.Requests {
		delete(part, "body")
	}
	body, err := json.Marshal(batch)
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return w.next.RoundTrip(r)
}

// faults returns what goes wrong with a request to the account.
func (w *troubled) faults(_ int, r *http.Request) *mailerlitetest.Fault {
	if r.Method != http.MethodPost {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.batch++
	if w.fault == nil {
		return nil
	}
	body, _ := io.ReadAll(r.Body)
	f := w.fault(w.rnd, w.batch, max(1, bytes.Count(body, []byte(`"GET"`))))
	if f == nil {
		return nil
	}
	if f.Status == 429 {
		w.limited++
	}
	for _, code := range f.Parts {
		if code == 429 {
			w.limited++
		}
	}
	return f
}

// TestBatchTrouble: whatever goes wrong with batches, a reading of all tables meets the rows that it meets without any
// batch, or says where it does not.
func TestBatchTrouble(t *testing.T) {
	account := func(change func(*mailerlitetest.Options)) *mailerlitetest.Account {
		o := mailerlitetest.Demo(0)
		o.Subscribers, o.Campaigns, o.RatePerMinute, o.Latency = 300, 14, 120, 100*time.Millisecond
		if change != nil {
			change(&o)
		}
		return mailerlitetest.New(o)
	}
	var want costRun
	synctest.Test(t, func(t *testing.T) {
		want = costWorld{a: account(func(o *mailerlitetest.Options) { o.BatchStatus = 403 }), api: client.Options{Rate: -1}, whole: true}.run(t)
	})
	if len(want.rows) < 20 {
		t.Fatalf("read %d tables", len(want.rows))
	}
	for _, trouble := range batchTroubles {
		for seed := range uint64(2 * costSize(t)) {
			t.Run(fmt.Sprint(trouble.name, "/", seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := account(trouble.server)
					way := &troubled{batchTrouble: trouble, next: a.Transport(), rnd: rand.New(rand.NewPCG(seed, 1))}
					a.Faults(way.faults)
					run := costWorld{a: a, api: client.Options{Rate: -1, BatchPages: int(seed%2) * 8, Transport: way}, whole: true, mayFail: trouble.lost}.run(t)
					t.Log(run)
					for name, rows := range want.rows {
						if got := run.rows[name]; run.partial[name] == "" && !maps.Equal(got, rows) {
							t.Errorf("%s: met %d rows, want %d", name, len(got), len(rows))
						}
					}
					if most := want.requests*5/4 + 20; run.requests > most {
						t.Errorf("%d requests, want %d at most", run.requests, most)
					}
					if run.limited > way.limited {
						t.Errorf("%d times 429, %d of them of the trouble's making", run.limited, way.limited)
					}
				})
			})
		}
	}
}

package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// batchServer answers each part of a batch, and single requests alike.
func batchServer(t *testing.T, part func(path string) string) func(int, *http.Request) reply {
	return func(_ int, r *http.Request) reply {
		if r.Method == "GET" {
			var alone struct {
				Code int
				Body json.RawMessage
			}
			if err := json.Unmarshal([]byte(part(strings.TrimPrefix(r.URL.Path, "/api"))), &alone); err != nil {
				t.Error(err)
			}
			return status(alone.Code, string(alone.Body))
		}
		if r.Method != "POST" || r.URL.Path != "/api/batch" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("got %s %s", r.Method, r.URL)
		}
		var req struct {
			Requests []struct{ Method, Path string }
		}
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &req); err != nil || len(req.Requests) > 50 {
			t.Errorf("bad batch of %d: %v", len(req.Requests), err)
		}
		var parts []string
		for _, q := range req.Requests {
			if q.Method != "GET" || !strings.HasPrefix(q.Path, "api/") {
				t.Errorf("got part %+v", q)
			}
			parts = append(parts, part(strings.TrimPrefix(q.Path, "api")))
		}
		return ok(`{"total":9,"responses":[` + strings.Join(parts, ",") + `]}`)
	}
}

func found(path string) string {
	return fmt.Sprintf(`{"code":200,"body":{"data":{"path":%q}}}`, path)
}

func paths(n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("/subscribers/%d", i))
	}
	return list
}

// Answers come in the order of the paths, 50 to a request.
func TestLookup(t *testing.T) {
	for _, n := range []int{0, 2, 50, 51, 120} {
		synctest.Test(t, func(t *testing.T) { testLookup(t, n) })
	}
}

func testLookup(t *testing.T, n int) {
	c, f := newBatchClient(t, batchServer(t, found), Options{})
	asked := paths(n)
	got, err := c.Lookup(t.Context(), asked)
	if err != nil || len(got) != n {
		t.Fatalf("got %d answers, error %v, want %d", len(got), err, n)
	}
	for i, a := range got {
		if want := fmt.Sprintf(`{"path":%q}`, asked[i]); a.Path != asked[i] || a.Status != 200 || string(a.Data) != want {
			t.Errorf("answer %d: got %+v, want data %s", i, a, want)
		}
	}
	if got, want := len(f.requests()), (n+49)/50; got != want {
		t.Errorf("%d paths took %d requests, want %d", n, got, want)
	}
}

// Each part has its own answer: a refusal is one, and only the parts that failed
// are requested again, alone.
func TestLookupParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // parts that failed are asked for again side by side
		asked := map[string]int{}
		c, f := newBatchClient(t, batchServer(t, func(path string) string {
			mu.Lock()
			defer mu.Unlock()
			asked[path]++
			again := asked[path] > 1
			switch {
			case path == "/1":
				return `{"code":404,"body":{"message":"Resource does not exist."}}`
			case path == "/2":
				return `{"code":404,"body":{"message":"The route api/2 could not be found."}}`
			case path == "/3" && !again:
				return `{"code":429,"body":{"message":"Too Many Attempts."}}`
			case path == "/4" && !again:
				return `{"code":500,"body":"<html>"}`
			case path == "/5" && !again:
				return `{"code":200,"body":{"data":null}}`
			case path == "/6":
				return `{"code":422,"body":{"message":"no"}}`
			}
			return found(path)
		}), Options{})
		got, err := c.Lookup(t.Context(), []string{"/0", "/1", "/2", "/3", "/4", "/5", "/6"})
		if err != nil {
			t.Fatal(err)
		}
		data := func(p string) []byte { return []byte(fmt.Sprintf(`{"path":%q}`, p)) }
		want := []Answer{{Path: "/0", Status: 200, Data: data("/0")}, {Path: "/1", Status: 404}, {Path: "/2", Status: 404, RouteMissing: true},
			{Path: "/3", Status: 200, Data: data("/3")}, {Path: "/4", Status: 200, Data: data("/4")}, {Path: "/5", Status: 200, Data: data("/5")}, {Path: "/6", Status: 422}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("answers differ (-want +got):\n%s", diff)
		}
		if asked["/0"] != 1 || asked["/1"] != 1 || len(f.requests()) != 1+3 {
			t.Errorf("asked %v in %d requests", asked, len(f.requests()))
		}
		if s := c.Stats(); s.RateLimited != 1 || s.Retries != 3 || s.Batches != 1 || s.Parts != 7 {
			t.Errorf("got stats %+v", s)
		}
	})
}

// A part that keeps failing fails the lookup.
func TestLookupGivesUp(t *testing.T) {
	for part, want := range map[string]error{
		`{"code":503,"body":{}}`: nil,
		`{"code":401,"body":{}}`: ErrUnauthorized,
		`{"code":403,"body":{}}`: ErrForbidden,
		`{"code":429,"body":{}}`: nil,
		`{}`:                     nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := newBatchClient(t, batchServer(t, func(path string) string {
				if path == "/1" {
					return part
				}
				return found(path)
			}), Options{})
			got, err := c.Lookup(t.Context(), []string{"/0", "/1"})
			if err == nil || got != nil || want != nil && !errors.Is(err, want) {
				t.Errorf("%s: got %+v, error %v, want %v", part, got, err, want)
			}
		})
	}
}

// The error of a lookup is that of the part that failed.
func TestLookupPartErrors(t *testing.T) {
	for part, want := range map[string]string{
		`{"code":503,"body":{"message":"Down."}}`: "look up 2 records: get /1: 503 Service Unavailable; Down; the fault is on MailerLite's side; try again later (gave up after 6 attempts)",
		`{"code":403,"body":{"message":"No."}}`:   "look up 2 records: get /1: 403 Forbidden; No; " + hint(403),
	} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := newBatchClient(t, batchServer(t, func(path string) string {
				if path == "/1" {
					return part
				}
				return found(path)
			}), Options{})
			if _, err := c.Lookup(t.Context(), []string{"/0", "/1"}); err == nil || err.Error() != want {
				t.Errorf("%s: got error %v, want %s", part, err, want)
			}
		})
	}
}

// A part that the rate limit refuses holds back all requests; one that fails
// otherwise only itself.
func TestLookupWaits(t *testing.T) {
	for part, want := range map[string]struct {
		reason Reason
		cause  string
	}{
		`{"code":429,"body":{}}`:            {WaitRate, "get /1: 429 Too Many Requests"},
		`{"code":503,"body":{}}`:            {WaitRetry, "get /1: 503 Service Unavailable; " + serverFault},
		`{"code":200,"body":{"data":null}}`: {WaitRetry, "get /1: 200 with an unusable body: it has no data"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var waits []Wait
			asked, start := 0, time.Now()
			c, _ := newBatchClient(t, batchServer(t, func(path string) string {
				if asked++; path == "/1" && asked <= 4 { // in the batch, and twice alone
					return part
				}
				return found(path)
			}), Options{OnWait: func(w Wait) { waits = append(waits, w) }})
			if _, err := c.Lookup(t.Context(), []string{"/0", "/1"}); err != nil {
				t.Fatal(err)
			}
			took := time.Since(start)
			if len(waits) == 0 || waits[0].Reason != want.reason || waits[0].Path != "/1" || waits[0].Cause.Error() != want.cause {
				t.Errorf("%s: got waits %+v", part, waits)
			}
			if got := c.Stats(); got.Waited != took || took == 0 {
				t.Errorf("%s: waited %s of %s", part, got.Waited, took)
			}
			time.Sleep(time.Hour)
			if got := c.Stats(); got.Waited != took {
				t.Errorf("%s: waits after the end", part)
			}
		})
	}
}

// What failed a part says nothing about its next attempt, and a lookup that is
// cancelled does not wait any more.
func TestLookupRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var reasons []Reason
		rounds := 0
		c, _ := newBatchClient(t, batchServer(t, func(string) string {
			mu.Lock()
			defer mu.Unlock()
			if rounds++; rounds <= 2 { // of the batch
				return `{"code":429,"body":{}}`
			}
			return `{"code":503,"body":{}}`
		}), Options{OnWait: func(w Wait) {
			mu.Lock()
			defer mu.Unlock()
			reasons = append(reasons, w.Reason)
		}})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if _, err := c.Lookup(ctx, []string{"/0", "/1"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v", err)
		}
		if len(reasons) < 3 || reasons[0] != WaitRate || !slices.Contains(reasons, WaitRetry) {
			t.Errorf("waited for %q", reasons)
		}
		time.Sleep(time.Hour)
		if got := c.Stats().Waited; got != 3*time.Second {
			t.Errorf("waited %s, want 3s", got)
		}
	})
}

// If batches do not work, each record is requested by itself.
func TestLookupWithoutBatch(t *testing.T) {
	for _, tc := range []struct {
		name    string
		answer  reply
		batches int // requests for a batch in two lookups
	}{
		{"403", status(403, ""), 1},
		{"404", status(404, ""), 1},
		{"405", status(405, html), 1},
		{"422", status(422, `{"errors":{"requests.0.method":["x"]}}`), 1},
		{"no responses", ok(`{"total":2}`), 1},
		{"too few", ok(`{"responses":[{"code":404,"body":{}}]}`), 1},
		{"too many", ok(`{"responses":[` + strings.Repeat(`{"code":404},`, 60) + `{"code":404}]}`), 1},
		{"not JSON", ok(html), 1},
		{"too slow", reply{delay: forever}, 1},
		{"too large", reply{reader: endless}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				batches := 0
				c, _ := newBatchClient(t, func(_ int, r *http.Request) reply {
					switch r.URL.Path {
					case "/api/batch":
						batches++
						return tc.answer
					case "/api/1":
						return status(404, `{"message":"Resource does not exist."}`)
					}
					return ok(`{"data":{}}`)
				}, Options{MaxBody: 1 << 16})
				for range 2 {
					got, err := c.Lookup(t.Context(), []string{"/0", "/1"})
					want := []Answer{{Path: "/0", Status: 200, Data: []byte(`{}`)}, {Path: "/1", Status: 404}}
					if diff := cmp.Diff(want, got); err != nil || diff != "" {
						t.Errorf("error %v, answers differ (-want +got):\n%s", err, diff)
					}
				}
				if batches != tc.batches {
					t.Errorf("asked for %d batches, want %d", batches, tc.batches)
				}
			})
		})
	}
}

// An error response about the key, or from something other than the API, proves
// nothing about a record.
func TestLookupProvesNothing(t *testing.T) {
	for code, body := range map[int]string{401: `{}`, 403: `{"message":"no"}`, 404: html, 410: ""} {
		c, _ := newBatchClient(t, func(int, *http.Request) reply { return status(code, body) }, Options{})
		if got, err := c.Lookup(t.Context(), []string{"/0"}); !isStatus(code)(err) || got != nil {
			t.Errorf("%d: got %+v, error %v", code, got, err)
		}
	}
}

// If the server is down, each record is asked for as often as any other request.
func TestLookupServerDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newBatchClient(t, func(int, *http.Request) reply { return status(500, html) }, Options{})
		start := time.Now()
		if _, err := c.Lookup(t.Context(), paths(3)); !isStatus(500)(err) {
			t.Errorf("got error %v", err)
		}
		if n, took := len(f.requests()), time.Since(start); n > 1+3*(1+DefaultRetries) || took > 20*time.Second {
			t.Errorf("sent %d requests in %s", n, took)
		}
	})
}

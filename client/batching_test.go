package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// crowd has many callers read each a list of its own, at the same time, and returns
// their records and errors. The first call is lone; the others share batches.
func crowd(t *testing.T, c *Client, n int, list func(i int) List) (got []string, errs []error) {
	t.Helper()
	got, errs = make([]string, n), make([]error, n)
	places := c.small.announce(1) // so that not even the first is lone
	defer places[0].leave()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { got[i], errs[i] = collect(t.Context(), c.Pages, list(i)) })
	}
	wg.Wait()
	return got, errs
}

func logList(i int) List {
	return List{Path: fmt.Sprintf("/subscribers/%d/activity-log", i), Limits: []int{100}}
}

// wantLogs checks the records of lists 0 to n-1.
func wantLogs(t *testing.T, got []string, errs []error) {
	t.Helper()
	for i := range got {
		if want := rowsOf(logList(i).Path, i%3, 100); errs[i] != nil || got[i] != want {
			t.Errorf("list %d: got %s, error %v, want %s", i, got[i], errs[i], want)
		}
	}
}

// The error of a part is that of a single request, and concerns nobody else.
func TestPartErrors(t *testing.T) {
	faults := map[int]struct {
		answer reply
		want   func(error) bool
		text   string
	}{
		1: {status(404, `{"message":"Resource does not exist."}`), isErr(ErrNotFound), "get /subscribers/1/activity-log: 404 Not Found; Resource does not exist"},
		2: {status(403, `{"message":"No."}`), isErr(ErrForbidden), "get /subscribers/2/activity-log: 403 Forbidden; No; " + hint(403)},
		3: {status(401, `{"message":"Unauthenticated."}`), isErr(ErrUnauthorized), "get /subscribers/3/activity-log: 401 Unauthorized; Unauthenticated; " + hint(401)},
		4: {status(422, `{"message":"The selected limit is invalid."}`), isErr(ErrLimitRefused), "get /subscribers/4/activity-log: 422 Unprocessable Entity; The selected limit is invalid"},
		5: {status(404, `{"message":"The route api/x could not be found."}`), isErr(ErrNotFound), "get /subscribers/5/activity-log: 404 Not Found; The route api/x could not be found; " + hint(404)},
		6: {status(503, `"<html>"`), isStatus(503), "get /subscribers/6/activity-log: 503 Service Unavailable; " + serverFault + " (gave up after 6 attempts)"},
		7: {status(422, `"Campaign is not with status draft"`), isStatus(422), "get /subscribers/7/activity-log: 422 Unprocessable Entity; Campaign is not with status draft"},
		8: {ok(`{"data":null}`), func(err error) bool { var e *BodyError; return errors.As(err, &e) && e.Status == 200 }, "get /subscribers/8/activity-log: 200 with an unusable body: its data is not a list (gave up after 6 attempts)"},
		9: {status(404, `"<html>"`), func(err error) bool { var e *Error; return errors.As(err, &e) && !e.json && e.Message == "" }, "get /subscribers/9/activity-log: 404 Not Found; " + hint(404)},
	}
	synctest.Test(t, func(t *testing.T) {
		c, _ := newBatchClient(t, api(func(path string, params url.Values) reply {
			var n int
			fmt.Sscanf(path, "/subscribers/%d/", &n)
			if f, bad := faults[n]; bad {
				return f.answer
			}
			return logs(path, params)
		}).server(t), Options{})
		got, errs := crowd(t, c, 50, logList)
		for i, err := range errs {
			f, bad := faults[i]
			switch {
			case !bad:
				if want := rowsOf(logList(i).Path, i%3, 100); err != nil || got[i] != want {
					t.Errorf("list %d: got %s, error %v", i, got[i], err)
				}
			case !f.want(err) || err.Error() != f.text:
				t.Errorf("list %d: got error %v, want %s", i, err, f.text)
			}
		}
		// One batch, the two that passing faults might have been, five times each, and two refusals about parameters.
		if s := c.Stats(); s.Batches != 1 || s.Parts != 50 || s.Requests != 1+2*5+2 || s.BatchesOff != 0 {
			t.Errorf("got stats %+v", s)
		}
	})
}

func isErr(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

// A part that the server refuses for the moment is repeated alone, and its error
// passes.
func TestPartRetries(t *testing.T) {
	for name, fault := range map[string]reply{
		"429": status(429, `{"message":"Too Many Attempts."}`), "500": status(500, `{}`), "0": {status: -1},
		"cut": ok(`{"data":[],"meta":{}}`), "body": ok(`{"meta":{}}`), "text": ok(`"x"`), "null": ok(`null`),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := map[string]int{}
				c, _ := newBatchClient(t, api(func(path string, params url.Values) reply {
					if asked[path]++; asked[path] == 1 && strings.Contains(path, "/7/") {
						return fault
					}
					return logs(path, params)
				}).server(t), Options{})
				got, errs := crowd(t, c, 20, logList)
				wantLogs(t, got, errs)
				limited := int64(0)
				if name == "429" {
					limited = 1
				}
				if s := c.Stats(); s.Requests != 2 || s.Batches != 1 || s.RateLimited != limited {
					t.Errorf("got stats %+v", s)
				}
			})
		})
	}
}

// Batches that the server refuses are given up, and those that fail become smaller
// for a while; no request is lost or fails for it.
func TestBatchFaults(t *testing.T) {
	brokenOnce := func(answer reply) func(n, parts int) (reply, bool) {
		return func(n, _ int) (reply, bool) { return answer, n == 1 }
	}
	above := func(most int, answer reply) func(n, parts int) (reply, bool) {
		return func(_, parts int) (reply, bool) { return answer, parts > most }
	}
	for _, tc := range []struct {
		name  string
		fault func(n, parts int) (reply, bool) // of the nth batch
		most  int64                            // requests for 400 lists
		off   int64
	}{
		{"403", above(0, status(403, "")), 402, 1},
		{"404", above(0, status(404, `{"message":"The route api/batch could not be found."}`)), 402, 1},
		{"405", above(0, status(405, html)), 402, 1},
		{"422", above(0, status(422, `{"errors":{"requests.0.method":["x"]}}`)), 402, 1},
		{"500 once", brokenOnce(status(500, html)), 20, 0},
		{"429 once", brokenOnce(status(429, "").with("Retry-After", "5")), 9, 0},
		{"reset once", brokenOnce(reply{err: errors.New("reset")}), 20, 0},
		{"too slow above 20", above(20, reply{delay: forever}), 60, 0},
		{"too large above 10", above(10, reply{reader: endless}), 80, 0},
		{"413 above 5", above(5, status(413, html)), 160, 0},
		{"502 above 30", above(30, status(502, html)), 40, 0},
		{"always broken", above(0, ok(`{"responses":[`)), 440, 0},
		{"parts ignored", above(0, ok(`{"total":0,"responses":[]}`)), 440, 0},
		{"one answer", above(0, ok(`{"responses":[{"code":200,"body":{"data":[]}}]}`)), 440, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				batches := 0
				answer := api(logs)
				c, _ := newBatchClient(t, nil, Options{MaxBody: 1 << 20})
				c.transport = tripper(func(r *http.Request) (*http.Response, error) {
					a := answer.server(t)(0, r)
					if r.Method == "POST" {
						batches++
						parts := strings.Count(a.body, `"code":`)
						if bad, yes := tc.fault(batches, parts); yes {
							a = bad
						}
					}
					if err := pause(r.Context(), a.delay); err != nil || a.err != nil {
						return nil, errors.Join(err, a.err)
					}
					return a.response(r), nil
				})
				got, errs := crowd(t, c, 400, logList)
				wantLogs(t, got, errs)
				if s := c.Stats(); s.Requests > tc.most || s.BatchesOff != tc.off || tc.off == 1 && batches != 1 {
					t.Errorf("got stats %+v, want at most %d requests", s, tc.most)
				}
				synctest.Wait() // the last batch lands
				if q := c.small; q.bytes != 0 || q.away != 0 || q.out != 0 || len(c.pace.flying) != 0 {
					t.Errorf("%d bytes, %d requests, %d batches stay", q.bytes, q.away, q.out)
				}
			})
		})
	}
}

// A batch that gathers leaves when batches are given up meanwhile: nothing comes to it any more.
func TestGivenUpWhileGathering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := newBatchClient(t, rangeOf(1, "").server(t), Options{BatchPages: 8})
		c.cut.announce(1) // of a walk that is late
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() { readRange(t, c, 0, 1) })
		time.Sleep(time.Second)
		c.batching.giveUp("test")
		wg.Wait()
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %s, want 1s", took)
		}
	})
}

// A batch that stands in line when batches are given up takes no turn: its requests go alone.
func TestGivenUpInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := api(logs).server(t)
		c, _ := newBatchClient(t, func(n int, r *http.Request) reply {
			if r.Method == http.MethodPost {
				return reply{status: http.StatusForbidden, delay: time.Second}
			}
			return answer(n, r)
		}, Options{Rate: 1})
		c.walks = 2
		c.small.announce(1) // so that not even the first is lone
		start := time.Now()
		var wg sync.WaitGroup
		read := callers(t, c, &wg)
		for i := range 4 {
			read(t.Context(), i, nil)
			if i == 1 {
				time.Sleep(gatherMost) // the first two are on their way
			}
		}
		wg.Wait()
		if took, s := time.Since(start), c.Stats(); took < 4*time.Minute || took > 4*time.Minute+2*time.Second || s.Requests != 1+4 {
			t.Errorf("took %s, want 4m for one batch and 4 requests: %+v", took, s)
		}
	})
}

// What concerns the key, the account or the budget is an error of every request.
func TestBatchDecisive(t *testing.T) {
	for name, tc := range map[string]struct {
		answer reply
		want   func(error) bool
	}{
		"401":      {status(401, `{"message":"Unauthenticated."}`), isErr(ErrUnauthorized)},
		"account":  {ok(`{}`).with("X-Account_id", "2"), isErr(ErrAccountChanged)},
		"redirect": {status(302, "").with("Location", "https://evil.example"), isErr(ErrRedirect)},
		"long": {status(429, "").with("Retry-After", "90000"), func(err error) bool {
			var e *RateLimitError
			return errors.As(err, &e) && e.Max == DefaultMaxWait && e.Method == "GET" && strings.HasSuffix(e.Path, "/activity-log")
		}},
		"429": {status(429, ""), isStatus(429)},
	} {
		synctest.Test(t, func(t *testing.T) {
			first := ok(`{"data":{}}`).with("X-Account_id", "1")
			c, _ := newBatchClient(t, func(_ int, r *http.Request) reply {
				if r.Method == "GET" {
					return first
				}
				return tc.answer
			}, Options{})
			if _, err := c.Get(t.Context(), "/x", nil); err != nil {
				t.Fatal(err)
			}
			_, errs := crowd(t, c, 10, logList)
			for i, err := range errs {
				if !tc.want(err) {
					t.Errorf("%s: list %d: got error %v", name, i, err)
				}
			}
			if s := c.Stats(); s.Requests > 7 {
				t.Errorf("%s: got stats %+v", name, s)
			}
		})
	}
}

// A batch that takes long makes the next ones smaller; later they grow again.
func TestSlowBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := true
		c, _ := newBatchClient(t, nil, Options{})
		c.transport = tripper(func(r *http.Request) (*http.Response, error) {
			a := api(logs).server(t)(0, r)
			a.delay = time.Duration(strings.Count(a.body, `"code":`)) * 500 * time.Millisecond // 20 take 10 s
			if !slow {
				a.delay = 0
			}
			pause(r.Context(), a.delay)
			return a.response(r), nil
		})
		for range 10 {
			wantLogsOf(t, c, 100)
		}
		if n := c.small.size.n; n > 25 || n < 6 {
			t.Errorf("while they are slow: batches of %d", n)
		}
		if s := c.Stats(); s.Retries != 0 || s.Requests > 120 {
			t.Errorf("got stats %+v", s)
		}
		slow = false
		for range 20 {
			wantLogsOf(t, c, 100)
		}
		if n := c.small.size.n; n < 40 {
			t.Errorf("after it: batches of %d", n)
		}
	})
}

func wantLogsOf(t *testing.T, c *Client, n int) {
	t.Helper()
	got, errs := crowd(t, c, n, logList)
	wantLogs(t, got, errs)
}

package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

const html = "<!DOCTYPE html><html><body>502 Bad Gateway secret-page</body></html>"

// TestFaults puts each fault in the middle of a walk of three pages and checks
// the outcome.
func TestFaults(t *testing.T) {
	second := `{"data":[{"id":"3"},{"id":"4"}],"meta":{"next_cursor":"c3"}}`
	date := func(ahead time.Duration) string { return time.Now().Add(ahead).UTC().Format(http.TimeFormat) }
	cases := []struct {
		name  string
		fault func() reply
		times int // how often the second page is answered with the fault, 0 = for ever

		wantErr error // matched by errors.Is; nil with wantAs nil = the list is whole
		wantAs  func(error) bool
		least   time.Duration // waits
		most    time.Duration
		sent    int // requests
	}{
		{name: "429 with seconds", fault: func() reply { return status(429, `{"message":"Too Many Attempts."}`).with("Retry-After", "59") },
			times: 1, least: 59 * time.Second, most: 59 * time.Second, sent: 4},
		{name: "429 with date", fault: func() reply { return status(429, "").with("Retry-After", date(30*time.Second)) },
			times: 1, least: 29 * time.Second, most: 30 * time.Second, sent: 4},
		{name: "429 with date by the server's clock", fault: func() reply {
			return status(429, "").with("Retry-After", date(time.Hour+20*time.Second)).with("Date", date(time.Hour))
		}, times: 1, least: 20 * time.Second, most: 20 * time.Second, sent: 4},
		{name: "429 with Retry-After uses up no retry", fault: func() reply { return status(429, "").with("Retry-After", "10") },
			times: 12, least: 120 * time.Second, most: 400 * time.Second, sent: 15},
		{name: "429 with Retry-After 0 uses up no retry, and waits longer each time", fault: func() reply { return status(429, "").with("Retry-After", "0") },
			times: 8, least: 70 * time.Second, most: 140 * time.Second, sent: 11},
		{name: "429 of exactly MaxWait", fault: func() reply { return status(429, "").with("Retry-After", "900") },
			times: 1, least: 900 * time.Second, most: 900 * time.Second, sent: 4},
		{name: "429 without Retry-After", fault: func() reply { return status(429, "") },
			times: 5, least: 60 * time.Second, most: 80 * time.Second, sent: 8},
		{name: "429 without Retry-After for ever", fault: func() reply { return status(429, "") },
			wantAs: isStatus(429), least: 60 * time.Second, most: 80 * time.Second, sent: 7},
		{name: "429 without Retry-After, window known", fault: func() reply {
			return status(429, "").with("X-RateLimit-Limit", "120").with("X-RateLimit-Remaining", "0")
		}, times: 1, least: 60 * time.Second, most: 61 * time.Second, sent: 4},
		{name: "429 beyond MaxWait", fault: func() reply { return status(429, "").with("Retry-After", "901") },
			wantAs: isRateLimit, most: 0, sent: 2},
		{name: "429 beyond MaxWait in sum", fault: func() reply { return status(429, "").with("Retry-After", "400") },
			wantAs: isRateLimit, least: 800 * time.Second, most: 800 * time.Second, sent: 4},
		{name: "500 with HTML", fault: func() reply { return status(500, html) }, times: 1, least: 375 * time.Millisecond, most: 625 * time.Millisecond, sent: 4},
		{name: "502 with HTML", fault: func() reply { return status(502, html) }, times: 5, least: 11 * time.Second, most: 20 * time.Second, sent: 8},
		{name: "503 with Retry-After", fault: func() reply { return status(503, html).with("Retry-After", "45") },
			times: 1, least: 45 * time.Second, most: 45 * time.Second, sent: 4},
		{name: "503 with Retry-After uses up retries", fault: func() reply { return status(503, html).with("Retry-After", "45") },
			wantAs: isStatus(503), least: 225 * time.Second, most: 225 * time.Second, sent: 7},
		{name: "503 beyond MaxWait", fault: func() reply { return status(503, html).with("Retry-After", "901") },
			wantAs: isRateLimit, most: 0, sent: 2},
		{name: "503 beyond MaxWait in sum", fault: func() reply { return status(503, html).with("Retry-After", "400") },
			wantAs: isRateLimit, least: 800 * time.Second, most: 800 * time.Second, sent: 4},
		{name: "504 for ever", fault: func() reply { return status(504, html) }, wantAs: isStatus(504), least: 11 * time.Second, most: 20 * time.Second, sent: 7},
		{name: "408", fault: func() reply { return status(408, "") }, times: 1, least: 375 * time.Millisecond, most: 625 * time.Millisecond, sent: 4},
		{name: "reset before the body", fault: func() reply { return reply{err: syscall.ECONNRESET} }, times: 2, most: 2 * time.Second, sent: 5},
		{name: "reset for ever", fault: func() reply { return reply{err: syscall.ECONNRESET} }, wantErr: syscall.ECONNRESET, most: 20 * time.Second, sent: 7},
		{name: "reset in the body", fault: func() reply { return reply{reader: cut(second[:30], syscall.ECONNRESET)} }, times: 1, most: time.Second, sent: 4},
		{name: "truncated JSON", fault: func() reply { return ok(second[:len(second)-5]) }, times: 1, most: time.Second, sent: 4},
		{name: "truncated JSON for ever", fault: func() reply { return ok(second[:len(second)-5]) }, wantAs: isBody("cut short"), most: 20 * time.Second, sent: 7},
		{name: "JSON and more", fault: func() reply { return ok(second + "x") }, wantAs: isBody("follows"), most: 20 * time.Second, sent: 7},
		{name: "JSON nested too deeply", fault: func() reply {
			return ok(`{"data":[` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `]}`)
		},
			wantAs: func(err error) bool {
				var e *BodyError
				return isBody("too deeply")(err) && errors.As(err, &e) && e.TooDeep && !strings.Contains(err.Error(), "not valid") && !strings.Contains(err.Error(), "attempts")
			}, sent: 2},
		{name: "HTML under 200", fault: func() reply { return ok(html) }, times: 1, most: time.Second, sent: 4},
		{name: "HTML under 200 for ever", fault: func() reply { return ok(html) }, wantAs: isBody("web page"), most: 20 * time.Second, sent: 7},
		{name: "empty body", fault: func() reply { return ok("") }, wantAs: isBody("empty"), most: 20 * time.Second, sent: 7},
		{name: "data null", fault: func() reply { return ok(`{"data":null}`) }, wantAs: isBody("not a list"), most: 20 * time.Second, sent: 7},
		{name: "data missing", fault: func() reply { return ok(`{"meta":{}}`) }, times: 1, most: time.Second, sent: 4},
		{name: "wrong Content-Length", fault: func() reply { return reply{reader: cut(second, io.ErrUnexpectedEOF)} }, times: 1, most: time.Second, sent: 4},
		{name: "slow first byte", fault: func() reply { r := ok(second); r.delay = 20 * time.Second; return r }, times: 1, least: 20 * time.Second, most: 20 * time.Second, sent: 3},
		{name: "never answers", fault: func() reply { return reply{delay: forever} }, times: 1, least: 30 * time.Second, most: 31 * time.Second, sent: 4},
		{name: "never answers for ever", fault: func() reply { return reply{delay: forever} }, wantErr: ErrTimeout, least: 180 * time.Second, most: 200 * time.Second, sent: 7},
		{name: "dripping body", fault: func() reply { return reply{reader: drip(second, time.Second)} }, wantErr: ErrTimeout, least: 180 * time.Second, most: 200 * time.Second, sent: 7},
		{name: "slow but steady body", fault: func() reply { return reply{reader: drip(second, 100*time.Millisecond)} }, times: 1, most: 10 * time.Second, sent: 3},
		{name: "endless body", fault: func() reply { return reply{reader: endless} }, wantAs: isTooLarge, most: 20 * time.Second, sent: 7},
		{name: "announced too large", fault: func() reply { r := ok(second); r.length = 1 << 40; return r }, wantAs: isTooLarge, most: 20 * time.Second, sent: 7},
		{name: "repeated cursor", fault: func() reply { return ok(strings.Replace(second, "c3", "c2", 1)) }, wantAs: isRepeated, sent: 2},
		{name: "redirect", fault: func() reply { return status(302, "").with("Location", "https://evil.example/api?k=1") }, wantErr: ErrRedirect, sent: 2},
		{name: "401", fault: func() reply { return status(401, `{"message":"Unauthenticated."}`) }, wantErr: ErrUnauthorized, sent: 2},
		{name: "403", fault: func() reply { return status(403, `{"message":"no"}`) }, wantErr: ErrForbidden, sent: 2},
		{name: "404", fault: func() reply { return status(404, `{"message":"The route api/x could not be found."}`) }, wantErr: ErrNotFound, sent: 2},
		{name: "422", fault: func() reply { return status(422, `{"message":"The filter is invalid."}`) }, wantAs: isStatus(422), sent: 2},
		{name: "another account", fault: func() reply { return ok(second).with("X-Account_id", "2") }, wantErr: ErrAccountChanged, sent: 2},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				faults := 0
				c, f := newTestClient(t, func(n int, r *http.Request) reply {
					if r.URL.Query().Get("cursor") == "c2" && (tc.times == 0 || faults < tc.times) {
						faults++
						return tc.fault()
					}
					return cursorPage(r).with("X-Account_id", "1")
				}, Options{MaxBody: 1 << 20})
				start := time.Now()
				got, err := collect(t.Context(), c.Cursor, List{Path: "/subscribers"})
				took := time.Since(start)
				want := wholeList
				if tc.wantErr != nil || tc.wantAs != nil {
					want = wholeList[:len(wholeList)/3]
				}
				if got != want {
					t.Errorf("got rows %s, want %s", got, want)
				}
				switch {
				case tc.wantErr != nil && !errors.Is(err, tc.wantErr):
					t.Errorf("got error %v, want %v", err, tc.wantErr)
				case tc.wantAs != nil && !tc.wantAs(err):
					t.Errorf("got unexpected error %v", err)
				case tc.wantErr == nil && tc.wantAs == nil && err != nil:
					t.Errorf("got error %v, want none", err)
				}
				if err != nil && (strings.Contains(err.Error(), "secret-page") || strings.Contains(err.Error(), "\n")) {
					t.Errorf("error shows the body: %v", err)
				}
				if took < tc.least || took > tc.most {
					t.Errorf("took %s, want %s to %s", took, tc.least, tc.most)
				}
				if n := len(f.requests()); n != tc.sent {
					t.Errorf("sent %d requests, want %d", n, tc.sent)
				}
			})
		})
	}
}

func isStatus(code int) func(error) bool {
	return func(err error) bool {
		var e *Error
		return errors.As(err, &e) && e.Status == code
	}
}

func isBody(why string) func(error) bool {
	return func(err error) bool {
		var e *BodyError
		return errors.As(err, &e) && strings.Contains(e.Why, why) && e.Path == "/subscribers" && e.Status == 200
	}
}

func isRateLimit(err error) bool {
	var e *RateLimitError
	return errors.As(err, &e) && e.Max == DefaultMaxWait && e.Path == "/subscribers"
}

func isTooLarge(err error) bool {
	var e *BodyError
	return errors.As(err, &e) && e.TooLarge
}

func isRepeated(err error) bool {
	var e *RepeatedCursorError
	return errors.As(err, &e) && e.Pages == 1 && e.Cursor == "c2"
}

// A cancelled context ends a request at once.
func TestCancel(t *testing.T) {
	cause := errors.New("interrupted by the user")
	for name, fault := range map[string]reply{
		"while waiting for an answer": {delay: forever},
		"while reading the body":      {reader: drip(strings.Repeat(" ", 1000), time.Second)},
		"while waiting to retry":      status(500, "").with("Retry-After", "600"),
		"while waiting for the limit": status(429, "").with("Retry-After", "600"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, f := newTestClient(t, func(int, *http.Request) reply { return fault }, Options{})
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(5*time.Second, func() { cancel(cause) })
				start := time.Now()
				_, err := c.Get(ctx, "/account", nil)
				if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
					t.Errorf("got error %v, want it to match the context's and its cause", err)
				}
				if took := time.Since(start); took != 5*time.Second {
					t.Errorf("took %s, want 5s", took)
				}
				if n := len(f.requests()); n != 1 {
					t.Errorf("sent %d requests, want 1", n)
				}
				if _, err := c.Get(ctx, "/account", nil); !errors.Is(err, context.Canceled) {
					t.Errorf("on a cancelled context: got error %v", err)
				}
				if n := len(f.requests()); n != 1 {
					t.Errorf("sent %d requests on a cancelled context", n-1)
				}
				waited := c.Stats().Waited
				time.Sleep(time.Hour)
				if now := c.Stats().Waited; now != waited || waited > 5*time.Second {
					t.Errorf("still waits: waited %s, an hour later %s", waited, now)
				}
			})
		})
	}
}

// A context without a cause of its own is named once.
func TestCancelText(t *testing.T) {
	c, _ := newTestClient(t, func(int, *http.Request) reply { return ok(`{"data":{}}`) }, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Get(ctx, "/x", nil); err == nil || err.Error() != "get /x: context canceled" {
		t.Errorf("got error %v", err)
	}
}

// Waited counts the waits but not the attempts between them.
func TestWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := newTestClient(t, func(n int, _ *http.Request) reply {
			a := status(503, html).with("Retry-After", "20")
			if n%3 == 0 {
				a = ok(`{"data":{}}`)
			}
			a.delay = 10 * time.Second
			return a
		}, Options{})
		for n := range 2 {
			if _, err := c.Get(t.Context(), "/x", nil); err != nil {
				t.Error(err)
			}
			if got, want := c.Stats().Waited, time.Duration(n+1)*40*time.Second; got != want {
				t.Errorf("waited %s, want %s", got, want)
			}
		}
	})
}

// MaxWait bounds the waits that the server asks for, not our own.
func TestNoMaxWait(t *testing.T) {
	for code, want := range map[int]func(error) bool{
		503: func(err error) bool { return err == nil },
		429: func(err error) bool { var limit *RateLimitError; return errors.As(err, &limit) },
	} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := newTestClient(t, func(n int, _ *http.Request) reply {
				if n == 1 {
					return status(code, "")
				}
				return ok(`{"data":{}}`)
			}, Options{MaxWait: -1})
			if _, err := c.Get(t.Context(), "/x", nil); !want(err) {
				t.Errorf("%d: got error %v", code, err)
			}
		})
	}
}

// Negative Retries means a single attempt.
func TestNoRetries(t *testing.T) {
	c, f := newTestClient(t, func(int, *http.Request) reply { return status(503, "") }, Options{Retries: -1})
	_, err := c.Get(t.Context(), "/account", nil)
	if !isStatus(503)(err) || strings.Contains(err.Error(), "attempts") {
		t.Errorf("got error %v", err)
	}
	if n := len(f.requests()); n != 1 {
		t.Errorf("sent %d requests, want 1", n)
	}
}

// A 429 holds back all goroutines of the client, and the waits are reported.
func TestRateLimitHoldsEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var waits []Wait
		c, _ := newTestClient(t, func(n int, r *http.Request) reply {
			since := time.Since(start)
			if n == 1 {
				return status(429, "").with("Retry-After", "40")
			}
			if since < 40*time.Second {
				t.Errorf("request %d sent after %s", n, since)
			}
			return ok(`{"data":{}}`)
		}, Options{OnWait: func(w Wait) { waits = append(waits, w) }})
		done := make(chan error)
		get := func() { _, err := c.Get(t.Context(), "/x", nil); done <- err }
		go get()
		synctest.Wait()
		for range 4 {
			go get()
		}
		for range 5 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if len(waits) == 0 || waits[0].Reason != WaitRate || waits[0].Duration != 40*time.Second || waits[0].Path != "/x" || !isStatus(429)(waits[0].Cause) {
			t.Errorf("got waits %+v", waits)
		}
		want := Stats{Requests: 6, Retries: 1, RateLimited: 1, BytesRead: 55, Waited: 40 * time.Second, BatchesOff: 1}
		if got := c.Stats(); got != want {
			t.Errorf("got stats %+v, want %+v", got, want)
		}
	})
}

// Once the server asks for more than MaxWait, no request waits for it.
func TestRateLimitBeyondMaxWaitForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newTestClient(t, func(int, *http.Request) reply {
			return status(429, "").with("Retry-After", "99999999999999999999")
		}, Options{})
		for range 3 {
			var limit *RateLimitError
			if _, err := c.Get(t.Context(), "/x", nil); !errors.As(err, &limit) || limit.Path != "/x" || limit.Method != "GET" {
				t.Errorf("got error %v", err)
			}
		}
		if n := len(f.requests()); n != 1 {
			t.Errorf("sent %d requests, want 1", n)
		}
	})
}

package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCount(t *testing.T) {
	for body, want := range map[string]int64{
		`{"total":1004}`:                 1004,
		`{"total":"7"}`:                  7,
		`{"data":[],"meta":{"total":3}}`: 3,
		`{"total":0}`:                    0,
	} {
		c, f := newTestClient(t, func(int, *http.Request) reply { return ok(body) }, Options{})
		got, err := c.Count(t.Context(), "/subscribers", url.Values{"filter[status]": {"active"}, "limit": {"9"}})
		if err != nil || got != want {
			t.Errorf("%s: got %d, error %v, want %d", body, got, err, want)
		}
		if got, want := f.requests()[0], "GET /api/subscribers?filter%5Bstatus%5D=active&limit=0"; got != want {
			t.Errorf("got request %s, want %s", got, want)
		}
	}
	c, _ := newTestClient(t, func(int, *http.Request) reply { return ok(`{"data":[1]}`) }, Options{Retries: -1})
	var bad *BodyError
	if _, err := c.Count(t.Context(), "/subscribers", nil); !errors.As(err, &bad) {
		t.Errorf("without a total: got error %v", err)
	}
}

func TestGet(t *testing.T) {
	c, f := newTestClient(t, func(n int, _ *http.Request) reply {
		if n == 1 {
			return ok(`{"data": {"id":"1", "name":"x"} }`)
		}
		return ok(`{"data":{"id":"2222222222222222222"}}`)
	}, Options{})
	got, err := c.Get(t.Context(), "/subscribers/"+url.PathEscape("a b@example.com"), nil)
	c.Get(t.Context(), "/subscribers/2", nil) // must not overwrite what was got before
	if want := `{"id":"1", "name":"x"}`; err != nil || string(got) != want {
		t.Errorf("got %s, error %v, want %s", got, err, want)
	}
	if got, want := f.requests()[0], "GET /api/subscribers/a%20b@example.com"; got != want {
		t.Errorf("got request %s, want %s", got, want)
	}
}

// Paths that would lead elsewhere never reach the network.
func TestPathsRefused(t *testing.T) {
	c, f := newTestClient(t, func(int, *http.Request) reply { return ok(`{"data":{}}`) }, Options{})
	for _, path := range []string{"", "x", "/", "/a/../b", "/./a", "/%2e%2e/a", "//evil.example/x", "/a?b=c", "/a#b", "/a b", "/a\r\nHost: x", "/%zz", `/a\b`, "/ü", "/a/"} {
		if _, err := c.Get(t.Context(), path, nil); err == nil {
			t.Errorf("path %q was accepted", path)
		}
		if _, err := c.Lookup(t.Context(), []string{"/ok", path}); err == nil {
			t.Errorf("path %q was accepted in a batch", path)
		}
	}
	if got := f.requests(); len(got) != 0 {
		t.Errorf("sent %v", got)
	}
}

func TestAccount(t *testing.T) {
	const head = "X-Account_id"
	for _, tc := range []struct {
		name   string
		answer reply
		want   Account
		err    error
	}{
		{"whole", ok(`{"data":{"id":"7","name":"Ünï","status":"active"}}`).with(head, "8"), Account{"7", "Ünï"}, nil},
		{"number", ok(`{"data":{"id":7}}`), Account{"7", ""}, nil},
		{"id in the header", ok(`{"data":{"name":"N"}}`).with(head, "8"), Account{"8", "N"}, nil},
		{"no such route", status(404, `{"message":"The route api/account could not be found."}`).with(head, "8"), Account{"8", ""}, nil},
		{"nothing known", status(404, ``), Account{}, nil},
		{"bad header", status(404, ``).with(head, "8 \x01"), Account{}, nil},
		{"bad key", status(401, `{"message":"Unauthenticated."}`), Account{}, ErrUnauthorized},
		{"not allowed", status(403, ``).with(head, "8"), Account{}, ErrForbidden},
	} {
		c, _ := newTestClient(t, func(int, *http.Request) reply { return tc.answer }, Options{})
		got, err := c.Account(t.Context())
		if got != tc.want || !errors.Is(err, tc.err) || tc.err == nil && err != nil {
			t.Errorf("%s: got %+v, error %v, want %+v, %v", tc.name, got, err, tc.want, tc.err)
		}
	}
}

// batchServer answers batches part by part.
func batchServer(t *testing.T, part func(path string) string) func(int, *http.Request) reply {
	return func(_ int, r *http.Request) reply {
		if r.Method != "POST" || r.URL.Path != "/api/batch" || r.Header.Get("Content-Type") != "application/json" {
			return status(404, `{"message":"single"}`)
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
		c, f := newTestClient(t, batchServer(t, found), Options{})
		asked := paths(n)
		got, err := c.Lookup(t.Context(), asked)
		if err != nil || len(got) != n {
			t.Fatalf("got %d answers, error %v, want %d", len(got), err, n)
		}
		for i, a := range got {
			if i == 50 && n == 51 {
				continue // a single rest is asked for by itself, which this server does not know
			}
			if want := fmt.Sprintf(`{"path":%q}`, asked[i]); a.Path != asked[i] || a.Status != 200 || string(a.Data) != want {
				t.Errorf("answer %d: got %+v, want data %s", i, a, want)
			}
		}
		if got, want := len(f.requests()), (n+49)/50; got != want {
			t.Errorf("%d paths took %d requests, want %d", n, got, want)
		}
	}
}

// Each part stands for itself: refusals are answers, passing trouble is asked
// for again, and only what is open.
func TestLookupParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := map[string]int{}
		c, f := newTestClient(t, batchServer(t, func(path string) string {
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
		if asked["/0"] != 1 || asked["/1"] != 1 || len(f.requests()) != 2 {
			t.Errorf("asked %v in %d requests", asked, len(f.requests()))
		}
		if s := c.Stats(); s.RateLimited != 1 || s.Retries != 1 {
			t.Errorf("got stats %+v", s)
		}
	})
}

// A part that stays broken fails the lookup: no answer is made up.
func TestLookupGivesUp(t *testing.T) {
	for part, want := range map[string]error{
		`{"code":503,"body":{}}`: nil,
		`{"code":401,"body":{}}`: ErrUnauthorized,
		`{"code":403,"body":{}}`: ErrForbidden,
		`{"code":429,"body":{}}`: nil,
		`{}`:                     nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := newTestClient(t, batchServer(t, func(path string) string {
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

// Where batches do not work, the records are asked for one by one.
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
		{"no responses", ok(`{"total":2}`), 12},
		{"too few", ok(`{"responses":[{"code":404,"body":{}}]}`), 12},
		{"too many", ok(`{"responses":[` + strings.Repeat(`{"code":404},`, 60) + `{"code":404}]}`), 12},
		{"not JSON", ok(html), 12},
		{"too slow", reply{delay: forever}, 4},
		{"too large", reply{reader: endless}, 4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				batches := 0
				c, _ := newTestClient(t, func(_ int, r *http.Request) reply {
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

// What does not come from the API, or is about the key, proves nothing about a
// record.
func TestLookupProvesNothing(t *testing.T) {
	for code, body := range map[int]string{401: `{}`, 403: `{"message":"no"}`, 404: html, 410: ""} {
		c, _ := newTestClient(t, func(int, *http.Request) reply { return status(code, body) }, Options{})
		if got, err := c.Lookup(t.Context(), []string{"/0"}); !isStatus(code)(err) || got != nil {
			t.Errorf("%d: got %+v, error %v", code, got, err)
		}
	}
}

// Trouble with the server is not taken for a refusal of batches.
func TestLookupServerDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newTestClient(t, func(int, *http.Request) reply { return status(500, html) }, Options{})
		start := time.Now()
		if _, err := c.Lookup(t.Context(), paths(3)); !isStatus(500)(err) {
			t.Errorf("got error %v", err)
		}
		if n, took := len(f.requests()), time.Since(start); n != 1+DefaultRetries || took > 20*time.Second {
			t.Errorf("sent %d requests in %s", n, took)
		}
	})
}

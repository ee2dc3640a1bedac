package mailerlitetest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// outcome is what a client sees of a request.
type outcome struct {
	status int
	header http.Header
	length int64
	body   []byte
	err    error // of the request, or of reading the body
}

// try sends a request and reads at most limit bytes of the body.
func try(rt http.RoundTripper, r *http.Request, limit int64) outcome {
	resp, err := rt.RoundTrip(r)
	if err != nil {
		return outcome{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	return outcome{resp.StatusCode, resp.Header, resp.ContentLength, body, err}
}

// bothWays runs a test in process and over a socket.
func bothWays(t *testing.T, o Options, f func(t *testing.T, a *Account, rt http.RoundTripper)) {
	t.Helper()
	t.Run("in process", func(t *testing.T) {
		a := New(o)
		f(t, a, a.Transport())
	})
	t.Run("socket", func(t *testing.T) {
		a := New(o)
		f(t, a, overSocket(t, a))
	})
}

func TestFaults(t *testing.T) {
	healthy := get(t, New(small()), "/subscribers?limit=20").raw
	for _, c := range []struct {
		name  string
		fault Fault
		check func(o outcome) bool
	}{
		{"none", Fault{}, func(o outcome) bool { return o.status == 200 && bytes.Equal(o.body, healthy) && o.err == nil }},
		{"429", Fault{Status: 429, RetryAfter: "59"}, func(o outcome) bool {
			return o.status == 429 && o.header.Get("Retry-After") == "59" && o.header.Get("X-RateLimit-Remaining") == "0" &&
				string(o.body) == `{"message":"Too Many Attempts."}`
		}},
		{"429 bare", Fault{Status: 429}, func(o outcome) bool { return o.status == 429 && o.header.Get("Retry-After") == "" }},
		{"401", Fault{Status: 401}, func(o outcome) bool { return o.status == 401 && o.header.Get("X-RateLimit-Limit") == "" }},
		{"503", Fault{Status: 503}, func(o outcome) bool {
			return o.status == 503 && bytes.HasPrefix(o.body, []byte("<!DOCTYPE")) && strings.HasPrefix(o.header.Get("Content-Type"), "text/html") &&
				o.header.Get("X-RateLimit-Limit") == ""
		}},
		{"408", Fault{Status: 408, Body: "{}"}, func(o outcome) bool { return o.status == 408 && string(o.body) == "{}" }},
		{"HTML under 200", Fault{Body: "<html></html>"}, func(o outcome) bool {
			return o.status == 200 && string(o.body) == "<html></html>" && strings.HasPrefix(o.header.Get("Content-Type"), "text/html")
		}},
		{"content type", Fault{ContentType: "text/plain"}, func(o outcome) bool { return o.header.Get("Content-Type") == "text/plain" }},
		{"redirect", Fault{Redirect: "https://other.example/api"}, func(o outcome) bool {
			return o.status == 302 && o.header.Get("Location") == "https://other.example/api"
		}},
		{"moved", Fault{Redirect: "/x", Status: 301}, func(o outcome) bool { return o.status == 301 && o.header.Get("Location") == "/x" }},
		{"reset", Fault{Reset: true}, func(o outcome) bool { return o.status == 0 && o.err != nil }},
		{"reset in the body", Fault{ResetAfter: 100}, func(o outcome) bool {
			return o.err != nil && len(o.body) <= 100
		}},
		{"truncated", Fault{Truncate: 500}, func(o outcome) bool {
			return o.status == 200 && o.err == nil && o.length == 500 && bytes.Equal(o.body, healthy[:500])
		}},
		{"wrong length", Fault{WrongLength: true}, func(o outcome) bool {
			return o.status == 200 && errors.Is(o.err, io.ErrUnexpectedEOF) && o.length > int64(len(healthy)) && bytes.Equal(o.body, healthy)
		}},
		{"endless", Fault{Endless: true}, func(o outcome) bool {
			return o.err == nil && len(o.body) == 1<<20 && bytes.HasPrefix(o.body, healthy) && o.length == -1 && o.body[1<<20-1] == ' '
		}},
		{"drip", Fault{Drip: time.Microsecond, DripBytes: 1000}, func(o outcome) bool { return o.err == nil && bytes.Equal(o.body, healthy) }},
		{"delay", Fault{Delay: time.Millisecond}, func(o outcome) bool { return o.err == nil && bytes.Equal(o.body, healthy) }},
		{"rewrite", Fault{Rewrite: func(b []byte) []byte { return bytes.Replace(b, []byte(`"data"`), []byte(`"dada"`), 1) }}, func(o outcome) bool {
			return bytes.HasPrefix(o.body, []byte(`{"dada":`)) && len(o.body) == len(healthy)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bothWays(t, small(), func(t *testing.T, a *Account, rt http.RoundTripper) {
				a.Faults(func(n int, r *http.Request) *Fault {
					if n != 2 {
						return nil
					}
					return &c.fault
				})
				for n := range 3 {
					o := try(rt, request("GET", "/subscribers?limit=20", ""), 1<<20)
					if n == 1 && !c.check(o) {
						t.Errorf("got status %d, headers %v, length %d, %d bytes, error %v", o.status, o.header, o.length, len(o.body), o.err)
					}
					if n != 1 && (o.err != nil || !bytes.Equal(o.body, healthy)) {
						t.Errorf("request %d: got %v, want an answer without faults", n+1, o.err)
					}
				}
			})
		})
	}
}

func TestRepeatedCursor(t *testing.T) {
	bothWays(t, small(), func(t *testing.T, a *Account, rt http.RoundTripper) {
		first := exchange(t, rt, request("GET", "/subscribers?limit=10", ""))
		cursor := first.at("meta", "next_cursor").(string)
		a.Faults(func(int, *http.Request) *Fault { return &Fault{RepeatCursor: true} })
		second := exchange(t, rt, request("GET", "/subscribers?limit=10&cursor="+cursor, ""))
		if got := second.at("meta", "next_cursor"); got != cursor {
			t.Errorf("got next_cursor %v, want the request's %v", got, cursor)
		}
		start := exchange(t, rt, request("GET", "/subscribers?limit=10", ""))
		again := exchange(t, rt, request("GET", "/subscribers?limit=10&cursor="+start.at("meta", "next_cursor").(string), ""))
		if got, want := again.ids()[0], first.ids()[0]; got != want || again.at("meta", "next_cursor") != start.at("meta", "next_cursor") {
			t.Errorf("without a cursor to repeat: got a page from %s, want from %s", got, want)
		}
	})
}

func TestEmptyPage(t *testing.T) {
	a := New(small())
	want := descending(a.IDs("subscriber"))
	a.Faults(func(n int, _ *http.Request) *Fault { return &Fault{EmptyPage: n%3 != 0} })
	got, pages := walkAll(t, a, "/subscribers?limit=50")
	if strings.Join(got, " ") != strings.Join(want, " ") || pages != 9 {
		t.Errorf("got %d rows on %d pages, want all %d on 9, two of three empty", len(got), pages, len(want))
	}
	a.Faults(func(int, *http.Request) *Fault { return &Fault{EmptyPage: true} })
	if g := get(t, a, "/groups"); len(g.rows()) != 0 || g.at("meta", "total") != json.Number("5") {
		t.Errorf("page list: got %s, want no rows of 5", g.raw)
	}
}

func TestHang(t *testing.T) {
	bothWays(t, small(), func(t *testing.T, a *Account, rt http.RoundTripper) {
		a.Faults(func(int, *http.Request) *Fault { return &Fault{Hang: true} })
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		o := try(rt, request("GET", "/account", "").WithContext(ctx), 1000)
		if !errors.Is(o.err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", o.err)
		}
	})
}

// TestTime checks that waits are exact, and that the context's end cuts them.
func TestTime(t *testing.T) {
	healthy := get(t, New(small()), "/subscribers?limit=20").raw
	for _, c := range []struct {
		name    string
		fault   Fault
		timeout time.Duration
		want    time.Duration
		err     error
	}{
		{"delay", Fault{Delay: 7 * time.Second}, time.Minute, 7 * time.Second, nil},
		{"delay cut", Fault{Delay: 7 * time.Second}, time.Second, time.Second, context.DeadlineExceeded},
		{"drip", Fault{Drip: time.Second, DripBytes: 1000}, time.Hour, time.Duration(len(healthy)+999) / 1000 * time.Second, nil},
		{"drip cut", Fault{Drip: time.Second, DripBytes: 10}, 30 * time.Second, 30 * time.Second, context.DeadlineExceeded},
		{"endless drip", Fault{Drip: time.Second, DripBytes: 10, Endless: true}, time.Hour, time.Hour, context.DeadlineExceeded},
		{"hang", Fault{Hang: true}, 30 * time.Second, 30 * time.Second, context.DeadlineExceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := New(small())
				a.Faults(func(int, *http.Request) *Fault { return &c.fault })
				ctx, cancel := context.WithTimeout(t.Context(), c.timeout)
				defer cancel()
				begin := time.Now()
				o := try(a.Transport(), request("GET", "/subscribers?limit=20", "").WithContext(ctx), 1<<20)
				if got := time.Since(begin); got != c.want || !errors.Is(o.err, c.err) {
					t.Errorf("got %v after %v, want %v after %v", o.err, got, c.err, c.want)
				}
			})
		})
	}
}

func TestOnRequest(t *testing.T) {
	bothWays(t, small(), func(t *testing.T, a *Account, rt http.RoundTripper) {
		var added string
		var numbers []int
		a.OnRequest(func(n int, r *http.Request) {
			numbers = append(numbers, n)
			if body, _ := io.ReadAll(r.Body); r.Method == "POST" && !bytes.Contains(body, []byte("requests")) {
				t.Errorf("request %d: the hook got body %q", n, body)
			}
			added = a.AddSubscriber()
		})
		if got := exchange(t, rt, request("GET", "/subscribers?limit=1", "")).ids()[0]; got != added {
			t.Errorf("got newest %s, want %s, added before the answer", got, added)
		}
		g := exchange(t, rt, request("POST", "/batch", batchOf(`{"method":"GET","path":"api/account"}`, `{"method":"GET","path":"api/account"}`)))
		if g.status != 200 || len(numbers) != 2 || numbers[1] != 2 {
			t.Errorf("got status %d, requests %v, want 200 and a batch to be one request", g.status, numbers)
		}
	})
}

func TestGzip(t *testing.T) {
	o := small()
	want := get(t, New(o), "/subscribers").raw
	o.Gzip = true
	bothWays(t, o, func(t *testing.T, a *Account, rt http.RoundTripper) {
		r := request("GET", "/subscribers", "")
		if plain := try(rt, r, 1<<20); plain.header.Get("Content-Encoding") != "" || !bytes.Equal(plain.body, want) {
			t.Error("compressed for a client that does not ask for it")
		}
		r.Header.Set("Accept-Encoding", "gzip")
		o := try(rt, r, 1<<20)
		z, err := gzip.NewReader(bytes.NewReader(o.body))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, want) || len(o.body) >= len(want) {
			t.Errorf("got %d bytes of %d, %v", len(got), len(want), err)
		}
	})
}

// TestBodyMemory checks that a body keeps its memory until it is closed, although
// later bodies reuse it after that.
func TestBodyMemory(t *testing.T) {
	a := New(small())
	rt := a.Transport()
	open := func(path string) *http.Response {
		resp, err := rt.RoundTrip(request("GET", path, ""))
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	want := get(t, a, "/subscribers?limit=100").raw
	first := open("/subscribers?limit=100")
	for range 20 {
		other := open("/fields")
		io.Copy(io.Discard, other.Body)
		other.Body.Close()
		other.Body.Close() // closing it twice must not release the memory twice
	}
	x, y := open("/groups"), open("/fields")
	if got, _ := io.ReadAll(x.Body); !bytes.Contains(got, []byte("active_count")) {
		t.Errorf("got %.100s, want groups", got)
	}
	y.Body.Close()
	if got, err := io.ReadAll(first.Body); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, %v, want the page as it was", len(got), err)
	}
	first.Body.Close()
	if _, err := first.Body.Read(make([]byte, 1)); err == nil {
		t.Error("a closed body can still be read")
	}
}

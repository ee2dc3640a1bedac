package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

func TestNewChecksURL(t *testing.T) {
	for address, good := range map[string]bool{
		"":                                      true,
		DefaultURL:                              true,
		DefaultURL + "/":                        true,
		"https://example.com":                   true,
		"http://127.0.0.1:8080/api":             true,
		"http://127.9.9.9/api":                  true,
		"http://[::1]:1/api/":                   true,
		"http://localhost:8080/api":             true,
		"http://example.com/api":                false,
		"http://10.0.0.1/api":                   false,
		"http://localhost.evil.example/api":     false,
		"http://127.0.0.1.evil.example/api":     false,
		"ftp://127.0.0.1/api":                   false,
		"connect.mailerlite.com/api":            false,
		"https:connect.mailerlite.com/api":      false,
		"//connect.mailerlite.com/api":          false,
		"https://user:topsecret@example.com/":   false,
		"https://example.com/api?key=topsecret": false,
		"https://example.com/api#topsecret":     false,
		"https://exa mple.com/topsecret":        false,
		"https://":                              false,
	} {
		_, err := New(Options{URL: address, Key: testKey})
		if (err == nil) != good {
			t.Errorf("%q: got error %v, want good = %t", address, err, good)
		}
		if err != nil && strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%q: error repeats it: %v", address, err)
		}
	}
}

func TestNewChecksOptions(t *testing.T) {
	for _, key := range []string{"", " ", "a b", "key\n", "\tkey", "ключ", "key\x00", "k\x7f"} {
		_, err := New(Options{Key: key})
		if err == nil || len(key) > 1 && strings.Contains(err.Error(), key) {
			t.Errorf("key %q: got error %v", key, err)
		}
	}
	if _, err := New(Options{Key: testKey, Timeout: -1}); err == nil {
		t.Error("negative time-out was accepted")
	}
	if _, err := New(Options{Key: testKey, MaxBody: -1}); err == nil {
		t.Error("negative body size was accepted")
	}
	c, err := New(Options{Key: testKey})
	if err != nil || c.url != DefaultURL || c.retries != DefaultRetries || c.timeout != DefaultTimeout || c.maxWait != DefaultMaxWait || c.maxBody != DefaultMaxBody {
		t.Errorf("defaults: got %+v, error %v", c, err)
	}
}

func TestRequestHeaders(t *testing.T) {
	c, _ := newTestClient(t, func(_ int, r *http.Request) reply {
		for name, want := range map[string]string{
			"Authorization": "Bearer " + testKey, "Accept": "application/json", "X-Version": Version,
			"User-Agent": "mailerlake", "Content-Type": "",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		return ok(`{"data":{}}`)
	}, Options{URL: "https://example.com/api/"})
	if _, err := c.Get(t.Context(), "/x", nil); err != nil {
		t.Error(err)
	}
}

// Answers must come from one account; the header may be missing.
func TestAccountChanged(t *testing.T) {
	ids := []string{"", "1", "1", "", "1", "2"}
	c, f := newTestClient(t, func(n int, _ *http.Request) reply {
		return status(404, "").with("X-Account_id", ids[n-1])
	}, Options{})
	for i := range ids {
		_, err := c.Get(t.Context(), "/x", nil)
		if changed := errors.Is(err, ErrAccountChanged); changed != (i == len(ids)-1) {
			t.Errorf("answer %d: got error %v", i, err)
		}
	}
	if n := len(f.requests()); n != len(ids) {
		t.Errorf("sent %d requests, want %d", n, len(ids))
	}
}

// lockedBuffer is a buffer that several goroutines write to.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// The key never shows, whatever the server and the transport say and however
// values are printed.
func TestKeyNeverShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		options := Options{Key: testKey, Logger: log, OnWait: func(w Wait) { fmt.Fprintf(&out, "%+v\n", w) }}
		split := testKey[:5] + "\u200b" + testKey[5:] // joined again where invisible characters are dropped
		quoted, _ := json.Marshal(map[string]any{"message": "bad key " + testKey + " " + split, "errors": map[string]any{testKey: testKey}})
		answers := []reply{
			status(401, string(quoted)).with("CF-RAY", testKey),
			status(403, string(quoted)),
			status(422, string(quoted)),
			status(500, string(quoted)),
			status(429, string(quoted)).with("Retry-After", "99999"),
			status(302, "").with("Location", "https://"+testKey+".example/"+testKey),
			status(302, "").with("Location", "/"+testKey),
			ok(testKey),
			ok(`{"data":null,"` + testKey + `":1}`),
			{err: fmt.Errorf("proxy said: Authorization: Bearer %s", testKey)},
			{err: &http.MaxBytesError{}},
			{reader: cut("{", errors.New(testKey))},
			ok(`{"data":null,"responses":[{"code":403,"body":` + string(quoted) + `},{"code":403,"body":` + string(quoted) + `}]}`),
		}
		for i := range 2 * len(answers) {
			newClient := newTestClient
			if i%2 == 1 {
				newClient = newBatchClient
			}
			c, _ := newClient(t, func(int, *http.Request) reply { return answers[i/2] }, options)
			_, err := c.Get(t.Context(), "/x", nil)
			for ; err != nil; err = errors.Unwrap(err) {
				fmt.Fprintf(&out, "%v %+v %#v %q\n", err, err, err, err)
			}
			_, err = collect(t.Context(), c.Cursor, List{Path: "/x"})
			_, err2 := c.Lookup(t.Context(), paths(2))
			_, err3 := c.Account(t.Context())
			log.Error("failed", "err", err, "err2", err2, "err3", err3, "client", c, "options", options)
			fmt.Fprintf(&out, "%v %+v %#v %s %q %d %x\n", c, c, c, c, c, c, struct{ C *Client }{c})
			fmt.Fprintf(&out, "%v %+v %#v %s\n", struct{ c *Client }{c}, []any{c, &c}, [2]any{c.key, &c.key}, options)
		}
		fmt.Fprintf(&out, "%v %+v %#v %s %q %d %x %v\n", options, options, options, options, options, options, &options, []Options{options})
		text, err := json.Marshal([]any{options}) // fails for its functions; if it ever works it must hide the key
		fmt.Fprintf(&out, "%s %v\n", text, err)
		if s := out.String(); strings.Contains(s, testKey) || strings.Contains(s, "SECRET") {
			i := strings.Index(s, "SECRET")
			t.Errorf("the key shows: %s", s[max(i-200, 0):min(i+50, len(s))])
		}
		if !strings.Contains(out.String(), redacted) {
			t.Error("nothing was redacted: the test tests nothing")
		}
	})
}

// A server's message becomes one clean, short line.
func TestErrorMessage(t *testing.T) {
	for _, tc := range []struct{ body, want string }{
		{`{"message":"Unauthenticated."}`, "Unauthenticated."},
		{`"Campaign is not with status draft"`, "Campaign is not with status draft"},
		{`{"message":"a\u001b[31mred\r\n\u0000b\u202ec"}`, "a [31mred bc"},
		{`{"message":"` + strings.Repeat("ü", 400) + `"}`, strings.Repeat("ü", maxMessage) + "…"},
		{`{"message":{"a":1}}`, ""},
		{html, ""},
		{``, ""},
		{`{"message":"cut`, ""},
		{`[1]`, ""},
		{"{\"message\":\"\xff\xfe\"}", "��"},
	} {
		c, _ := newTestClient(t, func(int, *http.Request) reply { return status(400, tc.body).with("CF-RAY", "8f\x1b-VNO") }, Options{})
		_, err := c.Get(t.Context(), "/x", nil)
		var e *Error
		if !errors.As(err, &e) || e.Message != tc.want || e.RequestID != "8f -VNO" {
			t.Errorf("%.40s: got message %q, error %v, want %q", tc.body, e.Message, err, tc.want)
		}
	}
}

func TestErrorText(t *testing.T) {
	for want, err := range map[string]error{
		"get /subscribers: 401 Unauthorized; Unauthenticated; check MAILERLITE_API_KEY: the key may be mistyped or deleted, or its user removed (request 8f-VNO)": &Error{Method: "GET", Path: "/subscribers", Status: 401, Message: "Unauthenticated.", Hint: hint(401), RequestID: "8f-VNO"},
		"get /x: 520; the fault is on MailerLite's side; try again later":                                                                                         &Error{Method: "GET", Path: "/x", Status: 520, Hint: hint(520)},
		"post /batch: 200 with an unusable body: it is empty":                                                                                                     &BodyError{Method: "POST", Path: "/batch", Status: 200, Why: "it is empty"},
		"read /s: page 3 points back to a page already read":                                                                                                      &RepeatedCursorError{Path: "/s", Pages: 2},
		"get /x: rate limit: the server asks to wait 20m0s (waited 1m0s, allowed 15m0s); try again later or allow a longer wait with --max-wait":                  &RateLimitError{Method: "GET", Path: "/x", Wait: 20 * 60e9, Waited: 60e9, Max: 15 * 60e9},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A hint says what to check. It advises another try only where that can help.
func TestHints(t *testing.T) {
	for _, tc := range []struct {
		code int
		body string
		want []string // parts of the hint, none = no hint
	}{
		{400, `{"message":"x"}`, nil},
		{401, `{"message":"Unauthenticated."}`, []string{"check MAILERLITE_API_KEY"}},
		{403, `{"message":"no"}`, []string{"check that", "user may read this", "plan", "IP allow-list"}},
		{404, `{"message":"Resource does not exist."}`, nil},
		{404, `{"message":"The route api/x could not be found."}`, []string{"check the API address"}},
		{404, html, []string{"check the API address"}},
		{405, html, []string{"check the API address"}},
		{408, "", []string{"MailerLite's side", "later"}},
		{413, html, nil},
		{422, `{"message":"The selected limit is invalid."}`, nil},
		{503, html, []string{"MailerLite's side", "later"}},
	} {
		c, _ := newTestClient(t, func(int, *http.Request) reply { return status(tc.code, tc.body) }, Options{Retries: -1})
		_, err := c.Get(t.Context(), "/x", nil)
		var e *Error
		if !errors.As(err, &e) || (e.Hint == "") != (tc.want == nil) {
			t.Fatalf("%d %s: got hint %q, error %v", tc.code, tc.body, e.Hint, err)
		}
		for _, part := range tc.want {
			if !strings.Contains(e.Hint, part) {
				t.Errorf("%d: got hint %q, want %q in it", tc.code, e.Hint, part)
			}
		}
		if strings.Contains(err.Error(), "again") && tc.code != 408 && tc.code != 503 {
			t.Errorf("%d: error %v says to do it again", tc.code, err)
		}
	}
}

// Redirect errors name the host and nothing else of the address.
func TestRedirect(t *testing.T) {
	for location, want := range map[string]string{
		"https://u:p@evil.example:99/secret?x=y": "host evil.example;",
		"/secret":                                "redirects to another address",
		"http://[bad/secret":                     "redirects to another address",
		"":                                       "redirects to another address",
	} {
		for _, code := range []int{301, 302, 303, 307, 308} {
			c, f := newTestClient(t, func(int, *http.Request) reply { return status(code, "").with("Location", location) }, Options{})
			_, err := c.Get(t.Context(), "/x", nil)
			if !errors.Is(err, ErrRedirect) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%d to %q: got error %v", code, location, err)
			}
			if n := len(f.requests()); n != 1 {
				t.Errorf("%d to %q: sent %d requests, want 1", code, location, n)
			}
		}
	}
}

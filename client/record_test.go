package client

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
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
	c.Get(t.Context(), "/subscribers/2", nil) // must not overwrite the first result
	if want := `{"id":"1", "name":"x"}`; err != nil || string(got) != want {
		t.Errorf("got %s, error %v, want %s", got, err, want)
	}
	if got, want := f.requests()[0], "GET /api/subscribers/a%20b@example.com"; got != want {
		t.Errorf("got request %s, want %s", got, want)
	}
}

// A path that would leave the API's address is never requested.
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
		{"no such route, older", status(404, `{"message":"The route api/account could not be found."}`), Account{}, nil},
		{"bad header", ok(`{"data":{"id":"7"}}`).with(head, "8 \x01"), Account{"7", ""}, nil},
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

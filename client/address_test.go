package client

import (
	"errors"
	"net/http"
	"testing"
)

const page = "<!doctype html><title>Welcome</title>"

// TestWrongAddress: what is certainly not the MailerLite API is asked once, and the error says what an address looks like.
func TestWrongAddress(t *testing.T) {
	for _, test := range []struct {
		answer reply
		want   string
	}{
		{ok(page), "a web page"},
		{ok(" \n" + page), "a web page"},
		{ok(`{"status":"up"}`), "JSON that is not an account"},
		{ok(`{"data":{"title":"x"}}`), "JSON that is not an account"},
		{ok(`["x"]`), "JSON that is not an account"},
		{ok(`"hello"`), "JSON that is not an account"},
		{status(404, page), "404 Not Found and no JSON"},
		{status(404, ""), "404 Not Found and no JSON"},
		{status(404, `{"message":"Not Found"}`), "404 Not Found"},
		{status(404, `{"message":"The route account could not be found."}`), "404 Not Found"},
		{status(405, page), "405 Method Not Allowed and no JSON"},
		{status(400, `{"error":"bad request"}`), "400 Bad Request"},
		{status(302, "").with("Location", "https://www.example.com/login"),
			"302 Found; the server redirects to host www.example.com; check the API address: the key is sent nowhere else"},
	} {
		c, f := newTestClient(t, func(int, *http.Request) reply { return test.answer }, Options{})
		_, err := c.Account(t.Context())
		want := "read account: this is not the MailerLite API: 127.0.0.1:1 answers get /account with " + test.want +
			"; expected an address such as https://connect.mailerlite.com/api"
		if _, wrong := errors.AsType[*AddressError](err); !wrong || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if test.answer.status == 404 && !errors.Is(err, ErrNotFound) || test.answer.status == 302 && !errors.Is(err, ErrRedirect) {
			t.Errorf("%v does not match its cause", err)
		}
		if got := len(f.requests()); got != 1 {
			t.Errorf("%s: got %d requests, want 1", test.want, got)
		}
	}
}

// TestRightAddress: what may pass, and what MailerLite itself may say, is no wrong address.
func TestRightAddress(t *testing.T) {
	for _, test := range []struct {
		name  string
		first reply
		o     Options
		sent  int // requests; if one is retried, the second succeeds
	}{
		{"a proxy's page for 502", status(502, page), Options{}, 2},
		{"a proxy's page for 503", status(503, page), Options{}, 2},
		{"a proxy's page for 429", status(429, page), Options{}, 2},
		{"a proxy's page for 408", status(408, page), Options{}, 2},
		{"cut short", ok(`{"data":{"id":`), Options{}, 2},
		{"empty", ok(""), Options{}, 2},
		{"a page where MailerLite is", ok(page), Options{URL: DefaultURL}, 2},
		{"a page with an account", ok(page).with("X-Account_id", "7"), Options{}, 2},
		{"a page that forbids", status(403, page), Options{}, 1},
		{"a page that wants a key", status(401, page), Options{}, 1},
		{"a record that is missing", status(404, `{"message":"Resource not found."}`).with("X-Account_id", "7"), Options{}, 1},
		{"not found where MailerLite is", status(404, page), Options{URL: DefaultURL}, 1},
	} {
		c, f := newTestClient(t, func(n int, _ *http.Request) reply {
			if n == 1 {
				return test.first
			}
			return ok(`{"data":{"id":"7"}}`)
		}, test.o)
		c.backoff = 1
		a, err := c.Account(t.Context())
		if _, wrong := errors.AsType[*AddressError](err); wrong || test.sent == 2 && (err != nil || a.ID != "7") {
			t.Errorf("%s: got %+v, %v", test.name, a, err)
		}
		if got := len(f.requests()); got != test.sent {
			t.Errorf("%s: got %d requests, want %d", test.name, got, test.sent)
		}
	}
}

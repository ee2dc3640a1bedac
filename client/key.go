package client

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
)

const redacted = "[redacted]"

// secret keeps a key inside a function. Printing a value that contains it, even by
// reflection, shows an address and not the key.
type secret func() string

func hide(key string) secret { return func() string { return key } }

// authorize sets the header that carries the key.
func (s secret) authorize(h http.Header) { h.Set("Authorization", "Bearer "+s()) }

// scrub removes the key from text that came from outside: servers and proxies may
// repeat what they were sent.
func (s secret) scrub(text string) string {
	return strings.ReplaceAll(text, s(), redacted)
}

// checkKey refuses a text that cannot be a key.
func checkKey(key string) error {
	if key == "" {
		return errors.New("check API key: it is empty; set MAILERLITE_API_KEY")
	}
	for _, r := range key {
		if r <= ' ' || r > '~' {
			return errors.New("check API key: it contains a space, a line break or another character that is never part of a key; copy it again")
		}
	}
	return nil
}

// String describes the options without the key.
func (o Options) String() string {
	key := redacted
	if o.Key == "" {
		key = "none"
	}
	return fmt.Sprintf("client options: url %s, key %s, rate %d, retries %d, timeout %s, max wait %s, max body %d",
		orDefault(o.URL, DefaultURL), key, o.Rate, o.Retries, o.Timeout, o.MaxWait, o.MaxBody)
}

// Format prints String whatever the verb, so that %+v and %#v hide the key too.
func (o Options) Format(f fmt.State, _ rune) { io.WriteString(f, o.String()) }

// LogValue logs String.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

// String names the server.
func (c *Client) String() string { return "client of " + c.url }

// Format prints String whatever the verb, so that %+v and %#v hide the key too.
func (c *Client) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

// LogValue logs String.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

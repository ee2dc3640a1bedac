// Package client talks to the MailerLite API.
//
// The two names you want are [New] and [Client.Cursor], which walks a list and
// hands on each page as raw JSON records. [Client.Pages], [Client.Count],
// [Client.Get], [Client.Lookup] and [Client.Account] cover the rest of what an
// export reads.
//
// What always holds:
//
//   - Every request takes one path (request.go): it is authenticated, paced,
//     bounded in time and size, retried and turned into a value or a typed
//     error there and nowhere else.
//   - The key is sent to one host only, over https (plain http to loopback
//     alone). Redirects are refused, not followed. The key appears in no error,
//     log line or formatted value.
//   - All goroutines of a Client share one budget of requests and are served
//     first come, first served. A 429 makes all of them wait.
//   - Nothing the server does can hang a call or exhaust memory: each attempt
//     ends after Options.Timeout, bodies end at Options.MaxBody, walks that do
//     not come to an end stop with a typed error.
//   - Every answer must come from the same account.
package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// DefaultURL is where MailerLite answers.
const DefaultURL = "https://connect.mailerlite.com/api"

// Version is the API version asked for with every request (header X-Version):
// the day of the newest recorded responses that the program was written against.
const Version = "2025-09-19"

// What an Options value of zero stands for.
const (
	DefaultRetries = 5
	DefaultTimeout = 30 * time.Second
	DefaultMaxWait = 15 * time.Minute
	DefaultMaxBody = 64 << 20
)

// Options steer a Client. Only Key is required.
type Options struct {
	// URL is where the API answers; empty means DefaultURL. It must be https,
	// or http to a loopback address. A trailing slash does not matter.
	URL string
	// Key is the API token. It never shows when Options are printed.
	Key string `json:"-"`
	// Transport carries the requests; nil means an own http.Transport.
	Transport http.RoundTripper
	// UserAgent names the program to the server; empty means "mailerlake".
	UserAgent string
	// Rate is the number of requests a minute to stay under. Zero paces by the
	// server's headers alone; negative means nine tenths of the limit that the
	// headers state, 108 until they do.
	Rate int
	// Retries is how often a failed request is tried again: zero means
	// DefaultRetries, negative means never.
	Retries int
	// Timeout bounds one attempt from sending to the last byte of the body;
	// zero means DefaultTimeout.
	Timeout time.Duration
	// MaxWait bounds the time a request may wait in total because the server
	// says so (Retry-After, 429); zero means DefaultMaxWait, negative none.
	MaxWait time.Duration
	// MaxBody bounds a response body in bytes, after decompression; zero means
	// DefaultMaxBody.
	MaxBody int64
	// Logger hears about each request at debug level; nil means silence.
	Logger *slog.Logger
	// OnWait, if set, is called whenever the client begins to wait, from the
	// goroutine that waits: it must be quick and safe for concurrent use.
	OnWait func(Wait)
}

// Client is one account's access to the API, safe for concurrent use.
type Client struct {
	url       string // without a trailing slash
	key       secret
	userAgent string
	transport http.RoundTripper
	retries   uint64
	backoff   time.Duration // first wait before a retry
	timeout   time.Duration
	maxWait   time.Duration
	maxBody   int64
	log       *slog.Logger
	onWait    func(Wait)

	pace    *pacer
	stats   counters
	account atomic.Pointer[string] // x-account_id of the first answer that had one
	noBatch atomic.Bool            // POST /batch was refused
}

// New checks the options and returns a Client. It does not touch the network.
func New(o Options) (*Client, error) {
	address, err := checkURL(o.URL)
	if err != nil {
		return nil, err
	}
	if err := checkKey(o.Key); err != nil {
		return nil, err
	}
	c := &Client{
		url:       address,
		key:       hide(o.Key),
		userAgent: orDefault(o.UserAgent, "mailerlake"),
		transport: o.Transport,
		retries:   uint64(max(orDefault(o.Retries, DefaultRetries), 0)),
		backoff:   500 * time.Millisecond,
		timeout:   orDefault(o.Timeout, DefaultTimeout),
		maxWait:   max(orDefault(o.MaxWait, DefaultMaxWait), 0),
		maxBody:   orDefault(o.MaxBody, DefaultMaxBody),
		log:       o.Logger,
		onWait:    o.OnWait,
	}
	if c.timeout < 0 || c.maxBody < 0 {
		return nil, errors.New("check client options: time-out and body size must not be negative")
	}
	if c.transport == nil {
		c.transport = newTransport()
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.pace = newPacer(o.Rate, c.maxWait)
	return c, nil
}

func orDefault[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

// newTransport returns a transport of our own, so that no other part of the
// process changes it. It asks for gzip by itself.
func newTransport() *http.Transport {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	if base, ok := http.DefaultTransport.(*http.Transport); ok {
		t = base.Clone()
	}
	t.MaxIdleConnsPerHost = 16 // as many as walks side by side, or each request dials anew
	t.MaxResponseHeaderBytes = 1 << 20
	return t
}

// checkURL returns the address without its trailing slash. Its errors do not
// repeat the address: it may hold a password.
func checkURL(s string) (string, error) {
	s = strings.TrimRight(orDefault(s, DefaultURL), "/")
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return "", errors.New("check API address: not a URL; it looks like " + DefaultURL)
	case u.User != nil:
		return "", errors.New("check API address: it must not hold a user or password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("check API address: it must not hold a query or fragment")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return s, nil
	case u.Scheme == "http":
		return "", errors.New("check API address: plain http would show the key to the network; use https (http is for loopback addresses)")
	}
	return "", errors.New("check API address: it must begin with https://")
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// Stats is what a Client has done so far.
type Stats struct {
	// Requests counts attempts sent, Retries those among them that repeat an
	// earlier one.
	Requests, Retries int64
	// RateLimited counts answers 429, in batches too.
	RateLimited int64
	// BytesRead counts bytes of bodies after decompression.
	BytesRead int64
	// Waited is the time in which at least one request was held back, for the
	// rate limit or before a retry.
	Waited time.Duration
}

// Stats returns the counts so far.
func (c *Client) Stats() Stats {
	return Stats{
		Requests:    c.stats.requests.Load(),
		Retries:     c.stats.retries.Load(),
		RateLimited: c.stats.rateLimited.Load(),
		BytesRead:   c.stats.bytes.Load(),
		Waited:      c.stats.waited.total(),
	}
}

// Account says whose key it is.
type Account struct {
	// ID is the account's id, "" if the server does not tell.
	ID string
	// Name is the account's name, "" if the server does not tell.
	Name string
}

// Account asks which account the key opens. Where the server has no such
// route, the id is taken from the header that answers carry.
func (c *Client) Account(ctx context.Context) (Account, error) {
	var a Account
	err := c.do(ctx, request{method: http.MethodGet, path: "/account"}, func(r *response) error {
		var err error
		a, err = parseAccount(r.body.Bytes())
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Account{}, fmt.Errorf("read account: %w", err)
	}
	if id := c.account.Load(); a.ID == "" && id != nil {
		a.ID = *id
	}
	return a, nil
}

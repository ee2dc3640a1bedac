// Package client talks to the MailerLite API.
//
// The two names you want are [New] and [Client.Cursor], which walks a list and
// has the caller's function read the records of each page straight from its
// JSON. [Client.Pages], [Client.Count], [Client.Get], [Client.Lookup] and
// [Client.Account] cover the rest of what an export reads.
//
// What always holds:
//
//   - Every request takes one path (request.go): only there is it authenticated,
//     paced, bounded in time and size, retried, and turned into a value or a
//     typed error.
//   - The key is sent to one host only, over https (plain http only to loopback
//     addresses). Redirects are refused, not followed. The key appears in no
//     error, log line or formatted value.
//   - All goroutines of a Client share one budget of requests and are served
//     first come, first served. A 429 makes all of them wait.
//   - Nothing the server does can hang a call or exhaust memory: Options.Timeout
//     bounds each attempt, Options.MaxBody each body, and a walk that would not
//     end stops with a typed error.
//   - An error concerns its own request alone. A list that is refused (403, 404,
//     422) is an [*Error], and the Client goes on working.
//   - Requests that wait at the same time travel together, up to 50 in one batch
//     that costs one unit of the budget (queue.go); callers do not know. A part of
//     a batch has the answer and the errors of a single request, and batches give
//     way to single requests where they fail, cost more, or do not read their
//     parameters.
//   - All answers must come from the same account.
package client

import (
	"errors"
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

// The defaults of Options, used where a value is zero.
const (
	DefaultRetries = 5
	DefaultTimeout = 30 * time.Second
	DefaultMaxWait = 15 * time.Minute
	DefaultMaxBody = 64 << 20
)

// Options configure a Client. Only Key is required.
type Options struct {
	// URL is where the API answers; empty means DefaultURL. It must be https,
	// or http to a loopback address. A trailing slash does not matter.
	URL string
	// Key is the API token. It is hidden when Options are printed.
	Key string `json:"-"`
	// Transport carries the requests; nil means an http.Transport of the client's own.
	Transport http.RoundTripper
	// UserAgent names the program to the server; empty means "mailerlake".
	UserAgent string
	// Rate is the greatest number of requests a minute. Zero paces by the
	// server's headers alone; negative means nine tenths of the limit that the
	// headers state, 108 until they do.
	Rate int
	// Retries is how often a failed request is repeated; zero means
	// DefaultRetries, negative never.
	Retries int
	// Timeout bounds one attempt, from sending to the last byte of the body;
	// zero means DefaultTimeout.
	Timeout time.Duration
	// MaxWait bounds the total time that one request waits because the server
	// says so (Retry-After, 429); zero means DefaultMaxWait, negative no wait.
	MaxWait time.Duration
	// MaxBody bounds a response body in bytes, after decompression; zero means
	// DefaultMaxBody.
	MaxBody int64
	// BatchPages is how many pages of a list that is cut into ranges (List.Cut) may
	// travel in one batch. It begins with 2 and grows up to this number while a batch
	// is answered within 10 seconds and holds no more than 32 MiB; it shrinks
	// otherwise. Pages are put into a batch only while about 8 MiB are expected of it.
	// Below 2 such pages travel alone. Nobody has seen yet how the live API bears it.
	BatchPages int
	// Logger logs each request at debug level; nil means no log.
	Logger *slog.Logger
	// OnWait, if set, is called when a request begins to wait, from the goroutine
	// that waits: it must be quick and safe for concurrent use.
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
	load    load
	stats   counters
	account atomic.Pointer[string] // x-account_id of the first answer that had one

	batching *batching    // what is known about batches
	small    *queue       // of pages, counts and single records
	cut      *queue       // of pages of lists that are cut into ranges, nil if these travel alone
	early    atomic.Int64 // bytes of pages that are read ahead, as expected
	walks    int          // batches in flight at most, 0: as many as Walks says
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
		return nil, errors.New("check client options: timeout and body size must not be negative")
	}
	if c.transport == nil {
		c.transport = newTransport()
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.pace = newPacer(o.Rate, c.maxWait)
	c.batching = newBatching(c.log)
	c.small = newQueue(c, newBatchSize(MaxBatch, MaxBatch), smallBytes)
	if o.BatchPages > 1 {
		c.cut = newQueue(c, newBatchSize(2, min(o.BatchPages, MaxBatch)), cutBytes)
		c.cut.patient = true
	}
	return c, nil
}

func orDefault[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

// newTransport returns a transport of our own, which no other part of the process
// can change. It asks for gzip by itself.
func newTransport() *http.Transport {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	if base, ok := http.DefaultTransport.(*http.Transport); ok {
		t = base.Clone()
	}
	t.MaxIdleConnsPerHost = 16 // enough for all walks side by side, so that they need not dial again
	t.MaxResponseHeaderBytes = 1 << 20
	return t
}

// checkURL returns the address without its trailing slash. Its errors do not
// repeat the address, which may contain a password.
func checkURL(s string) (string, error) {
	s = strings.TrimRight(orDefault(s, DefaultURL), "/")
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return "", errors.New("check API address: not a URL; it looks like " + DefaultURL)
	case u.User != nil:
		return "", errors.New("check API address: it must not contain a user or password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("check API address: it must not contain a query or fragment")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return s, nil
	case u.Scheme == "http":
		return "", errors.New("check API address: plain http would show the key to the network; use https (http is for loopback addresses only)")
	}
	return "", errors.New("check API address: it must begin with https://")
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// Stats is what a Client has done so far.
type Stats struct {
	// Requests counts requests to the server, each one unit of the rate limit;
	// Retries counts those that repeat an earlier one. A batch is one request.
	Requests, Retries int64
	// Batches counts the requests that were batches, Parts the answers that came in
	// them, in place of as many requests.
	Batches, Parts int64
	// BatchesOff is 1 once batches were given up for good: the server refuses them,
	// counts their parts, or does not read their parameters.
	BatchesOff int64
	// RateLimited counts answers with status 429, those in batches included.
	RateLimited int64
	// BytesRead counts bytes of bodies, after decompression.
	BytesRead int64
	// Waited is the time during which at least one request waited, for the rate
	// limit or before a retry.
	Waited time.Duration
}

// Stats returns the counts so far.
func (c *Client) Stats() Stats {
	return Stats{
		Requests:    c.stats.requests.Load(),
		Retries:     c.stats.retries.Load(),
		RateLimited: c.stats.rateLimited.Load(),
		Batches:     c.stats.batches.Load(),
		Parts:       c.stats.parts.Load(),
		BatchesOff:  c.batching.givenUp(),
		BytesRead:   c.stats.bytes.Load(),
		Waited:      c.stats.waited.total(),
	}
}

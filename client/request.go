package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// request is one request to the server.
type request struct {
	method string
	path   string // relative to the API's address, with a leading slash, escaped
	params url.Values
	body   []byte // JSON, nil for none
	// shrinkable says that the caller can ask for less at a time: retries stop
	// early if that may help.
	shrinkable bool
	expected   int // bytes of the answer of a batch, 0 if it is not known

	kind    travel // which batches it may be part of
	place   *place // announced to its queue, and given up by who announced it; nil if none was
	doubted bool   // its answer in a batch did not show that its parameters were read
}

// String names the request in errors and logs, without its parameters: they may
// hold e-mail addresses.
func (r request) String() string { return strings.ToLower(r.method) + " " + r.path }

// response is a success whose body has been read.
type response struct {
	header http.Header
	body   []byte // not valid after use has returned, unless shared is held
	shared *sharedBody
	cost   cost // of the request, as the headers show it

	part  bool     // it came in a batch
	wants position // what an answer to the request states
	said  position // what this one states; use notes it
}

// do is the only way to the server. It makes attempts until use accepts an
// answer. If use returns a BodyError, the request is repeated.
func (c *Client) do(ctx context.Context, r request, use func(*response) error) error {
	if err := checkPath(r.path); err != nil {
		return err
	}
	return c.newAttempts(r).run(ctx, use)
}

// once makes one attempt, alone or with other requests in a batch. An error that
// another attempt may cure is a *failure.
func (c *Client) once(ctx context.Context, r request, use func(*response) error) error {
	q := c.queueOf(r)
	switch {
	case q == nil:
		return c.alone(ctx, r, use)
	case r.doubted:
		return q.confirm(ctx, r, false, use)
	}
	return q.once(ctx, r, use)
}

// alone makes one attempt with a request of its own.
func (c *Client) alone(ctx context.Context, r request, use func(*response) error) error {
	ticket, err := c.enter(ctx, r)
	if err != nil {
		return err
	}
	return c.exchange(ctx, ticket, r, use)
}

// exchange sends a request whose turn has come, a batch or a single one, and has
// use read the answer.
func (c *Client) exchange(ctx context.Context, ticket uint64, r request, use func(*response) error) error {
	start := time.Now()
	attempt, cancel := context.WithTimeoutCause(ctx, c.timeout, ErrTimeout)
	defer cancel()
	resp, err := c.send(attempt, r)
	if err != nil {
		c.pace.leave(ticket, nil)
		return c.noAnswer(attempt, r, err)
	}
	defer resp.Body.Close()
	cost := c.pace.leave(ticket, resp.Header)
	err = c.receive(attempt, r, resp, cost, c.load.timed(start, use))
	took := time.Since(start)
	c.log.LogAttrs(ctx, slog.LevelDebug, "request", slog.String("method", r.method), slog.String("path", r.path),
		slog.Int("status", resp.StatusCode), slog.Duration("took", took), slog.Bool("ok", err == nil))
	return err
}

// enter waits for the request's turn.
func (c *Client) enter(ctx context.Context, r request) (ticket uint64, err error) {
	var reported time.Time // end of the wait last reported
	ticket, err = c.pace.enter(ctx, func(d time.Duration) {
		c.stats.waited.begin()
		if until := time.Now().Add(d); until.Sub(reported) > time.Second { // also the first time
			reported = until
			c.reportWait(Wait{Reason: WaitRate, Duration: d, Path: r.path})
		}
	}, c.stats.waited.end)
	var limit *RateLimitError
	if errors.As(err, &limit) {
		limit.Method, limit.Path = r.method, r.path
	}
	return ticket, err
}

func (c *Client) reportWait(w Wait) {
	c.log.Debug("wait", "reason", w.Reason, "path", w.Path, "duration", w.Duration, "cause", w.Cause)
	if c.onWait != nil {
		c.onWait(w)
	}
}

// send sends the request and returns the answer with its body unread. There is no
// http.Client around the transport: nothing follows redirects or keeps cookies.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	address := c.url + r.path
	if len(r.params) > 0 {
		address += "?" + r.params.Encode()
	}
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, err
	}
	c.key.authorize(req.Header)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("X-Version", Version)
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	c.stats.requests.Add(1)
	return c.transport.RoundTrip(req)
}

// receive checks the answer, reads its body and passes it to use.
func (c *Client) receive(ctx context.Context, r request, resp *http.Response, cost cost, use func(*response) error) error {
	if resp.StatusCode == http.StatusTooManyRequests {
		c.stats.rateLimited.Add(1)
	}
	if err := c.sameAccount(resp.Header); err != nil {
		return fmt.Errorf("%s: %w", r, err)
	}
	if resp.StatusCode/100 != 2 {
		return c.statusError(r, resp.StatusCode, resp.Header, resp.Body)
	}
	body, err := c.readBody(resp, r.expected)
	if err == nil {
		c.batching.learn(r, body.Len())
		shared := share(body)
		err = use(&response{header: resp.Header, body: body.Bytes(), shared: shared, cost: cost})
		shared.release()
	}
	return c.bodyError(ctx, r, resp.StatusCode, err)
}

// bodyError completes the error about a body, and says whether to ask again.
func (c *Client) bodyError(ctx context.Context, r request, status int, err error) error {
	var bad *BodyError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return c.noAnswer(ctx, r, err)
	case errors.As(err, &bad):
		bad.Method, bad.Path, bad.Status = r.method, r.path, status
		bad.Why = c.key.clean(bad.Why) // it may be the text of ReadRecords
		if bad.TooDeep {
			return bad
		}
		return retryable(bad)
	}
	return err
}

// noAnswer returns the error of an attempt that brought no complete answer.
func (c *Client) noAnswer(ctx context.Context, r request, err error) error {
	if errors.Is(context.Cause(ctx), ErrTimeout) {
		return retryable(fmt.Errorf("%s: %w (%s)", r, ErrTimeout, c.timeout))
	}
	err = connectionError(err)
	// The text of a proxy or transport may repeat what was sent.
	if text := err.Error(); c.key.scrub(text) != text {
		err = errors.New(c.key.scrub(text))
	}
	return retryable(fmt.Errorf("%s: %w", r, err))
}

// statusError turns an error response, or that of a part of a batch, into an Error.
func (c *Client) statusError(r request, status int, h http.Header, body io.Reader) error {
	e := &Error{Method: r.method, Path: r.path, Status: status, Hint: hint(status),
		RequestID: c.key.clean(h.Get("CF-RAY"))}
	if e.Status/100 == 3 {
		e.Hint = c.redirectHint(h)
		return e
	}
	said := readComplaint(body)
	e.Message, e.json = c.key.clean(said.message), said.json
	e.limit = said.limit && (e.Status == http.StatusUnprocessableEntity || e.Status == http.StatusNotFound || e.Status == http.StatusBadRequest)
	if e.Status == http.StatusNotFound && e.json && !e.RouteMissing() {
		e.Hint = "" // a record that does not exist: nothing to check
	}
	if isRetried(e.Status) {
		return &failure{err: e, status: e.Status, retryAfter: retryAfter(h, time.Now())}
	}
	return e
}

// isRetried reports whether a status may pass.
func isRetried(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status/100 == 5
}

// redirectHint names the host that the server redirects to, but no other part
// of the address.
func (c *Client) redirectHint(h http.Header) string {
	const check = "check the API address: the key is sent nowhere else"
	to, err := url.Parse(h.Get("Location"))
	if err != nil || to.Host == "" {
		return "the server redirects to another address; " + check
	}
	return "the server redirects to host " + c.key.clean(to.Hostname()) + "; " + check
}

// sameAccount remembers which account answers and refuses any other.
func (c *Client) sameAccount(h http.Header) error {
	id := h.Get("X-Account_id")
	if id == "" || len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil
	}
	if c.account.CompareAndSwap(nil, &id) || *c.account.Load() == id {
		return nil
	}
	return ErrAccountChanged
}

// checkPath refuses a path that would leave the API's address or that contains
// parameters.
func checkPath(path string) error {
	bad := !strings.HasPrefix(path, "/") || strings.ContainsFunc(path, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`?#\"<>`, r)
	})
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		plain, err := url.PathUnescape(segment)
		bad = bad || err != nil || plain == "." || plain == ".." || plain == ""
	}
	if bad {
		return errors.New("check request path: it must begin with a slash and its segments must be escaped and not empty")
	}
	return nil
}

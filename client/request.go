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

// request is what is asked of the server.
type request struct {
	method string
	path   string // relative to the API's address, with a leading slash, escaped
	params url.Values
	body   []byte // JSON, nil for none
	// shrinkable says that the caller can ask for less at a time, so that
	// attempts end early where that might help.
	shrinkable bool
}

// String names the request in errors and logs: parameters may hold addresses.
func (r request) String() string { return strings.ToLower(r.method) + " " + r.path }

// response is a success whose body has been read.
type response struct {
	header http.Header
	body   *bytes.Buffer
}

// keep hands the body over to the caller, who returns it with freeBody.
func (r *response) keep() *bytes.Buffer {
	b := r.body
	r.body = nil
	return b
}

// do is the one way to the server. It makes attempts until use accepts an
// answer; use returns a BodyError for one that should be asked for again.
func (c *Client) do(ctx context.Context, r request, use func(*response) error) error {
	if err := checkPath(r.path); err != nil {
		return err
	}
	return c.newAttempts(r).run(ctx, use)
}

// once makes one attempt. A failure that another attempt may cure is a *failure.
func (c *Client) once(ctx context.Context, r request, use func(*response) error) error {
	sent, err := c.enter(ctx, r)
	if err != nil {
		return err
	}
	start := time.Now()
	attempt, cancel := context.WithTimeoutCause(ctx, c.timeout, ErrTimeout)
	defer cancel()
	resp, err := c.send(attempt, r)
	if err != nil {
		c.pace.leave(sent, nil)
		return c.broken(attempt, r, err)
	}
	defer resp.Body.Close()
	c.pace.leave(sent, resp.Header)
	err = c.receive(attempt, r, resp, use)
	c.log.LogAttrs(ctx, slog.LevelDebug, "request", slog.String("method", r.method), slog.String("path", r.path),
		slog.Int("status", resp.StatusCode), slog.Duration("took", time.Since(start)), slog.Bool("ok", err == nil))
	return err
}

// enter waits for the request's turn.
func (c *Client) enter(ctx context.Context, r request) (uint64, error) {
	var told time.Time
	sent, err := c.pace.enter(ctx, func(d time.Duration) {
		c.stats.waited.begin()
		if until := time.Now().Add(d); until.Sub(told) > time.Second { // also the first time
			told = until
			c.tellWait(Wait{Reason: WaitRate, Duration: d, Path: r.path})
		}
	}, c.stats.waited.end)
	var limit *RateLimitError
	if errors.As(err, &limit) {
		limit.Method, limit.Path = r.method, r.path
	}
	return sent, err
}

func (c *Client) tellWait(w Wait) {
	c.log.Debug("wait", "reason", w.Reason, "path", w.Path, "duration", w.Duration, "cause", w.Cause)
	if c.onWait != nil {
		c.onWait(w)
	}
}

// send makes the request and returns the answer's head. The transport is used
// without an http.Client around it: nothing follows redirects or keeps cookies.
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

// receive judges the answer and reads its body.
func (c *Client) receive(ctx context.Context, r request, resp *http.Response, use func(*response) error) error {
	if resp.StatusCode == http.StatusTooManyRequests {
		c.stats.rateLimited.Add(1)
	}
	if err := c.sameAccount(resp.Header); err != nil {
		return fmt.Errorf("%s: %w", r, err)
	}
	if resp.StatusCode/100 != 2 {
		return c.refused(r, resp)
	}
	answer := &response{header: resp.Header}
	body, err := c.readBody(resp)
	if err == nil {
		answer.body = body
		err = use(answer)
		freeBody(answer.body)
	}
	return c.unusable(ctx, r, resp, err)
}

// unusable turns what is wrong with a body into an error that is tried again.
func (c *Client) unusable(ctx context.Context, r request, resp *http.Response, err error) error {
	var bad *BodyError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return c.broken(ctx, r, err)
	case errors.As(err, &bad):
		bad.Method, bad.Path, bad.Status = r.method, r.path, resp.StatusCode
		return again(bad)
	}
	return err
}

// broken is the error of an attempt without a complete answer.
func (c *Client) broken(ctx context.Context, r request, err error) error {
	if errors.Is(context.Cause(ctx), ErrTimeout) {
		return again(fmt.Errorf("%s: %w (%s)", r, ErrTimeout, c.timeout))
	}
	// Text of proxies and transports may repeat what was sent.
	if text := err.Error(); c.key.scrub(text) != text {
		err = errors.New(c.key.scrub(text))
	}
	return again(fmt.Errorf("%s: %w", r, err))
}

// refused turns an answer that is no success into an Error.
func (c *Client) refused(r request, resp *http.Response) error {
	e := &Error{Method: r.method, Path: r.path, Status: resp.StatusCode, Hint: hint(resp.StatusCode),
		RequestID: c.key.clean(resp.Header.Get("CF-RAY"))}
	if e.Status/100 == 3 {
		e.Hint = c.redirectHint(resp)
		return e
	}
	said := readComplaint(resp.Body)
	e.Message, e.json = c.key.clean(said.message), said.json
	e.limit = said.limit && (e.Status == http.StatusUnprocessableEntity || e.Status == http.StatusNotFound || e.Status == http.StatusBadRequest)
	if e.limit {
		e.Hint = ""
	}
	if e.Status == http.StatusRequestTimeout || e.Status == http.StatusTooManyRequests || e.Status/100 == 5 {
		return &failure{err: e, status: e.Status, asked: askedWait(resp.Header, time.Now())}
	}
	return e
}

// redirectHint names the host, and only the host, that the server points to.
func (c *Client) redirectHint(resp *http.Response) string {
	const check = "the key is sent to no other address; check the API address"
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || to.Host == "" {
		return "the server points elsewhere; " + check
	}
	return "the server points to host " + c.key.clean(to.Hostname()) + "; " + check
}

// sameAccount remembers the account that answers and refuses another one.
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

// checkPath refuses a path that would lead out of the API's address or carry
// parameters of its own.
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

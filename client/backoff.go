package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sethvargo/go-retry"
)

const (
	maxBackoff = 30 * time.Second
	// maxRetryAfter bounds the value of a Retry-After header: longer than
	// anybody waits, and short enough not to overflow a Duration.
	maxRetryAfter = 365 * 24 * time.Hour
	// maxOversize is how many time-outs or oversized bodies a request may meet
	// before the caller is told to ask for less.
	maxOversize = 2
)

// failure is the error of an attempt that is worth repeating.
type failure struct {
	err    error
	status int // 0 if there was no answer
	// retryAfter is how long the server asks to wait, -1 if it does not say.
	retryAfter time.Duration
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// retryable marks an error as one that another attempt may cure.
func retryable(err error) error { return &failure{err: err, retryAfter: -1} }

// attempts is one request with its retries.
type attempts struct {
	c          *Client
	r          request
	begun      int           // attempts begun
	oversize   int           // attempts that timed out or whose body was too large
	serverWait time.Duration // total of the waits that the server asked for
	last       *failure
	tooLong    *RateLimitError // the server asks for a longer wait than allowed
	waiting    bool

	// A backoff has a state, so each request has its own.
	ordinary retry.Backoff // for all failures but 429
	stated   retry.Backoff // least waits after a 429 that says when to come back
	unstated retry.Backoff // for a 429 that does not
}

func (c *Client) newAttempts(r request) *attempts {
	return &attempts{
		c: c, r: r,
		ordinary: retry.WithMaxRetries(c.retries, schedule(c.backoff)),
		stated:   schedule(c.backoff),
		unstated: retry.WithMaxRetries(c.retries, steepSchedule(c.backoff)),
	}
}

// schedule doubles the wait up to maxBackoff, plus or minus a quarter, so that
// clients that failed together do not come back together.
func schedule(base time.Duration) retry.Backoff {
	return retry.WithJitterPercent(25, retry.WithCappedDuration(maxBackoff, retry.NewExponential(base)))
}

// steepSchedule begins like schedule, but its default number of retries spans a
// whole window of the rate limit: 0.5, 2, 8, 30, 30 seconds.
func steepSchedule(base time.Duration) retry.Backoff {
	next := base
	return retry.WithJitterPercent(10, retry.BackoffFunc(func() (time.Duration, bool) {
		d := min(next, maxBackoff)
		next = d * 4
		return d, false
	}))
}

// run makes attempts until one succeeds, one fails for good, or the retries are
// used up.
func (a *attempts) run(ctx context.Context, use func(*response) error) error {
	err := retry.Do(ctx, retry.BackoffFunc(a.next), func(ctx context.Context) error {
		return a.attempt(ctx, use)
	})
	a.stopWaiting()
	return a.outcome(ctx, err)
}

func (a *attempts) attempt(ctx context.Context, use func(*response) error) error {
	a.begin()
	err := a.c.once(ctx, a.r, use)
	a.r.kind = single // what failed in a batch is repeated alone
	if err == nil || ctx.Err() != nil || !errors.As(err, &a.last) {
		return err
	}
	return retry.RetryableError(err)
}

// begin counts an attempt.
func (a *attempts) begin() {
	a.stopWaiting()
	a.begun++
	if a.begun > 1 {
		a.c.stats.retries.Add(1)
	}
}

// next is the backoff of the request. It returns how long to wait after the
// last failure, and whether to stop.
func (a *attempts) next() (time.Duration, bool) {
	if a.askForLess() {
		return 0, true
	}
	wait, byServer, stop := a.wait()
	if stop {
		return 0, true
	}
	if a.last.status == http.StatusTooManyRequests {
		a.c.pace.hold(wait) // all requests, not only this one
	}
	if byServer {
		if a.serverWait+wait > a.c.maxWait {
			a.tooLong = &RateLimitError{Method: a.r.method, Path: a.r.path, Status: a.last.status,
				Wait: wait, Waited: a.serverWait, Max: a.c.maxWait}
			return 0, true
		}
		a.serverWait += wait
	}
	a.startWaiting(wait)
	return wait, false
}

// askForLess counts failures that a smaller request might avoid, and reports
// whether the caller should make one instead of another attempt.
func (a *attempts) askForLess() bool {
	if !smallerMayHelp(a.last) {
		return false
	}
	a.oversize++
	return a.r.shrinkable && a.oversize >= maxOversize
}

// wait returns the longer of our backoff and the wait that the server asks for,
// and whether it counts as the server's.
func (a *attempts) wait() (d time.Duration, byServer, stop bool) {
	limited := a.last.status == http.StatusTooManyRequests
	asked := a.last.retryAfter
	if limited && asked < 0 {
		if left := a.c.pace.untilReset(); left > 0 {
			asked = left
		}
	}
	switch {
	case limited && asked >= 0: // uses up no retry: Options.MaxWait bounds it
		d, stop = a.stated.Next()
	case limited:
		d, stop = a.unstated.Next()
	default:
		d, stop = a.ordinary.Next()
	}
	return max(d, asked), limited || asked > d, stop
}

func (a *attempts) startWaiting(d time.Duration) {
	a.waiting = true
	a.c.stats.waited.begin()
	reason := WaitRetry
	if a.last.status == http.StatusTooManyRequests {
		reason = WaitRate
	}
	a.c.reportWait(Wait{Reason: reason, Duration: d, Path: a.r.path, Cause: a.last.err})
}

func (a *attempts) stopWaiting() {
	if a.waiting {
		a.waiting = false
		a.c.stats.waited.end()
	}
}

// outcome returns the error that the caller sees. Context is added here,
// because go-retry unwraps the error that it was given.
func (a *attempts) outcome(ctx context.Context, err error) error {
	var f *failure
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return stopped(ctx, a.r)
	case a.tooLong != nil:
		return a.tooLong
	case errors.As(err, &f) && a.begun > 1:
		return fmt.Errorf("%w (gave up after %d attempts)", f.err, a.begun)
	case errors.As(err, &f):
		return f.err
	}
	return err
}

// stopped returns the error of a request whose context ended. It matches
// ctx.Err() and the context's cause.
func stopped(ctx context.Context, r request) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || errors.Is(err, cause) {
		return fmt.Errorf("%s: %w", r, err)
	}
	return fmt.Errorf("%s: %w (%w)", r, err, cause)
}

// smallerMayHelp reports whether asking for less at a time may avoid an error.
func smallerMayHelp(err error) bool {
	var body *BodyError
	var status *Error
	return errors.Is(err, ErrTimeout) ||
		errors.As(err, &body) && body.TooLarge ||
		errors.As(err, &status) && status.Status == http.StatusRequestEntityTooLarge
}

// retryAfter reads the Retry-After header, in seconds or as a date. A date is
// compared with the server's own clock if the answer shows it. It returns -1 if
// there is no such header.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return -1
	}
	if digits(v) {
		seconds, err := strconv.ParseInt(v, 10, 64)
		if err != nil || seconds > int64(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	until, err := http.ParseTime(v)
	if err != nil {
		return -1
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return min(max(until.Sub(now), 0), maxRetryAfter)
}

func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}

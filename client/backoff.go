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
	// maxAskedWait bounds what a Retry-After is read as: more than anybody
	// waits, and far from overflowing a Duration.
	maxAskedWait = 365 * 24 * time.Hour
	// maxStrikes is how many time-outs or oversized bodies a request suffers
	// before its caller asks for less.
	maxStrikes = 2
)

// failure is an attempt that may be repeated.
type failure struct {
	err    error
	status int // 0 if there was no answer
	// asked is how long the server asks to wait, -1 if it does not say.
	asked time.Duration
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// again marks an error as one that another attempt may cure.
func again(err error) error { return &failure{err: err, asked: -1} }

// attempts is the course of one request through its retries.
type attempts struct {
	c       *Client
	r       request
	n       int           // attempts begun
	strikes int           // attempts that took too long or brought too much
	imposed time.Duration // waits that the server asked for
	last    *failure
	giveUp  error // set where the backoff ends with an error of its own
	waiting bool

	plain   retry.Backoff // for failures
	limited retry.Backoff // least waits after a 429 that says when to come back
	bare    retry.Backoff // for a 429 that does not
}

func (c *Client) newAttempts(r request) *attempts {
	retries := c.retries
	return &attempts{
		c: c, r: r,
		plain:   retry.WithMaxRetries(retries, schedule(c.backoff)),
		limited: schedule(c.backoff),
		bare:    retry.WithMaxRetries(retries, steepSchedule(c.backoff)),
	}
}

// schedule doubles the wait up to a cap, give or take a quarter, so that
// clients that failed together do not come back together.
func schedule(base time.Duration) retry.Backoff {
	return retry.WithJitterPercent(25, retry.WithCappedDuration(maxBackoff, retry.NewExponential(base)))
}

// steepSchedule begins like schedule but spans a whole window of the rate limit
// within the default number of retries: 0.5, 2, 8, 30, 30 seconds.
func steepSchedule(base time.Duration) retry.Backoff {
	next := base
	return retry.WithJitterPercent(10, retry.BackoffFunc(func() (time.Duration, bool) {
		d := min(next, maxBackoff)
		next = d * 4
		return d, false
	}))
}

// run makes attempts until one succeeds, one fails for good, or patience ends.
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
	if err == nil || ctx.Err() != nil || !errors.As(err, &a.last) {
		return err
	}
	return retry.RetryableError(err)
}

// begin counts an attempt.
func (a *attempts) begin() {
	a.stopWaiting()
	a.n++
	if a.n > 1 {
		a.c.stats.retries.Add(1)
	}
}

// next is the backoff that drives the retries: how long to wait after the last
// failure, and whether to stop.
func (a *attempts) next() (time.Duration, bool) {
	if a.impatient() {
		return 0, true
	}
	wait, imposed, stop := a.wait()
	if stop {
		return 0, true
	}
	if a.last.status == http.StatusTooManyRequests {
		a.c.pace.hold(wait) // for everybody
	}
	if imposed && a.imposed+wait > a.c.maxWait {
		a.giveUp = &RateLimitError{Method: a.r.method, Path: a.r.path, Status: a.last.status,
			Wait: wait, Waited: a.imposed, Max: a.c.maxWait}
		return 0, true
	}
	if imposed {
		a.imposed += wait
	}
	a.startWaiting(wait)
	return wait, false
}

// impatient counts what a smaller page might cure, and ends the attempts early
// if the caller has one to offer.
func (a *attempts) impatient() bool {
	if !tooMuch(a.last) {
		return false
	}
	a.strikes++
	return a.r.shrinkable && a.strikes >= maxStrikes
}

// wait returns the larger of our schedule and what the server asks for, and
// whether it is the server that imposes it.
func (a *attempts) wait() (d time.Duration, imposed, stop bool) {
	limited := a.last.status == http.StatusTooManyRequests
	asked := a.last.asked
	if limited && asked < 0 {
		if left := a.c.pace.exhausted(); left > 0 {
			asked = left
		}
	}
	switch {
	case limited && asked >= 0: // uses up no retry, but its waits are bounded
		d, stop = a.limited.Next()
	case limited:
		d, stop = a.bare.Next()
	default:
		d, stop = a.plain.Next()
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
	a.c.tellWait(Wait{Reason: reason, Duration: d, Path: a.r.path, Cause: a.last.err})
}

func (a *attempts) stopWaiting() {
	if a.waiting {
		a.waiting = false
		a.c.stats.waited.end()
	}
}

// outcome is the error that the caller sees: go-retry drops what wraps the
// error it was given, so context is added here.
func (a *attempts) outcome(ctx context.Context, err error) error {
	var f *failure
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return stopped(ctx, a.r)
	case a.giveUp != nil:
		return a.giveUp
	case errors.As(err, &f) && a.n > 1:
		return fmt.Errorf("%w (gave up after %d attempts)", f.err, a.n)
	case errors.As(err, &f):
		return f.err
	}
	return err
}

// stopped is the error of a request whose context ended: it matches ctx.Err()
// and the context's cause.
func stopped(ctx context.Context, r request) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || errors.Is(err, cause) {
		return fmt.Errorf("%s: %w", r, err)
	}
	return fmt.Errorf("%s: %w (%w)", r, err, cause)
}

// tooMuch reports whether asking for less at a time may help.
func tooMuch(err error) bool {
	var body *BodyError
	var status *Error
	return errors.Is(err, ErrTimeout) ||
		errors.As(err, &body) && body.TooLarge ||
		errors.As(err, &status) && status.Status == http.StatusRequestEntityTooLarge
}

// askedWait reads Retry-After, in seconds or as a date, which is taken against
// the server's own clock where it shows it. It returns -1 if there is none.
func askedWait(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return -1
	}
	if digits(v) {
		seconds, err := strconv.ParseInt(v, 10, 64)
		if err != nil || seconds > int64(maxAskedWait/time.Second) {
			return maxAskedWait
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
	return min(max(until.Sub(now), 0), maxAskedWait)
}

func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}

//go:build !noclouds

package clouds

import (
	"context"
	"errors"
	"time"

	"github.com/sethvargo/go-retry"
)

const (
	retries   = 5 // after the first attempt
	firstWait = 200 * time.Millisecond
	longest   = 10 * time.Second
	jitter    = 25 // per cent
)

// stalled is how long an attempt may go without a byte read or written. So a large object may take long, a dead connection may not.
var stalled = time.Minute

// errStalled is why an attempt was given up.
var errStalled = errors.New("nothing was heard for a minute")

// attempt is the context of one request, which ends when nothing moves.
type attempt struct {
	context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

func newAttempt(ctx context.Context) *attempt {
	a := &attempt{}
	a.Context, a.cancel = context.WithCancelCause(ctx)
	a.timer = time.AfterFunc(stalled, func() { a.cancel(errStalled) })
	return a
}

// moved says that a byte came or went, or is waited for from now on.
func (a *attempt) moved() { a.timer.Reset(stalled) }

// rest says that nothing is waited for.
func (a *attempt) rest() { a.timer.Stop() }

func (a *attempt) end() {
	a.timer.Stop()
	a.cancel(context.Canceled)
}

// try makes a request, and again while it fails in a way that may pass.
func (b *bucket) try(ctx context.Context, request func(*attempt) error) error {
	return b.tryOpen(ctx, func(a *attempt) error {
		err := request(a)
		if err == nil {
			a.end()
		}
		return err
	})
}

// tryOpen is try for a request that goes on after its success: the attempt is then the caller's to end.
func (b *bucket) tryOpen(ctx context.Context, request func(*attempt) error) error {
	backoff := retry.WithCappedDuration(longest, retry.NewExponential(firstWait))
	backoff = retry.WithMaxRetries(retries, retry.WithJitterPercent(jitter, backoff))
	first := true
	return retry.Do(ctx, backoff, func(ctx context.Context) error {
		if !first {
			b.retries.Add(1)
		}
		first = false
		a := newAttempt(ctx)
		err := request(a)
		if err == nil {
			return nil
		}
		again := b.judge(a, err)
		if errors.Is(context.Cause(a), errStalled) {
			err = &brokenRequest{errStalled}
		}
		a.end()
		if err := ctx.Err(); err != nil {
			return err
		}
		if again == unclear || again == unwritten {
			b.trouble.Store(b.shown(err).Error())
			return retry.RetryableError(err)
		}
		return err
	})
}

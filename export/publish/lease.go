package publish

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/publish/store"
)

// errLost says that the journal is no longer ours.
var errLost = errors.New("this publish was not heard of for too long, and another one may have taken over; publish again")

// lease is a journal that is ours, as long as it is renewed.
type lease struct {
	store  store.Store
	length time.Duration
	took   bool        // from a publisher that had not ended: found
	found  heldJournal // zero unless took
	token  string      // of this publish alone
	tables []string    // those of the journal

	turn    chan struct{} // holds a value while the journal is written
	journal journal
	version string

	mu      sync.Mutex
	renewed time.Time // when the last request that renewed it began
}

// newLease returns the lease that this publish wants, with nothing written yet.
func (p *publisher) newLease(there *state) (*lease, error) {
	me, err := p.Dataset.Publisher()
	if err != nil {
		return nil, err
	}
	data, err := dataset.EncodeManifest(p.next)
	if err != nil {
		return nil, err
	}
	var token [8]byte
	rand.Read(token[:]) // never fails
	j := journal{Format: journalFormat, Token: hex.EncodeToString(token[:]), Publisher: me, Program: p.Program, Snapshot: p.next.Snapshot,
		Manifest: store.Sum(data), Base: there.snapshot(), Started: time.Now().UTC(), Lease: p.Lease.Seconds(), Mixed: p.Repair || there.damaged}
	for i := range p.next.Tables {
		j.Tables = append(j.Tables, p.next.Tables[i].Name)
	}
	return &lease{store: p.Store, length: p.Lease, turn: make(chan struct{}, 1), journal: j}, nil
}

// acquire writes the journal. held is the one that was found, nil if there was none.
func (p *publisher) acquire(ctx context.Context, there *state, held *heldJournal) (*lease, error) {
	l, err := p.newLease(there)
	if err != nil {
		return nil, err
	}
	for {
		if held, err = p.outlive(ctx, held, l.journal.Publisher); err != nil {
			return nil, err
		}
		if err := p.Dataset.BeginPublish(l.journal.Token); err != nil {
			return nil, err
		}
		err := l.take(ctx, held)
		if err == nil && held != nil {
			p.dirty = true
			p.out.TookOver = held.owner()
		}
		if !errors.Is(err, store.ErrConflict) {
			return l, err
		}
		// Another publisher was faster.
		if held, err = readJournal(ctx, p.Store); err != nil {
			return nil, err
		}
	}
}

// take writes the journal in place of the one that was found, if it is still there, or of none.
func (l *lease) take(ctx context.Context, held *heldJournal) error {
	condition := store.IfAbsent()
	l.took = held != nil
	if held != nil {
		condition = store.IfVersion(held.version)
		l.found = *held
		l.journal.Mixed = true
		l.journal.Tables = union(l.journal.Tables, held.Tables)
	}
	body, err := l.journal.body()
	if err != nil {
		return err
	}
	began := time.Now()
	object, err := l.store.Put(ctx, journalKey, body, condition)
	if held != nil && errors.Is(err, fs.ErrNotExist) {
		err = store.ErrConflict
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", journalKey, err)
	}
	l.version, l.token, l.tables = object.Version, l.journal.Token, l.journal.Tables
	l.note(began)
	return nil
}

// outlive returns when the publisher is dead whose journal was found: at once if it was of this very dataset, whose lock is
// ours. It returns nil if there is no journal any more.
func (p *publisher) outlive(ctx context.Context, held *heldJournal, me dataset.Publisher) (*heldJournal, error) {
	if held == nil {
		return nil, nil
	}
	began, err := p.Dataset.BeganPublish(held.Token)
	if err != nil || began && held.Publisher == me {
		return held, err
	}
	gone, err := p.outlast(ctx, held)
	if gone {
		held = nil
	}
	return held, err
}

// outlast waits until the journal of another publisher is gone, or has stood still for its lease. If it is renewed
// meanwhile, that is a *BusyError.
func (p *publisher) outlast(ctx context.Context, held *heldJournal) (gone bool, err error) {
	length := max(p.Lease, time.Duration(min(held.Lease, MaxLease.Seconds())*float64(time.Second)))
	p.track.say(fmt.Sprintf("a publish of dataset %s on %q did not end; it is taken over if it stands still for %s", held.Publisher.Path, held.Publisher.Host, length))
	began := time.Now()
	for time.Since(began) < length+length/10 {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(length / 10):
		}
		object, err := p.Store.Head(ctx, journalKey)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return true, nil
		case err != nil:
			return false, fmt.Errorf("look at %s: %w", journalKey, err)
		case object.Version != held.version:
			return false, &BusyError{p.Store.String(), *held.owner()}
		}
	}
	return false, nil
}

// keep renews the lease until stop is called. The context that it returns ends with errLost when the journal is no longer
// ours, or may not be.
func (l *lease) keep(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(l.length / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			err := l.renew(ctx)
			if errors.Is(err, errLost) || err != nil && l.left() < l.length/3 { // no time for another attempt
				if !errors.Is(err, errLost) {
					err = fmt.Errorf("%w: %w", errLost, err)
				}
				cancel(err)
				return
			}
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-ended
	}
}

// ends returns when the lease ends unless it is renewed, a little early: another publisher's clock may run faster.
func (l *lease) ends() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.renewed.Add(l.length - l.length/10)
}

// probe refuses a store that writes an object although a condition does not hold, as some servers do: there nothing keeps two
// publishers apart. It tries to write the journal as nobody may.
func (p *publisher) probe(ctx context.Context, l *lease) error {
	l.turn <- struct{}{} // the journal stays as it is
	defer func() { <-l.turn }()
	body, err := l.journal.body()
	if err != nil {
		return err
	}
	for _, condition := range []store.Condition{store.IfAbsent(), store.IfVersion(noVersion)} {
		_, err := l.store.Put(ctx, journalKey, body, condition)
		if err == nil {
			return &RefusedError{p.Store.String(), "is on a server that ignores the conditions of a write (If-None-Match, If-Match), which keep two publishers apart",
				"publish to another server"}
		}
		if !errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("probe %s: %w", journalKey, err)
		}
	}
	return nil
}

// noVersion has the form of an ETag, and is of no object.
const noVersion = `"0"`

// left returns how much of the lease is left. The clock on the wall goes on while a machine sleeps, the other one does not,
// and it can be set: the one counts that tells the longer time.
func (l *lease) left() time.Duration {
	ends := l.ends()
	return min(time.Until(ends), ends.Round(0).Sub(time.Now().Round(0)))
}

// fresh reports whether the lease was renewed a moment ago.
func (l *lease) fresh() bool { return l.left() >= l.length/2 }

// assure makes sure that the journal is ours, by renewing it unless that was done a moment ago.
func (l *lease) assure(ctx context.Context) error {
	if l.fresh() {
		return nil
	}
	err := l.renewUnless(ctx, l.fresh)
	if err != nil && time.Until(l.ends()) <= 0 && !errors.Is(err, errLost) {
		err = fmt.Errorf("%w: %w", errLost, err)
	}
	return err
}

// renew writes the journal again, which proves that it is ours. It does not take longer than the lease.
func (l *lease) renew(ctx context.Context) error {
	return l.renewUnless(ctx, func() bool { return false })
}

// renewUnless renews the lease unless something holds when it is our turn: another goroutine may have renewed it meanwhile.
func (l *lease) renewUnless(ctx context.Context, unless func() bool) error {
	ctx, cancel := context.WithDeadline(ctx, l.ends())
	defer cancel()
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return fmt.Errorf("renew %s: %w", journalKey, ctx.Err())
	}
	if unless() {
		return nil
	}
	next := l.journal
	next.Renewals++
	body, err := next.body()
	if err != nil {
		return err
	}
	began := time.Now()
	object, err := l.store.Put(ctx, journalKey, body, store.IfVersion(l.version))
	if errors.Is(err, store.ErrConflict) || errors.Is(err, fs.ErrNotExist) {
		return errLost
	}
	if err != nil {
		return fmt.Errorf("renew %s: %w", journalKey, err)
	}
	l.journal, l.version = next, object.Version
	l.note(began)
	return nil
}

// note notes that a request which began at a time has renewed the lease.
func (l *lease) note(began time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.renewed = began
}

// release removes the journal, which nobody can have taken over as long as the lease lasts.
func (l *lease) release(ctx context.Context) error {
	if err := (fenced{l.store, l}).Delete(ctx, journalKey); err != nil {
		return fmt.Errorf("remove %s: %w", journalKey, err)
	}
	return nil
}

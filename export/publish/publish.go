package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/publish/store"
)

// The formats of destinations.
const (
	// Parquet has the parts under the names that they have in the dataset, and replaces them.
	Parquet = "parquet"
	// Delta has a Delta table for each table.
	Delta = dataset.Delta
)

// DefaultLease is how long a publisher may be silent before another takes its journal over.
const DefaultLease = time.Minute

// MaxLease is the longest lease. No publisher waits longer for another one.
const MaxLease = time.Hour

// Options say what to publish and where.
type Options struct {
	Store   store.Store
	Dataset *dataset.Dataset // locked, and without an unfinished commit
	Program string           // name and version, for the journal
	// Format is Parquet or Delta; empty for the destination's own, and Parquet for a new one.
	Format string
	// Repair trusts nothing that is there: every object is compared by its checksum.
	Repair bool
	// Adopt starts over where the destination's own records are damaged or missing, or others have changed its tables.
	Adopt bool
	// Retain is how long files that a Delta table no longer has are kept.
	Retain time.Duration
	// Lease is how long a publisher may be silent before another takes its journal over, at most MaxLease; zero means
	// DefaultLease.
	Lease time.Duration
	// OnProgress, if set, is called as the publish goes on, from several goroutines at once.
	OnProgress func(Progress)
}

// Report is what a publish did.
type Report struct {
	Destination string `json:"destination"`
	Format      string `json:"destination_format,omitempty"`
	Before      int64  `json:"snapshot_before,omitzero"` // that the destination had; 0 for none
	Snapshot    int64  `json:"snapshot,omitzero"`        // that it has now; 0 if that is not known, after an error
	// Current says that the destination had this state already, and that nothing was changed.
	Current   bool   `json:"up_to_date"`
	Uploaded  Amount `json:"uploaded"` // without manifest and logs
	Unchanged int    `json:"unchanged_objects"`
	Deleted   int    `json:"deleted_objects"`
	Requests  int64  `json:"requests"`
	Retries   int64  `json:"retries"`
	// TookOver is the publisher whose publish had not ended; nil if there was none.
	TookOver *Owner `json:"took_over,omitempty"`
	Error    string `json:"error,omitempty"`
}

// Amount is a number of objects, and their size.
type Amount struct {
	Objects int   `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

// Owner is a publisher that has written the journal.
type Owner struct {
	Host  string    `json:"host"`
	Path  string    `json:"path"` // of the dataset
	Since time.Time `json:"since"`
}

// publisher is one publish.
type publisher struct {
	Options
	layout layout // nil until the destination's format is known
	next   *dataset.Manifest
	out    Report
	strays map[string]bool // Delta tables with files that nothing names
	track  *tracker
	// dirty says that an object was changed, or that a publish which had not ended was taken over: the journal must stay
	// until this is finished.
	dirty bool
}

// Publish brings a destination to the state of a dataset. A destination that must not be changed is a *RefusedError; one
// that another publisher is working on, a *BusyError; a file of the dataset that is not what its manifest says, a
// *dataset.DamagedError. After an error the report says how far it came, and the next Publish goes on.
func Publish(ctx context.Context, o Options) (*Report, error) {
	p, before := &publisher{Options: o, next: o.Dataset.Manifest}, o.Store.Stats()
	if p.Lease <= 0 {
		p.Lease = DefaultLease
	}
	p.Lease = min(p.Lease, MaxLease)
	p.out.Destination = p.Store.String()
	p.track = &tracker{to: p.out.Destination, report: o.OnProgress}
	stop := Watch(p.Store, o.OnProgress)
	err := p.named(p.run(ctx))
	stop()
	stats := p.Store.Stats()
	p.out.Requests, p.out.Retries = stats.Requests-before.Requests, stats.Retries-before.Retries
	p.out.Uploaded = p.track.uploaded()
	if err != nil {
		p.out.Error = err.Error()
	} else {
		p.out.Snapshot = p.next.Snapshot
	}
	return &p.out, err
}

// named adds the destination to an error that does not name it.
func (p *publisher) named(err error) error {
	_, refused := errors.AsType[*RefusedError](err)
	_, busy := errors.AsType[*BusyError](err)
	if err == nil || refused || busy {
		return err
	}
	return fmt.Errorf("publish to %s: %w", p.Store, err)
}

func (p *publisher) run(ctx context.Context) error {
	if p.next == nil || p.Dataset.Pending() {
		return errors.New("the dataset has no state, or an unfinished commit")
	}
	there, err := p.look(ctx)
	if err != nil {
		return err
	}
	p.out.Before = there.snapshot()
	held, err := readJournal(ctx, p.Store)
	if err != nil {
		return err
	}
	if held == nil && !p.Repair && !p.Adopt && there.has(p.next) {
		p.out.Current = true
		return nil
	}
	return p.hold(ctx, there, held)
}

// look reads the destination's state and refuses what the dataset does not come after.
func (p *publisher) look(ctx context.Context) (*state, error) {
	there, err := readState(ctx, p.Store, p.Adopt)
	if err != nil {
		return nil, err
	}
	if err := judge(p.Store.String(), p.next, there.manifest, p.Format); err != nil {
		return nil, err
	}
	p.out.Format = formatOf(there.manifest)
	if p.out.Format == "" {
		p.out.Format = p.Format
	}
	if p.out.Format == "" {
		p.out.Format = Parquet
	}
	p.layout, err = p.layoutOf(p.out.Format)
	return there, err
}

// hold takes the journal and brings the destination to the state of the dataset.
func (p *publisher) hold(ctx context.Context, there *state, held *heldJournal) (err error) {
	l, err := p.acquire(ctx, there, held)
	if err != nil {
		return err
	}
	p.Store = fenced{p.Store, l}
	ctx, stop := l.keep(ctx)
	defer func() {
		stop()
		err = errors.Join(err, p.letGo(ctx, l, err))
	}()
	if err := p.bring(ctx, l); err != nil {
		if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil {
			return cause // rather than that a request was cancelled
		}
		return err
	}
	return nil
}

// letGo removes the journal, unless the publish has left something that the next one must finish.
func (p *publisher) letGo(ctx context.Context, l *lease, failed error) error {
	if failed != nil && (p.dirty || errors.Is(context.Cause(ctx), errLost)) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), letGoWithin)
	defer cancel()
	err := l.release(ctx)
	if err == nil {
		_ = p.Dataset.EndPublish(l.token, l.found.Token) // a note that stays does no harm
		return nil
	}
	if failed == nil {
		return fmt.Errorf("the destination is at snapshot %d, but its journal could not be removed; publish again: %w", p.next.Snapshot, err)
	}
	return nil
}

// letGoWithin bounds how long a publish that was interrupted tries to remove its journal.
const letGoWithin = 30 * time.Second

// bring brings the destination to the state of the dataset. The journal is ours.
func (p *publisher) bring(ctx context.Context, l *lease) error {
	there, err := p.look(ctx) // nobody but us changes it from here on
	if err == nil && there.version == "" {
		err = p.probe(ctx, l)
	}
	if err != nil {
		return err
	}
	pl, err := p.plan(ctx, there, l)
	if err != nil {
		return err
	}
	p.out.Unchanged = pl.unchanged
	if err := p.carryOut(ctx, l, pl); err != nil {
		return err
	}
	return p.finish(ctx, l, there)
}

// finish writes the logs and replaces the manifest.
func (p *publisher) finish(ctx context.Context, l *lease, there *state) error {
	if p.out.Format == Delta {
		p.dirty = true // the logs may change
	}
	published, err := p.layout.commit(ctx, there, l)
	if err != nil {
		return err
	}
	data, err := dataset.EncodeManifest(published)
	if err != nil {
		return err
	}
	if bytes.Equal(data, there.data) {
		return nil
	}
	return p.swap(ctx, l, data, there)
}

// swapTries is how often the manifest is replaced that another program replaces at the same time.
const swapTries = 3

// swap replaces the manifest, if the journal is still ours and the manifest the one that was read. A publisher that was taken
// for dead may have replaced it late: then that is what was there before.
func (p *publisher) swap(ctx context.Context, l *lease, data []byte, there *state) error {
	p.dirty = true
	for range swapTries {
		if err := l.renew(ctx); err != nil {
			return err
		}
		err := p.putManifest(ctx, data, there)
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		if there, err = p.look(ctx); err != nil {
			return err
		}
		if bytes.Equal(there.data, data) {
			return nil // the answer to an earlier attempt was lost
		}
	}
	return &RefusedError{p.Store.String(), "was changed by another program while it was published", "publish again, from one place at a time"}
}

func (p *publisher) putManifest(ctx context.Context, data []byte, there *state) error {
	condition := store.IfAbsent()
	if there.version != "" {
		condition = store.IfVersion(there.version)
	}
	_, err := p.Store.Put(ctx, manifestKey, store.BytesBody(data), condition)
	if there.version != "" && errors.Is(err, fs.ErrNotExist) {
		err = store.ErrConflict
	}
	if err != nil {
		return fmt.Errorf("replace %s: %w", manifestKey, err)
	}
	return nil
}

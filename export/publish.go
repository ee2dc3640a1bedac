package export

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/publish"
	"mailerlake/export/publish/store"
)

// What a Destination may say.
const (
	Parquet      = publish.Parquet
	Delta        = publish.Delta
	DefaultLease = publish.DefaultLease
	MaxLease     = publish.MaxLease
)

// Destination is where to publish, and how.
type Destination struct {
	Store store.Store
	// Format is Parquet or Delta; empty for the destination's own, and Parquet for a new one.
	Format string
	// Repair compares every object by its checksum.
	Repair bool
	// Adopt starts over where the destination's own records are damaged or missing, or others have changed its tables.
	Adopt bool
	// Retain is how long files that a Delta table no longer has are kept.
	Retain time.Duration
	// Lease is how long another publisher may be silent before it is taken for dead; zero means DefaultLease. It is at most MaxLease.
	Lease time.Duration
}

// Published is what was done with a destination.
type Published struct {
	publish.Report
	Err error `json:"-"`
}

// BusyError says that another publisher is at work on a destination.
type BusyError = publish.BusyError

// Transfer is a step of a publish or a restore.
type Transfer = publish.Progress

// PublishOptions say what to publish.
type PublishOptions struct {
	Destination
	FS      disk.FS
	Dir     string // of the dataset
	Program string // name and version
	// OnTransfer, if set, is called as it goes on, from several goroutines at once.
	OnTransfer func(Transfer)
}

// Publish brings a destination to the state of a dataset, which no other run changes meanwhile. After an error the report,
// unless it is nil, says how far it came; the next Publish goes on.
func Publish(ctx context.Context, o PublishOptions) (report *Published, err error) {
	data, err := dataset.Open(o.FS, o.Dir)
	if err != nil {
		return nil, err
	}
	if data.Manifest == nil && !data.Pending() {
		return nil, fmt.Errorf("publish %s: %w, mailerlake restore fetches one", o.Dir, ErrNoDataset)
	}
	unlock, err := data.Lock()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if data.Pending() {
		return nil, errPending
	}
	r, err := publish.Publish(ctx, o.options(data, o.Program, o.OnTransfer))
	return &Published{*r, err}, err
}

func (d Destination) options(data *dataset.Dataset, program string, report func(Transfer)) publish.Options {
	return publish.Options{Store: d.Store, Dataset: data, Program: program, Format: d.Format, Repair: d.Repair, Adopt: d.Adopt,
		Retain: d.Retain, Lease: d.Lease, OnProgress: report}
}

// checkDestinations refuses a run whose result could not be published: before it has made a request.
func (r *run) checkDestinations(ctx context.Context) error {
	for _, d := range r.Destinations {
		stop := publish.Watch(d.Store, r.OnTransfer)
		err := publish.Check(ctx, d.Store, r.data.Manifest, d.Format, d.Adopt)
		stop()
		if err != nil {
			return err
		}
	}
	return nil
}

// publish brings the destinations to the state of the dataset, one after the other. What fails is in the report, but for an
// end of the context.
func (r *run) publish(ctx context.Context) error {
	if r.data.Manifest == nil {
		return nil // every table has failed, and there was no dataset before
	}
	for i, d := range r.Destinations {
		r.event(Event{Phase: Publishing, Step: i, Steps: len(r.Destinations)})
		report, err := publish.Publish(ctx, d.options(r.data, r.Program, r.OnTransfer))
		r.published = append(r.published, Published{*report, err})
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// RestoreOptions say what to restore and to where.
type RestoreOptions = publish.RestoreOptions

// Restored is what a restore did.
type Restored = publish.Restored

// Restore makes a dataset of what a destination holds.
func Restore(ctx context.Context, o RestoreOptions) (*Restored, error) {
	return publish.Restore(ctx, o)
}

// VerifyAt reads a destination to its last byte and compares it with its manifest. It says less than Verify: an object that
// has its checksum is what the dataset had. report, which may be nil, is told of requests that are made again.
func VerifyAt(ctx context.Context, s store.Store, report func(Transfer)) (*Verification, error) {
	defer publish.Watch(s, report)()
	found, err := publish.Verify(ctx, s)
	if err != nil {
		return nil, err
	}
	v := &Verification{Dataset: s.String(), Destination: true, Snapshot: found.Snapshot, Pending: found.Pending != nil, Restarted: found.Restarted,
		Tables: []TableVerification{}, Problems: []Problem{}, References: []Reference{}}
	for _, t := range found.Tables {
		table := TableVerification{Name: t.Name, Parts: t.Parts, Rows: t.Rows, ChangeFiles: t.ChangeFiles}
		for i := range t.Damaged {
			table.add(unreadable(&t.Damaged[i]))
		}
		v.Tables = append(v.Tables, table)
	}
	for _, p := range found.Problems {
		v.Problems = append(v.Problems, Problem{Table: p.Table, Part: p.Object, What: p.What, ByHand: p.ByHand})
	}
	return v, nil
}

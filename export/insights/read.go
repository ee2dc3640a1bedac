package insights

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"mailerlake/export/dataset"
)

// reader computes a report.
type reader struct {
	data     *dataset.Dataset
	out      *Report
	followed *sample          // of the active subscribers
	sentAt   map[uint64]int64 // when campaigns were sent, by the hash of their ids
}

// Read computes the figures of a dataset, which has a manifest and no commit pending. If another run commits meanwhile, it
// fails or the figures are of no use: the caller looks. A part that cannot be read is a *feed.PartError, a file of changes a
// *feed.FileError.
func Read(ctx context.Context, d *dataset.Dataset) (*Report, error) {
	m := d.Manifest
	r := &reader{data: d, out: &Report{Account: m.Account.ID, AccountName: m.Account.Name, Snapshot: m.Snapshot,
		CommittedAt: m.CommittedAt, ReadAt: readAt(m)}}
	r.out.AsOf = asOf(m, r.out.ReadAt)
	g, side := errgroup.WithContext(ctx)
	g.Go(func() error { return r.subscribers(side) }) // as long as all others together
	g.Go(func() error {
		return inTurn(side, r.campaigns, r.groups, r.automations, r.revenue, r.runs)
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if err := r.recency(ctx); err != nil {
		return nil, err
	}
	r.out.Notes = r.notes()
	return r.out, nil
}

func inTurn(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// readAt returns when the subscribers were read, or else the last table that was.
func readAt(m *dataset.Manifest) time.Time {
	if t := m.Table("subscriber"); t != nil && !t.ScanStarted.IsZero() {
		return t.ScanStarted
	}
	var at time.Time
	for _, t := range m.Tables {
		if t.ScanStarted.After(at) {
			at = t.ScanStarted
		}
	}
	if at.IsZero() {
		return m.CommittedAt
	}
	return at
}

// asOf returns the time of the last change that rows are dated with. In an account that is in use, it is shortly before it was
// read; an account that rests, or a simulated one, is described as it was when it last moved.
func asOf(m *dataset.Manifest, readAt time.Time) time.Time {
	var at time.Time
	for _, t := range m.Tables {
		if g := t.GreatestUpdatedAt; g != nil && g.After(at) {
			at = *g
		}
	}
	if at.IsZero() || at.After(readAt) {
		return readAt
	}
	return at
}

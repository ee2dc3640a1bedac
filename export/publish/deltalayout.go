package publish

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/part"
	"mailerlake/export/publish/delta"
	"mailerlake/export/publish/store"
)

// deltaKeys is where a destination of format delta has the files of a dataset. Parts have names that are never used again.
type deltaKeys struct{}

func (deltaKeys) key(f dataset.File) string {
	if f.Part == nil {
		return f.Path
	}
	return delta.DataFile(f.Part)
}

// table knows the change files alone: package delta removes its own files, when they have been kept for long enough.
func (deltaKeys) table(key string) string { return dataset.ChangesOf(key) }

func (deltaKeys) globbed() bool { return false }

// deltaLayout writes the logs of a destination of format delta.
type deltaLayout struct {
	deltaKeys
	p *publisher
}

// commit brings the log of each table to the snapshot, one after another.
func (l deltaLayout) commit(ctx context.Context, there *state, held *lease) (*dataset.Manifest, error) {
	published := l.p.next.Clone()
	published.Publication = &dataset.Publication{Format: Delta}
	var was *dataset.Publication
	if there.manifest != nil {
		was = there.manifest.Publication
	}
	data, err := dataset.EncodeManifest(l.p.next)
	if err != nil {
		return nil, err
	}
	for i := range l.p.next.Tables {
		t := &l.p.next.Tables[i]
		next, err := l.commitTable(ctx, t, was.Table(t.Name), store.Sum(data), held)
		if err != nil {
			return nil, err
		}
		published.Publication.Put(*next)
	}
	return published, nil
}

// commitTable brings the log of a table to the snapshot.
func (l deltaLayout) commitTable(ctx context.Context, t *dataset.TableState, was *dataset.DeltaTable, id string, held *lease) (next *dataset.DeltaTable, err error) {
	p := l.p
	var scratch func() error
	defer func() {
		if scratch != nil {
			err = errors.Join(err, scratch())
		}
	}()
	return delta.Commit(ctx, delta.Input{
		Store: p.Store, Was: was, Table: t, Snapshot: p.next.Snapshot, SnapshotID: id, Account: p.next.Account.ID, Program: p.Program,
		Token: held.token, Now: time.Now, Retain: p.Retain, Open: l.open, History: p.next.Feed.History,
		Changes: delta.History(p.Dataset, t),
		Scratch: func() (f disk.File, err error) {
			f, scratch, err = p.Dataset.Scratch()
			return f, err
		},
		Adopt: p.Adopt, Orphans: held.took || p.strays[t.Name],
	})
}

// open opens a part of the dataset.
func (l deltaLayout) open(_ context.Context, at *part.Part) (disk.File, error) {
	f, err := l.p.Dataset.OpenFile(at.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, damaged(filepath.Join(l.p.Dataset.Dir(), filepath.FromSlash(at.Path)), "it is missing")
	}
	return f, err
}

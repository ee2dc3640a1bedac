package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/publish/store"
)

// RestoreOptions say what to restore and to where.
type RestoreOptions struct {
	Store store.Store
	FS    disk.FS
	Dir   string // of the dataset, which must not exist yet
	// Partial leaves out the tables that are not whole, if the destination is between two snapshots or damaged.
	Partial bool
	// IfAny takes a destination that holds nothing yet for an empty one, not for a wrong address: nothing is restored.
	IfAny bool
	// OnProgress, if set, is called as it goes on, from several goroutines at once.
	OnProgress func(Progress)
}

// Restored is what a restore did.
type Restored struct {
	Source   string `json:"source"`
	Dataset  string `json:"dataset"`
	Account  string `json:"account,omitempty"` // id
	Name     string `json:"account_name,omitempty"`
	Snapshot int64  `json:"snapshot"` // 0 if the destination holds none
	Tables   int    `json:"tables"`
	Files    Amount `json:"downloaded"`
	// LeftOut are the tables that are not whole at the destination. The next export reads them anew.
	LeftOut []string `json:"left_out"`
	// Current says that the dataset was there already, in the same state.
	Current  bool  `json:"up_to_date"`
	Requests int64 `json:"requests"`
	Retries  int64 `json:"retries"`
}

// errMoved says that a destination changed while it was read.
var errMoved = errors.New("the destination changed while it was read")

// restorer is one restore.
type restorer struct {
	RestoreOptions
	data    *dataset.Dataset
	track   *tracker
	leftOut []string
}

// Restore makes a dataset of what a destination holds. Every file is compared with the manifest, and the dataset is there
// whole or not at all. A directory that has another dataset is a *RefusedError.
func Restore(ctx context.Context, o RestoreOptions) (out *Restored, err error) {
	defer func() {
		if _, refused := errors.AsType[*RefusedError](err); err != nil && !refused {
			err = fmt.Errorf("restore from %s: %w", o.Store, err)
		}
	}()
	defer Watch(o.Store, o.OnProgress)()
	r := &restorer{RestoreOptions: o, track: &tracker{to: o.Store.String(), report: o.OnProgress}}
	before := o.Store.Stats()
	if r.data, err = dataset.Open(o.FS, o.Dir); err != nil {
		return nil, err
	}
	there, err := readState(ctx, o.Store, false)
	if err != nil {
		return nil, err
	}
	out = &Restored{Source: o.Store.String(), Dataset: o.Dir}
	switch {
	case there.manifest != nil:
		err = r.locked(ctx, there, out)
	case !o.IfAny:
		err = &RefusedError{o.Store.String(), "holds no dataset", "look at the URL; mailerlake publish writes one"}
	}
	if err != nil {
		return nil, err
	}
	stats := o.Store.Stats()
	out.Requests, out.Retries = stats.Requests-before.Requests, stats.Retries-before.Retries
	return out, nil
}

// locked restores what is there while no other run uses the dataset, and says so in out.
func (r *restorer) locked(ctx context.Context, there *state, out *Restored) (err error) {
	unlock, err := r.data.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if _, err := r.data.Recover(ctx); err != nil { // of a restore that was killed
		return err
	}
	if out.Current, err = r.restored(there); err == nil && !out.Current {
		there, err = r.twice(ctx, there)
	}
	if err != nil {
		return err
	}
	out.Account, out.Name = there.manifest.Account.ID, there.manifest.Account.Name
	out.Snapshot, out.Files, out.LeftOut = there.manifest.Snapshot, r.track.uploaded(), r.leftOut
	out.Tables = len(there.manifest.Tables) - len(r.leftOut)
	return nil
}

// restored reports whether the dataset is in the destination's state already. If it is in another, that is an error.
func (r *restorer) restored(there *state) (bool, error) {
	have := r.data.Manifest
	if have == nil || have.Snapshot == there.manifest.Snapshot && have.CommittedAt.Equal(there.manifest.CommittedAt) {
		return have != nil, nil
	}
	return false, fmt.Errorf("%s has a dataset already, at snapshot %d; restore to a new directory with --out", r.Dir, have.Snapshot)
}

// twice restores, and once more if the destination changes meanwhile.
func (r *restorer) twice(ctx context.Context, there *state) (*state, error) {
	err := r.once(ctx, there, unpublished(there.manifest))
	if errors.Is(err, errMoved) {
		if there, err = readState(ctx, r.Store, false); err == nil && there.manifest == nil {
			err = errMoved
		}
		if err == nil {
			err = r.once(ctx, there, unpublished(there.manifest))
		}
	}
	if errors.Is(err, errMoved) && r.Partial {
		err = r.partly(ctx, there)
	}
	if !errors.Is(err, errMoved) {
		return there, err
	}
	held, look := readJournal(ctx, r.Store)
	if look == nil && held != nil {
		return nil, &RefusedError{r.Store.String(), fmt.Sprintf("is between two snapshots: the publish of dataset %s on %q since %s has not ended (%v)",
			held.Publisher.Path, held.Publisher.Host, instant(held.Started), err), "restore when it has, publish again from there, or restore with --partial the tables that are whole"}
	}
	return nil, fmt.Errorf("%w; mailerlake verify --at %s says what is damaged, and --partial restores the tables that are whole", err, r.Store)
}

// partly restores the tables that are whole.
func (r *restorer) partly(ctx context.Context, there *state) error {
	next, at := unpublished(there.manifest.Clone()), layoutFor(there.manifest)
	var mu sync.Mutex
	bad := map[string]bool{}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for f := range there.manifest.Files() {
		g.Go(func() error {
			object, err := sumOfObject(gctx, r.Store, at.key(f), true)
			gone := errors.Is(err, fs.ErrNotExist) || errors.Is(err, errReplaced)
			if err != nil && !gone {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			bad[f.Table] = bad[f.Table] || gone || object.Bytes != f.Bytes || object.SHA256 != f.SHA256
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	next.Tables = slices.DeleteFunc(next.Tables, func(t dataset.TableState) bool { return bad[t.Name] })
	if len(next.Tables) == 0 {
		return fmt.Errorf("%w: no table is whole", errMoved)
	}
	for _, t := range there.manifest.Tables {
		if bad[t.Name] {
			r.leftOut = append(r.leftOut, t.Name)
		}
	}
	return r.once(ctx, there, next)
}

// once downloads the files of a state and commits it.
func (r *restorer) once(ctx context.Context, there *state, next *dataset.Manifest) (err error) {
	commit, err := r.data.BeginRestore()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, commit.Abort()) }()
	if err := r.download(ctx, commit, next, layoutFor(there.manifest)); err != nil {
		return err
	}
	now, err := r.Store.Head(ctx, manifestKey)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look at %s: %w", manifestKey, err)
	}
	if err != nil || now.Version != there.version {
		return fmt.Errorf("%w: %s was replaced", errMoved, manifestKey)
	}
	return commit.Commit(ctx, next, nil)
}

// download stages the files of a state.
func (r *restorer) download(ctx context.Context, commit *dataset.Commit, next *dataset.Manifest, at keys) error {
	var of Amount
	for f := range next.Files() {
		of.Objects++
		of.Bytes += f.Bytes
	}
	r.track.restart(of)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for f := range next.Files() {
		g.Go(func() error { return r.file(ctx, commit, f, at.key(f)) })
	}
	return g.Wait()
}

// file downloads one file. One that is not what the manifest says is errMoved: a publish may be under way.
func (r *restorer) file(ctx context.Context, commit *dataset.Commit, f dataset.File, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	staged, err := commit.Create(f.Path)
	if err != nil {
		return err
	}
	_, err = download(ctx, r.Store, key, staged)
	if err := errors.Join(err, staged.Close()); errors.Is(err, fs.ErrNotExist) || errors.Is(err, errReplaced) {
		return fmt.Errorf("%w: %w", errMoved, err)
	} else if err != nil {
		return err
	}
	if staged.Bytes() != f.Bytes || staged.Sum() != f.SHA256 {
		return fmt.Errorf("%w: %s is not what %s says", errMoved, key, manifestKey)
	}
	r.track.done(f)
	return nil
}

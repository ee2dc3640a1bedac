package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sync/errgroup"

	"mailerlake/export/publish/store"
)

// carryOut uploads and removes what a plan says.
func (p *publisher) carryOut(ctx context.Context, l *lease, pl *plan) error {
	p.track.expect(pl.total())
	if len(pl.steps)+len(pl.remove) > 0 {
		p.dirty = true
	}
	for _, step := range pl.steps {
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(parallel)
		for _, u := range step {
			g.Go(func() error { return p.upload(ctx, l, u) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	return p.remove(ctx, l, pl.remove)
}

// remove removes objects. A removal has no condition, so it must be sure that the journal is still ours.
func (p *publisher) remove(ctx context.Context, l *lease, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	if err := l.renew(ctx); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for _, key := range keys {
		g.Go(func() error {
			if err := p.Store.Delete(ctx, key); err != nil {
				return fmt.Errorf("remove %s: %w", key, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	p.out.Deleted = len(keys)
	return nil
}

// uploadTries is how often an object is written that another program writes at the same time.
const uploadTries = 4

// upload writes an object, if it is still the one that was listed.
func (p *publisher) upload(ctx context.Context, l *lease, u upload) error {
	for range uploadTries {
		condition := store.IfAbsent()
		if u.replaces != "" {
			condition = store.IfVersion(u.replaces)
		}
		sent := p.track.begin()
		_, err := p.Store.Put(ctx, u.key, p.body(u.File, sent), condition)
		sent.reset()
		if err == nil {
			p.track.done(u.File)
			return nil
		}
		gone := u.replaces != "" && errors.Is(err, fs.ErrNotExist)
		if !errors.Is(err, store.ErrConflict) && !gone {
			return fmt.Errorf("upload %s: %w", u.key, err)
		}
		// A publisher that was taken for dead wrote it late, or somebody else did.
		if err := l.renew(ctx); err != nil {
			return err
		}
		now, err := sumOfObject(ctx, p.Store, u.key, false)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil && now.Bytes == u.Bytes && now.SHA256 == u.SHA256 {
			p.track.done(u.File)
			return nil
		}
		u.replaces = now.Version
	}
	return fmt.Errorf("upload %s: another program keeps writing it; publish again when that has ended", u.key)
}

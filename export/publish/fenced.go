package publish

import (
	"context"
	"io"

	"mailerlake/export/publish/store"
)

// fenced is a store that is changed only while a journal is ours. A program that was stopped for longer than its lease, or
// whose machine slept, goes on without knowing: so the lease is looked at before each request that changes something, and
// while the content of an object is sent.
type fenced struct {
	store.Store
	lease *lease
}

func (f fenced) Put(ctx context.Context, key string, body store.Body, condition store.Condition) (store.Object, error) {
	if err := f.lease.assure(ctx); err != nil {
		return store.Object{}, err
	}
	open := body.Open
	body.Open = func() (io.ReadCloser, error) {
		r, err := open()
		if err != nil {
			return nil, err
		}
		return &fencedReader{r, ctx, f.lease}, nil
	}
	return f.Store.Put(ctx, key, body, condition)
}

// Delete has no condition, so it must not take longer than the lease: it is then another publisher's object that it removes.
func (f fenced) Delete(ctx context.Context, key string) error {
	if err := f.lease.assure(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithDeadline(ctx, f.lease.ends())
	defer cancel()
	return f.Store.Delete(ctx, key)
}

// fencedReader ends with an error when the journal is not ours any more: then the object is not written, as a part of its
// content is missing.
type fencedReader struct {
	io.ReadCloser
	ctx   context.Context
	lease *lease
}

func (r *fencedReader) Read(b []byte) (int, error) {
	if err := r.lease.assure(r.ctx); err != nil {
		return 0, err
	}
	return r.ReadCloser.Read(b)
}

//go:build !noclouds

package clouds

import (
	"context"
	"errors"
	"fmt"
	"io"

	"gocloud.dev/blob"

	"mailerlake/export/publish/store"
)

// resumed is how often the reading of one object goes on after it broke off.
const resumed = 5

func (b *bucket) Get(ctx context.Context, key string) (io.ReadCloser, store.Object, error) {
	if err := store.CheckKey(key); err != nil {
		return nil, store.Object{}, err
	}
	r := &reader{bucket: b, ctx: ctx, key: key}
	if err := r.open(); err != nil {
		return nil, store.Object{}, err
	}
	return store.Exactly(r, r.object), r.object, nil
}

// reader reads one version of an object. Where the connection breaks, it goes on with the rest.
type reader struct {
	bucket *bucket
	ctx    context.Context
	key    string
	object store.Object

	attempt *attempt
	body    *blob.Reader
	read    int64 // bytes
	broken  int   // how often it was
}

// open asks for the rest of the object.
func (r *reader) open() error {
	var object store.Object
	err := r.bucket.tryOpen(r.ctx, func(a *attempt) error {
		body, err := r.bucket.blobs.NewRangeReader(a, r.bucket.place.prefix+r.key, r.read, -1, nil)
		if err != nil {
			return err
		}
		object = r.bucket.object(r.key, body.Size(), body.ModTime(), body.As)
		r.body, r.attempt = body, a
		a.rest()
		return nil
	})
	switch {
	case err != nil:
		return r.bucket.explain("read", r.key, err)
	case r.read > 0 && object.Version != r.object.Version:
		return errors.Join(fmt.Errorf("read %s: it was replaced meanwhile; read it again", r.bucket.name(r.key)), r.Close())
	case r.read == 0:
		r.object = object
	}
	return nil
}

func (r *reader) Read(p []byte) (int, error) {
	if r.body == nil {
		return 0, errors.New("the reader is closed")
	}
	r.attempt.moved()
	n, err := r.body.Read(p)
	r.attempt.rest()
	r.read += int64(n)
	r.bucket.received.Add(int64(n))
	if err == nil || err == io.EOF && r.read >= r.object.Bytes {
		return n, err
	}
	return n, r.goOn(err)
}

// goOn opens the object again where reading broke off.
func (r *reader) goOn(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if r.broken++; r.broken > resumed || r.ctx.Err() != nil {
		return r.bucket.explain("read", r.key, err)
	}
	if r.read >= r.object.Bytes { // all came, but it is not what its sum says
		return fmt.Errorf("read %s: %s", r.bucket.name(r.key), plain(err))
	}
	_ = r.Close()
	r.bucket.retries.Add(1)
	return r.open()
}

func (r *reader) Close() error {
	if r.body == nil {
		return nil
	}
	err := r.body.Close()
	r.attempt.end()
	r.body = nil
	return err
}

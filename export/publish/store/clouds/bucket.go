//go:build !noclouds

package clouds

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"strings"
	"sync/atomic"
	"time"

	"gocloud.dev/blob"

	"mailerlake/export/publish/store"
)

// sumName is the metadata of an object that holds its SHA-256.
const sumName = "sha256"

// pageSize is how many objects are listed with a request: what the clouds answer at most.
const pageSize = 1000

// cloud is what differs between the clouds.
type cloud interface {
	// send writes an object in one request, and returns its version.
	send(ctx context.Context, key string, c *content, condition store.Condition) (version string, err error)
	// details returns the version and the metadata of an object. as is that of blob.Attributes or of blob.Reader.
	details(as func(any) bool) (version string, metadata map[string]string)
	// answer returns what the server said with an error, as far as it said anything.
	answer(err error) answer
	// help says what to do about missing permissions.
	help() string
}

// bucket is a Store over any of the clouds.
type bucket struct {
	place location
	cloud cloud
	blobs *blob.Bucket

	requests, retries, sent, received atomic.Int64
	trouble                           atomic.Value // a string: why the last request that is made again failed
}

func (b *bucket) String() string { return b.place.String() }

func (b *bucket) Close() error { return b.blobs.Close() }

func (b *bucket) Stats() store.Stats {
	trouble, _ := b.trouble.Load().(string)
	return store.Stats{Requests: b.requests.Load(), Retries: b.retries.Load(), Trouble: trouble, Sent: b.sent.Load(), Received: b.received.Load()}
}

func (b *bucket) Head(ctx context.Context, key string) (object store.Object, err error) {
	if err := store.CheckKey(key); err != nil {
		return object, err
	}
	err = b.try(ctx, func(a *attempt) error {
		attributes, err := b.blobs.Attributes(a, b.place.prefix+key)
		if err == nil {
			object = b.object(key, attributes.Size, attributes.ModTime, attributes.As)
		}
		return err
	})
	return object, b.explain("describe", key, err)
}

// object describes an object. Clouds tell times to the second here and more exactly there.
func (b *bucket) object(key string, size int64, modified time.Time, as func(any) bool) store.Object {
	version, metadata := b.cloud.details(as)
	o := store.Object{Key: key, Bytes: size, Version: version, Modified: modified.UTC().Truncate(time.Second)}
	for name, value := range metadata {
		if strings.EqualFold(name, sumName) { // which HTTP may have capitalized
			o.SHA256 = value
		}
	}
	return o
}

func (b *bucket) Put(ctx context.Context, key string, body store.Body, condition store.Condition) (store.Object, error) {
	if err := store.CheckKey(key); err != nil {
		return store.Object{}, err
	}
	version, must := condition.Version()
	if must && version == "" {
		return store.Object{}, b.explain("write", key, permanent{store.ErrConflict})
	}
	c, err := measure(ctx, body, &b.sent)
	if err != nil {
		return store.Object{}, b.explain("write", key, permanent{err})
	}
	object := store.Object{Key: key, Bytes: c.size, SHA256: c.sum()}
	lost := false // an earlier attempt may have written the object
	err = b.try(ctx, func(a *attempt) error {
		c.attempt = a
		object.Version, err = b.cloud.send(a, b.place.prefix+key, c, condition)
		switch what := b.judge(a, err); {
		case c.failed != nil:
			return permanent{c.failed}
		case what == absent && must:
			return permanent{store.ErrConflict}
		case what == conflict && lost && b.isWritten(a, key, &object):
			return nil
		case what == unclear:
			lost = true
		}
		return err
	})
	if err != nil {
		return store.Object{}, b.explain("write", key, err)
	}
	return object, nil
}

// isWritten reports whether an object is what was to be written, and if so completes its description.
func (b *bucket) isWritten(ctx context.Context, key string, object *store.Object) bool {
	there, err := b.Head(ctx, key)
	if err != nil || there.SHA256 != object.SHA256 || there.Bytes != object.Bytes {
		return false
	}
	*object = there
	return true
}

func (b *bucket) Delete(ctx context.Context, key string) error {
	if err := store.CheckKey(key); err != nil {
		return err
	}
	err := b.try(ctx, func(a *attempt) error { return b.blobs.Delete(a, b.place.prefix+key) })
	if err = b.explain("delete", key, err); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (b *bucket) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	return func(yield func(store.Object, error) bool) {
		for token := blob.FirstPageToken; len(token) > 0; {
			page, next, err := b.page(ctx, prefix, token)
			if err != nil {
				yield(store.Object{}, b.explain("list", prefix, err))
				return
			}
			for _, o := range page {
				key := strings.TrimPrefix(o.Key, b.place.prefix)
				if !yield(store.Object{Key: key, Bytes: o.Size, Modified: o.ModTime.UTC().Truncate(time.Second)}, nil) {
					return
				}
			}
			token = next
		}
	}
}

func (b *bucket) page(ctx context.Context, prefix string, token []byte) (page []*blob.ListObject, next []byte, err error) {
	err = b.try(ctx, func(a *attempt) error {
		page, next, err = b.blobs.ListPage(a, token, pageSize, &blob.ListOptions{Prefix: b.place.prefix + prefix})
		if errors.Is(err, io.EOF) { // there is no page after the last
			page, next, err = nil, nil, nil
		}
		return err
	})
	return page, next, err
}

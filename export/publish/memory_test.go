package publish_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"mailerlake/export/publish/store"
)

// objects is the content of a bucket, by key.
type objects map[string]string

// memory is a bucket in memory. Its useful zero value is empty.
type memory struct {
	mu      sync.Mutex
	objects map[string]*memoryObject
	writes  int  // versions are numbered
	summed  bool // the store keeps the checksums of objects
	// careless is the kind of condition that the store ignores.
	careless func(store.Condition) bool
}

type memoryObject struct {
	data     []byte
	version  string
	modified time.Time
}

func (m *memory) content() objects {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := objects{}
	for key, o := range m.objects {
		all[key] = string(o.data)
	}
	return all
}

// set puts an object without any condition.
func (m *memory) set(key, data string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.write(key, []byte(data))
}

func (m *memory) remove(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, key)
}

func (m *memory) write(key string, data []byte) *memoryObject {
	if m.objects == nil {
		m.objects = map[string]*memoryObject{}
	}
	m.writes++
	o := &memoryObject{data, fmt.Sprint("v", m.writes), time.Now()}
	m.objects[key] = o
	return o
}

func (m *memory) clone() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &memory{objects: maps.Clone(m.objects), writes: m.writes, summed: m.summed}
}

// connection is one program's connection to a bucket. Faults are numbered by its requests, from 1.
type connection struct {
	*memory
	// before and after are called around the n-th request's effect. An error of before prevents the effect; an error of
	// either is the request's answer.
	before, after func(n int, op, key string) error

	mu       sync.Mutex
	requests int
	ops      []string
}

func connect(m *memory) *connection { return &connection{memory: m} }

// do makes a request.
func (c *connection) do(ctx context.Context, op, key string, effect func() error) error {
	c.mu.Lock()
	c.requests++
	n := c.requests
	c.ops = append(c.ops, op+" "+key)
	c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.before != nil {
		if err := c.before(n, op, key); err != nil {
			return err
		}
	}
	c.memory.mu.Lock()
	err := effect()
	c.memory.mu.Unlock()
	if c.after != nil {
		if lost := c.after(n, op, key); lost != nil {
			return lost
		}
	}
	return err
}

func (c *connection) object(key string) (*memoryObject, store.Object, error) {
	o := c.objects[key]
	if o == nil {
		return nil, store.Object{}, &fs.PathError{Op: "get", Path: key, Err: fs.ErrNotExist}
	}
	d := store.Object{Key: key, Bytes: int64(len(o.data)), Version: o.version, Modified: o.modified}
	if c.summed {
		d.SHA256 = fmt.Sprintf("%x", sha256.Sum256(o.data))
	}
	return o, d, nil
}

func (c *connection) Head(ctx context.Context, key string) (d store.Object, err error) {
	err = c.do(ctx, "HEAD", key, func() error {
		_, d, err = c.object(key)
		return err
	})
	return d, err
}

func (c *connection) Get(ctx context.Context, key string) (r io.ReadCloser, d store.Object, err error) {
	err = c.do(ctx, "GET", key, func() error {
		var o *memoryObject
		if o, d, err = c.object(key); err == nil {
			r = io.NopCloser(bytes.NewReader(o.data))
		}
		return err
	})
	return r, d, err
}

func (c *connection) Put(ctx context.Context, key string, body store.Body, condition store.Condition) (d store.Object, err error) {
	r, err := body.Open()
	if err != nil {
		return d, err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return d, err
	}
	if int64(len(data)) != body.Bytes || fmt.Sprintf("%x", sha256.Sum256(data)) != body.SHA256 {
		return d, errors.New("the body is not what it says")
	}
	err = c.do(ctx, "PUT", key, func() error {
		was := c.objects[key]
		if c.careless != nil && c.careless(condition) {
			condition = store.Always()
		}
		version, must := condition.Version()
		if condition.Absent() && was != nil || must && (was == nil || was.version != version) {
			return store.ErrConflict
		}
		c.write(key, data)
		_, d, err = c.object(key)
		return err
	})
	return d, err
}

func (c *connection) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	return func(yield func(store.Object, error) bool) {
		var found []store.Object
		err := c.do(ctx, "LIST", prefix, func() error {
			for _, key := range slices.Sorted(maps.Keys(c.objects)) {
				if strings.HasPrefix(key, prefix) {
					found = append(found, store.Object{Key: key, Bytes: int64(len(c.objects[key].data))})
				}
			}
			return nil
		})
		for _, o := range found {
			if !yield(o, nil) {
				return
			}
		}
		if err != nil {
			yield(store.Object{}, err)
		}
	}
}

func (c *connection) Delete(ctx context.Context, key string) error {
	return c.do(ctx, "DELETE", key, func() error {
		delete(c.objects, key)
		return nil
	})
}

func (c *connection) Stats() store.Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return store.Stats{Requests: int64(c.requests)}
}

func (c *connection) String() string { return "mem://bucket/lake" }
func (c *connection) Close() error   { return nil }

package delta_test

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

// errDead is what a store answers whose process was killed.
var errDead = errors.New("killed")

// memory is a store in memory that can be killed. Its zero value is empty and lives on.
type memory struct {
	mu       sync.Mutex
	objects  map[string][]byte
	written  map[string]time.Time
	now      func() time.Time
	requests int
	// killAt is the number of the request at which it dies, from 1; 0 for never. It dies before the request has an effect,
	// or with late after it.
	killAt int
	late   bool
	log    []string // requests
}

func (m *memory) String() string     { return "memory://" }
func (m *memory) Close() error       { return nil }
func (m *memory) Stats() store.Stats { return store.Stats{Requests: int64(m.requests)} }

// revive makes a killed store work again, to die at another request.
func (m *memory) revive(killAt int, late bool) {
	m.requests, m.killAt, m.late, m.log = 0, killAt, late, nil
}

// request counts a request and has its effect.
func (m *memory) request(ctx context.Context, what, key string, effect func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	m.requests++
	m.log = append(m.log, what+" "+key)
	if m.killAt > 0 && (m.requests > m.killAt || m.requests == m.killAt && !m.late) {
		return errDead
	}
	if err := effect(); err != nil {
		return err
	}
	if m.requests == m.killAt {
		return errDead
	}
	return nil
}

func (m *memory) object(key string) (store.Object, error) {
	data, ok := m.objects[key]
	if !ok {
		return store.Object{}, fmt.Errorf("%s: %w", key, fs.ErrNotExist)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(data))
	return store.Object{Key: key, Bytes: int64(len(data)), Version: sum, SHA256: sum, Modified: m.written[key]}, nil
}

func (m *memory) Head(ctx context.Context, key string) (o store.Object, err error) {
	err = m.request(ctx, "head", key, func() error { o, err = m.object(key); return err })
	return o, err
}

func (m *memory) Get(ctx context.Context, key string) (r io.ReadCloser, o store.Object, err error) {
	err = m.request(ctx, "get", key, func() error {
		o, err = m.object(key)
		r = io.NopCloser(bytes.NewReader(m.objects[key]))
		return err
	})
	return r, o, err
}

func (m *memory) Put(ctx context.Context, key string, body store.Body, condition store.Condition) (o store.Object, err error) {
	err = m.request(ctx, "put", key, func() error {
		if _, there := m.objects[key]; there && condition.Absent() {
			return store.ErrConflict
		}
		r, err := body.Open()
		if err != nil {
			return err
		}
		data, err := io.ReadAll(r)
		if err != nil || int64(len(data)) != body.Bytes || fmt.Sprintf("%x", sha256.Sum256(data)) != body.SHA256 {
			return fmt.Errorf("body of %s is not what it says: %w", key, err)
		}
		m.set(key, data)
		o, err = m.object(key)
		return err
	})
	return o, err
}

// set puts an object there, as anyone may.
func (m *memory) set(key string, data []byte) {
	if m.objects == nil {
		m.objects, m.written = map[string][]byte{}, map[string]time.Time{}
	}
	m.objects[key] = data
	if m.now != nil {
		m.written[key] = m.now()
	}
}

func (m *memory) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	return func(yield func(store.Object, error) bool) {
		var found []store.Object
		err := m.request(ctx, "list", prefix, func() error {
			for _, key := range slices.Sorted(maps.Keys(m.objects)) {
				if strings.HasPrefix(key, prefix) {
					o, _ := m.object(key)
					found = append(found, o)
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

func (m *memory) Delete(ctx context.Context, key string) error {
	return m.request(ctx, "delete", key, func() error { delete(m.objects, key); return nil })
}

// clone returns a store with the same objects.
func (m *memory) clone() *memory {
	return &memory{objects: maps.Clone(m.objects), written: maps.Clone(m.written), now: m.now}
}

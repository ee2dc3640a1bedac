package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"mailerlake/export/dataset"
	"mailerlake/export/publish/store"
)

// The objects of a destination that are neither parts nor change files.
const (
	manifestKey = dataset.ManifestName
	journalKey  = "publishing.json"
)

// state is what a destination's manifest says.
type state struct {
	manifest *dataset.Manifest // nil if there is none, or it is damaged
	damaged  bool
	data     []byte // of the manifest, as it is stored
	version  string // of the object; empty if there is none
}

func (s *state) snapshot() int64 {
	if s.manifest == nil {
		return 0
	}
	return s.manifest.Snapshot
}

// sum returns the checksum of the dataset's manifest that the destination's was made of, empty if there is none.
func (s *state) sum() string {
	if s.manifest == nil {
		return ""
	}
	data, err := dataset.EncodeManifest(unpublished(s.manifest))
	if err != nil {
		return ""
	}
	return store.Sum(data)
}

// has reports whether the destination is in a state of a dataset, and its manifest of the present format version.
func (s *state) has(local *dataset.Manifest) bool {
	data, err := dataset.EncodeManifest(local)
	return err == nil && s.sum() == store.Sum(data) && !s.older()
}

// older reports whether the manifest, which is not damaged, is not as this program writes it: an older one wrote it.
func (s *state) older() bool {
	data, err := dataset.EncodeManifest(s.manifest)
	return err == nil && !bytes.Equal(data, s.data)
}

// unpublished returns a destination's manifest as the dataset has it.
func unpublished(m *dataset.Manifest) *dataset.Manifest {
	own := *m
	own.Publication = nil
	return &own
}

// readState reads a destination's manifest. A damaged one is refused, unless it is to be written anew.
func readState(ctx context.Context, s store.Store, adopt bool) (*state, error) {
	data, object, err := readObject(ctx, s, manifestKey)
	if errors.Is(err, fs.ErrNotExist) {
		return &state{}, nil
	}
	if err != nil {
		return nil, err
	}
	there := &state{data: data, version: object.Version}
	there.manifest, err = dataset.DecodeManifest(manifestKey, data)
	if damaged, ok := errors.AsType[*dataset.DamagedError](err); ok {
		if adopt {
			there.damaged = true
			return there, nil
		}
		return nil, &RefusedError{s.String(), "has a damaged " + manifestKey + ": " + damaged.Reason,
			"bring it back from a backup, publish elsewhere, or publish with --adopt to start over from the dataset"}
	}
	if version, ok := errors.AsType[*dataset.VersionError](err); ok {
		return nil, &RefusedError{s.String(), fmt.Sprintf("has a %s of format version %d, %s", manifestKey, version.Found, version.Reason()), version.Hint()}
	}
	if err != nil {
		return nil, err
	}
	return there, nil
}

// formatOf returns the format of the destination that a manifest belongs to, empty if there is none.
func formatOf(m *dataset.Manifest) string {
	switch {
	case m == nil:
		return ""
	case m.Publication != nil:
		return m.Publication.Format
	}
	return Parquet
}

// readTries is how often an object is read whose content breaks off.
const readTries = 4

// readObject reads a small object. A missing one is fs.ErrNotExist.
func readObject(ctx context.Context, s store.Store, key string) (data []byte, o store.Object, err error) {
	for range readTries {
		var r io.ReadCloser
		if r, o, err = s.Get(ctx, key); err != nil {
			break
		}
		data, err = io.ReadAll(io.LimitReader(r, dataset.MaxRecord+1))
		r.Close()
		if err == nil && int64(len(data)) == o.Bytes || ctx.Err() != nil {
			break
		}
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
	}
	if err != nil {
		return nil, o, fmt.Errorf("read %s: %w", key, err)
	}
	if len(data) > dataset.MaxRecord {
		return nil, o, fmt.Errorf("read %s: it is too large", key)
	}
	return data, o, nil
}

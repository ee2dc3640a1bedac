package delta

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/publish/store"
)

const (
	logDir         = "_delta_log"
	changeDir      = "_change_data"
	lastCheckpoint = "_last_checkpoint"
	// maxEntry bounds what is read of the log at once, in bytes.
	maxEntry = 1 << 30
)

// tableLog is the log of a table in a store.
type tableLog struct {
	store store.Store
	table string
}

func (l tableLog) key(name string) string { return path.Join(l.table, logDir, name) }

func entryName(version int64) string { return fmt.Sprintf("%020d.json", version) }

func checkpointName(version int64) string { return fmt.Sprintf("%020d.checkpoint.parquet", version) }

// entry is a version as it is in the log.
type entry struct {
	version int64
	sum     string
	at      time.Time // when the object was written; the time that the version has itself goes before it
	actions []action
}

// info returns what a version says of itself.
func (e *entry) info() commitInfo {
	for i := range e.actions {
		if c := e.actions[i].CommitInfo; c != nil {
			return *c
		}
	}
	return commitInfo{}
}

// read reads a version; it is nil if there is none.
func (l tableLog) read(ctx context.Context, version int64) (*entry, error) {
	data, at, err := l.get(ctx, entryName(version))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	actions, err := decodeEntry(data)
	if err != nil {
		return nil, &LogError{l.table, fmt.Sprintf("%s: %v", entryName(version), err)}
	}
	return &entry{version, store.Sum(data), at, actions}, nil
}

// get reads an object of the log, and when it was written.
func (l tableLog) get(ctx context.Context, name string) (data []byte, at time.Time, err error) {
	r, object, err := l.store.Get(ctx, l.key(name))
	if err != nil {
		return nil, at, fmt.Errorf("read %s: %w", l.key(name), err)
	}
	defer r.Close()
	data, err = io.ReadAll(io.LimitReader(r, maxEntry+1))
	if err != nil {
		return nil, at, fmt.Errorf("read %s: %w", l.key(name), err)
	}
	if len(data) > maxEntry {
		return nil, at, fmt.Errorf("read %s: it has more than %d bytes", l.key(name), maxEntry)
	}
	return data, object.Modified, nil
}

// put writes an object of the log.
func (l tableLog) put(ctx context.Context, name string, data []byte, condition store.Condition) error {
	if _, err := l.store.Put(ctx, l.key(name), store.BytesBody(data), condition); err != nil {
		return fmt.Errorf("write %s: %w", l.key(name), err)
	}
	return nil
}

// listing is what there is in a log.
type listing struct {
	entries     []int64 // versions, ascending
	checkpoints []int64 // versions of the checkpoints of one file, ascending
	names       map[string]int64
}

var namePattern = regexp.MustCompile(`^([0-9]{20})\.`)

// list lists the log.
func (l tableLog) list(ctx context.Context) (*listing, error) {
	found := &listing{names: map[string]int64{}}
	for object, err := range l.store.List(ctx, l.key("")+"/") {
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", l.key(""), err)
		}
		name := path.Base(object.Key)
		match := namePattern.FindStringSubmatch(name)
		if match == nil || object.Key != l.key(name) {
			continue
		}
		version, err := strconv.ParseInt(match[1], 10, 64)
		if err != nil {
			continue
		}
		found.names[name] = version
		switch name {
		case entryName(version):
			found.entries = append(found.entries, version)
		case checkpointName(version):
			found.checkpoints = append(found.checkpoints, version)
		}
	}
	slices.Sort(found.entries)
	slices.Sort(found.checkpoints)
	return found, nil
}

// replay reads the state of the last version, from the last checkpoint on if there is one. It is nil if there is no log.
func (l tableLog) replay(ctx context.Context, account string) (*state, error) {
	found, err := l.list(ctx)
	if err != nil || len(found.entries)+len(found.checkpoints) == 0 {
		return nil, err
	}
	s := newState(&dataset.DeltaTable{Name: l.table, Version: -1}, account)
	if n := len(found.checkpoints); n > 0 {
		if err := l.restore(ctx, s, found.checkpoints[n-1]); err != nil {
			return nil, err
		}
	}
	for {
		e, err := l.read(ctx, s.Version+1)
		if err != nil {
			return nil, err
		}
		if e == nil {
			break
		}
		s.apply(e)
	}
	if s.metadata == nil || len(found.entries) > 0 && s.Version < found.entries[len(found.entries)-1] {
		return nil, &LogError{l.table, fmt.Sprintf("version %d is missing", s.Version+1)}
	}
	s.Oldest = s.Version
	if len(found.entries) > 0 {
		s.Oldest = found.entries[0]
	}
	return s, nil
}

// restore sets a state to a checkpoint. What a checkpoint does not have, time and checksum of its version, is in the
// version's log entry.
func (l tableLog) restore(ctx context.Context, s *state, version int64) error {
	data, _, err := l.get(ctx, checkpointName(version))
	if err != nil {
		return err
	}
	actions, err := decodeCheckpoint(data)
	if err != nil {
		return &LogError{l.table, fmt.Sprintf("%s: %v", checkpointName(version), err)}
	}
	e, err := l.read(ctx, version)
	if err != nil {
		return err
	}
	if e == nil {
		e = &entry{version: version}
	}
	s.apply(&entry{version, e.sum, e.at, append(actions, action{CommitInfo: new(e.info())})})
	return nil
}

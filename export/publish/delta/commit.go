package delta

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/export/publish/store"
)

// commit is a call of Commit.
type commit struct {
	in    *Input
	log   tableLog
	parts map[string]*part.Part // of the snapshot, by path in the log
	feed  bool                  // the table has a change data feed
}

func newCommit(in *Input) *commit {
	c := &commit{in: in, log: tableLog{in.Store, in.Table.Name}, parts: map[string]*part.Part{}}
	c.feed = in.History && feedable(in.Table.Columns)
	for i := range in.Table.Parts {
		p := &in.Table.Parts[i]
		c.parts[path.Base(DataFile(p))] = p // these names are the same when URL-encoded
	}
	return c
}

// Commit brings the log of a table to a snapshot and returns its new state, for the destination's manifest. If the table is
// as the log has it, and no file is due to go, it makes no request and returns in.Was. Otherwise it
//
//   - goes on from versions that a publish left which died;
//   - writes one version, if anything changed, and a checkpoint if one is due;
//   - removes files that, as in.Was says, no version has had for in.Retain, and log entries before a checkpoint as old as
//     that.
//
// Whatever it is interrupted at, it can be run again. A version that another program wrote is a *ForeignError, one that
// another publish of the same account writes at the same time a *RaceError.
func Commit(ctx context.Context, in Input) (*dataset.DeltaTable, error) {
	c := newCommit(&in)
	now := in.Now()
	if in.Was != nil && !in.Adopt && !in.Orphans {
		idle, err := c.idle(newState(in.Was, in.Account), now)
		if idle || err != nil {
			return in.Was, err
		}
	}
	s, adopted, err := c.head(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.step(ctx, s, adopted); err != nil {
		return nil, err
	}
	if err := c.expire(ctx, s, now.Add(-in.Retain)); err != nil {
		return nil, err
	}
	if s.checkpointDue() {
		if err := c.checkpoint(ctx, s); err != nil {
			return nil, err
		}
	}
	if err := c.trim(ctx, s, now.Add(-in.Retain)); err != nil {
		return nil, err
	}
	if in.Orphans {
		if err := c.orphans(ctx, s); err != nil {
			return nil, err
		}
	}
	return s.record(), nil
}

// idle reports whether nothing is to be done.
func (c *commit) idle(s *state, now time.Time) (bool, error) {
	d, err := c.difference(s)
	if err != nil {
		return false, err
	}
	cutoff := now.Add(-c.in.Retain)
	return d.none() && !s.checkpointDue() && len(c.expired(s, cutoff)) == 0 && c.trimTo(s, cutoff) < 0, nil
}

// metadata returns the metaData that the table should have.
func (c *commit) metadata(s *state) (*metaData, error) {
	return metadataOf(&s.DeltaTable, c.in.Table.Columns, c.feed, c.in.Retain)
}

// difference is what the log lacks.
type difference struct {
	protocol *protocol
	metadata *metaData
	added    []*part.Part
	removed  []dataset.DeltaFile
}

func (d *difference) none() bool {
	return d.protocol == nil && d.metadata == nil && len(d.added)+len(d.removed) == 0
}

// difference compares a state with the snapshot.
func (c *commit) difference(s *state) (*difference, error) {
	var d difference
	metadata, err := c.metadata(s)
	if err != nil {
		return nil, err
	}
	sum, err := metadata.sum()
	if err != nil {
		return nil, err
	}
	if sum != s.Metadata {
		d.metadata = metadata
	}
	if p := protocolOf(needed(s.Features, c.feed)); len(p.WriterFeatures) != len(s.Features) {
		d.protocol = p
	}
	for i := range c.in.Table.Parts {
		p := &c.in.Table.Parts[i]
		if _, ok := s.files[path.Base(DataFile(p))]; !ok {
			d.added = append(d.added, p)
		}
	}
	for _, f := range sorted(s.files) {
		if c.parts[f.Path] == nil {
			d.removed = append(d.removed, f)
		}
	}
	return &d, nil
}

// version is what the next version is made of.
type version struct {
	*difference
	changes changeData
	at      time.Time
	adopted bool // the one before is of another program
}

// step writes the next version, if the log lacks anything, and goes on to it.
func (c *commit) step(ctx context.Context, s *state, adopted bool) error {
	at := moment(max(c.in.Now().UnixMilli(), s.At.UnixMilli()+1))
	if adopted {
		s.stamp(at)
	}
	d, err := c.difference(s)
	if err != nil || d.none() {
		return err
	}
	v := &version{difference: d, at: at, adopted: adopted}
	if v.changes, err = c.changeData(ctx, s, v); err != nil {
		return err
	}
	actions, err := c.actions(ctx, s, v)
	if err != nil {
		return err
	}
	data, err := encodeEntry(actions)
	if err != nil {
		return err
	}
	next := &entry{s.Version + 1, store.Sum(data), at, actions}
	if err := c.log.put(ctx, entryName(next.version), data, store.IfAbsent()); err != nil {
		return c.raced(ctx, next.version, err)
	}
	s.apply(next)
	return nil
}

// raced explains why a version could not be written.
func (c *commit) raced(ctx context.Context, version int64, err error) error {
	if !errors.Is(err, store.ErrConflict) {
		return err
	}
	e, readErr := c.log.read(ctx, version)
	switch {
	case readErr != nil || e == nil:
		return err
	case c.ours(e):
		return &RaceError{c.in.Table.Name, version}
	}
	return foreign(c.in.Table.Name, e)
}

// actions returns those of the next version.
func (c *commit) actions(ctx context.Context, s *state, v *version) ([]action, error) {
	actions := []action{{CommitInfo: c.info(s, v)}}
	if v.protocol != nil {
		actions = append(actions, action{Protocol: v.protocol})
	}
	if v.metadata != nil {
		actions = append(actions, action{MetaData: v.metadata})
	}
	actions = append(actions, action{Txn: &txn{s.app, c.in.Snapshot, v.at.UnixMilli()}})
	for _, f := range v.removed {
		f.At = v.at
		actions = append(actions, action{Remove: removeOf(f, !v.changes.none)})
	}
	for _, p := range v.added {
		stats, err := statsOf(ctx, c.in, p)
		if err != nil {
			return nil, fmt.Errorf("write version %d of Delta table %s: %w", s.Version+1, s.Name, err)
		}
		f := dataset.DeltaFile{Path: path.Base(DataFile(p)), Bytes: p.Bytes, At: v.at}
		actions = append(actions, action{Add: addOf(f, stats, !v.changes.none)})
	}
	if f := v.changes.file; f != nil {
		actions = append(actions, action{CDC: &cdc{f.Path, map[string]string{}, f.Bytes, false}})
	}
	return actions, nil
}

// info says what the next version is.
func (c *commit) info(s *state, v *version) *commitInfo {
	operation := "WRITE"
	switch {
	case s.Version < 0:
		operation = "CREATE TABLE"
	case v.adopted:
		operation = "REPLACE TABLE"
	case v.changes.file != nil || v.changes.none:
		operation = "MERGE"
	}
	metrics := map[string]string{"numAddedFiles": strconv.Itoa(len(v.added)), "numRemovedFiles": strconv.Itoa(len(v.removed))}
	at := v.at.UnixMilli()
	return &commitInfo{Timestamp: at, InCommitTimestamp: at, Operation: operation, Parameters: map[string]string{}, Metrics: metrics,
		Engine: c.in.Program, UserMetadata: fmt.Sprintf("mailerlake snapshot %d", c.in.Snapshot), TxnID: c.in.Token,
		Marks: &marks{c.in.Snapshot, c.in.SnapshotID}}
}

func protocolOf(features []string) *protocol {
	return &protocol{Reader: readerVersion, Writer: writerVersion, WriterFeatures: features}
}

func addOf(f dataset.DeltaFile, stats string, changes bool) *add {
	return &add{Path: f.Path, PartitionValues: map[string]string{}, Size: f.Bytes, Modified: f.At.UnixMilli(), DataChange: changes, Stats: stats}
}

func removeOf(f dataset.DeltaFile, changes bool) *remove {
	return &remove{Path: f.Path, Deleted: f.At.UnixMilli(), DataChange: changes, Extended: true, PartitionValues: map[string]string{}, Size: f.Bytes}
}

package delta

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailerlake/export/dataset"
)

// state is what the log of a table says up to a version.
type state struct {
	dataset.DeltaTable // but for Files and Removed
	files, removed     map[string]dataset.DeltaFile
	app                string    // who we are in transactions
	reader             int32     // version of the protocol that readers need
	metadata           *metaData // the last one that was read; nil if none was
}

// appOf names an account's publishes in transactions.
func appOf(account string) string { return "mailerlake/" + account }

// newState returns the state that a destination's manifest records.
func newState(was *dataset.DeltaTable, account string) *state {
	s := &state{DeltaTable: *was.Clone(), app: appOf(account), reader: readerVersion, files: byPath(was.Files), removed: byPath(was.Removed)}
	s.Files, s.Removed = nil, nil
	return s
}

func byPath(files []dataset.DeltaFile) map[string]dataset.DeltaFile {
	by := make(map[string]dataset.DeltaFile, len(files))
	for _, f := range files {
		by[f.Path] = f
	}
	return by
}

func sorted(by map[string]dataset.DeltaFile) []dataset.DeltaFile {
	return slices.SortedFunc(maps.Values(by), func(a, b dataset.DeltaFile) int { return strings.Compare(a.Path, b.Path) })
}

// record returns the state as a manifest records it.
func (s *state) record() *dataset.DeltaTable {
	t := s.DeltaTable.Clone()
	t.Files, t.Removed = sorted(s.files), sorted(s.removed)
	return t
}

func moment(milliseconds int64) time.Time { return time.UnixMilli(milliseconds).UTC() }

// apply goes on to a version.
func (s *state) apply(e *entry) {
	at := e.info().InCommitTimestamp
	if at == 0 {
		at = e.at.UnixMilli()
	}
	s.Version, s.SHA256, s.At = e.version, e.sum, moment(max(at, s.At.UnixMilli()))
	for i := range e.actions {
		s.applyAction(&e.actions[i])
	}
}

func (s *state) applyAction(a *action) {
	switch {
	case a.Protocol != nil:
		s.reader, s.Features = a.Protocol.Reader, featuresOf(a.Protocol)
	case a.MetaData != nil:
		s.applyMetadata(a.MetaData)
	case a.Txn != nil:
		s.applyTxn(a.Txn)
	case a.Add != nil:
		delete(s.removed, a.Add.Path)
		s.files[a.Add.Path] = dataset.DeltaFile{Path: a.Add.Path, Bytes: a.Add.Size, At: moment(a.Add.Modified)}
	case a.Remove != nil:
		delete(s.files, a.Remove.Path)
		s.removed[a.Remove.Path] = dataset.DeltaFile{Path: a.Remove.Path, Bytes: a.Remove.Size, At: moment(a.Remove.Deleted)}
	case a.CDC != nil:
		s.Changes = append(s.Changes, dataset.DeltaFile{Path: a.CDC.Path, Bytes: a.CDC.Size, At: s.At})
		slices.SortFunc(s.Changes, func(a, b dataset.DeltaFile) int { return strings.Compare(a.Path, b.Path) })
	}
}

func (s *state) applyMetadata(m *metaData) {
	s.metadata, s.ID, s.Created = m, m.ID, moment(m.Created)
	s.Metadata, _ = m.sum() // it was decoded from JSON, so it can be written as such
	s.Stamped = nil
	if version, err := strconv.ParseInt(m.Configuration[stampedVersion], 10, 64); err == nil {
		at, _ := strconv.ParseInt(m.Configuration[stampedTime], 10, 64)
		s.Stamped = &dataset.DeltaVersion{Version: version, At: moment(at)}
	}
}

func (s *state) applyTxn(t *txn) {
	if t.App == s.app {
		s.Snapshot = t.Version
		return
	}
	i, found := slices.BinarySearchFunc(s.Transactions, t.App, func(t dataset.DeltaTransaction, app string) int { return strings.Compare(t.App, app) })
	if !found {
		s.Transactions = slices.Insert(s.Transactions, i, dataset.DeltaTransaction{App: t.App})
	}
	s.Transactions[i].Version = t.Version
}

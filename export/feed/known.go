package feed

import (
	"slices"

	"mailerlake/export/dataset"
)

// Known says what of a table's changes since a snapshot can be told.
type Known uint8

const (
	// Unknown changes are not kept any more, or never were: the table has to be loaded again.
	Unknown Known = iota
	// All rows are new: the table did not exist, or whoever asks has none of it.
	All
	// Kept changes are in change files.
	Kept
)

// KnownSince says what of a table's changes since a snapshot, 0 for before the first, can be told.
func KnownSince(t *dataset.TableState, since int64) Known {
	switch {
	case since <= 0 || since < t.CreatedIn:
		return All
	case since < t.ChangesSince:
		return Unknown
	}
	return Kept
}

// HistorySince returns the earliest snapshot that a table's rows can be rebuilt for: from there on, all changes are in files
// that have whole rows. It may be earlier than the table's ChangesSince, since the type of a column that changes ends the
// changes that loaders can apply, and not the history.
func HistorySince(t *dataset.TableState) int64 {
	if len(t.Changes) == 0 {
		return t.ChangesSince
	}
	for _, c := range slices.Backward(t.Changes) {
		if !c.History {
			return c.Snapshot
		}
	}
	return min(t.ChangesSince, t.Changes[0].Snapshot-1)
}

package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/publish/store"
)

// RefusedError says why a destination was not touched.
type RefusedError struct {
	URL    string
	Reason string // follows the URL in a sentence
	Hint   string // what to do next
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("destination %s %s; %s", e.URL, e.Reason, e.Hint)
}

// Check refuses a destination that a dataset in a state could not be published to, whatever the dataset's next states are. The
// state is nil for a new dataset. It takes one request.
func Check(ctx context.Context, s store.Store, local *dataset.Manifest, format string, adopt bool) error {
	there, err := readState(ctx, s, adopt)
	if _, refused := errors.AsType[*RefusedError](err); err != nil && !refused {
		return fmt.Errorf("look at destination %s: %w", s, err)
	}
	if err != nil {
		return err
	}
	return judge(s.String(), local, there.manifest, format)
}

// judge refuses a destination that a dataset's state must not replace. Either state may be nil: a new dataset, or a new
// destination. format is what was asked for, empty for any.
func judge(url string, local, there *dataset.Manifest, format string) error {
	if there == nil {
		return nil
	}
	refused := func(hint, reason string, args ...any) error {
		return &RefusedError{url, fmt.Sprintf(reason, args...), hint}
	}
	restore := fmt.Sprintf("run mailerlake restore --from %s with a new --out to go on from there, or publish elsewhere", url)
	switch is := formatOf(there); {
	case format != "" && format != is:
		return refused("a destination has one format: publish elsewhere, or without --format", "has format %s, not %s", is, format)
	case local == nil:
		return refused(restore, "holds snapshot %d of account %s, and the dataset has none", there.Snapshot, there.Account.ID)
	case local.Account.ID != there.Account.ID:
		return refused("publish to another URL", "holds account %s, and the dataset holds account %s", there.Account.ID, local.Account.ID)
	case there.Snapshot > local.Snapshot:
		return refused(restore, "holds snapshot %d, and the dataset is only at %d", there.Snapshot, local.Snapshot)
	case there.Snapshot == local.Snapshot && !there.CommittedAt.Equal(local.CommittedAt):
		return refused(restore, "holds another snapshot %d than the dataset: both were exported on their own", there.Snapshot)
	}
	if lost := lacking(local, there); len(lost) > 0 {
		return refused("run mailerlake export --tables "+strings.Join(lost, ",")+" first", "holds tables that the dataset lacks: %s", strings.Join(lost, ", "))
	}
	if path := forked(local, there); path != "" {
		return refused(restore, "does not hold an earlier snapshot of this dataset: %s was written by another export", path)
	}
	return nil
}

// lacking returns the tables that a dataset lacks. A table never goes, so it was restored without them.
func lacking(local, there *dataset.Manifest) (tables []string) {
	for i := range there.Tables {
		if name := there.Tables[i].Name; local.Table(name) == nil {
			tables = append(tables, name)
		}
	}
	return tables
}

// forked returns a file that two datasets of one snapshot have differently, empty if there is none: then the state that is there
// is not an earlier one of the dataset.
func forked(local, there *dataset.Manifest) string {
	for i := range local.Tables {
		t := &local.Tables[i]
		was := there.Table(t.Name)
		if was == nil {
			continue
		}
		if path := cmp.Or(forkedPart(t, was, there.Snapshot), forkedChanges(t, was, there.Snapshot)); path != "" {
			return path
		}
	}
	return ""
}

// forkedPart returns a part that was written in the snapshot that is there or before, and is not there.
func forkedPart(t, was *dataset.TableState, snapshot int64) string {
	for i := range t.Parts {
		p := &t.Parts[i]
		if p.ChangedIn > snapshot {
			continue
		}
		if old := was.Part(p.Path); old == nil || old.ChangedIn != p.ChangedIn || old.SHA256 != p.SHA256 {
			return p.Path
		}
	}
	return ""
}

// forkedChanges returns a change file of a snapshot in which only one of two states changed a table, or both at different times.
// Its content says nothing: a person may have been taken out of it.
func forkedChanges(t, was *dataset.TableState, snapshot int64) string {
	mine, theirs := changeTimes(t), changeTimes(was)
	for at, when := range mine {
		if other, ok := theirs[at]; ok && !other.Equal(when) || !ok && at <= snapshot && at > was.ChangesSince {
			return dataset.ChangesPath(t.Name, at)
		}
	}
	for at := range theirs {
		if _, ok := mine[at]; !ok && at > t.ChangesSince {
			return dataset.ChangesPath(t.Name, at)
		}
	}
	return ""
}

// changeTimes returns when the changes were made that a table has files of, by snapshot.
func changeTimes(t *dataset.TableState) map[int64]time.Time {
	times := map[int64]time.Time{}
	for _, c := range t.Changes {
		times[c.Snapshot] = c.At
	}
	return times
}

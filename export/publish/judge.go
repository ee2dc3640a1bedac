package publish

import (
	"context"
	"errors"
	"fmt"
	"strings"

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

// forked returns a part that the same snapshot wrote differently, empty if there is none: the two datasets do not have
// the same history.
func forked(local, there *dataset.Manifest) string {
	for i := range local.Tables {
		t := &local.Tables[i]
		was := there.Table(t.Name)
		if was == nil {
			continue
		}
		for j := range t.Parts {
			p := &t.Parts[j]
			if old := was.Part(p.Path); old != nil && old.ChangedIn == p.ChangedIn && old.SHA256 != p.SHA256 {
				return p.Path
			}
		}
	}
	return ""
}

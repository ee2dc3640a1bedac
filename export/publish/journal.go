package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"mailerlake/export/dataset"
	"mailerlake/export/publish/store"
)

// journalFormat is the version of the journal that this program writes and knows.
const journalFormat = 1

// journal is the content of the object that exists while a destination is published.
type journal struct {
	Format int `json:"format"`
	// Token is of this publish alone.
	Token     string            `json:"token"`
	Publisher dataset.Publisher `json:"publisher"`
	Program   string            `json:"program"`
	Snapshot  int64             `json:"snapshot"`        // that is published
	Manifest  string            `json:"manifest_sha256"` // checksum of the dataset's manifest
	Base      int64             `json:"base_snapshot"`   // that the destination was at; 0 for none
	// Tables may have objects that the destination's manifest does not name.
	Tables []string `json:"tables"`
	// Mixed says that objects may differ from what the destination's manifest says even if it is the one of Manifest.
	Mixed   bool      `json:"mixed,omitempty"`
	Started time.Time `json:"started"` // UTC
	Lease   float64   `json:"lease_seconds"`
	// Renewals counts: a journal that stands still for its lease is of a publisher that has died.
	Renewals int64 `json:"renewals"`
}

func (j *journal) body() (store.Body, error) {
	data, err := json.Marshal(j, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return store.Body{}, fmt.Errorf("write %s: %w", journalKey, err)
	}
	return store.BytesBody(append(data, '\n')), nil
}

func (j *journal) owner() *Owner { return &Owner{j.Publisher.Host, j.Publisher.Path, j.Started} }

// heldJournal is a journal that was found.
type heldJournal struct {
	journal
	version string
}

// readJournal returns nil if there is no journal. One that cannot be read counts as that of a publisher nobody knows.
func readJournal(ctx context.Context, s store.Store) (*heldJournal, error) {
	data, object, err := readObject(ctx, s, journalKey)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h := &heldJournal{version: object.Version}
	if err := json.Unmarshal(data, &h.journal); err != nil {
		h.journal = journal{Mixed: true, Publisher: dataset.Publisher{Host: "?", Path: "?"}, Started: object.Modified}
		return h, nil
	}
	if h.Format > journalFormat {
		return nil, &RefusedError{s.String(), fmt.Sprintf("has a %s of format version %d, and this program knows only %d", journalKey, h.Format, journalFormat),
			"a newer mailerlake is needed"}
	}
	return h, nil
}

// BusyError says that another publisher is at work on a destination. Nothing was changed.
type BusyError struct {
	URL string
	Owner
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("destination %s is being published by another run, of dataset %s on %q since %s; wait until it has ended",
		e.URL, e.Path, e.Host, instant(e.Since))
}

func instant(at time.Time) string { return at.UTC().Format(time.RFC3339) }

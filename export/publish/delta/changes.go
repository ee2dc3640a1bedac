package delta

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/part"
	"mailerlake/export/publish/store"
	"mailerlake/schema"
)

// The kinds of rows of change data.
const (
	inserted     = "insert"
	updateBefore = "update_preimage"
	updateAfter  = "update_postimage"
	deleted      = "delete"
)

const (
	// changeBytes and changeRows of values are written at once.
	changeBytes = 4 << 20
	changeRows  = 8192
)

// changeData is what is known of the rows that a version changes.
type changeData struct {
	file *dataset.DeltaFile // nil if readers are to take the rows of the files that are removed and added
	none bool               // the rows stay as they are, only the files differ
}

// changeData writes the rows that the next version changes, if that is known. Without them a reader of the change data feed
// takes all rows of the files that are removed as deleted and all rows of those added as inserted, which comes to the same:
// that is what the protocol says of a version without change data, and what it holds after data is overwritten. Where rows
// are only added or only removed, it is exact.
func (c *commit) changeData(ctx context.Context, s *state, v *version) (changeData, error) {
	if !c.feed || v.adopted || len(v.added) == 0 || len(v.removed) == 0 || !v.follows(s.Snapshot, c.in.Snapshot) {
		return changeData{}, nil
	}
	changes, ok, err := c.in.Changes(ctx, s.Snapshot)
	if err != nil || !ok {
		return changeData{}, err
	}
	f, err := c.in.Scratch()
	if err != nil {
		return changeData{}, fmt.Errorf("write change data of Delta table %s: %w", s.Name, err)
	}
	defer f.Close()
	w := newChangeWriter(f, c.in.Table, c.in.Program)
	for change, err := range changes {
		if err = errors.Join(err, ctx.Err()); err == nil {
			err = w.add(change)
		}
		if err != nil {
			return changeData{}, fmt.Errorf("write change data of Delta table %s: %w", s.Name, err)
		}
	}
	if err := w.close(); err != nil {
		return changeData{}, fmt.Errorf("write change data of Delta table %s: %w", s.Name, err)
	}
	if w.rows == 0 {
		return changeData{none: true}, nil
	}
	return c.putChanges(ctx, s, f, w)
}

// follows reports whether a snapshot can have come of the one that the log holds. A part that was written before that and is
// not in the log is of another dataset, one that was exported anew, whose changes are not those of the table.
func (d *difference) follows(held, snapshot int64) bool {
	return held < snapshot && !slices.ContainsFunc(d.added, func(p *part.Part) bool { return p.ChangedIn <= held })
}

// putChanges puts change data into the store. Its name says what it is of, and is used once.
func (c *commit) putChanges(ctx context.Context, s *state, f disk.File, w *changeWriter) (changeData, error) {
	sum := hex.EncodeToString(w.sum.Sum(nil))
	file := &dataset.DeltaFile{Path: fmt.Sprintf("%s/cdc-%08d-%08d-%.8s.parquet", changeDir, s.Snapshot, c.in.Snapshot, sum), Bytes: w.bytes}
	open := func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(f, 0, w.bytes)), nil }
	key := s.Name + "/" + file.Path
	body := store.Body{Open: open, Bytes: w.bytes, SHA256: sum}
	_, err := c.in.Store.Put(ctx, key, body, store.IfAbsent())
	if errors.Is(err, store.ErrConflict) { // left by a publish that died, or the store is wrong: by its name it may only be this
		_, err = c.in.Store.Put(ctx, key, body, store.Always())
	}
	if err != nil {
		return changeData{}, fmt.Errorf("write %s: %w", key, err)
	}
	return changeData{file: file}, nil
}

// changeWriter writes a file of change data.
type changeWriter struct {
	out   *part.Writer
	f     io.Writer
	sum   hash.Hash
	bytes int64
	rows  int64
	batch *schema.Batch // rows that are not written yet
}

func newChangeWriter(f io.Writer, table *dataset.TableState, program string) *changeWriter {
	columns := append(slices.Clone(table.Columns), schema.Column{Name: changeType, Kind: schema.String})
	w := &changeWriter{f: f, sum: sha256.New(), batch: &schema.Batch{Columns: columns}}
	for _, c := range columns {
		w.batch.Vectors = append(w.batch.Vectors, schema.NewVector(c.Kind))
	}
	w.out = part.NewWriter(w, table.Name, columns, table.RowOrder(), program, part.DefaultSizes)
	return w
}

// Write takes the bytes of the file.
func (w *changeWriter) Write(data []byte) (int, error) {
	n, err := w.f.Write(data)
	w.sum.Write(data[:n])
	w.bytes += int64(n)
	return n, err
}

// add adds a change.
func (w *changeWriter) add(change Change) error {
	switch {
	case change.Before.Batch == nil:
		w.append(inserted, change.After)
	case change.After.Batch == nil:
		w.append(deleted, change.Before)
	default:
		w.append(updateBefore, change.Before)
		w.append(updateAfter, change.After)
	}
	if w.batch.Rows < changeRows && w.batch.Size() < changeBytes {
		return nil
	}
	return w.flush()
}

// append buffers rows.
func (w *changeWriter) append(kind string, rows part.Rows) {
	last := len(w.batch.Vectors) - 1
	for c, v := range w.batch.Vectors[:last] {
		v.AppendRows(rows.Batch.Vectors[c], rows.From, rows.To)
	}
	for range rows.To - rows.From {
		w.batch.Vectors[last].AppendText([]byte(kind))
	}
	w.batch.Rows += rows.To - rows.From
	w.rows += int64(rows.To - rows.From)
}

// flush writes what is buffered.
func (w *changeWriter) flush() error {
	err := w.out.Write(part.Rows{Batch: w.batch, To: w.batch.Rows})
	for _, v := range w.batch.Vectors {
		v.Reset()
	}
	w.batch.Rows = 0
	return err
}

func (w *changeWriter) close() error {
	if err := w.flush(); err != nil {
		return err
	}
	_, err := w.out.Close()
	return err
}

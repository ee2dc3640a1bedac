package merge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"mailerlake/export/part"
	"mailerlake/schema"
)

// File is a new part being written.
type File interface {
	io.Writer
	Close() error
	Bytes() int64 // written
	Sum() string  // SHA-256 of the bytes written, in lower-case hexadecimal
}

// writeRows is how many rows are written between two checks of the context.
const writeRows = 16384

// writer rewrites the dirty parts of a table from the scan and from the stored rows that stay.
type writer struct {
	ctx     context.Context
	table   *Table
	plan    *Plan
	create  func(path string) (File, error)
	program string
	now     int64 // microseconds: _synced_at of rows that are new or changed
	keep    *keeping
	changes Changes // nil if nobody wants them

	parts   []part.Part // written and kept, in key order
	number  int         // of the next new part
	written int         // parts written
	target  int64       // rows at which the part being written is ended; 0 for a part that keeps all its rows
	file    File
	w       *part.Writer // nil if no part is being written
	part    part.Part    // path and range of the part being written
}

// Write writes what a settled plan says, from the scan that it was made from, and returns all parts of the table in key
// order. create creates the file of a part; a file that is never closed must be discarded. changes takes what changes,
// unless it is nil; it must be if rows of damaged parts are lost or the table is rewritten. program is named in the files, now is the
// _synced_at of rows that are new or changed.
func (t *Table) Write(ctx context.Context, p *Plan, create func(path string) (File, error), changes Changes, program string, now time.Time) ([]part.Part, error) {
	if len(p.Parts) != len(t.Parts) || p.pages != t.Log.Stats().Pages {
		return nil, errors.New("the plan was made from another scan, or for other parts")
	}
	if changes != nil && (t.Rewrite || t.LostRows() > 0) {
		return nil, errUnknownChanges
	}
	w := &writer{ctx: ctx, table: t, plan: p, create: create, changes: changes, program: program, now: now.UnixMicro(), keep: t.keeping()}
	for i := range t.Parts {
		w.number = max(w.number, t.Parts[i].Number()+1)
	}
	rows := t.scanned(ctx, false)
	if err := w.merge(&pass{ctx: ctx, table: t, scanned: rows, visit: w.segment, enter: w.enter, leave: w.leave}); err != nil {
		return nil, err
	}
	p.Rescued, p.updated = max(p.Rescued, rows.rescued), max(p.updated, rows.updated)
	p.PartsWritten, p.PartsTotal = w.written, len(w.parts)
	return w.parts, nil
}

func (w *writer) merge(p *pass) error {
	if err := p.parts(); err != nil {
		return err
	}
	w.target = w.table.Sizes.Part
	if w.plan.Tail > 0 {
		if err := p.tail(); err != nil {
			return err
		}
	}
	if len(w.parts) == 0 && w.w == nil { // a table has at least one part
		if err := w.begin(nil); err != nil {
			return err
		}
	}
	if err := w.finish(); err != nil {
		return err
	}
	rows := int64(0)
	for i := range w.parts {
		rows += w.parts[i].Rows
	}
	if want := w.plan.RowsAfter(); rows != want {
		return fmt.Errorf("wrote %d rows, the plan said %d", rows, want)
	}
	return nil
}

// enter opens a part for writing, if it changes.
func (w *writer) enter(i int) (bool, error) {
	stored, plan := &w.table.Parts[i], &w.plan.Parts[i]
	if !plan.Dirty {
		w.parts = append(w.parts, *stored)
		return false, nil
	}
	if w.target = 0; plan.Rows > w.table.Sizes.Outgrown() {
		w.target = w.table.Sizes.Part
	}
	return true, w.open(part.Part{Path: stored.Path, From: stored.From})
}

// leave ends a part; the last one stays open for the rows beyond it.
func (w *writer) leave(i int) error {
	if i+1 == len(w.table.Parts) {
		return nil
	}
	return w.finish()
}

// segment writes the rows of a segment that are in the new state.
func (w *writer) segment(s *segment) error {
	if err := w.keepStored(s); err != nil {
		return err
	}
	if err := w.stampSynced(s); err != nil {
		return err
	}
	if err := w.emit(s); err != nil {
		return fmt.Errorf("keep changes of %s: %w", w.table.Table.Name, err)
	}
	rows, err := w.rows(s)
	if err != nil {
		return err
	}
	return w.write(rows)
}

// write writes rows, and begins a new part whenever the current one has reached its target.
func (w *writer) write(rows []part.Rows) error {
	for len(rows) > 0 {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		n := writeRows
		if w.target > 0 {
			if w.w == nil || w.w.Rows() >= w.target {
				if err := w.roll(rows[0]); err != nil {
					return err
				}
			}
			n = min(n, int(w.target-w.w.Rows()))
		}
		var chunk []part.Rows
		chunk, rows = part.Cut(rows, n)
		if err := w.w.Write(chunk...); err != nil {
			return fmt.Errorf("write %s: %w", w.part.Path, err)
		}
	}
	return nil
}

// roll ends the part being written and opens a new one, whose range begins with the first of the rows.
func (w *writer) roll(rows part.Rows) error {
	if err := w.finish(); err != nil {
		return err
	}
	var from schema.Key
	if len(w.parts) > 0 {
		from = w.table.keysOf(rows.Batch).At(rows.From)
	}
	return w.begin(from)
}

// begin opens a new part.
func (w *writer) begin(from schema.Key) error {
	path := part.Path(w.table.Table.Name, w.number)
	w.number++
	return w.open(part.Part{Path: path, From: from})
}

func (w *writer) open(p part.Part) error {
	f, err := w.create(p.Path)
	if err != nil {
		return fmt.Errorf("write %s: %w", p.Path, err)
	}
	w.file, w.part = f, p
	w.w = part.NewWriter(f, w.table.Table.Name, w.table.Layout.Columns, w.table.Table.Order, w.program, w.table.Sizes)
	return nil
}

// finish ends the part being written, if there is one.
func (w *writer) finish() error {
	if w.w == nil {
		return nil
	}
	p, err := w.w.Close()
	if err == nil {
		err = w.file.Close()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", w.part.Path, err)
	}
	p.Path, p.From = w.part.Path, w.part.From
	p.Bytes, p.SHA256 = w.file.Bytes(), w.file.Sum()
	w.parts = append(w.parts, p)
	w.written++
	w.w, w.file = nil, nil
	return nil
}

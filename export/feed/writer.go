package feed

import (
	"errors"
	"fmt"
	"io"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// File is a change file being written.
type File interface {
	io.Writer
	Close() error
	Bytes() int64 // written
	Sum() string  // SHA-256 of the bytes written, in lower-case hexadecimal
}

const (
	// groupRows ends a row group. Readers hold one of each file of a window, so it is a small part of what a table's has.
	groupRows = 8192
	// bufferBytes of values are written at once, if they are not groupRows.
	bufferBytes = 2 << 20
	// copyRows are buffered between two checks of these bounds.
	copyRows = 1024
)

var (
	errOrder = errors.New("changes are not in key order, or there are two of one key")
	errPairs = errors.New("rows before and after an update are not equally many")
)

// Writer writes the changes of one snapshot in one table, which it takes in key order. It creates its file with the first
// of them.
type Writer struct {
	create   func() (File, error)
	table    Table
	snapshot int64
	at       time.Time
	history  bool
	program  string
	group    int // rows of a row group

	file   File
	out    *part.Writer
	places []int         // beside the file's columns after ownColumns: their places in the table
	buffer *schema.Batch // rows of the file that are not written yet
	keys   schema.Keys   // of the buffer
	last   schema.Key    // of the rows written before
	rows   int64
	err    error
}

// NewWriter returns a writer of the changes that a snapshot makes at a time. With history, it keeps the rows whole. program
// names the program and its version in the file. A file that is created and not closed must be discarded.
func NewWriter(create func() (File, error), table Table, snapshot int64, at time.Time, history bool, program string) *Writer {
	w := &Writer{create: create, table: table, snapshot: snapshot, at: at.UTC().Truncate(time.Microsecond), history: history,
		program: program, group: groupRows}
	columns, places := table.fileColumns(history)
	w.places, w.buffer = places, &schema.Batch{Columns: columns}
	for _, c := range columns {
		w.buffer.Vectors = append(w.buffer.Vectors, schema.NewVector(c.Kind))
	}
	w.keys = w.buffer.Vectors[ownColumns : ownColumns+len(table.Order)]
	return w
}

// Whole reports whether whole rows are kept, not only keys.
func (w *Writer) Whole() bool { return w.history }

// Inserted takes rows that are new.
func (w *Writer) Inserted(rows part.Rows) error { return w.add(inserted, rows) }

// Deleted takes rows that are gone. Without history, only the columns of their key count.
func (w *Writer) Deleted(rows part.Rows) error { return w.add(deleted, rows) }

// Updated takes rows as they were before and as they are after a change, equally many and of the same keys. Without
// history, only the keys of those after it count.
func (w *Writer) Updated(before, after part.Rows) error {
	if !w.history {
		return w.add(updated, after)
	}
	if before.Batch == nil || before.To-before.From != after.To-after.From {
		w.err = errors.Join(w.err, errPairs)
		return w.err
	}
	for i := range after.To - after.From {
		for _, half := range []struct {
			change string
			rows   part.Rows
			at     int
		}{{updateBefore, before, before.From + i}, {updateAfter, after, after.From + i}} {
			if err := w.add(half.change, part.Rows{Batch: half.rows.Batch, From: half.at, To: half.at + 1}); err != nil {
				return err
			}
		}
	}
	return nil
}

// add takes changes of one kind.
func (w *Writer) add(change string, rows part.Rows) error {
	for from := rows.From; from < rows.To && w.err == nil; from += copyRows {
		to := min(rows.To, from+copyRows)
		if w.err = w.append(change, rows.Batch, from, to); w.err == nil && w.full() {
			w.err = w.flush()
		}
	}
	return w.err
}

// full reports whether the buffer is to be written.
func (w *Writer) full() bool {
	return w.buffer.Rows >= w.group || w.buffer.Size() >= bufferBytes
}

// append buffers rows.
func (w *Writer) append(change string, b *schema.Batch, from, to int) error {
	if len(b.Vectors) != len(w.table.Columns) {
		return fmt.Errorf("%d columns instead of %d", len(b.Vectors), len(w.table.Columns))
	}
	own, n := w.buffer.Vectors[:ownColumns], w.buffer.Rows
	for range to - from {
		own[0].AppendText([]byte(change))
		own[1].AppendInt(w.snapshot)
		own[2].AppendInt(w.at.UnixMicro())
	}
	for i, place := range w.places {
		w.buffer.Vectors[ownColumns+i].AppendRows(b.Vectors[place], from, to)
	}
	w.buffer.Rows += to - from
	return w.checkOrder(n, change)
}

// checkOrder checks the keys in the buffer from a row on: each follows the one before, but for the second row of an update,
// which has its first row's key.
func (w *Writer) checkOrder(from int, change string) error {
	want := 1
	if change == updateAfter {
		want = 0
	}
	for row := from; row < w.buffer.Rows; row++ {
		got := 1
		switch {
		case row > 0:
			got = w.keys.Compare(row, w.keys, row-1)
		case w.last != nil:
			got = w.keys.CompareKey(row, w.last)
		}
		if max(-1, min(1, got)) != want {
			return errOrder
		}
	}
	return nil
}

// flush writes what is buffered.
func (w *Writer) flush() (err error) {
	if w.buffer.Rows == 0 {
		return nil
	}
	if w.out == nil {
		if w.file, err = w.create(); err != nil {
			return err
		}
		w.out = part.NewWriter(w.file, w.table.Name, w.buffer.Columns, w.table.Order, w.program, part.Sizes{Group: int64(w.group)})
	}
	if err := w.out.Write(part.Rows{Batch: w.buffer, To: w.buffer.Rows}); err != nil {
		return err
	}
	w.last = w.keys.At(w.buffer.Rows - 1)
	w.rows += int64(w.buffer.Rows)
	w.buffer.Rows = 0
	for _, v := range w.buffer.Vectors {
		v.Reset()
	}
	return nil
}

// Close ends the file and returns what the manifest says of it, nil if there were no changes.
func (w *Writer) Close() (*dataset.ChangeFile, error) {
	f, err := w.close()
	if err != nil {
		return nil, fmt.Errorf("write changes of %s: %w", w.table.Name, err)
	}
	return f, nil
}

func (w *Writer) close() (*dataset.ChangeFile, error) {
	if w.err != nil {
		return nil, w.err
	}
	w.err = errors.New("the change file is closed")
	if err := w.flush(); err != nil || w.out == nil {
		return nil, err
	}
	if _, err := w.out.Close(); err != nil {
		return nil, err
	}
	if err := w.file.Close(); err != nil {
		return nil, err
	}
	return &dataset.ChangeFile{Snapshot: w.snapshot, At: w.at, Rows: w.rows, Bytes: w.file.Bytes(), SHA256: w.file.Sum(), History: w.history}, nil
}

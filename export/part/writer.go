package part

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/parquet-go/parquet-go"

	"mailerlake/schema"
)

const (
	writeRows = 8192 // rows that are written between two checks of the row group's size
	valueRows = 1024 // values passed to the library at a time
)

// Rows is a run of rows of a batch, [From, To).
type Rows struct {
	Batch    *schema.Batch
	From, To int
}

// Writer writes one part. It checks what the library does not: that columns are equally long and of the declared kind,
// that keys are not null, and that text is valid UTF-8. Rows have to come in key order, which is checked when they are
// read: Reader.Keys.
type Writer struct {
	columns   []schema.Column
	names     []string // of the key columns, in row order
	order     []int    // their indexes in columns
	program   string
	table     string
	out       io.Writer
	groupRows int

	w       *parquet.GenericWriter[any]
	heads   *pageHeads        // what w writes
	buffer  *bufio.Writer     // behind heads
	values  [][]parquet.Value // a buffer per encoding goroutine
	group   RowGroup
	payload int64 // bytes of values in the open row group
	part    Part
	err     error
}

// NewWriter returns a writer of a part with the columns, whose rows are ordered by the columns named in order.
// program names the program and its version in the file, sizes say where row groups end.
func NewWriter(out io.Writer, table string, columns []schema.Column, order []string, program string, sizes Sizes) *Writer {
	w := &Writer{columns: columns, names: order, table: table, program: program, out: out, groupRows: int(sizes.Group)}
	for _, name := range order {
		for i, c := range columns {
			if c.Name == name {
				w.order = append(w.order, i)
			}
		}
	}
	w.values = make([][]parquet.Value, min(runtime.GOMAXPROCS(0), len(columns)))
	for i := range w.values {
		w.values[i] = make([]parquet.Value, 0, valueRows)
	}
	return w
}

// Rows returns the number of rows written so far.
func (w *Writer) Rows() int64 { return w.part.Rows + w.group.Rows }

// Write appends the rows of the runs, whose batches have the part's columns. After an error the part cannot be finished.
func (w *Writer) Write(runs ...Rows) error {
	if w.err != nil {
		return w.err
	}
	if rowsOf(runs) == 0 {
		return nil
	}
	if w.err = w.checkRuns(runs); w.err == nil && w.w == nil {
		w.open(runs)
	}
	for len(runs) > 0 && w.err == nil {
		var chunk []Rows
		chunk, runs = Cut(runs, min(writeRows, w.groupRows-int(w.group.Rows), w.rowsThatFit(runs[0].Batch)))
		w.err = w.writeChunk(chunk)
	}
	return w.err
}

// rowsThatFit returns how many rows of the batch's average size fill up the row group; at least one.
func (w *Writer) rowsThatFit(b *schema.Batch) int {
	average := b.Size()/max(1, b.Rows) + 1
	return int(max(0, groupBytes-w.payload))/average + 1
}

func rowsOf(runs []Rows) (rows int) {
	for _, r := range runs {
		rows += r.To - r.From
	}
	return rows
}

// Cut splits runs after n rows.
func Cut(runs []Rows, n int) (head, tail []Rows) {
	for i, r := range runs {
		if rows := r.To - r.From; rows <= n {
			n -= rows
			continue
		}
		head = append(head, runs[:i]...)
		tail = append(tail, runs[i:]...)
		if n > 0 {
			head = append(head, Rows{r.Batch, r.From, r.From + n})
			tail[0].From += n
		}
		return head, tail
	}
	return runs, nil
}

func (w *Writer) writeChunk(runs []Rows) error {
	if w.group.Rows == 0 {
		w.group.First = w.key(runs[0].Batch, runs[0].From)
	}
	payload, err := w.encode(runs)
	if err != nil {
		return err
	}
	last := runs[len(runs)-1]
	w.part.LastKey = w.key(last.Batch, last.To-1)
	w.group.Rows += int64(rowsOf(runs))
	w.payload += payload
	if w.group.Rows >= int64(w.groupRows) || w.payload >= groupBytes {
		return w.flush()
	}
	return nil
}

// key returns the key of a row.
func (w *Writer) key(b *schema.Batch, row int) schema.Key {
	key := make(schema.Key, len(w.order))
	for i, c := range w.order {
		key[i] = string(b.Vectors[c].Text(row))
	}
	return key
}

// open creates the library's writer; the rows of the first Write decide how each column is encoded.
func (w *Writer) open(runs []Rows) {
	dictionary, sample := make([]bool, len(w.columns)), sampler{}
	for c, col := range w.columns {
		alone := len(w.order) == 1 && c == w.order[0] // such a key never repeats
		dictionary[c] = col.Kind != schema.Bool && !alone && sample.repeat(c, runs)
	}
	name, version, _ := strings.Cut(w.program, " ")
	w.buffer = bufio.NewWriterSize(w.out, parquet.DefaultWriteBufferSize)
	w.heads = newPageHeads(w.buffer)
	w.w = parquet.NewGenericWriter[any](w.heads, fileSchema(w.table, w.columns, dictionary),
		parquet.Compression(&codec{}),
		parquet.PageBufferSize(pageBytes),
		parquet.WriteBufferSize(0),
		parquet.DataPageVersion(1),
		parquet.DataPageStatistics(false),
		parquet.MaxRowsPerRowGroup(int64(w.groupRows)),
		parquet.CreatedBy(name, version+" ", "0")) // the library leaves out the blank
}

func (w *Writer) flush() error {
	if w.group.Rows == 0 {
		return nil
	}
	if err := w.w.Flush(); err != nil {
		return fmt.Errorf("write row group: %w", err)
	}
	w.group.Bytes, w.group.Pages = w.heads.next()
	w.part.RowGroups = append(w.part.RowGroups, w.group)
	w.part.Rows += w.group.Rows
	w.group, w.payload = RowGroup{}, 0
	return nil
}

// Close ends the file and returns what the manifest says about it: rows, row groups and last key. It may be called
// once; the underlying file stays open.
func (w *Writer) Close() (Part, error) {
	if w.err != nil {
		return Part{}, w.err
	}
	w.err = errors.New("part is closed")
	if w.w == nil { // no rows
		w.open(nil)
	}
	if err := w.flush(); err != nil {
		return Part{}, err
	}
	if err := writeNotes(w.w, w.columns, w.names, &w.part); err != nil {
		return Part{}, err
	}
	w.heads.ended = true
	if err := errors.Join(w.w.Close(), w.buffer.Flush()); err != nil {
		return Part{}, fmt.Errorf("write footer: %w", err)
	}
	return w.part, nil
}

package part

import (
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"golang.org/x/sync/errgroup"

	"mailerlake/schema"
)

const (
	writeRows  = 8192 // rows that all columns take before the row group's size is looked at
	valueRows  = 1024 // values handed to the library at a time
	sampleRows = 32768
)

// Rows is a run of rows of a batch, [From, To).
type Rows struct {
	Batch    *schema.Batch
	From, To int
}

// Writer writes one part. It checks what the library does not: that columns are equally long, of the declared
// kind, without nulls in the key, and valid UTF-8.
type Writer struct {
	columns   []schema.Column
	order     []int // of the key columns in columns, in row order
	program   string
	table     string
	out       io.Writer
	groupRows int

	w       *parquet.GenericWriter[any]
	values  [][]parquet.Value // a buffer per encoding goroutine
	group   RowGroup
	payload int64 // bytes of values in the open row group
	part    Part
	err     error
}

// NewWriter returns a writer of a part with the columns, whose rows are ordered by the columns named in order.
// program names the program and its version in the file, sizes say where row groups end.
func NewWriter(out io.Writer, table string, columns []schema.Column, order []string, program string, sizes Sizes) *Writer {
	w := &Writer{columns: columns, table: table, program: program, out: out, groupRows: int(sizes.Group)}
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

// Write appends the rows of the runs, whose batches have the part's columns. After an error the part is lost.
func (w *Writer) Write(runs ...Rows) error {
	if w.err != nil {
		return w.err
	}
	for len(runs) > 0 && w.err == nil {
		var chunk []Rows
		chunk, runs = Cut(runs, min(writeRows, w.groupRows-int(w.group.Rows), w.rowsThatFit(runs[0].Batch)))
		w.err = w.writeChunk(chunk)
	}
	return w.err
}

// rowsThatFit returns how many rows as large as the batch's average fill up the row group; at least one.
func (w *Writer) rowsThatFit(b *schema.Batch) int {
	average := b.Size()/max(1, b.Rows) + 1
	return int(max(0, groupBytes-w.payload))/average + 1
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
	rows := 0
	for _, r := range runs {
		rows += r.To - r.From
	}
	if rows == 0 {
		return nil
	}
	if err := w.checkRuns(runs); err != nil {
		return err
	}
	if w.w == nil {
		if err := w.open(runs); err != nil {
			return err
		}
	}
	if w.group.Rows == 0 {
		w.group.First = w.key(runs[0].Batch, runs[0].From)
	}
	payload, err := w.encode(runs)
	if err != nil {
		return err
	}
	last := runs[len(runs)-1]
	w.part.LastKey = w.key(last.Batch, last.To-1)
	w.group.Rows += int64(rows)
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

// open creates the library's writer; the first rows decide how each column is encoded.
func (w *Writer) open(runs []Rows) error {
	dictionary := make([]bool, len(w.columns))
	for c := range w.columns {
		dictionary[c] = w.repeats(c, runs)
	}
	codec := &zstd.Codec{Level: zstd.SpeedFastest, Concurrency: 1}
	name, version, _ := strings.Cut(w.program, " ")
	w.w = parquet.NewGenericWriter[any](w.out, fileSchema(w.table, w.columns, dictionary),
		parquet.Compression(codec),
		parquet.PageBufferSize(pageBytes),
		parquet.DataPageVersion(1),
		parquet.DataPageStatistics(false),
		parquet.MaxRowsPerRowGroup(int64(w.groupRows)),
		parquet.CreatedBy(name, version+" ", "0")) // the library leaves out the blank
	return nil
}

func (w *Writer) flush() error {
	if w.group.Rows == 0 {
		return nil
	}
	if err := w.w.Flush(); err != nil {
		return fmt.Errorf("write row group: %w", err)
	}
	w.part.RowGroups = append(w.part.RowGroups, w.group)
	w.part.Rows += w.group.Rows
	w.group, w.payload = RowGroup{}, 0
	return nil
}

// Close ends the file and returns what the manifest says of it: rows, row groups and last key. It closes once; the
// underlying file stays open.
func (w *Writer) Close() (Part, error) {
	if w.err != nil {
		return Part{}, w.err
	}
	w.err = errors.New("part is closed")
	if w.w == nil { // no rows
		if err := w.open(nil); err != nil {
			return Part{}, err
		}
	}
	if err := w.flush(); err != nil {
		return Part{}, err
	}
	if err := w.w.Close(); err != nil {
		return Part{}, fmt.Errorf("write footer: %w", err)
	}
	return w.part, nil
}

// encode hands the rows to the library, columns side by side on all processors, and returns the bytes of their values.
func (w *Writer) encode(runs []Rows) (int64, error) {
	writers := w.w.ColumnWriters()
	var next, payload atomic.Int64
	var g errgroup.Group
	for _, buf := range w.values {
		g.Go(func() error {
			for {
				c := int(next.Add(1)) - 1
				if c >= len(writers) {
					return nil
				}
				n, err := w.encodeColumn(writers[c], c, runs, buf)
				if err != nil {
					return fmt.Errorf("column %s: %w", w.columns[c].Name, err)
				}
				payload.Add(n)
			}
		})
	}
	err := g.Wait()
	return payload.Load(), err
}

func (w *Writer) encodeColumn(cw *parquet.ColumnWriter, c int, runs []Rows, buf []parquet.Value) (int64, error) {
	col := w.columns[c]
	var payload int64
	for _, r := range runs {
		v := r.Batch.Vectors[c]
		for from := r.From; from < r.To; from += valueRows {
			values, n, err := appendValues(buf[:0], v, col, from, min(from+valueRows, r.To))
			if err != nil {
				return 0, err
			}
			if _, err := cw.WriteRowValues(values); err != nil {
				return 0, err
			}
			payload += n
		}
	}
	return payload, nil
}

// checkRuns checks the shape of what is to be written, before any of it is looked at.
func (w *Writer) checkRuns(runs []Rows) error {
	for _, r := range runs {
		if len(r.Batch.Vectors) != len(w.columns) {
			return fmt.Errorf("%d columns instead of %d", len(r.Batch.Vectors), len(w.columns))
		}
		for c, col := range w.columns {
			if err := checkVector(r.Batch.Vectors[c], col, r); err != nil {
				return fmt.Errorf("column %s: %w", col.Name, err)
			}
		}
	}
	return nil
}

func checkVector(v *schema.Vector, col schema.Column, r Rows) error {
	switch {
	case v == nil && !col.Required:
		return nil
	case v == nil:
		return errors.New("key column is missing")
	case v.Kind != col.Kind:
		return fmt.Errorf("values are %v, the column is %v", v.Kind, col.Kind)
	case v.Len() != r.Batch.Rows:
		return fmt.Errorf("%d values for %d rows", v.Len(), r.Batch.Rows)
	}
	return nil
}

// appendValues appends rows [from, to) of v as the library's values and returns their bytes. The values point into v.
func appendValues(dst []parquet.Value, v *schema.Vector, col schema.Column, from, to int) ([]parquet.Value, int64, error) {
	if v == nil {
		return append(dst, make([]parquet.Value, to-from)...), 0, nil
	}
	level := 1
	if col.Required {
		level = 0
	}
	var payload int64
	for i := from; i < to; i++ {
		if v.Null(i) {
			if col.Required {
				return nil, 0, errors.New("null in the key")
			}
			dst = append(dst, parquet.Value{})
			continue
		}
		value, size, err := value(v, i)
		if err != nil {
			return nil, 0, err
		}
		value.SetDefinitionLevel(level)
		dst = append(dst, value)
		payload += size
	}
	return dst, payload, nil
}

func value(v *schema.Vector, i int) (parquet.Value, int64, error) {
	switch v.Kind {
	case schema.String:
		text := v.Text(i)
		if !utf8.Valid(text) {
			return parquet.Value{}, 0, errors.New("text is not valid UTF-8")
		}
		return parquet.ByteArrayValue(text), int64(len(text)) + 4, nil
	case schema.Double:
		return parquet.DoubleValue(v.Float(i)), 8, nil
	case schema.Bool:
		return parquet.BooleanValue(v.Int(i) != 0), 1, nil
	case schema.Date:
		day := v.Int(i)
		if day < math.MinInt32 || day > math.MaxInt32 {
			return parquet.Value{}, 0, fmt.Errorf("day %d is out of range", day)
		}
		return parquet.Int32Value(int32(day)), 4, nil
	default:
		return parquet.Int64Value(v.Int(i)), 8, nil
	}
}

// repeats reports whether a column's values repeat so much, four times on average, that a dictionary pays.
func (w *Writer) repeats(c int, runs []Rows) bool {
	if w.columns[c].Kind == schema.Bool || w.columns[c].Required && len(w.order) == 1 {
		return false
	}
	seen := make(map[string]struct{})
	numbers := make(map[int64]struct{})
	rows := 0
	for _, r := range runs {
		v := r.Batch.Vectors[c]
		if v == nil {
			continue
		}
		for i := r.From; i < r.To && rows < sampleRows; i++ {
			if v.Null(i) {
				continue
			}
			rows++
			if v.Kind == schema.String {
				seen[string(v.Text(i))] = struct{}{}
			} else {
				numbers[v.Int(i)] = struct{}{}
			}
		}
	}
	return rows > 0 && 4*(len(seen)+len(numbers)) <= rows
}

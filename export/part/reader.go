package part

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/parquet-go/parquet-go"

	"mailerlake/export/disk"
	"mailerlake/schema"
)

// Reader reads one part, a column of a row group at a time.
type Reader struct {
	columns []schema.Column
	file    *parquet.File
	closer  io.Closer
}

// buffers lends the library's values out to readers.
var buffers = sync.Pool{New: func() any { return new([valueRows]parquet.Value) }}

// Open opens a part that the manifest describes; the reader closes f. The file is read once to compare its checksum
// before any of it is interpreted; a file that is not the one the manifest describes is an error.
func Open(f disk.File, part *Part, columns []schema.Column) (r *Reader, err error) {
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	defer recovered(&err)
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() != part.Bytes {
		return nil, fmt.Errorf("file has %d bytes, the manifest says %d", info.Size(), part.Bytes)
	}
	if err := checkSum(f, part); err != nil {
		return nil, err
	}
	if err := checkFooter(f, info.Size(), len(part.RowGroups), len(columns)); err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(f, info.Size(), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true),
		parquet.ReadBufferSize(256<<10))
	if err != nil {
		return nil, err
	}
	r = &Reader{columns: columns, file: file, closer: f}
	return r, r.check(part)
}

func checkSum(f io.ReaderAt, part *Part) error {
	sum := sha256.New()
	if _, err := io.CopyBuffer(sum, io.NewSectionReader(f, 0, part.Bytes), make([]byte, 256<<10)); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != part.SHA256 {
		return errors.New("checksum differs from the manifest's")
	}
	return nil
}

func (r *Reader) check(part *Part) error {
	if err := checkSchema(r.file.Schema(), r.columns); err != nil {
		return err
	}
	if err := checkCodecs(r.file.Metadata()); err != nil {
		return err
	}
	groups := r.file.RowGroups()
	if len(groups) != len(part.RowGroups) {
		return fmt.Errorf("%d row groups, the manifest says %d", len(groups), len(part.RowGroups))
	}
	for g, want := range part.RowGroups {
		if got := groups[g].NumRows(); got != want.Rows {
			return fmt.Errorf("row group %d has %d rows, the manifest says %d", g, got, want.Rows)
		}
	}
	return nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.closer.Close() }

// Read reads column c of row group g into v, which is emptied first and takes the column's kind. It is not safe for
// concurrent use.
func (r *Reader) Read(g, c int, v *schema.Vector) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("read column %s of row group %d: %w", r.columns[c].Name, g, err)
		}
	}()
	defer recovered(&err)
	group := r.file.RowGroups()[g]
	chunk := &r.file.Metadata().RowGroups[g].Columns[c].MetaData
	if err := checkPages(r.file, r.file.Size(), chunk, group.NumRows()); err != nil {
		return err
	}
	v.Reset()
	v.Kind = r.columns[c].Kind
	pages := group.ColumnChunks()[c].Pages()
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		err = r.readPage(page, v, group.NumRows())
		parquet.Release(page)
		if err != nil {
			return err
		}
	}
	if int64(v.Len()) != group.NumRows() {
		return fmt.Errorf("%d values for %d rows", v.Len(), group.NumRows())
	}
	return nil
}

func (r *Reader) readPage(page parquet.Page, v *schema.Vector, rows int64) error {
	values := page.Values()
	buf := buffers.Get().(*[valueRows]parquet.Value)
	defer buffers.Put(buf)
	for {
		n, err := values.ReadValues(buf[:])
		if int64(v.Len()+n) > rows {
			return errors.New("more values than rows")
		}
		for _, x := range buf[:n] {
			appendValue(v, x)
		}
		if len(v.Bytes) > maxText {
			return errors.New("more text than a row group may have")
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func appendValue(v *schema.Vector, x parquet.Value) {
	switch {
	case x.IsNull():
		v.AppendNull(1)
	case v.Kind == schema.String:
		v.AppendText(x.ByteArray())
	case v.Kind == schema.Double:
		v.AppendFloat(x.Double())
	case v.Kind == schema.Bool && x.Boolean():
		v.AppendInt(1)
	case v.Kind == schema.Bool:
		v.AppendInt(0)
	case v.Kind == schema.Date:
		v.AppendInt(int64(x.Int32()))
	default:
		v.AppendInt(x.Int64())
	}
}

// recovered turns a panic of the library over a damaged file into an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("file is damaged: %v", p)
	}
}

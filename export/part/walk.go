package part

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"mailerlake/export/disk"
	"mailerlake/schema"
)

// A damaged part is read without its footer: the manifest says where each row group begins, columns follow each other there, and
// each page says how long it is. If all headers of the pages are the ones that the manifest has a checksum of, the row group is
// the manifest's, and not that of another version of the part. A footer is made of those that are.

// openWalked opens a part without its footer. Row groups that are not the manifest's have no rows.
func openWalked(f disk.File, part *Part, columns []schema.Column, order []string) (*Reader, error) {
	meta, err := emptyMeta(columns, order)
	if err != nil {
		return nil, err
	}
	at := int64(len(magic))
	for _, g := range part.RowGroups {
		group, ok := walkGroup(f, at, &g, meta.Schema[1:])
		if !ok {
			group = noGroup(meta.Schema[1:])
		}
		meta.RowGroups, meta.NumRows, at = append(meta.RowGroups, group), meta.NumRows+group.NumRows, at+g.Bytes
	}
	if meta.NumRows == 0 {
		return nil, errOther
	}
	whole, err := withFooter(f, at, meta)
	if err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(whole, whole.size(), openOptions...)
	if err != nil {
		return nil, err
	}
	return &Reader{part: part, columns: columns, order: order, file: file}, nil
}

// emptyMeta returns the content of the footer of a part without rows.
func emptyMeta(columns []schema.Column, order []string) (*format.FileMetaData, error) {
	var empty bytes.Buffer
	if _, err := NewWriter(&empty, "", columns, order, "", Sizes{Group: 1, Part: 1}).Close(); err != nil {
		return nil, err
	}
	data := empty.Bytes()
	end := len(data) - footerTail
	var protocol thrift.CompactProtocol
	meta := &format.FileMetaData{}
	return meta, thrift.Unmarshal(&protocol, data[end-int(binary.LittleEndian.Uint32(data[end:])):end], meta)
}

// walkGroup finds the columns of a row group that begins at an offset, if it is the manifest's.
func walkGroup(f io.ReaderAt, at int64, want *RowGroup, columns []format.SchemaElement) (g format.RowGroup, ok bool) {
	g = noGroup(columns)
	g.NumRows, g.TotalByteSize = want.Rows, want.Bytes
	end, heads := at+want.Bytes, sha256.New()
	for i := range g.Columns {
		chunk := &g.Columns[i].MetaData
		if err := walkChunk(f, at, end, want.Rows, chunk, heads); err != nil {
			return g, false
		}
		at += chunk.TotalCompressedSize
	}
	return g, at == end && headSum(heads) == want.Pages
}

// noGroup returns a row group without rows.
func noGroup(columns []format.SchemaElement) (g format.RowGroup) {
	for _, c := range columns {
		g.Columns = append(g.Columns, format.ColumnChunk{MetaData: format.ColumnMetaData{
			Type: c.Type.V, PathInSchema: []string{c.Name}, Codec: format.Zstd, DataPageOffset: int64(len(magic))}})
	}
	return g
}

// walkChunk finds the pages of a column that begins at an offset, and adds their headers to a checksum.
func walkChunk(f io.ReaderAt, at, end, rows int64, chunk *format.ColumnMetaData, heads io.Writer) error {
	begin := at
	chunk.NumValues, chunk.DataPageOffset = rows, at
	for rows > 0 {
		if at >= end {
			return errPage
		}
		p, err := readPageHead(f, at, end)
		switch {
		case err != nil:
			return err
		case p.rows > rows:
			return errPage
		case p.dictionary && at == begin:
			chunk.DictionaryPageOffset, chunk.DataPageOffset = at, p.end
		case p.dictionary || p.rows == 0:
			return errPage
		default:
			rows -= p.rows
		}
		heads.Write(p.head) // never fails
		at = p.end
	}
	chunk.TotalCompressedSize = at - begin
	return nil
}

const (
	magic      = "PAR1"
	footerTail = 8 // bytes behind a footer: its size, and magic
)

// spliced is a file whose first bytes are those of another, with other bytes behind them.
type spliced struct {
	io.ReaderAt
	end  int64
	tail []byte
}

// withFooter returns a file up to an offset, with a footer behind that.
func withFooter(f io.ReaderAt, end int64, meta *format.FileMetaData) (*spliced, error) {
	var protocol thrift.CompactProtocol
	tail, err := thrift.Marshal(&protocol, meta)
	tail = append(binary.LittleEndian.AppendUint32(tail, uint32(len(tail))), magic...)
	return &spliced{f, end, tail}, err
}

func (s *spliced) size() int64 { return s.end + int64(len(s.tail)) }

// ReadAt reads the first bytes as they ought to be: they may be damaged, and say nothing.
func (s *spliced) ReadAt(p []byte, off int64) (n int, err error) {
	if off < s.end {
		want := int(min(int64(len(p)), s.end-off))
		if n, err = s.ReaderAt.ReadAt(p[:want], off); n < want {
			return n, errors.Join(io.ErrUnexpectedEOF, err)
		}
		if off < int64(len(magic)) {
			copy(p[:n], magic[off:])
		}
		if off += int64(n); n == len(p) {
			return n, nil
		}
	}
	more := copy(p[n:], s.tail[min(int64(len(s.tail)), off-s.end):])
	if n += more; n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

package part

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"mailerlake/export/disk"
	"mailerlake/schema"
)

// A part whose footer is damaged or missing can be read all the same: columns follow each other from the beginning, and each
// page says how long it is. Where the manifest's rows fit these pages, another footer is made of them.

// openWalked opens a part without its footer, with the row groups whose pages are all there.
func openWalked(f disk.File, part *Part, columns []schema.Column, order []string) (*Reader, error) {
	meta, err := emptyMeta(columns, order)
	if err != nil {
		return nil, err
	}
	at := int64(len(magic))
	for _, g := range part.RowGroups {
		group, end, err := walkGroup(f, at, part.Bytes, g.Rows, meta.Schema[1:])
		if err != nil {
			break
		}
		meta.RowGroups, meta.NumRows, at = append(meta.RowGroups, group), meta.NumRows+g.Rows, end
	}
	if len(meta.RowGroups) == 0 {
		return nil, errFooter
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

// walkGroup finds the columns of a row group that begins at an offset, and where it ends.
func walkGroup(f io.ReaderAt, at, size, rows int64, columns []format.SchemaElement) (g format.RowGroup, end int64, err error) {
	g.NumRows = rows
	for _, c := range columns {
		chunk, err := walkChunk(f, at, size, rows)
		if err != nil {
			return g, 0, err
		}
		chunk.Type, chunk.PathInSchema, chunk.Codec = c.Type.V, []string{c.Name}, format.Zstd
		g.Columns = append(g.Columns, format.ColumnChunk{MetaData: chunk})
		g.TotalByteSize += chunk.TotalCompressedSize
		at += chunk.TotalCompressedSize
	}
	return g, at, nil
}

// walkChunk finds the pages of a column that begins at an offset.
func walkChunk(f io.ReaderAt, at, size, rows int64) (chunk format.ColumnMetaData, err error) {
	begin := at
	chunk.NumValues, chunk.DataPageOffset = rows, at
	for rows > 0 {
		if at >= size {
			return chunk, errPage
		}
		p, err := readPageHead(f, at, size)
		switch {
		case err != nil:
			return chunk, err
		case p.rows > rows:
			return chunk, errPage
		case p.dictionary && at == begin:
			chunk.DictionaryPageOffset, chunk.DataPageOffset = at, p.end
		case p.dictionary || p.rows == 0:
			return chunk, errPage
		default:
			rows -= p.rows
		}
		at = p.end
	}
	chunk.TotalCompressedSize = at - begin
	return chunk, nil
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

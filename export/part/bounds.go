package part

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// The Parquet library allocates whatever a file's footer and page headers ask for. They are checked here before it
// reads them, each length and count against what is really there, so that no file makes it allocate much more than its
// own size. The content of a page is guarded by the page's checksum.

const (
	// maxNested bounds the nesting of the structs in a footer; Parquet's own structs nest half as deep.
	maxNested = 16
	// maxStructs bounds the structs in a footer, per column of a row group.
	maxStructs = 32
	// maxPageHead bounds the size of a page's header; ours have no statistics.
	maxPageHead = 512
	// maxText bounds the bytes of text of a column of a row group. A row group ends at groupBytes, or with the rows
	// that exceed it.
	maxText = 1 << 30
)

var (
	errFooter = errors.New("footer is damaged")
	errPage   = errors.New("page is damaged")
)

// checkFooter checks a file's footer; its schema must be a flat list of columns.
func checkFooter(f io.ReaderAt, size int64, groups, columns int) error {
	var tail [8]byte
	if size < 12 {
		return errors.New("file is too short for a Parquet file")
	}
	if _, err := f.ReadAt(tail[:], size-8); err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(tail[:4]))
	if string(tail[4:]) != "PAR1" || n > size-12 {
		return errors.New("file does not end like a Parquet file")
	}
	footer := make([]byte, n)
	if _, err := f.ReadAt(footer, size-8-n); err != nil {
		return err
	}
	w := thriftSkipper{data: footer, structs: maxStructs * (groups + 1) * (columns + 1)}
	if !w.skip(thrift.STRUCT, 0) || len(w.data) > 0 {
		return errFooter
	}
	return checkFlat(footer, columns)
}

// checkFlat decodes the schema alone: the library's tree of a deep schema takes memory in proportion to the square of
// its depth.
func checkFlat(footer []byte, columns int) error {
	var meta struct {
		Schema thrift.Slice[format.SchemaElement] `thrift:"2,required"`
	}
	var protocol thrift.CompactProtocol
	if err := thrift.NewDecoder(protocol.NewReaderFromBytes(footer)).Decode(&meta); err != nil {
		return errFooter
	}
	for i, e := range meta.Schema {
		if n := e.NumChildren; i == 0 && (!n.Valid || int(n.V) != len(meta.Schema)-1) || i > 0 && n.Valid && n.V != 0 {
			return errors.New("its columns are nested")
		}
	}
	return nil
}

// checkPages walks the pages of a column chunk.
func checkPages(f io.ReaderAt, size int64, chunk *format.ColumnMetaData, rows int64) error {
	at := start(chunk)
	if at < 4 || chunk.TotalCompressedSize < 0 || chunk.TotalCompressedSize > size-at {
		return errors.New("its place in the file is damaged")
	}
	for end := at + chunk.TotalCompressedSize; at < end; {
		p, err := readPageHead(f, at, end)
		if err == nil {
			err = checkPacked(f, &p)
		}
		if err != nil {
			return err
		}
		if p.rows > rows {
			return errPage
		}
		if !p.dictionary {
			rows -= p.rows
		}
		at = p.end
	}
	if rows != 0 {
		return errors.New("its pages do not have the row group's rows")
	}
	return nil
}

// checkCodecs makes sure that all pages are compressed as checkPacked expects. The library unpacks all pages of a
// column with one codec, whatever their row groups say.
func checkCodecs(meta *format.FileMetaData) error {
	for _, g := range meta.RowGroups {
		for _, c := range g.Columns {
			if c.MetaData.Codec != format.Zstd {
				return errors.New("its columns are not compressed by zstd")
			}
		}
	}
	return nil
}

// pageHead is what a page says about itself.
type pageHead struct {
	dictionary bool
	rows       int64 // values, nulls included
	head       []byte
	data, end  int64 // where its packed data begins, and the next page
	unpacked   int32 // bytes
	sum        uint32
}

// readPageHead reads and checks the header of the page at an offset of a chunk that ends at end.
func readPageHead(f io.ReaderAt, at, end int64) (p pageHead, err error) {
	data := make([]byte, min(maxPageHead, end-at))
	if _, err := f.ReadAt(data, at); err != nil {
		return p, err
	}
	w := thriftSkipper{data: data, structs: maxNested}
	if !w.skip(thrift.STRUCT, 0) {
		return p, errPage
	}
	p.head = data[:len(data)-len(w.data)]
	h, err := decodePageHead(p.head)
	if err != nil {
		return p, err
	}
	switch {
	case h.Type == format.DataPage && h.DataPageHeader.Valid:
		p.rows = int64(h.DataPageHeader.V.NumValues)
	case h.Type == format.DictionaryPage && h.DictionaryPageHeader.Valid:
		p.dictionary, p.rows = true, int64(h.DictionaryPageHeader.V.NumValues)
	default:
		return p, errPage
	}
	at += int64(len(p.head))
	p.data, p.end, p.unpacked, p.sum = at, at+int64(h.CompressedPageSize), h.UncompressedPageSize, uint32(h.CRC)
	if p.rows < 0 || h.CompressedPageSize < 0 || p.end > end {
		return p, errPage
	}
	return p, nil
}

func decodePageHead(data []byte) (h format.PageHeader, err error) {
	var protocol thrift.CompactProtocol
	if thrift.NewDecoder(protocol.NewReaderFromBytes(data)).Decode(&h) != nil {
		err = errPage
	}
	return h, err
}

// checkPacked compares the size that a page says it unpacks to with what its packed data says. The library does not
// check a checksum of zero, since it takes it for a missing one; so it is checked here.
func checkPacked(f io.ReaderAt, p *pageHead) error {
	var start [zstd.HeaderMaxSize]byte
	n := min(int64(len(start)), p.end-p.data)
	if _, err := f.ReadAt(start[:n], p.data); err != nil {
		return err
	}
	var frame zstd.Header
	if err := frame.Decode(start[:n]); err != nil || p.unpacked < 0 {
		return errPage
	}
	unsaid := !frame.HasFCS && p.unpacked < 256 // so small a size is left out
	if !unsaid && frame.FrameContentSize != uint64(p.unpacked) {
		return errPage
	}
	if p.sum != 0 {
		return nil
	}
	return checkSum(f, p)
}

// checkSum compares the checksum of a page with what its header says.
func checkSum(f io.ReaderAt, p *pageHead) error {
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, io.NewSectionReader(f, p.data, p.end-p.data)); err != nil || sum.Sum32() != p.sum {
		return errPage
	}
	return nil
}

// thriftSkipper skips values in Thrift's compact protocol and allocates nothing.
type thriftSkipper struct {
	data    []byte // what is left
	structs int    // how many more may come
}

// skip skips one value of a type, encoded as in a list, and reports whether it is whole.
func (w *thriftSkipper) skip(t thrift.Type, depth int) bool {
	switch t {
	case thrift.TRUE, thrift.FALSE, thrift.I8:
		return w.cut(1)
	case thrift.I16, thrift.I32, thrift.I64:
		_, ok := w.number()
		return ok
	case thrift.DOUBLE:
		return w.cut(8)
	case thrift.BINARY:
		n, ok := w.number()
		return ok && w.cut(n)
	case thrift.LIST, thrift.SET:
		return depth < maxNested && w.list(depth+1)
	case thrift.STRUCT:
		w.structs--
		return depth < maxNested && w.structs >= 0 && w.fields(depth+1)
	}
	return false // Parquet has no maps
}

func (w *thriftSkipper) cut(n uint64) bool {
	if n > uint64(len(w.data)) {
		return false
	}
	w.data = w.data[n:]
	return true
}

func (w *thriftSkipper) number() (uint64, bool) {
	x, n := binary.Uvarint(w.data)
	return x, n > 0 && w.cut(uint64(n))
}

func (w *thriftSkipper) list(depth int) bool {
	if len(w.data) == 0 {
		return false
	}
	n, t := uint64(w.data[0]>>4), thrift.Type(w.data[0]&15)
	w.data = w.data[1:]
	if n == 15 {
		var ok bool
		if n, ok = w.number(); !ok {
			return false
		}
	}
	for ; n > 0; n-- {
		if !w.skip(t, depth) {
			return false
		}
	}
	return true
}

func (w *thriftSkipper) fields(depth int) bool {
	for len(w.data) > 0 {
		head := w.data[0]
		w.data = w.data[1:]
		if head == byte(thrift.STOP) {
			return true
		}
		if head>>4 == 0 { // the field's number follows
			if _, ok := w.number(); !ok {
				return false
			}
		}
		t := thrift.Type(head & 15)
		if t == thrift.TRUE || t == thrift.FALSE { // the value is in the type
			continue
		}
		if !w.skip(t, depth) {
			return false
		}
	}
	return false
}

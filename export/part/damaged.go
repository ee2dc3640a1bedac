package part

import (
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"mailerlake/export/disk"
	"mailerlake/schema"
)

// OpenDamaged opens a part whose checksum is not the manifest's, to read what of it is sound. ReadSound and SoundKeys are for
// it; nothing else may be read. It is an error if no row group is the manifest's: old rows, of another version of the part,
// prove nothing.
func OpenDamaged(f disk.File, part *Part, columns []schema.Column, order []string) (r *Reader, err error) {
	w := &witness{File: f}
	defer func() {
		if err = errors.Join(err, w.seen()); err != nil {
			f.Close()
		}
	}()
	defer recovered(&err)
	if r, err = openWalked(w, part, columns, order); r != nil {
		r.closer, r.witness = f, w
	}
	return r, err
}

var errOther = errors.New("file is another version of the part, or too damaged to tell")

// witness is a file that remembers an error of reading it, which is no damage that its content shows.
type witness struct {
	disk.File
	mu  sync.Mutex
	err error
}

func (w *witness) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.File.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.err = err
	}
	return n, err
}

func (w *witness) seen() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// start returns where a column chunk begins.
func start(chunk *format.ColumnMetaData) int64 {
	if chunk.DictionaryPageOffset != 0 {
		return chunk.DictionaryPageOffset
	}
	return chunk.DataPageOffset
}

// SoundKeys is Keys for a damaged part: an error if a key of the row group cannot be read.
func (r *Reader) SoundKeys(g int) (schema.Keys, error) {
	for c := range r.columns {
		if !slices.Contains(r.order, r.columns[c].Name) {
			continue
		}
		if sound, err := r.ReadSound(g, c, &schema.Vector{}); err != nil || slices.Contains(sound, false) {
			return nil, errors.Join(errPage, err)
		}
	}
	keys, err := r.Keys(g)
	return keys, errors.Join(err, r.witness.seen())
}

// ReadSound reads what can be read of column c of row group g into v, which is emptied first and takes the column's kind. Rows
// of pages whose checksums do not match are null; sound says, beside all rows, which are not among them.
func (r *Reader) ReadSound(g, c int, v *schema.Vector) (sound []bool, err error) {
	defer func() {
		if failed := r.witness.seen(); failed != nil {
			sound, err = nil, failed
		}
	}()
	defer recovered(&err)
	group := r.file.RowGroups()[g]
	rows := int(group.NumRows())
	if rows == 0 { // it is not the manifest's
		return nil, errPage
	}
	sound = make([]bool, rows)
	v.Reset()
	v.Kind = r.columns[c].Kind
	pages := group.ColumnChunks()[c].Pages()
	defer pages.Close()
	for _, p := range soundPages(r.file, &r.file.Metadata().RowGroups[g].Columns[c].MetaData, int64(rows)) {
		page, err := pages.ReadPage()
		if !p.sound || err != nil {
			if p.sound || err == nil {
				break // the library reads another page than the one that was looked at
			}
			v.AppendNull(p.rows)
			continue
		}
		from := v.Len()
		err = appendPage(v, page)
		parquet.Release(page)
		if err != nil || v.Len()-from != p.rows {
			return nil, errPage
		}
		for i := range p.rows {
			sound[from+i] = true
		}
	}
	v.AppendNull(rows - v.Len())
	return sound, nil
}

// dataPage is what is known of a page with values before it is read.
type dataPage struct {
	rows  int
	sound bool // its checksum is right
}

// soundPages walks the pages of a column chunk as far as their headers lead: the dictionary must be sound, and all pages
// together may not have more rows than there are.
func soundPages(f io.ReaderAt, chunk *format.ColumnMetaData, rows int64) (pages []dataPage) {
	at := start(chunk)
	for end := at + chunk.TotalCompressedSize; at < end; {
		p, err := readPageHead(f, at, end)
		if err != nil || p.rows > rows {
			return pages
		}
		sound := checkPacked(f, &p) == nil && checkSum(f, &p) == nil
		switch {
		case !p.dictionary:
			pages, rows = append(pages, dataPage{int(p.rows), sound}), rows-p.rows
		case !sound: // the values of all pages are in it
			return nil
		}
		at = p.end
	}
	if rows != 0 { // a header is damaged, and who knows which
		return nil
	}
	return pages
}

package schema

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// MaxRecords bounds the records of a page; the API sends 1,000 at most.
	MaxRecords = 10_000
	// maxPage bounds the bytes of a page, so that offsets into it, and into its decoded text, fit 32 bits.
	maxPage = 1 << 30
	// maxName bounds the bytes of an attribute's name that becomes a column.
	maxName = 1024
)

// Decoder turns pages of a table's records into columns. It reads a page once, notes where each value is, and then fills
// one column after the other. A Decoder is for one goroutine.
type Decoder struct {
	table         *Table
	own           []bool   // beside the table's columns: read from the record, and not a repeated key of the parent
	parent        []string // key of the parent row that the records belong to; nil if it is not known
	parentColumns []string // the columns that repeat it, beside parent
	marking       string   // the column that the walk marks; empty if it marks none
	never         []string // names of members that are left out
	second        []string // paths that share another path's column
	ranks         map[string]int
	root          *object
	expected      []*object
	children      []*childDecoder

	tokens *tokens // nil if nothing is hashed
	in     *scanner
	spare  *spares

	data      []byte
	pages     int // pages begun; the cell of a dynamic member is valid for one page
	records   int // records begun, over all pages
	rows      int // rows kept of this page
	dropped   int
	known     int       // dynamic members known, over all pages
	cells     []cells   // of declared columns and second paths, then of dynamic columns
	dynamic   []*member // the dynamic columns of this page
	strays    []stray   // values without a column
	absent    []uint64
	anyAbsent bool
	name      []byte
	arena     []byte
}

// span is where a value is in the page. The zero span, where no value can be, stands for null.
type span struct{ start, end uint32 }

// cells are a column's values by row, in the order in which the records came. Rows at the end may be missing: they are
// null.
type cells []span

func (c *cells) put(row int, s span) {
	for len(*c) < row {
		*c = append(*c, lacking)
	}
	*c = append((*c)[:row], s)
}

// lacking stands for the values of rows that lack a column, before one that has it. It is null, too.
var lacking = span{start: 1}

// cut removes the values of rows from the given one on, and leaves the cells as they were before these were put.
func (c *cells) cut(row int) {
	n := min(len(*c), row)
	for n > 0 && (*c)[n-1] == lacking {
		n--
	}
	*c = (*c)[:n]
}

// stray is a value that has no column: it stands in place of a declared object, or there are too many columns.
type stray struct {
	row    int
	object *object // in whose place it stands, or of which it is a member
	path   string
	value  span
}

// NewDecoder returns a decoder for the records of a table's source. For a table whose rows are nested in another's,
// these are the records of its Otherwise list.
func NewDecoder(t *Table) *Decoder {
	s, at := t.Source, t.array()
	if nested, ok := s.(*Nested); ok {
		s, at = nested.Otherwise, ""
	}
	return newDecoder(t, linkOf(s), at, &spares{}, t.children)
}

// newDecoder returns a decoder for records that are at a path in the page.
func newDecoder(t *Table, link *Link, at string, spare *spares, children []*Table) *Decoder {
	d := &Decoder{table: t, second: secondPaths(t), ranks: ranks(t), in: new(scanner), spare: spare}
	d.tokens, d.never = newTokens(t.protected), t.Never
	d.own = ownColumns(t, link)
	d.root = d.compile(at)
	d.cells = make([]cells, len(t.Columns)+len(d.second))
	for _, path := range t.Expected {
		d.expected = append(d.expected, d.root.at(path))
	}
	for _, child := range children {
		d.children = append(d.children, newChildDecoder(d, child))
		d.never = append(d.never[:len(d.never):len(d.never)], child.Never...)
	}
	return d
}

// SetParent says which row of the parent table the following records belong to: the columns that repeat its key, and
// their values.
func (d *Decoder) SetParent(columns, key []string) { d.parentColumns, d.parent = columns, key }

// SetMark says which column the walk of the following records marks: it is true in their rows, and the other marked columns
// are false. Empty if it marks none.
func (d *Decoder) SetMark(column string) { d.marking = column }

// Page decodes a JSON array of records; a single record is passed as an array of one. The page belongs to the caller
// and shares no memory with data. An error means that data is not a JSON array or exceeds a bound (1 GiB, MaxRecords):
// the page has to be fetched again. Whatever the records hold is kept, or counted in Page.Dropped.
func (d *Decoder) Page(data []byte) (*Page, error) {
	_, _, err := d.ReadRecords(data, 0)
	if err == nil && !d.in.ended() {
		err = errNoArray
	}
	if err != nil {
		return nil, fmt.Errorf("decode page of %s (%d bytes): %w", d.table.Name, len(data), readable(err))
	}
	return d.Decoded(), nil
}

// PageIn decodes the records in the array that a JSON object has at the path List.Records. An object without it is an error.
func (d *Decoder) PageIn(object []byte) (*Page, error) {
	in, path := scanner{data: object}, d.table.array()
	for _, name := range splitPath(path) {
		if !in.enter(name) {
			return nil, fmt.Errorf("decode page of %s: no %q in the answer", d.table.Name, path)
		}
	}
	records, _, err := in.value()
	if err != nil {
		return nil, fmt.Errorf("decode page of %s: %w", d.table.Name, readable(err))
	}
	return d.Page(records)
}

// ReadRecords reads the array of records that begins at an offset of body. It returns the number of records, usable or
// not, and the offset after the array; Decoded then returns the page. What an earlier call read is dropped. Errors
// quote nothing of body.
func (d *Decoder) ReadRecords(body []byte, at int) (records, end int, err error) {
	if len(body) > maxPage {
		return 0, 0, fmt.Errorf("%d bytes are too many for a page", len(body))
	}
	*d.in = scanner{body, at}
	d.begin(d.in)
	for _, c := range d.children {
		c.begin(d.in)
	}
	records, err = d.readArray()
	return records, d.in.at, err
}

// Decoded returns the page that ReadRecords read. It must be called once, before body changes.
func (d *Decoder) Decoded() *Page {
	p := d.assemble()
	d.data = nil
	return p
}

// Recycle reuses the memory of a page that the decoder returned. The page must not be used any more.
func (d *Decoder) Recycle(p *Page) {
	d.spare.take(p.Rows)
	for _, c := range p.Children {
		d.spare.take(c.Rows)
	}
	*p = Page{}
}

func (d *Decoder) begin(in *scanner) {
	d.in, d.data = in, in.data
	if d.known >= MaxDynamic {
		d.root.forget()
		d.known = 0
	}
	for i := range d.cells {
		d.cells[i] = d.cells[i][:0]
	}
	d.cells = d.cells[:len(d.table.Columns)+len(d.second)]
	d.pages++
	d.rows, d.dropped, d.anyAbsent = 0, 0, false
	d.dynamic, d.strays, d.absent = d.dynamic[:0], d.strays[:0], d.absent[:0]
	d.arena = d.arena[:0]
}

var errNoArray = errors.New("not a JSON array")

func (d *Decoder) readArray() (records int, err error) {
	if d.in.next() != '[' {
		return 0, errNoArray
	}
	d.in.at++
	for ; ; records++ {
		more, err := d.in.element(records == 0, ']')
		if err != nil || !more {
			return records, err
		}
		if records == MaxRecords {
			return 0, fmt.Errorf("more than %d records", MaxRecords)
		}
		if err := d.readRecord(); err != nil {
			return 0, err
		}
	}
}

// readable says where JSON is broken, without a byte of it: it may hold subscriber data.
func readable(err error) error {
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON ends early")
	case ok:
		return fmt.Errorf("%w at byte %d", syntax.Err, syntax.ByteOffset)
	}
	return err
}

// spares are vectors of pages that are no longer used.
type spares struct{ vectors []*Vector }

// take takes the vectors of a batch.
func (s *spares) take(b *Batch) {
	for _, v := range b.Vectors {
		if v != nil && len(s.vectors) < 4*MaxDynamic && cap(v.Bytes) <= 1<<20 {
			v.Reset()
			s.vectors = append(s.vectors, v)
		}
	}
}

// vector returns an empty vector.
func (s *spares) vector(k Kind) *Vector {
	if n := len(s.vectors); n > 0 {
		v := s.vectors[n-1]
		s.vectors = s.vectors[:n-1]
		v.Kind = k
		return v
	}
	return NewVector(k)
}

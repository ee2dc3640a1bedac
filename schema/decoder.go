package schema

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// MaxRecords bounds the records of a page; the API sends 1,000 at most.
	MaxRecords = 10_000
	// maxPage bounds the bytes of a page, so that offsets into it, and into what it grows to, fit 32 bits.
	maxPage = 1 << 30
	// maxName bounds the bytes of an attribute's name that becomes a column.
	maxName = 1024
)

// Decoder turns pages of a table's records into columns. It reads a page once, notes where each value stands, and
// then fills one column after the other. A Decoder is for one goroutine.
type Decoder struct {
	table  *Table
	second []string
	ranks  map[string]int
	root   *object
	always []*object
	child  *object

	tokens *tokens // nil if nothing is hashed

	json  *jsontext.Decoder
	input bytes.Buffer
	inner *jsontext.Decoder // for objects in a child's array
	spare []*Vector

	data      []byte
	pages     int // pages begun: dynamic members hold their number for one page
	records   int // records begun, over all pages
	rows      int // rows kept of this page
	dropped   int
	lost      int       // elements of the child's array, in this record, without an id
	remember  int       // dynamic members known, over pages
	cells     []cells   // of declared columns and second paths, then of dynamic columns
	dynamic   []*member // the dynamic columns of this page
	strays    []stray   // values without a column
	absent    []uint64
	anyAbsent bool
	kids      []span   // ids in the child's array, of all rows
	kidEnds   []uint32 // per row
	name      []byte
	arena     []byte
}

// span is where a value stands in the page; the zero span, where no value can stand, is null.
type span struct{ start, end uint32 }

// cells are a column's values by row, in the order that the records came; rows at the end may be missing, and are null.
type cells []span

func (c *cells) put(row int, s span) {
	for len(*c) < row {
		*c = append(*c, span{})
	}
	*c = append((*c)[:row], s)
}

// stray is a value that has no column: of another type than the declared object, or one name too many.
type stray struct {
	row    int
	object *object // that it is, or in which it is a member
	path   string
	value  span
}

// NewDecoder returns a decoder for the records of a table that has a list of its own.
func NewDecoder(t *Table) *Decoder {
	d := &Decoder{table: t, second: secondPaths(t), ranks: ranks(t), json: new(jsontext.Decoder), inner: new(jsontext.Decoder)}
	d.tokens = newTokens(t.guard)
	d.root = compile(t, d.second)
	d.cells = make([]cells, len(t.Columns)+len(d.second))
	for _, name := range t.Always {
		d.always = append(d.always, d.root.names[name].object)
	}
	if t.Child != nil {
		d.child = d.root.names[t.Child.Attribute].object
	}
	return d
}

// Page decodes a JSON array of records; a single record is passed as an array of one. The page belongs to the caller
// and shares no memory with data. An error means that data is no JSON array or is beyond all bounds (1 GiB, MaxRecords):
// the page has to be fetched again. Whatever the records hold, it is kept, or counted in Page.Dropped.
func (d *Decoder) Page(data []byte) (*Page, error) {
	if len(data) > maxPage {
		return nil, fmt.Errorf("decode page of %s: %d bytes are too many", d.table.Name, len(data))
	}
	d.begin(data)
	if err := d.readArray(); err != nil {
		return nil, fmt.Errorf("decode page of %s (%d bytes): %w", d.table.Name, len(data), readable(err))
	}
	return d.assemble(), nil
}

// Recycle takes back a page that Page returned, for its memory; the page must not be used any more.
func (d *Decoder) Recycle(p *Page) {
	for _, b := range append([]*Batch{p.Rows}, batches(p.Children)...) {
		if b == nil {
			continue
		}
		for _, v := range b.Vectors {
			if v != nil && len(d.spare) < 4*MaxDynamic && cap(v.Bytes) <= 1<<20 {
				v.Reset()
				d.spare = append(d.spare, v)
			}
		}
	}
	*p = Page{}
}

func (d *Decoder) begin(data []byte) {
	d.data = data
	d.input = *bytes.NewBuffer(data)
	d.json.Reset(&d.input, lenient...)
	if d.remember >= MaxDynamic {
		d.root.forget()
		d.remember = 0
	}
	for i := range d.cells {
		d.cells[i] = d.cells[i][:0]
	}
	d.cells = d.cells[:len(d.table.Columns)+len(d.second)]
	d.pages++
	d.rows, d.dropped, d.anyAbsent = 0, 0, false
	d.dynamic, d.strays, d.absent = d.dynamic[:0], d.strays[:0], d.absent[:0]
	d.kids, d.kidEnds, d.arena = d.kids[:0], d.kidEnds[:0], d.arena[:0]
}

var errNoArray = errors.New("not a JSON array")

func (d *Decoder) readArray() error {
	if d.json.PeekKind() != '[' {
		if _, err := d.json.ReadToken(); err != nil {
			return err
		}
		return errNoArray
	}
	d.json.ReadToken()
	for n := 0; d.json.PeekKind() != ']'; n++ {
		if n == MaxRecords {
			return fmt.Errorf("more than %d records", MaxRecords)
		}
		if err := d.readRecord(); err != nil {
			return err
		}
	}
	d.json.ReadToken()
	if _, err := d.json.ReadToken(); err != io.EOF {
		return errors.Join(err, errNoArray)
	}
	return nil
}

// readable says where JSON is broken, without a byte of it: it may hold subscriber data.
func readable(err error) error {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("invalid JSON at byte %d", syntax.ByteOffset)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON ends early")
	}
	return err
}

func batches(children []Children) (list []*Batch) {
	for _, c := range children {
		list = append(list, c.Rows)
	}
	return list
}

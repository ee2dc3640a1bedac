package schema

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// childDecoder decodes the rows of a child table, which are nested in the rows of another table.
type childDecoder struct {
	*Decoder
	array *object  // that holds them
	ends  []uint32 // per row of the parent, where its child rows end
	// only is the one attribute that a closed table reads; nil if there are more.
	only   *member
	inner  *jsontext.Decoder
	lost   int  // elements of this record that are not rows
	before mark // the record being read
}

func newChildDecoder(parent *Decoder, t *Table) *childDecoder {
	nested := t.Source.(*Nested)
	c := &childDecoder{inner: new(jsontext.Decoder)}
	c.Decoder = newDecoder(t, &nested.In, nested.Attribute, parent.spare, nil)
	c.array = parent.root.array(nested.Attribute, c, t.protected != nil)
	if t.Closed && len(c.root.names) == 1 && len(c.root.inside) == 0 {
		for _, c.only = range c.root.names {
		}
	}
	return c
}

// readChild reads the array of a child member. An element that is not a row is dropped, and makes the array count as
// absent, so that no row is taken for gone.
func (d *Decoder) readChild(m *member) error {
	d.in.next()
	start := d.in.at
	err := d.readRows(m.object, m.whole)
	if err == nil && m.whole {
		value := span{uint32(start), uint32(d.in.at)}
		if d.in.data[start] == 'n' {
			value = span{}
		}
		d.cells[m.cell].put(d.rows, value)
	}
	return err
}

// readRows reads the rows in an array. With whole, what is in the place of the array is kept by a column.
func (d *Decoder) readRows(o *object, whole bool) error {
	c := o.child
	d.meet(o)
	c.lost = 0
	c.rollBack(c.before) // an array that comes a second time takes the place of the first
	if d.in.next() != '[' {
		_, value, err := d.readValue()
		if err != nil {
			return err
		}
		if !whole {
			d.stray(o, o.path, value)
		}
		return nil
	}
	o.filled = true
	dropped := c.dropped
	if err := c.readElements(); err != nil {
		return err
	}
	if c.lost = c.dropped - dropped; c.lost > 0 {
		o.filled = false
	}
	return nil
}

func (c *childDecoder) readElements() error {
	c.in.at++ // the bracket
	for first := true; ; first = false {
		more, err := c.in.element(first, ']')
		if err != nil || !more {
			return err
		}
		if err := c.readElement(); err != nil {
			return err
		}
	}
}

func (c *childDecoder) readElement() error {
	if c.only == nil {
		return c.readRecord()
	}
	raw, at, err := c.in.value()
	if err != nil {
		return err
	}
	from, to := c.find(raw)
	if !usable(raw[from:to]) {
		c.dropped++
		return nil
	}
	c.cells[c.only.cell].put(c.rows, span{at.start + uint32(from), at.start + uint32(to)})
	c.rows++
	return nil
}

func (c *childDecoder) begin(in *scanner) {
	c.Decoder.begin(in)
	c.ends, c.lost = c.ends[:0], 0
	c.before = c.mark()
}

// find returns where the only attribute is in an object; from equals to if it is not there.
func (c *childDecoder) find(raw []byte) (from, to int) {
	if raw[0] != '{' {
		return 0, 0
	}
	name := c.only.quoted
	from, to = leading(raw, name)
	if to > from && !bytes.Contains(raw[to:], []byte(name)) && !escapesASCII(raw) {
		return from, to
	}
	return c.search(raw)
}

var escaped = []byte(`\u00`)

// escapesASCII reports whether a printable ASCII character is written as an escape, as one in a name may be.
func escapesASCII(raw []byte) bool {
	for i := bytes.Index(raw, escaped); i >= 0; {
		if c := raw[i+len(escaped)]; c >= '2' && c <= '7' {
			return true
		}
		raw = raw[i+len(escaped):]
		i = bytes.Index(raw, escaped)
	}
	return false
}

// leading finds an attribute that is the first member and a plain string, as an id nearly always is.
func leading(raw []byte, quoted string) (from, to int) {
	i := 1 + space(raw[1:])
	if !bytes.HasPrefix(raw[i:], []byte(quoted)) {
		return 0, 0
	}
	i += len(quoted)
	i += space(raw[i:]) + 1
	i += space(raw[i:])
	if raw[i] != '"' {
		return 0, 0
	}
	return i, i + stringLen(raw[i:])
}

func space(text []byte) int {
	n := 0
	for text[n] == ' ' || text[n] == '\t' || text[n] == '\n' || text[n] == '\r' {
		n++
	}
	return n
}

// search reads the whole object, since the last member with a name counts.
func (c *childDecoder) search(raw []byte) (from, to int) {
	c.inner.Reset(bytes.NewBuffer(raw), lenient...)
	c.inner.ReadToken() // reads of valid JSON do not fail
	for c.inner.PeekKind() != '}' {
		name, _ := c.inner.ReadValue()
		match := string(appendUnquoted(nil, name)) == c.only.name
		value, _ := c.inner.ReadValue()
		if match {
			to = int(c.inner.InputOffset())
			from = to - len(value)
		}
	}
	return from, to
}

// childRows returns the child rows of the page's rows: in the order of those rows, then by their own key, each key
// once.
func (c *childDecoder) childRows(rows []int32) Children {
	keys := c.rowKeys()
	compare := func(a, b int32) int {
		if d := slices.CompareFunc(keys[a], keys[b], compareText); d != 0 {
			return d
		}
		return int(a - b)
	}
	offsets := make([]uint32, 1, len(rows)+1)
	kept := make([]int32, 0, c.rows)
	for _, row := range rows {
		begin := len(kept)
		for i := c.start(int(row)); i < c.ends[row]; i++ {
			kept = append(kept, int32(i))
		}
		if mine := kept[begin:]; !slices.IsSortedFunc(mine, compare) {
			slices.SortFunc(mine, compare)
		}
		kept = append(kept[:begin], lastOfKey(kept[begin:], keys)...)
		offsets = append(offsets, uint32(len(kept)))
	}
	return Children{c.columns(kept), offsets}
}

// start returns where the child rows of a row begin.
func (c *childDecoder) start(row int) uint32 {
	if row == 0 {
		return 0
	}
	return c.ends[row-1]
}

// lastOfKey leaves, of sorted rows with the same key, only the last.
func lastOfKey(rows []int32, keys [][][]byte) []int32 {
	kept := rows[:0]
	for i, row := range rows {
		if i+1 == len(rows) || slices.CompareFunc(keys[row], keys[rows[i+1]], compareText) != 0 {
			kept = append(kept, row)
		}
	}
	return kept
}

// text returns the text of a string or number, as a part of the page if it needs no decoding.
func (d *Decoder) text(s span) []byte {
	raw := d.raw(s)
	if len(raw) == 0 || raw[0] != '"' {
		return raw
	}
	if text := raw[1 : len(raw)-1]; verbatim(text) {
		return text
	}
	start := len(d.arena)
	d.arena = appendUnquoted(d.arena, raw)
	return d.arena[start:]
}

// Link fills the columns that repeat the parent's key in the table's rows of a page. The page is of the table's parent.
func (t *Table) Link(p *Page) {
	c := &p.Children[t.Child()]
	columns := t.ParentColumns()
	for i, key := range p.Rows.Keys(t.parent.Order) {
		at := slices.IndexFunc(c.Rows.Columns, func(c Column) bool { return c.Name == columns[i] })
		if at < 0 {
			continue
		}
		v := NewVector(String)
		for row := range p.Rows.Rows {
			v.repeat(key.Text(row), int(c.Offsets[row+1]-c.Offsets[row]))
		}
		c.Rows.Vectors[at] = v
	}
}

// repeat appends a text n times.
func (v *Vector) repeat(text []byte, n int) {
	for range n {
		v.AppendText(text)
	}
}

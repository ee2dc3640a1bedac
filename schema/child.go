package schema

import (
	"bytes"
	"slices"
)

// readChild reads the array that holds a child table's rows. Of each object only the id counts; an element without
// one is dropped and makes the array count as absent, so that no membership is taken for gone.
func (d *Decoder) readChild(o *object) error {
	d.meet(o)
	start := uint32(0)
	if d.rows > 0 {
		start = d.kidEnds[d.rows-1]
	}
	d.kids, d.lost = d.kids[:start], 0
	if d.json.PeekKind() != '[' {
		raw, err := d.json.ReadValue()
		if err != nil {
			return err
		}
		d.stray(o, o.path, d.spanOf(raw))
		return nil
	}
	d.json.ReadToken()
	o.filled = true
	for d.json.PeekKind() != ']' {
		raw, err := d.json.ReadValue()
		if err != nil {
			return err
		}
		from, to := d.elementID(raw)
		if !usable(raw[from:to]) {
			d.lost++
			o.filled = false
			continue
		}
		base := uint32(d.json.InputOffset()) - uint32(len(raw))
		d.kids = append(d.kids, span{base + uint32(from), base + uint32(to)})
	}
	_, err := d.json.ReadToken()
	return err
}

var (
	idName    = []byte(`"id"`)
	idEscaped = []byte(`\u006`) // i and d are \u0069 and \u0064
)

// elementID returns where the id of an object stands in it; from equals to if there is none.
func (d *Decoder) elementID(raw []byte) (from, to int) {
	if raw[0] != '{' {
		return 0, 0
	}
	if from, to = leadingID(raw); to > from && !bytes.Contains(raw[to:], idName) && !bytes.Contains(raw, idEscaped) {
		return from, to
	}
	return d.searchID(raw)
}

// leadingID finds an id that is the first member and a plain string, as it nearly always is.
func leadingID(raw []byte) (from, to int) {
	i := 1 + space(raw[1:])
	if !bytes.HasPrefix(raw[i:], idName) {
		return 0, 0
	}
	i += len(idName)
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

// searchID reads the whole object, since the last id counts.
func (d *Decoder) searchID(raw []byte) (from, to int) {
	d.inner.Reset(bytes.NewBuffer(raw), lenient...)
	d.inner.ReadToken() // of valid JSON no read fails
	for d.inner.PeekKind() != '}' {
		name, _ := d.inner.ReadValue()
		isID := named(name, []string{"id"})
		value, _ := d.inner.ReadValue()
		if isID {
			to = int(d.inner.InputOffset())
			from = to - len(value)
		}
	}
	return from, to
}

// childRows makes the child's rows of the page's rows in order: by parent, then by id, each once.
func (d *Decoder) childRows(rows []int32, parents *Vector) (*Batch, []uint32) {
	c := d.table.Child
	ids, owners := d.vector(String), d.vector(String)
	offsets := make([]uint32, 1, len(rows)+1)
	var texts [][]byte
	for i, row := range rows {
		texts = d.appendKids(texts[:0], int(row))
		slices.SortFunc(texts, compareText)
		for _, id := range slices.CompactFunc(texts, bytes.Equal) {
			ids.AppendText(id)
			owners.AppendText(parents.Text(i))
		}
		offsets = append(offsets, uint32(ids.Len()))
	}
	b := &Batch{Columns: c.Table.Columns, Vectors: make([]*Vector, len(c.Table.Columns)), Rows: ids.Len()}
	for i, column := range b.Columns {
		switch column.Name {
		case c.Column:
			b.Vectors[i] = ids
		case c.ParentColumn:
			b.Vectors[i] = owners
		}
	}
	return b, offsets
}

func (d *Decoder) appendKids(texts [][]byte, row int) [][]byte {
	start := uint32(0)
	if row > 0 {
		start = d.kidEnds[row-1]
	}
	for _, s := range d.kids[start:d.kidEnds[row]] {
		texts = append(texts, d.text(s))
	}
	return texts
}

// text returns what a string or number says, as part of the page if it stands there just so.
func (d *Decoder) text(s span) []byte {
	raw := d.raw(s)
	if raw[0] != '"' {
		return raw
	}
	if text := raw[1 : len(raw)-1]; verbatim(text) {
		return text
	}
	start := len(d.arena)
	d.arena = appendUnquoted(d.arena, raw)
	return d.arena[start:]
}

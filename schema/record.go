package schema

func (d *Decoder) readRecord() error {
	if d.in.next() != '{' {
		d.dropped++
		return d.in.skip(0)
	}
	d.records++
	began := d.mark()
	if err := d.readMembers(d.root); err != nil {
		return err
	}
	if !d.hasKey() {
		d.rollBack(began)
		d.dropped++
		return nil
	}
	d.keepRow()
	return nil
}

// mark is how far a page was read before a record.
type mark struct{ rows, dropped, dynamic, strays int }

func (d *Decoder) mark() mark {
	return mark{d.rows, d.dropped, len(d.dynamic), len(d.strays)}
}

// rollBack drops what was read since the mark.
func (d *Decoder) rollBack(m mark) {
	d.rows, d.dropped = m.rows, m.dropped
	for i := range d.cells {
		d.cells[i].cut(d.rows)
	}
	for _, member := range d.dynamic[m.dynamic:] {
		member.page = 0
	}
	d.dynamic, d.cells = d.dynamic[:m.dynamic], d.cells[:len(d.cells)-len(d.dynamic)+m.dynamic]
	d.strays, d.absent = d.strays[:m.strays], d.absent[:min(len(d.absent), d.rows)]
	for _, c := range d.children {
		c.lost = 0
		c.rollBack(c.before)
	}
}

func (d *Decoder) hasKey() bool {
	for i, c := range d.table.Columns {
		if c.Required && d.own[i] && (len(d.cells[i]) <= d.rows || !usable(d.raw(d.cells[i][d.rows]))) {
			return false
		}
	}
	return true
}

// usable reports whether a value can be a key: a number, or a text that is not empty.
func usable(raw []byte) bool {
	switch {
	case len(raw) == 0:
		return false
	case raw[0] == '"':
		return len(raw) > 2
	}
	return raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'
}

func (d *Decoder) raw(s span) []byte { return d.data[s.start:s.end] }

func (d *Decoder) keepRow() {
	var absent uint64
	for i, o := range d.expected {
		if o.met != d.records || !o.filled {
			absent |= 1 << i
			d.anyAbsent = true
		}
	}
	d.absent = append(d.absent, absent)
	d.rows++
	for _, c := range d.children {
		c.ends = append(c.ends, uint32(c.rows))
		d.dropped += c.lost
		c.before, c.lost = c.mark(), 0
	}
}

// readMembers reads an object. Members mostly come in the same order as in the previous record, so the one that
// followed there is tried first.
func (d *Decoder) readMembers(o *object) error {
	d.in.at++ // the bracket
	var last *member
	next := o.first
	for first := true; ; first = false {
		more, err := d.in.element(first, '}')
		if err != nil || !more {
			return err
		}
		name, err := d.in.name()
		if err != nil {
			return err
		}
		m := next
		if m == nil || m.quoted != string(name) {
			if m = d.find(o, name); m != nil {
				link(o, last, m)
			}
		}
		if err := d.readMember(o, m); err != nil {
			return err
		}
		if m != nil {
			last, next = m, m.after
		}
	}
}

func link(o *object, last, m *member) {
	if last == nil {
		o.first = m
	} else {
		last.after = m
	}
}

// find returns the member with a name, and creates it if it is missing. It returns nil if there is no room for another
// column. The name's text stays in d.name.
func (d *Decoder) find(o *object, quoted []byte) *member {
	d.name = appendUnquoted(d.name[:0], quoted)
	if m := o.names[string(d.name)]; m != nil {
		return m
	}
	if d.table.Closed || o.repeats || named(d.name, d.never) {
		return &member{role: droppedMember, quoted: string(quoted)}
	}
	if len(d.name) > maxName || d.known >= 2*MaxDynamic {
		return nil
	}
	d.known++
	m := o.add(string(d.name), &member{})
	m.quoted = string(quoted)
	if m.guard = d.table.protected.at(m.path); m.guard.all == dropped {
		m.role = droppedMember
	}
	o.dynamic = append(o.dynamic, m)
	return m
}

func (d *Decoder) readMember(o *object, m *member) error {
	if m != nil {
		switch m.role {
		case objectMember:
			return d.readObject(m.object)
		case childMember:
			return d.readChild(m)
		case droppedMember:
			return d.in.skip(0)
		}
	}
	raw, value, err := d.readValue()
	if err != nil {
		return err
	}
	switch {
	case m == nil:
		d.stray(o, string(appendName([]byte(o.path), d.name)), value)
	case m.role == leafMember:
		d.cells[m.cell].put(d.rows, value)
	case m.guard.of(raw) == dropped:
		d.putDynamic(o, m, span{})
	default:
		d.putDynamic(o, m, value)
	}
	return nil
}

// readValue reads a value and returns where it is; null is the zero span.
func (d *Decoder) readValue() (raw []byte, at span, err error) {
	raw, at, err = d.in.value()
	if err == nil && raw[0] == 'n' {
		at = span{}
	}
	return raw, at, err
}

func (d *Decoder) putDynamic(o *object, m *member, value span) {
	if m.page != d.pages {
		if len(d.dynamic) == MaxDynamic {
			d.stray(o, m.path, value)
			return
		}
		m.page, m.cell = d.pages, len(d.cells)
		d.dynamic = append(d.dynamic, m)
		d.openCells()
	}
	d.cells[m.cell].put(d.rows, value)
}

// openCells adds a column, reusing the memory of an earlier page's column if there is one.
func (d *Decoder) openCells() {
	n := len(d.cells)
	if n < cap(d.cells) {
		d.cells = d.cells[:n+1]
		d.cells[n] = d.cells[n][:0]
		return
	}
	d.cells = append(d.cells, nil)
}

// stray notes a value without a column. A null is noted only if it replaces an earlier value of the same name in the
// row.
func (d *Decoder) stray(o *object, path string, value span) {
	if value.end > 0 && d.strayTreatment(o, path, d.raw(value)) == dropped {
		value = span{}
	}
	if value.end == 0 && !d.hasStray(path) {
		return
	}
	d.strays = append(d.strays, stray{d.rows, o, path, value})
}

// strayTreatment returns the treatment of a value without a column. A value in place of an object o may hold anything
// that o may.
func (d *Decoder) strayTreatment(o *object, path string, raw []byte) treatment {
	v := d.table.protected.at(path)
	switch {
	case path == o.path && o.secret:
		return dropped
	case path == o.path:
		return v.container
	}
	return v.of(raw)
}

// hasStray reports whether the row may already have a value of the path. It looks at only a few.
func (d *Decoder) hasStray(path string) bool {
	for i := len(d.strays) - 1; i >= 0 && d.strays[i].row == d.rows; i-- {
		if d.strays[i].path == path || len(d.strays)-i > 100 {
			return true
		}
	}
	return false
}

// readObject reads a declared object. PHP writes an empty one as [], rarely as {}. An open object that is empty says
// nothing: it always has a member for each definition.
func (d *Decoder) readObject(o *object) error {
	d.meet(o)
	if d.in.next() == '{' {
		begin := d.in.at
		err := d.readMembers(o)
		o.filled = err == nil && !(o.open && onlySpace(d.in.data[begin+1:d.in.at-1]))
		return err
	}
	raw, value, err := d.readValue()
	if err != nil {
		return err
	}
	empty := emptyArray(raw)
	o.filled = empty && !o.open
	if o.repeats && (empty || value.end == 0) { // there is no such row
		for _, i := range o.below {
			d.cells[i].put(d.rows, span{})
		}
	}
	if !empty {
		d.stray(o, o.path, value)
	}
	return nil
}

func emptyArray(raw []byte) bool { return raw[0] == '[' && onlySpace(raw[1:len(raw)-1]) }

func onlySpace(text []byte) bool {
	for _, c := range text {
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return true
}

// meet begins an object. If it comes a second time in a record, it replaces the first.
func (d *Decoder) meet(o *object) {
	if o.met == d.records {
		d.clear(o)
	}
	o.met, o.filled = d.records, false
}

func (d *Decoder) clear(o *object) {
	for _, i := range o.below {
		d.cells[i].cut(d.rows)
	}
	for _, m := range o.dynamic {
		if m.page == d.pages {
			d.cells[m.cell].cut(d.rows)
		}
	}
	for _, inner := range o.inside {
		inner.met = 0
		if inner.child != nil {
			inner.child.rollBack(inner.child.before)
		}
		d.clear(inner)
	}
	for i := len(d.strays) - 1; i >= 0 && d.strays[i].row == d.rows; i-- {
		if d.strays[i].object.within(o) {
			d.strays[i].value = span{}
		}
	}
}

package mailerlitetest

// view says which optional attributes of a row a request shows.
type view struct {
	groups bool // of a subscriber: the groups
	single bool // of a campaign: content and click map, which lists leave out

	secrets bool // of a webhook: its secret
	inside  bool // the row is a part of another table's row, which shows less of it
}

// attribute is one member of a row's JSON object.
type attribute[T any] struct {
	name   string
	append func(b []byte, a *Account, row T, v view) []byte
	when   func(row T, v view) bool // nil: always present
	prefix string                   // `,"name":`, set by declare
}

// declare returns the attributes with their prefixes set.
func declare[T any](attrs ...attribute[T]) []attribute[T] {
	for i := range attrs {
		attrs[i].prefix = `,"` + attrs[i].name + `":`
	}
	return attrs
}

// appendRow appends a row as a JSON object: its attributes in order, with the
// changes of the patch, which may be nil.
func appendRow[T any](b []byte, a *Account, attrs []attribute[T], row T, p *patch, v view) []byte {
	start := len(b)
	for i := range attrs {
		at := &attrs[i]
		if at.when != nil && !at.when(row, v) {
			continue
		}
		if p != nil && p.dropped[at.name] {
			continue
		}
		b = append(b, at.prefix...)
		if raw, ok := p.value(at.name); ok {
			b = append(b, raw...)
			continue
		}
		b = at.append(b, a, row, v)
	}
	if p != nil {
		b = p.appendAdded(b, a, declaredIn(attrs))
	}
	if len(b) == start {
		b = append(b, ',')
	}
	b[start] = '{' // in place of the first attribute's comma
	return append(b, '}')
}

func declaredIn[T any](attrs []attribute[T]) func(string) bool {
	return func(name string) bool {
		for i := range attrs {
			if attrs[i].name == name {
				return true
			}
		}
		return false
	}
}

// patch holds the attributes that a test has set in one row, or dropped from it.
// They may be what MailerLite would never send.
type patch struct {
	dropped map[string]bool
	names   []string // of set, in the order in which they were first set
	set     map[string]string
}

func (p *patch) value(name string) (raw string, ok bool) {
	if p == nil {
		return "", false
	}
	raw, ok = p.set[name]
	return raw, ok
}

func (p *patch) appendAdded(b []byte, a *Account, declared func(string) bool) []byte {
	for _, name := range p.names {
		if p.dropped[name] || declared(name) {
			continue
		}
		b = append(b, ',')
		b = appendString(b, name, a.opt.PlainJSON)
		b = append(b, ':')
		b = append(b, p.set[name]...)
	}
	return b
}

// with returns the patch with one attribute set; p may be nil.
func (p *patch) with(name, rawJSON string) *patch {
	p = p.orNew()
	if _, ok := p.set[name]; !ok {
		p.names = append(p.names, name)
	}
	p.set[name] = rawJSON
	delete(p.dropped, name)
	return p
}

// without returns the patch with one attribute left out; p may be nil.
func (p *patch) without(name string) *patch {
	p = p.orNew()
	p.dropped[name] = true
	return p
}

func (p *patch) orNew() *patch {
	if p == nil {
		return &patch{dropped: map[string]bool{}, set: map[string]string{}}
	}
	return p
}

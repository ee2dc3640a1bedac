package schema

import "strings"

// clean returns a value without the members that are never written, at whatever depth they are in it.
func (d *Decoder) clean(s span) []byte {
	raw := d.raw(s)
	if len(d.never) == 0 || len(raw) == 0 || raw[0] != '{' && raw[0] != '[' {
		return raw
	}
	return d.appendClean(make([]byte, 0, len(raw)), &scanner{data: raw})
}

// appendClean appends the next value of valid JSON, without the members that are never written.
func (d *Decoder) appendClean(dst []byte, in *scanner) []byte {
	open := in.next()
	if open != '{' && open != '[' {
		raw, _, _ := in.value() // reads of valid JSON do not fail
		return append(dst, raw...)
	}
	in.at++
	closing := open + 2 // in ASCII, of both kinds of bracket
	dst = append(dst, open)
	start := len(dst)
	for first := true; ; first = false {
		if more, _ := in.element(first, closing); !more {
			return append(dst, closing)
		}
		var name []byte
		if open == '{' {
			name, _ = in.name()
			if d.isNever(name) {
				_ = in.skip(0)
				continue
			}
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		if open == '{' {
			dst = append(append(dst, name...), ':')
		}
		dst = d.appendClean(dst, in)
	}
}

// isNever reports whether a member with a name, as JSON, is never written.
func (d *Decoder) isNever(quoted []byte) bool {
	d.name = appendUnquoted(d.name[:0], quoted)
	return named(d.name, d.never)
}

// named reports whether a name is one of some names, in upper or lower case.
func named(name []byte, names []string) bool {
	for _, other := range names {
		if strings.EqualFold(string(name), other) {
			return true
		}
	}
	return false
}

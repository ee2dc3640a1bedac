package schema

import (
	"bytes"
	"math"
)

// form says how a text column stores values that are not strings.
type form uint8

const (
	// scalar stores numbers and flags as their text; arrays and objects do not fit.
	scalar form = iota
	// document stores every value as JSON text.
	document
	// anything stores scalars as their text, arrays and objects as JSON text.
	anything
)

func formOf(c Column) form {
	if c.JSON {
		return document
	}
	return scalar
}

// appendValue appends a valid JSON value to a vector, converted to the vector's type. If the value does not fit, it
// returns false and appends nothing. In a vector of numbers, dates, times or flags, a string that is empty or only white
// space is null.
func appendValue(v *Vector, raw []byte, f form) bool {
	if raw[0] == 'n' {
		v.AppendNull(1)
		return true
	}
	if v.Kind.text() {
		return appendText(v, raw, f)
	}
	var buf [64]byte
	x, null, ok := parseScalar(v.Kind, scalarText(buf[:0], raw))
	switch {
	case null:
		v.AppendNull(1)
	case ok:
		v.AppendInt(x)
	}
	return ok
}

// AppendJSON appends a valid JSON value as a column of a custom field holds it: converted to the vector's type, arrays and
// objects as JSON text. If the value does not fit, it returns false and appends nothing.
func (v *Vector) AppendJSON(raw []byte) bool { return appendValue(v, raw, anything) }

// scalarText returns the text of a string, decoded into buf if it has escapes, and any other value as it is.
func scalarText(buf, raw []byte) []byte {
	if raw[0] != '"' {
		return raw
	}
	if text := raw[1 : len(raw)-1]; plain(text) {
		return text
	}
	return appendUnquoted(buf, raw)
}

// parseScalar converts text, without the ASCII white space around it, to the number that a Vector of the kind holds. Empty
// text is null.
func parseScalar(k Kind, text []byte) (x int64, null, ok bool) {
	if len(text) == 0 || isSpace(text[0]) || isSpace(text[len(text)-1]) {
		if text = bytes.Trim(text, " \t\n\v\f\r"); len(text) == 0 {
			return 0, true, true
		}
	}
	x, ok = parseKind(k, text)
	return x, false, ok
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// parseKind converts text to the number that a Vector of the kind holds.
func parseKind(k Kind, text []byte) (int64, bool) {
	switch k {
	case Int64:
		return parseInt(text)
	case Double:
		x, ok := parseFloat(text)
		return int64(math.Float64bits(x)), ok
	case Bool:
		return parseBool(text)
	case Timestamp:
		return parseTime(text)
	case Date:
		return parseDay(text)
	}
	return 0, false
}

func parseBool(text []byte) (int64, bool) {
	switch string(text) {
	case "true", "1":
		return 1, true
	case "false", "0":
		return 0, true
	}
	return 0, false
}

func appendText(v *Vector, raw []byte, f form) bool {
	switch {
	case v.Kind == Raw:
		v.Bytes = appendBounded(v.Bytes, raw)
	case f == document:
		var ok bool
		if v.Bytes, ok = appendDocument(v.Bytes, raw); !ok {
			return false
		}
	case raw[0] == '"':
		v.Bytes = appendUnquoted(v.Bytes, raw)
	case raw[0] != '{' && raw[0] != '[':
		v.Bytes = append(v.Bytes, raw...)
	case f == anything:
		v.Bytes = appendContainer(v.Bytes, raw)
	default:
		return false
	}
	v.endText()
	return true
}

// appendContainer appends an array or object as JSON text: compact, or as it was sent if it is nested too deeply.
func appendContainer(dst, raw []byte) []byte {
	dst, ok := appendDocument(dst, raw)
	if !ok {
		dst = appendUnquoted(dst, appendQuoted(nil, raw))
	}
	return dst
}

// endText ends a row: its text is what was appended to Bytes since the previous row.
func (v *Vector) endText() {
	v.Valid = append(v.Valid, true)
	v.Ends = append(v.Ends, uint32(len(v.Bytes)))
}

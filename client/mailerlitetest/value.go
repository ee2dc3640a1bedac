package mailerlitetest

import "strconv"

// value is the content of one field of a subscriber, in four bytes, so that a
// million subscribers fit into memory: three bits say what the other 29 mean.
// Zero is null.
type value uint32

const (
	nullValue   value = iota << 29
	tokenValue        // index of a JSON text in values.list
	intValue          // integer, offset by payloadHalf
	centsValue        // hundredths, offset by payloadHalf
	dateValue         // days since dateOrigin
	phoneValue        // index of a country code, and seven or eight digits
	ipValue           // lower three bytes of 10.x.y.z
	serialValue       // customer number
)

const (
	payloadMask = 1<<29 - 1
	payloadHalf = 1 << 28
	dateOrigin  = -25_567 // 1 January 1900, in days since 1 January 1970
)

var countryCodes = [8]string{"+370 6", "+49 15", "+1 555 ", "+48 6", "+33 7", "+81 90", "+34 6", "+44 7700 "}

func intOf(n int) value        { return intValue | value(n+payloadHalf)&payloadMask }
func centsOf(n int) value      { return centsValue | value(n+payloadHalf)&payloadMask }
func dateOf(unixDay int) value { return dateValue | value(unixDay-dateOrigin)&payloadMask }

// values holds the JSON texts that cells refer to, without duplicates.
type values struct {
	plain bool // see appendString
	list  []string
	index map[string]value
}

// text returns the cell of a string.
func (v *values) text(s string) value { return v.raw(string(appendString(nil, s, v.plain))) }

// raw returns the cell of a JSON text, which is written as it is, valid or not.
func (v *values) raw(json string) value {
	if json == "null" {
		return nullValue
	}
	if c, ok := v.index[json]; ok {
		return c
	}
	c := tokenValue | value(len(v.list))
	v.list = append(v.list, json)
	v.index[json] = c
	return c
}

// append appends a cell as JSON. With quoted, numbers are written as strings.
func (v *values) append(b []byte, c value, quoted bool) []byte {
	n := int(c & payloadMask)
	switch c &^ payloadMask {
	case nullValue:
		return append(b, "null"...)
	case tokenValue:
		return appendToken(b, v.list[n], quoted)
	case intValue:
		return appendQuoted(b, quoted, func(b []byte) []byte { return strconv.AppendInt(b, int64(n-payloadHalf), 10) })
	case centsValue:
		return appendQuoted(b, quoted, func(b []byte) []byte { return appendCents(b, int64(n-payloadHalf)) })
	case dateValue:
		return append(appendDate(append(b, '"'), n+dateOrigin), '"')
	case phoneValue:
		b = append(append(b, '"'), countryCodes[n&7]...)
		return append(appendDigits(b, n>>3%10_000_000, 7), '"')
	case ipValue:
		return appendIP(b, n)
	default:
		return append(appendDigits(append(b, `"C-`...), n, 9), '"')
	}
}

func appendToken(b []byte, json string, quoted bool) []byte {
	if quoted && (json[0] == '-' || '0' <= json[0] && json[0] <= '9') {
		return append(append(append(b, '"'), json...), '"')
	}
	return append(b, json...)
}

func appendQuoted(b []byte, quoted bool, number func([]byte) []byte) []byte {
	if !quoted {
		return number(b)
	}
	return append(number(append(b, '"')), '"')
}

func appendIP(b []byte, n int) []byte {
	b = strconv.AppendInt(append(b, `"10.`...), int64(n>>16&255), 10)
	b = strconv.AppendInt(append(b, '.'), int64(n>>8&255), 10)
	b = strconv.AppendInt(append(b, '.'), int64(n&255), 10)
	return append(b, '"')
}

// appendDigits appends n with leading zeros to the given width.
func appendDigits(b []byte, n, width int) []byte {
	for div := pow10(width - 1); div > 0; div /= 10 {
		b = append(b, byte('0'+n/div%10))
	}
	return b
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

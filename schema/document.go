package schema

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxNesting is how many levels of arrays and objects a value kept as JSON may have.
const maxNesting = 100

// plain reports whether text is ASCII without a backslash. Inside a JSON string such text needs no decoding.
func plain(text []byte) bool {
	const low, high = 0x0101010101010101, 0x8080808080808080
	for len(text) >= 8 {
		word := binary.LittleEndian.Uint64(text)
		slash := word ^ low*'\\' // a backslash becomes a zero byte
		if (word|(slash-low)&^slash)&high != 0 {
			return false
		}
		text = text[8:]
	}
	for _, c := range text {
		if c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// verbatim reports whether text, taken from between the quotes of a valid JSON string, needs no decoding.
func verbatim(text []byte) bool {
	return plain(text) || bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text)
}

// appendUnquoted appends the decoded text of a valid JSON string, as valid UTF-8.
func appendUnquoted(dst, quoted []byte) []byte {
	if text := quoted[1 : len(quoted)-1]; verbatim(text) {
		return append(dst, text...)
	}
	dst, _ = jsontext.AppendUnquote(dst, quoted) // an error only reports UTF-8 that it repaired
	return dst
}

// appendQuoted appends text as a JSON string with the fewest escapes, as valid UTF-8.
func appendQuoted(dst, text []byte) []byte {
	dst, _ = jsontext.AppendQuote(dst, text) // an error only reports UTF-8 that it repaired
	return dst
}

// appendString appends a valid JSON string, rewritten with the fewest escapes and as valid UTF-8.
func appendString(dst, quoted []byte) []byte {
	if verbatim(quoted[1 : len(quoted)-1]) {
		return append(dst, quoted...)
	}
	start := len(dst)
	dst = appendUnquoted(dst, quoted)
	end := len(dst)
	dst = appendQuoted(dst, dst[start:end])
	return dst[:start+copy(dst[start:], dst[end:])]
}

// appendDocument appends a valid JSON value in compact form: no white space, strings with the fewest escapes, numbers as
// sent. If the value is nested too deeply, it returns false and appends nothing.
func appendDocument(dst, raw []byte) ([]byte, bool) {
	start, depth := len(dst), 0
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; c {
		case ' ', '\t', '\n', '\r':
			continue
		case '"':
			n := stringLen(raw[i:])
			dst = appendString(dst, raw[i:i+n])
			i += n - 1
			continue
		case '{', '[':
			if depth++; depth > maxNesting {
				return dst[:start], false
			}
		case '}', ']':
			depth--
		}
		dst = append(dst, raw[i])
	}
	return dst, true
}

// appendBounded is appendDocument, except that a value that is nested too deeply becomes a JSON string of its text.
func appendBounded(dst, raw []byte) []byte {
	dst, ok := appendDocument(dst, raw)
	if !ok {
		dst = appendQuoted(dst, raw)
	}
	return dst
}

// stringLen returns the length of the JSON string at the start of valid JSON.
func stringLen(raw []byte) int {
	for i := 1; ; i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// lenient accepts what real servers send: duplicate names and invalid UTF-8.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// omitMembers returns a valid JSON array without the named members of its objects. Any other value is returned as it is.
func omitMembers(raw []byte, names []string) []byte {
	if raw[0] != '[' {
		return raw
	}
	in := jsontext.NewDecoder(bytes.NewBuffer(raw), lenient...)
	in.ReadToken() // reads of valid JSON do not fail
	out := []byte{'['}
	for in.PeekKind() != ']' {
		if len(out) > 1 {
			out = append(out, ',')
		}
		if in.PeekKind() == '{' {
			out = appendMembers(out, in, names)
		} else {
			value, _ := in.ReadValue()
			out = append(out, value...)
		}
	}
	return append(out, ']')
}

// appendMembers appends the next object of in, without the members named in omit.
func appendMembers(out []byte, in *jsontext.Decoder, omit []string) []byte {
	in.ReadToken()
	out = append(out, '{')
	start := len(out)
	for in.PeekKind() != '}' {
		name, _ := in.ReadValue()
		omitted := slices.Contains(omit, string(appendUnquoted(nil, name)))
		if !omitted && len(out) > start {
			out = append(out, ',')
		}
		if !omitted {
			out = append(append(out, name...), ':')
		}
		if value, _ := in.ReadValue(); !omitted {
			out = append(out, value...)
		}
	}
	in.ReadToken()
	return append(out, '}')
}

// idsOf returns a valid JSON array with the ids of its objects in their place. An element without a usable id, and any other
// value, is returned as it is.
func idsOf(raw []byte) []byte {
	if raw[0] != '[' {
		return raw
	}
	in := scanner{data: raw, at: 1}
	out := []byte{'['}
	for first := true; ; first = false {
		if more, _ := in.element(first, ']'); !more { // reads of valid JSON do not fail
			return append(out, ']')
		}
		if !first {
			out = append(out, ',')
		}
		element, _, _ := in.value()
		if id := idIn(element); usable(id) {
			element = id
		}
		out = append(out, element...)
	}
}

// idIn returns the value of the last member named id of a valid JSON value, nil if it has none.
func idIn(raw []byte) (id []byte) {
	if raw[0] != '{' {
		return nil
	}
	in := scanner{data: raw, at: 1}
	for first := true; ; first = false {
		if more, _ := in.element(first, '}'); !more {
			return id
		}
		name, _ := in.name()
		value, _, _ := in.value()
		if string(appendUnquoted(nil, name)) == "id" {
			id = value
		}
	}
}

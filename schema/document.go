package schema

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxNesting bounds the levels of arrays and objects in a JSON text that is kept as JSON.
const maxNesting = 100

// plain reports whether text is ASCII without a backslash: inside a JSON string it then means itself.
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

// verbatim reports whether a valid JSON string with this text between its quotes means just that text.
func verbatim(text []byte) bool {
	return plain(text) || bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text)
}

// appendUnquoted appends what a valid JSON string means, as valid UTF-8.
func appendUnquoted(dst, quoted []byte) []byte {
	if text := quoted[1 : len(quoted)-1]; verbatim(text) {
		return append(dst, text...)
	}
	dst, _ = jsontext.AppendUnquote(dst, quoted) // the error tells of repaired UTF-8
	return dst
}

// appendQuoted appends text as a JSON string with the fewest escapes, as valid UTF-8.
func appendQuoted(dst, text []byte) []byte {
	dst, _ = jsontext.AppendQuote(dst, text) // the error tells of repaired UTF-8
	return dst
}

// appendString appends a valid JSON string with the fewest escapes, as valid UTF-8.
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

// appendDocument appends a valid JSON value without white space, its strings in one spelling, its numbers as they are.
// It appends nothing and returns false if the value nests too deep.
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

// appendBounded appends a valid JSON value as appendDocument does; one that nests too deep becomes a string of its text.
func appendBounded(dst, raw []byte) []byte {
	dst, ok := appendDocument(dst, raw)
	if !ok {
		dst = appendQuoted(dst, raw)
	}
	return dst
}

// stringLen returns the length of the JSON string that valid JSON starts with.
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

// lenient lets pass what real servers send: the same name twice, broken UTF-8.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// omitMembers returns a valid JSON array without the named members of the objects in it; another value as it is.
func omitMembers(raw []byte, names []string) []byte {
	if raw[0] != '[' {
		return raw
	}
	in := jsontext.NewDecoder(bytes.NewBuffer(raw), lenient...)
	in.ReadToken() // of valid JSON no read fails
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

// appendMembers appends the object that in stands before, without the named members.
func appendMembers(out []byte, in *jsontext.Decoder, omit []string) []byte {
	in.ReadToken()
	out = append(out, '{')
	start := len(out)
	for in.PeekKind() != '}' {
		name, _ := in.ReadValue()
		omitted := named(name, omit)
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

func named(quoted []byte, names []string) bool {
	text := appendUnquoted(nil, quoted)
	for _, name := range names {
		if string(text) == name {
			return true
		}
	}
	return false
}

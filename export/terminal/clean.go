package terminal

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Clean makes a foreign text safe for one line of a terminal: line breaks and tabs become spaces, other control and
// format characters are removed (the ESC of escape sequences, C1 and bidirectional controls, invisible characters), and
// bytes that are not UTF-8 become U+FFFD.
func Clean(text string) string {
	if printable(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case !hostile(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}

func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, hostile)
}

// hostile reports whether a terminal may do something with a character other than show it. Joiners stay: scripts and
// emoji are written with them.
func hostile(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) && r != nonJoiner && r != joiner
}

// JSON writes v as one indented JSON document. Lists and objects that are nil are empty, never null. Characters that could
// control a terminal are escaped; the content stays the same.
func JSON(w io.Writer, v any) error {
	text, err := json.Marshal(v, json.Deterministic(true), jsontext.AllowInvalidUTF8(true), jsontext.WithIndent("  "))
	if err != nil {
		return fmt.Errorf("write json: %w", err)
	}
	if _, err := w.Write(append(escape(text), '\n')); err != nil {
		return fmt.Errorf("write json: %w", err)
	}
	return nil
}

// escape writes hostile characters as JSON escapes. Outside strings, the only ones in JSON are line breaks.
func escape(text []byte) []byte {
	if !bytes.ContainsFunc(text, hostileInJSON) {
		return text
	}
	out := make([]byte, 0, len(text)+64)
	for _, r := range string(text) {
		switch {
		case !hostileInJSON(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

func hostileInJSON(r rune) bool { return r != '\n' && hostile(r) }

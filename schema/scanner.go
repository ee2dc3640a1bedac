package schema

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds the nesting of arrays and objects in a page.
const maxDepth = 10_000

// scanner reads the JSON of a page once, from front to back, and checks it. It is faster than a general decoder, since
// the page is in memory and nothing is copied: a page of 1,000 records has 150,000 tokens. Names may repeat and text may
// be invalid UTF-8, as with the option lenient.
type scanner struct {
	data []byte
	at   int // of the next byte
}

var (
	errInvalid = errors.New("invalid JSON")
	errTooDeep = errors.New("exceeded max depth") // as jsontext says it
)

// broken says where the JSON is broken, without a byte of it: it may hold subscriber data.
func (s *scanner) broken() error {
	err := errInvalid
	if s.at >= len(s.data) {
		err = io.ErrUnexpectedEOF
	}
	return &jsontext.SyntacticError{ByteOffset: int64(s.at), Err: err}
}

// next skips white space and returns the byte that follows; 0 at the end, and for a byte that is 0.
func (s *scanner) next() byte {
	for ; s.at < len(s.data); s.at++ {
		if c := s.data[s.at]; c > ' ' || c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c
		}
	}
	return 0
}

// ended skips white space and reports whether nothing follows it.
func (s *scanner) ended() bool {
	s.next()
	return s.at == len(s.data)
}

// element moves to the next element of an array, or member of an object, whose opening bracket was read. It returns
// false if the closing bracket follows, and reads that.
func (s *scanner) element(first bool, closing byte) (bool, error) {
	c := s.next()
	switch {
	case c == closing:
		s.at++
		return false, nil
	case first:
		return true, nil
	case c != ',':
		return false, s.broken()
	}
	s.at++
	if s.next() == closing {
		return false, s.broken()
	}
	return true, nil
}

// name reads the name of a member and the colon after it, and returns the name with its quotes.
func (s *scanner) name() ([]byte, error) {
	if s.next() != '"' {
		return nil, s.broken()
	}
	start := s.at
	if err := s.text(); err != nil {
		return nil, err
	}
	end := s.at
	if s.next() != ':' {
		return nil, s.broken()
	}
	s.at++
	return s.data[start:end], nil
}

// value reads a value and returns where it is.
func (s *scanner) value() (raw []byte, at span, err error) {
	s.next()
	start := s.at
	if err := s.skip(0); err != nil {
		return nil, span{}, err
	}
	return s.data[start:s.at], span{uint32(start), uint32(s.at)}, nil
}

// enter moves to the value of the last member with a name of the object that comes next; false if there is none, or no
// valid object.
func (s *scanner) enter(name string) bool {
	if s.next() != '{' {
		return false
	}
	s.at++
	found := -1
	for first := true; ; first = false {
		more, err := s.element(first, '}')
		if err != nil {
			return false
		}
		if !more {
			break
		}
		quoted, err := s.name()
		if err != nil {
			return false
		}
		if string(appendUnquoted(nil, quoted)) == name {
			found = s.at
		}
		if s.skip(0) != nil {
			return false
		}
	}
	if found >= 0 {
		s.at = found
	}
	return found >= 0
}

// skip reads a value that is inside depth arrays and objects.
func (s *scanner) skip(depth int) error {
	switch c := s.next(); {
	case c == '"':
		return s.text()
	case c == '{', c == '[':
		return s.container(c, depth)
	case c == '-', c >= '0' && c <= '9':
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	}
	return s.broken()
}

func (s *scanner) container(open byte, depth int) error {
	if depth == maxDepth {
		return &jsontext.SyntacticError{ByteOffset: int64(s.at), Err: errTooDeep}
	}
	s.at++
	closing := open + 2 // in ASCII, of both kinds of bracket
	for first := true; ; first = false {
		more, err := s.element(first, closing)
		if err != nil || !more {
			return err
		}
		if open == '{' {
			if _, err := s.name(); err != nil {
				return err
			}
		}
		if err := s.skip(depth + 1); err != nil {
			return err
		}
	}
}

func (s *scanner) literal(text string) error {
	if len(s.data)-s.at < len(text) || string(s.data[s.at:s.at+len(text)]) != text {
		return s.broken()
	}
	s.at += len(text)
	return nil
}

// text reads a string, whose quote comes next.
func (s *scanner) text() error {
	for s.at++; ; {
		s.plain()
		if s.at >= len(s.data) {
			return s.broken()
		}
		switch c := s.data[s.at]; {
		case c == '"':
			s.at++
			return nil
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		default: // a control character
			return s.broken()
		}
	}
}

// plain skips what needs no decoding in a string, eight bytes at a time.
func (s *scanner) plain() {
	const low, high = 0x0101010101010101, 0x8080808080808080
	at, data := s.at, s.data
	for at+8 <= len(data) {
		word := binary.LittleEndian.Uint64(data[at:])
		quote, slash := word^low*'"', word^low*'\\'
		if ((quote-low)&^quote|(slash-low)&^slash|(word-low*' ')&^word)&high != 0 {
			break
		}
		at += 8
	}
	for at < len(data) && data[at] != '"' && data[at] != '\\' && data[at] >= ' ' {
		at++
	}
	s.at = at
}

func (s *scanner) escape() error {
	s.at++
	if s.at >= len(s.data) {
		return s.broken()
	}
	switch s.data[s.at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.at++
		return nil
	case 'u':
		s.at++
		for range 4 {
			if s.at >= len(s.data) || !isHex(s.data[s.at]) {
				return s.broken()
			}
			s.at++
		}
		return nil
	}
	return s.broken()
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

func (s *scanner) number() error {
	if s.data[s.at] == '-' {
		s.at++
	}
	if s.at < len(s.data) && s.data[s.at] == '0' {
		s.at++
	} else if !s.digits() {
		return s.broken()
	}
	if s.at < len(s.data) && s.data[s.at] == '.' {
		s.at++
		if !s.digits() {
			return s.broken()
		}
	}
	if s.at < len(s.data) && s.data[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.data) && (s.data[s.at] == '+' || s.data[s.at] == '-') {
			s.at++
		}
		if !s.digits() {
			return s.broken()
		}
	}
	return nil
}

// digits skips digits and reports whether there was one.
func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.data) && s.data[s.at]-'0' <= 9 {
		s.at++
	}
	return s.at > start
}

package client

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxPooled is the largest body buffer that is kept for another request: one that
	// a large batch filled would be held by requests for small pages.
	maxPooled = 4 << 20
	// maxPrealloc bounds the memory that is reserved on the word of a
	// Content-Length.
	maxPrealloc = 4 << 20
	// maxErrorBody bounds what is read of an error response.
	maxErrorBody = 64 << 10
)

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// freeBody makes a body's memory available to another request.
func freeBody(b *bytes.Buffer) {
	if b.Cap() <= maxPooled {
		b.Reset()
		bodies.Put(b)
	}
}

// sharedBody is a body that several callers read at the same time, the parts of a
// batch. Its memory goes to another request when all of them are done.
type sharedBody struct {
	buf   *bytes.Buffer
	users atomic.Int32
	freed func() // called when all of them are done, unless nil
}

func share(b *bytes.Buffer) *sharedBody {
	s := &sharedBody{buf: b}
	s.users.Store(1)
	return s
}

func (s *sharedBody) hold() { s.users.Add(1) }

func (s *sharedBody) release() {
	if s.users.Add(-1) > 0 {
		return
	}
	freeBody(s.buf)
	if s.freed != nil {
		s.freed()
	}
}

// readBody reads a body to its end, within the bound. So many bytes are expected.
func (c *Client) readBody(resp *http.Response, expected int) (*bytes.Buffer, error) {
	if resp.ContentLength > c.maxBody {
		return nil, tooLarge()
	}
	b := bodies.Get().(*bytes.Buffer)
	b.Grow(max(int(min(max(resp.ContentLength, 0), maxPrealloc)), expected/8*9) + bytes.MinRead)
	n, err := readAll(b, io.LimitReader(resp.Body, c.maxBody+1))
	c.stats.bytes.Add(n)
	switch {
	case n > c.maxBody:
		err = tooLarge()
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = &BodyError{Why: "it ends before its announced length"}
	case badCompression(err):
		err = &BodyError{Why: "its compression is damaged"}
	case err != nil:
		err = &BodyError{Why: "the connection broke before its end"}
	default:
		return b, nil
	}
	freeBody(b)
	return nil, err
}

// readAll reads to the end. A buffer that is too small grows by a quarter, not to
// twice its size as by itself: bodies of batches are large, and several are read at
// the same time.
func readAll(b *bytes.Buffer, r io.Reader) (int64, error) {
	data := b.AvailableBuffer()
	for {
		if len(data) == cap(data) {
			larger := make([]byte, len(data), len(data)+len(data)/4+bytes.MinRead)
			copy(larger, data)
			data = larger
		}
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err != nil {
			*b = *bytes.NewBuffer(data)
			if err == io.EOF {
				err = nil
			}
			return int64(len(data)), err
		}
	}
}

// badCompression reports whether a body is not the gzip that its header says.
func badCompression(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt)
}

func badBody(format string, args ...any) error {
	return &BodyError{Why: fmt.Sprintf(format, args...)}
}

func tooLarge() error { return &BodyError{Why: "it is larger than allowed", TooLarge: true} }

// complaint is what the body of an error response says.
type complaint struct {
	message string
	limit   bool // it is about the page size
	json    bool // it comes from the API: proxies answer with web pages
}

// readComplaint reads the body of an error response. A body that is not JSON is
// ignored.
func readComplaint(body io.Reader) (said complaint) {
	text, _ := io.ReadAll(io.LimitReader(body, maxErrorBody))
	e := newReader(text)
	if e.dec.PeekKind() == '"' { // some routes answer with nothing but a string
		message, err := e.text()
		if strings.HasPrefix(strings.TrimSpace(message), "<") { // a web page, in a batch
			return complaint{}
		}
		return complaint{message, aboutLimit(message), err == nil}
	}
	fields, named := false, false
	err := e.whole(func(name string) (err error) {
		switch {
		case name == "message" && e.dec.PeekKind() == '"':
			said.message, err = e.text()
		case name == "errors" && e.dec.PeekKind() == '{':
			fields = true
			err = e.object(func(field string) error {
				named = named || field == "limit"
				return e.dec.SkipValue()
			})
		default:
			err = e.dec.SkipValue()
		}
		return err
	})
	said.json = err == nil
	said.limit = named || !fields && aboutLimit(said.message)
	return said
}

var limitWord = regexp.MustCompile(`(?i)\blimit\b`)

// aboutLimit reports whether a message is about the page size: "The selected
// limit is invalid.", "The limit must be one of following: 10, 25, 50, 100".
func aboutLimit(message string) bool { return limitWord.MatchString(message) }

// bodyErrorOf turns an error met while reading a body into a BodyError. A
// jsontext error may quote the body, so none of its text is repeated. Its offset
// leaves out the skipped bytes.
func bodyErrorOf(body []byte, skipped int, err error) error {
	var bad *BodyError
	var syntax *jsontext.SyntacticError
	switch start := bytes.TrimSpace(body); {
	case errors.As(err, &bad):
		return err
	case !errors.As(err, &syntax) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return &BodyError{Why: err.Error(), Err: err}
	case len(start) == 0:
		return &BodyError{Why: "it is empty"}
	case start[0] == '<':
		return &BodyError{Why: "it is a web page, not JSON"}
	case syntax == nil || errors.Is(err, io.ErrUnexpectedEOF):
		return &BodyError{Why: "its JSON is cut short"}
	case syntax.Err != nil && syntax.Err.Error() == "exceeded max depth": // jsontext has no other sign of it
		return &BodyError{Why: "its JSON is nested too deeply to read; asking again cannot help", TooDeep: true}
	}
	return badBody("it is not valid JSON at byte %d of %d", int(syntax.ByteOffset)+skipped, len(body))
}

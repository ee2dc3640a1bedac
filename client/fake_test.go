package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const testKey = "eyJ0eXAi.SECRET-key.0123456789"

// reply is what a fake server answers: its zero value is an empty 200.
type reply struct {
	status int
	body   string
	header map[string]string
	delay  time.Duration                 // before the head
	err    error                         // instead of an answer
	reader func(*http.Request) io.Reader // instead of body
	length int64                         // Content-Length if not that of body
}

// fake is a server in this process: a function of the request and its number,
// counted from 1.
type fake struct {
	mu     sync.Mutex
	n      int
	log    []string // method, path and query of each request
	answer func(n int, r *http.Request) reply
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	f.n++
	n := f.n
	f.log = append(f.log, r.Method+" "+r.URL.RequestURI())
	f.mu.Unlock()
	a := f.answer(n, r)
	if err := pause(r.Context(), a.delay); err != nil {
		return nil, err
	}
	if a.err != nil {
		return nil, a.err
	}
	return a.response(r), nil
}

func (a reply) response(r *http.Request) *http.Response {
	h := http.Header{}
	for k, v := range a.header {
		h.Set(k, v)
	}
	body, length := io.Reader(strings.NewReader(a.body)), int64(len(a.body))
	if a.reader != nil {
		body, length = a.reader(r), -1
	}
	return &http.Response{StatusCode: orDefault(a.status, 200), Header: h, Body: io.NopCloser(body),
		ContentLength: orDefault(a.length, length), Request: r}
}

func (f *fake) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.log...)
}

func pause(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

const forever = 1 << 62

func ok(body string) reply { return reply{body: body} }

func status(code int, body string) reply { return reply{status: code, body: body} }

func (a reply) with(name, value string) reply {
	h := map[string]string{name: value}
	for k, v := range a.header {
		h[k] = v
	}
	a.header = h
	return a
}

// cursorPage answers page n of a cursor list of three pages of two rows.
func cursorPage(r *http.Request) reply {
	n := 1
	if c := r.URL.Query().Get("cursor"); c != "" {
		n, _ = strconv.Atoi(strings.TrimPrefix(c, "c"))
	}
	next := "null"
	if n < 3 {
		next = fmt.Sprintf(`"c%d"`, n+1)
	}
	return ok(fmt.Sprintf(`{"data":[{"id":"%d"},{"id":"%d"}],"meta":{"per_page":2,"next_cursor":%s}}`, 2*n-1, 2*n, next))
}

const wholeList = `[{"id":"1"},{"id":"2"}][{"id":"3"},{"id":"4"}][{"id":"5"},{"id":"6"}]`

// newTestClient returns a client of a fake server that answers single requests
// only. Options.Transport is set.
func newTestClient(t testing.TB, answer func(n int, r *http.Request) reply, o Options) (*Client, *fake) {
	t.Helper()
	c, f := newBatchClient(t, answer, o)
	c.batching.giveUp("the server answers none")
	return c, f
}

// newBatchClient returns a client of a fake server, with one batch in flight.
func newBatchClient(t testing.TB, answer func(n int, r *http.Request) reply, o Options) (*Client, *fake) {
	t.Helper()
	f := &fake{answer: answer}
	o.Key, o.Transport = testKey, f
	if o.URL == "" {
		o.URL = "http://127.0.0.1:1/api"
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	c.walks = 1
	return c, f
}

// records keeps the raw records of the page last read.
type records struct{ raw string }

func (r *records) read(dec *jsontext.Decoder, body []byte) (rows int, err error) {
	if _, err := dec.ReadToken(); err != nil {
		return 0, err
	}
	start := dec.InputOffset() - 1
	for ; dec.PeekKind() != ']'; rows++ {
		if _, err := dec.ReadValue(); err != nil {
			return 0, err
		}
	}
	_, err = dec.ReadToken()
	r.raw = string(body[start:dec.InputOffset()])
	return rows, err
}

// skip reads records without keeping them.
var skip = byDecoder(func(dec *jsontext.Decoder, body []byte) (int, error) { return new(records).read(dec, body) })

// byDecoder reads records with a decoder that stands before them.
func byDecoder(read func(dec *jsontext.Decoder, body []byte) (int, error)) ReadRecords {
	return func(body []byte, at int) (int, int, error) {
		dec := jsontext.NewDecoder(bytes.NewBuffer(body[at:]), lenient...)
		rows, err := read(dec, body[at:])
		var syntax *jsontext.SyntacticError
		if errors.As(err, &syntax) {
			syntax.ByteOffset += int64(at)
		}
		return rows, at + int(dec.InputOffset()), err
	}
}

// collect walks a list by Cursor or Pages and returns its records joined.
func collect(ctx context.Context, by func(context.Context, List, ReadRecords) iter.Seq2[*Page, error], l List) (string, error) {
	var b strings.Builder
	var failed error
	var page records
	for _, err := range by(ctx, l, byDecoder(page.read)) {
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		b.WriteString(page.raw)
	}
	return b.String(), failed
}

// readerFunc makes a reader of a function.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// drip returns one byte of text at a time, with a wait before each.
func drip(text string, wait time.Duration) func(*http.Request) io.Reader {
	return func(r *http.Request) io.Reader {
		rest := text
		return readerFunc(func(p []byte) (int, error) {
			if rest == "" {
				return 0, io.EOF
			}
			if err := pause(r.Context(), wait); err != nil {
				return 0, err
			}
			n := copy(p[:1], rest)
			rest = rest[n:]
			return n, nil
		})
	}
}

// cut returns text and then an error.
func cut(text string, err error) func(*http.Request) io.Reader {
	return func(*http.Request) io.Reader {
		return io.MultiReader(strings.NewReader(text), readerFunc(func([]byte) (int, error) { return 0, err }))
	}
}

// endless returns spaces for ever.
func endless(*http.Request) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		for i := range p {
			p[i] = ' '
		}
		return len(p), nil
	})
}

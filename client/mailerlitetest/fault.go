package mailerlitetest

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Fault is what goes wrong with one request. The zero value is no fault; fields
// combine where that makes sense. A faulty request counts against the rate limit
// like any other, unless the connection breaks before the headers are sent.
type Fault struct {
	Status      int    // replaces the account's answer, with Body
	Body        string // default: a JSON message below 500, an HTML page from 500 on; without Status it replaces the account's body
	ContentType string // default: the type that the body looks like
	RetryAfter  string // header, in seconds or as an HTTP date
	Redirect    string // Location; the status is 302 unless given

	Delay time.Duration // before the headers
	Hang  bool          // no answer until the request's context ends
	Reset bool          // the connection breaks instead of an answer

	ResetAfter  int           // the connection breaks after this many bytes of the body
	Truncate    int           // if positive, the body ends cleanly after this many bytes, with a matching Content-Length
	WrongLength bool          // the body ends before its Content-Length
	Drip        time.Duration // before every DripBytes of the body
	DripBytes   int           // default 256
	Endless     bool          // the body never ends: spaces follow

	RepeatCursor bool                     // next_cursor is the request's own cursor
	EmptyPage    bool                     // data is [], and the next cursor leads to the rows that should be there
	Rewrite      func(body []byte) []byte // changes the body, including a batch's

	Parts map[int]int // of a batch: the status of the parts that fail, by their number from 0
}

// wait waits before the headers as the fault says. It returns an error if the
// connection breaks or the context ends.
func (f *Fault) wait(ctx context.Context) error {
	if err := sleep(ctx, f.Delay); err != nil {
		return err
	}
	if f.Hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if f.Reset {
		return errReset
	}
	return nil
}

// sleep waits for d, or returns the context's error if that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errReset is the error of reading from a connection that the other side reset.
var errReset error = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}

// replaces reports whether the fault replaces the account's answer.
func (f *Fault) replaces() bool { return f.Status != 0 || f.Redirect != "" }

// answer returns the fault's own answer. It is used if replaces is true.
func (f *Fault) answer(h http.Header) (status int, body []byte) {
	status = f.Status
	if f.Redirect != "" {
		h.Set("Location", f.Redirect)
		if status == 0 {
			status = http.StatusFound
		}
	}
	switch {
	case status == http.StatusTooManyRequests:
		h.Set("X-RateLimit-Remaining", "0")
	case status == 401 || status >= 500: // server errors come from Cloudflare, which does not know the account
		for _, name := range accountHeaders {
			h.Del(name)
		}
	}
	return status, []byte(orDefault(f.Body, defaultBody(status)))
}

func defaultBody(status int) string {
	text := http.StatusText(status)
	switch {
	case status == http.StatusTooManyRequests:
		return `{"message":"Too Many Attempts."}`
	case status >= 300 && status < 500:
		return `{"message":"` + text + `"}`
	}
	return "<!DOCTYPE html>\n<html><head><title>" + strconv.Itoa(status) + ": " + text + "</title></head>\n" +
		"<body><h1>" + text + "</h1><p>cloudflare</p></body></html>\n"
}

// shape returns the body as the fault changes it.
func (f *Fault) shape(body []byte) []byte {
	if f.Body != "" && !f.replaces() {
		body = []byte(f.Body)
	}
	if f.Rewrite != nil {
		body = f.Rewrite(body)
	}
	if f.Truncate > 0 {
		body = body[:min(f.Truncate, len(body))]
	}
	return body
}

func (f *Fault) contentType(body []byte) string {
	if f.ContentType != "" {
		return f.ContentType
	}
	if strings.HasPrefix(string(bytes.TrimSpace(body[:min(64, len(body))])), "<") {
		return "text/html; charset=UTF-8"
	}
	return "application/json"
}

// stream is the body of an answer as it arrives: at once, in drips, or cut off.
type stream struct {
	ctx     context.Context
	fault   *Fault
	rest    []byte
	left    int // bytes of the current drip not yet read
	end     error
	release func() // called once, by Close
}

func newStream(ctx context.Context, f *Fault, body []byte, release func()) *stream {
	s := &stream{ctx: ctx, fault: f, rest: body, end: io.EOF, release: release}
	if f.ResetAfter > 0 {
		s.rest, s.end = body[:min(f.ResetAfter, len(body))], errReset
	}
	if f.WrongLength {
		s.end = io.ErrUnexpectedEOF
	}
	return s
}

func (s *stream) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if len(s.rest) == 0 && !s.fault.Endless {
		return 0, s.end
	}
	p, err := s.drip(p)
	if err != nil {
		return 0, err
	}
	if len(s.rest) > 0 {
		n := copy(p, s.rest)
		s.rest, s.left = s.rest[n:], s.left-n
		return n, nil
	}
	s.left -= len(p)
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// drip waits for the next drip if the current one is used up, and returns the
// part of p that it may fill.
func (s *stream) drip(p []byte) ([]byte, error) {
	if s.fault.Drip <= 0 {
		return p, nil
	}
	if s.left <= 0 {
		if err := sleep(s.ctx, s.fault.Drip); err != nil {
			return nil, err
		}
		s.left = s.fault.DripBytes
		if s.left <= 0 {
			s.left = 256
		}
	}
	return p[:min(s.left, len(p))], nil
}

// Close ends reading. The memory of the body may then be used for another one.
func (s *stream) Close() error {
	s.rest, s.end = nil, net.ErrClosed
	if s.release != nil {
		s.release()
		s.release = nil
	}
	return nil
}

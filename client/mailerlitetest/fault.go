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

// Fault is what goes wrong with one request. Its zero value is nothing; parts
// combine where that makes sense. A faulty request costs one of the rate limit
// like any other, unless the connection breaks before its headers.
type Fault struct {
	Status      int    // answered instead of the account, with Body
	Body        string // default: a JSON message below 500, an HTML page from 500 on; without Status it replaces the account's body
	ContentType string // default: of the body as it is
	RetryAfter  string // header, in seconds or as an HTTP date
	Redirect    string // Location; the status is 302 unless given

	Delay time.Duration // before the headers
	Hang  bool          // no answer until the request's context ends
	Reset bool          // the connection breaks instead of an answer

	ResetAfter  int           // the connection breaks after so many bytes of the body
	Truncate    int           // the body ends cleanly after so many bytes (if positive), with the Content-Length to match
	WrongLength bool          // the body ends before its Content-Length
	Drip        time.Duration // before every DripBytes of the body
	DripBytes   int           // default 256
	Endless     bool          // the body goes on with blanks for ever

	RepeatCursor bool                     // next_cursor is the request's own cursor
	EmptyPage    bool                     // data is [], and the next cursor leads to the rows that were due
	Rewrite      func(body []byte) []byte // the last word on the body, batches included
}

// wait spends the fault's time before the headers, and reports how the
// connection breaks, if it does.
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

// sleep waits, or returns the context's error.
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

// errReset is what a client of a socket sees when the other side resets it.
var errReset error = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}

// replaces reports whether the fault answers in the account's place.
func (f *Fault) replaces() bool { return f.Status != 0 || f.Redirect != "" }

// answer is the fault's own answer, see replaces.
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
	case status == 401 || status >= 500: // the latter are Cloudflare's, which knows nothing of the account
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

// shape applies what the fault does to the account's body.
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

// stream is the body of an answer as it arrives: whole, in drips, or broken.
type stream struct {
	ctx     context.Context
	fault   *Fault
	rest    []byte
	due     int // bytes of the current drip yet to be read
	end     error
	release func() // called once, when nobody reads any more
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
		s.rest, s.due = s.rest[n:], s.due-n
		return n, nil
	}
	s.due -= len(p)
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// drip waits for the next drip when none is due, and returns as much of p as
// it fills.
func (s *stream) drip(p []byte) ([]byte, error) {
	if s.fault.Drip <= 0 {
		return p, nil
	}
	if s.due <= 0 {
		if err := sleep(s.ctx, s.fault.Drip); err != nil {
			return nil, err
		}
		s.due = s.fault.DripBytes
		if s.due <= 0 {
			s.due = 256
		}
	}
	return p[:min(s.due, len(p))], nil
}

// Close ends the reading; the body's memory may then serve another answer.
func (s *stream) Close() error {
	s.rest, s.end = nil, net.ErrClosed
	if s.release != nil {
		s.release()
		s.release = nil
	}
	return nil
}

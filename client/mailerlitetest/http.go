package mailerlitetest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// OnRequest sets a function that is called before each request is answered,
// with the number of the request, from 1. A batch is one request. f may change
// the account, since no lock is held. A nil function removes it.
func (a *Account) OnRequest(f func(n int, r *http.Request)) {
	a.hooks.Lock()
	defer a.hooks.Unlock()
	a.onRequest = f
}

// Faults sets a function that returns what goes wrong with a request, numbered
// from 1, or nil if nothing does. It is called after that of OnRequest. A nil
// function removes it.
func (a *Account) Faults(f func(n int, r *http.Request) *Fault) {
	a.hooks.Lock()
	defer a.hooks.Unlock()
	a.faults = f
}

// Requests returns how many requests have come in.
func (a *Account) Requests() int {
	a.hooks.Lock()
	defer a.hooks.Unlock()
	return a.requests
}

// RequestsTo returns how many requests came in for a route, say
// "/subscribers" or "/groups/{id}/subscribers"; the parts of a batch do not count.
func (a *Account) RequestsTo(route string) int {
	a.hooks.Lock()
	defer a.hooks.Unlock()
	return a.perRoute[route]
}

// reply is an answer whose body is still to be sent.
type reply struct {
	status int
	header http.Header
	length int64 // -1: unknown
	body   *stream
}

// bodies holds the memory of earlier bodies, for reuse.
var bodies = sync.Pool{New: func() any { return new([]byte) }}

// handle answers a request, or returns the error that breaks the connection.
func (a *Account) handle(r *http.Request) (*reply, error) {
	q, f, err := a.receive(r)
	if err != nil {
		return nil, err
	}
	if err := f.wait(r.Context()); err != nil {
		return nil, err
	}
	if err := sleep(r.Context(), a.latency(q)); err != nil {
		return nil, err
	}
	buf := bodies.Get().(*[]byte)
	h := http.Header{}
	status, body := a.respond((*buf)[:0], h, r, q)
	if cap(body) > cap(*buf) && !f.replaces() {
		*buf = body // it has grown: keep the larger one
	}
	body = f.shape(body)
	h.Set("Content-Type", f.contentType(body))
	if f.RetryAfter != "" {
		h.Set("Retry-After", f.RetryAfter)
	}
	if a.opt.Gzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = compressed(body)
	}
	rep := &reply{status: status, header: h, length: int64(len(body))}
	switch {
	case f.Endless:
		rep.length = -1
	case f.WrongLength:
		rep.length += 100
	}
	rep.body = newStream(r.Context(), f, body, func() {
		if f.Rewrite == nil { // which may have kept the memory
			bodies.Put(buf)
		}
	})
	return rep, nil
}

// receive reads a request, counts it and calls the hooks.
func (a *Account) receive(r *http.Request) (query, *Fault, error) {
	q := query{method: r.Method, path: apiPath(r.URL.Path), params: r.URL.Query()}
	if r.Body != nil {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<24))
		if err != nil {
			return q, nil, fmt.Errorf("read request: %w", err)
		}
		q.body = body
		r = r.WithContext(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	onRequest, faults := a.countRequest(&q)
	if onRequest != nil {
		onRequest(q.n, r)
	}
	q.fault = &Fault{}
	if faults != nil {
		if f := faults(q.n, r); f != nil {
			q.fault = f
		}
	}
	return q, q.fault, nil
}

func (a *Account) countRequest(q *query) (func(int, *http.Request), func(int, *http.Request) *Fault) {
	name := "/" + q.path
	if r, _, _ := a.match(*q); r != nil {
		name = "/" + r.pattern
	}
	a.hooks.Lock()
	defer a.hooks.Unlock()
	a.requests++
	a.perRoute[name]++
	q.n = a.requests
	return a.onRequest, a.faults
}

// apiPath returns the path below /api. For any other path it returns one that
// no route has.
func apiPath(path string) string {
	if below, ok := strings.CutPrefix(path, "/api/"); ok {
		return strings.TrimSuffix(below, "/")
	}
	return "/" + path
}

var accountHeaders = []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-Locale", "X-Account_id", "X-User_id"}

// respond appends the answer to b: the account's, or that of the fault.
func (a *Account) respond(b []byte, h http.Header, r *http.Request, q query) (int, []byte) {
	h.Set("Cache-Control", "no-cache, private")
	h.Set("Server", "cloudflare")
	h.Set("CF-RAY", fmt.Sprintf("%016x-VNO", mix(uint64(q.n))))
	h.Set("Date", a.opt.Now().UTC().Format(http.TimeFormat))
	if !a.authorized(r) {
		return 401, a.appendMessage(b, "Unauthenticated.")
	}
	isBatch := q.method == "POST" && q.path == "batch"
	cost := 1
	if isBatch && a.opt.BatchCostPerPart {
		cost = 0 // its parts are counted instead
	}
	left := a.limit.take(cost)
	a.setHeaders(h, left)
	if !left.ok {
		h.Set("Retry-After", strconv.Itoa(left.retryAfter))
		return 429, a.appendMessage(b, "Too Many Attempts.")
	}
	if q.fault.replaces() {
		return q.fault.answer(h)
	}
	if !isBatch {
		return a.answerQuery(b, q)
	}
	return a.batch(b, q, func() bool {
		left := a.limit.take(1)
		a.setHeaders(h, left)
		return left.ok
	})
}

func (a *Account) setHeaders(h http.Header, left allowance) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(left.limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(left.remaining))
	h.Set("X-Locale", "en")
	if !a.opt.NoAccountHeader {
		h.Set("X-Account_id", a.opt.AccountID)
		h.Set("X-User_id", "106223")
	}
}

func (a *Account) authorized(r *http.Request) bool {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if a.opt.Key == "" {
		return ok && strings.TrimSpace(key) != ""
	}
	return ok && key == a.opt.Key
}

func compressed(body []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed) // cannot fail: the level is valid
	w.Write(body)                                     // cannot fail: a Buffer takes everything
	w.Close()
	return out.Bytes()
}

// Transport returns a RoundTripper that answers from the account without a
// socket, whatever the host of the request. It obeys the request's context, also
// while a body is read, and works in a synctest bubble.
func (a *Account) Transport() http.RoundTripper { return transport{a} }

type transport struct{ a *Account }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	rep, err := t.a.handle(r)
	if err != nil {
		return nil, err
	}
	if rep.length >= 0 {
		rep.header.Set("Content-Length", strconv.FormatInt(rep.length, 10))
	}
	if r.Method == http.MethodHead {
		rep.body.rest, rep.body.end = nil, io.EOF
	}
	return &http.Response{
		Status:     strconv.Itoa(rep.status) + " " + http.StatusText(rep.status),
		StatusCode: rep.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: rep.header, Body: rep.body, ContentLength: rep.length, Request: r,
	}, nil
}

// ServeHTTP answers requests under /api.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rep, err := a.handle(r)
	if err != nil {
		breakConnection(w)
	}
	defer rep.body.Close()
	for name, values := range rep.header {
		w.Header()[name] = values
	}
	if rep.length >= 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(rep.length, 10))
	}
	w.WriteHeader(rep.status)
	if err := rep.body.sendTo(w); errors.Is(err, errReset) {
		http.NewResponseController(w).Flush()
		breakConnection(w)
	}
}

// sendTo writes the body as it arrives. It returns the error that cut it off.
func (s *stream) sendTo(w http.ResponseWriter) error {
	if s.fault.Drip == 0 {
		if _, err := w.Write(s.rest); err != nil {
			return err
		}
		s.rest = nil
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := s.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
			http.NewResponseController(w).Flush()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// breakConnection resets the connection, or closes it if it cannot be hijacked.
// It panics with http.ErrAbortHandler, which ends the handler quietly.
func breakConnection(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// Package proxy stands between a client and an HTTP server on this machine, counts the client's requests, and makes one of
// them go wrong. The two names you want are Start and Fault.
//
// Host and path of a request stay as the client wrote them: signatures cover them.
package proxy

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Proxy forwards requests to a server.
type Proxy struct {
	Addr     string // host and port that clients connect to
	upstream string
	client   http.RoundTripper

	mu       sync.Mutex
	fault    Fault
	happened bool // the fault
	requests []Request
	late     []func() // deliver what Late held back
}

// Request is a request that came in.
type Request struct {
	Method, Path string // Path with the query
	Bytes        int    // of its body
	Status       int    // of the answer; 0 until there is one
}

// Writes reports whether the request changes an object: a POST does so when it carries one.
func (r Request) Writes() bool {
	return r.Method == http.MethodPut || r.Method == http.MethodPost || r.Method == http.MethodDelete
}

// Start starts a proxy in front of a server until the test ends.
func Start(t testing.TB, upstream string) *Proxy {
	p := &Proxy{upstream: upstream, client: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16}}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	p.Addr = s.Listener.Addr().String()
	return p
}

// Arm sets the fault of the requests to come, which are counted from 1. The zero Fault is none.
func (p *Proxy) Arm(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.happened, p.requests = f, false, nil
}

// Requests returns the requests since Arm.
func (p *Proxy) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Request(nil), p.requests...)
}

// Happened reports whether the fault has happened since Arm: there were as many requests.
func (p *Proxy) Happened() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.happened
}

// DeliverLate has the server handle what Late held back.
func (p *Proxy) DeliverLate() {
	p.mu.Lock()
	late := p.late
	p.late = nil
	p.mu.Unlock()
	for _, deliver := range late {
		deliver()
	}
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		reset(w) // the client is gone, or sent half of it
		return
	}
	x := &exchange{p: p, w: w, r: r, body: body}
	if x.number, x.fault = p.count(r, len(body)); x.fault == nil {
		x.forward()
		x.answer()
		return
	}
	x.fault(x)
}

// count records a request. It returns its number and what is to go wrong with it, nil for nothing.
func (p *Proxy) count(r *http.Request, bytes int) (number int, fault Kind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, Request{Method: r.Method, Path: r.URL.RequestURI(), Bytes: bytes})
	number = len(p.requests)
	if !p.fault.hits(number) {
		return number, nil
	}
	p.happened = true
	return number, p.fault.Kind
}

// exchange is one request on its way, and its answer.
type exchange struct {
	p      *Proxy
	w      http.ResponseWriter
	r      *http.Request
	body   []byte
	number int
	fault  Kind

	response *http.Response // nil if the server could not be reached
	content  []byte         // of the response
}

// forward has the server handle the request.
func (x *exchange) forward() {
	out := x.r.Clone(x.r.Context())
	out.URL.Scheme, out.URL.Host = "http", x.p.upstream // the path stays encoded as it came
	out.RequestURI, out.Body, out.ContentLength = "", io.NopCloser(bytes.NewReader(x.body)), int64(len(x.body))
	out.Header.Del("Expect")
	resp, err := x.p.client.RoundTrip(out)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	if x.content, err = io.ReadAll(resp.Body); err == nil {
		x.response = resp
		x.note(resp.StatusCode)
	}
}

// note records the status of the answer.
func (x *exchange) note(status int) {
	x.p.mu.Lock()
	defer x.p.mu.Unlock()
	if x.number <= len(x.p.requests) { // Arm may have been called since
		x.p.requests[x.number-1].Status = status
	}
}

// answer sends the server's answer to the client.
func (x *exchange) answer() {
	if x.response == nil {
		reset(x.w)
		return
	}
	x.header()
	_, _ = x.w.Write(x.content) // a client that is gone needs no answer
}

// header sends the head of the server's answer.
func (x *exchange) header() {
	for name, values := range x.response.Header {
		x.w.Header()[name] = values
	}
	x.w.WriteHeader(x.response.StatusCode)
}

// reset breaks the connection to the client.
func reset(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // part of an answer is sent: this breaks the connection too
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // not closed politely
	}
	_ = conn.Close()
}

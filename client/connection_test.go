package client

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
)

// The error of an attempt without an answer says in plain words what happened,
// and wraps the cause.
func TestNoAnswer(t *testing.T) {
	dial := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)}
	}
	for _, tc := range []struct {
		cause error
		want  string
	}{
		{io.EOF, "get /account: the connection was closed before an answer came (EOF)"},
		{fmt.Errorf("net/http: HTTP/1.x transport connection broken: %w", io.ErrUnexpectedEOF),
			"get /account: the connection was closed before an answer came (net/http: HTTP/1.x transport connection broken: unexpected EOF)"},
		{&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}, "get /account: the connection was reset before an answer came (read tcp: connection reset by peer)"},
		{syscall.EPIPE, "get /account: the connection was reset before an answer came (broken pipe)"},
		{dial(syscall.ECONNREFUSED), "get /account: the connection was refused (dial tcp: connect: connection refused); check the API address"},
		{dial(syscall.EHOSTUNREACH), "get /account: the server cannot be reached (dial tcp: connect: no route to host); check the network"},
		{dial(syscall.ENETUNREACH), "get /account: the server cannot be reached (dial tcp: connect: network is unreachable); check the network"},
		{dial(syscall.ETIMEDOUT), "get /account: the connection timed out (dial tcp: connect: connection timed out); check the network"},
		{&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "x.example", IsNotFound: true}},
			"get /account: the server's name cannot be resolved (dial tcp: lookup x.example: no such host); check the API address and the network"},
		{&net.OpError{Op: "proxyconnect", Net: "tcp", Err: dial(syscall.ECONNREFUSED)},
			"get /account: the proxy cannot be reached (proxyconnect tcp: dial tcp: connect: connection refused); check HTTPS_PROXY and HTTP_PROXY"},
		{&net.OpError{Op: "remote error", Err: errors.New("tls: handshake failure")},
			"get /account: no secure connection could be made (remote error: tls: handshake failure); check the API address and any proxy in between"},
		{&net.OpError{Op: "local error", Err: errors.New("tls: bad record MAC")},
			"get /account: no secure connection could be made (local error: tls: bad record MAC); check the API address and any proxy in between"},
		{tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"},
			"get /account: no secure connection could be made (tls: first record does not look like a TLS handshake); check the API address and any proxy in between"},
		{&tls.CertificateVerificationError{Err: errors.New("x509: certificate has expired")},
			"get /account: the server's certificate is not trusted (tls: failed to verify certificate: x509: certificate has expired); check the API address, this machine's clock and any proxy in between"},
		{errors.New("http2: client connection lost"), "get /account: no usable answer came (http2: client connection lost)"},
		{errors.New(`net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0"`),
			`get /account: no usable answer came (net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0")`},
	} {
		c, f := newTestClient(t, func(int, *http.Request) reply { return reply{err: tc.cause} }, Options{Retries: -1})
		_, err := c.Get(t.Context(), "/account", nil)
		if err == nil || err.Error() != tc.want || len(f.requests()) != 1 {
			t.Errorf("got error %v, want %s", err, tc.want)
		}
		if _, plain := tc.cause.(tls.RecordHeaderError); !plain && !errors.Is(err, tc.cause) {
			t.Errorf("error %v does not match its cause", err)
		}
	}
}

// The same over a real connection.
func TestServerNoAnswer(t *testing.T) {
	for name, tc := range map[string]struct {
		start func(http.Handler) *httptest.Server
		https bool
		drop  func(net.Conn)
		want  string
	}{
		"closed":             {httptest.NewServer, false, func(c net.Conn) { c.Close() }, "the connection was closed before an answer came (EOF)"},
		"closed in the head": {httptest.NewServer, false, func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200"); c.Close() }, "the connection was closed before an answer came ("},
		"unknown issuer":     {httptest.NewTLSServer, true, nil, "the server's certificate is not trusted ("},
		"not TLS":            {httptest.NewServer, true, nil, "no secure connection could be made ("},
	} {
		t.Run(name, func(t *testing.T) {
			s := tc.start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if tc.drop == nil {
					t.Error("the request with the key arrived")
					return
				}
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				tc.drop(conn)
			}))
			t.Cleanup(s.Close)
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			address := s.URL
			if tc.https {
				address = "https://" + s.Listener.Addr().String()
			}
			c, err := New(Options{URL: address, Key: testKey, Retries: -1})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Account(t.Context()); err == nil || !strings.Contains(err.Error(), "get /account: "+tc.want) {
				t.Errorf("got error %v, want %s", err, tc.want)
			}
		})
	}
}

package client

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// connectionError says in plain words why no answer came, and then the cause.
func connectionError(err error) error {
	what, todo := whyNoAnswer(err)
	if todo != "" {
		todo = "; " + todo
	}
	return fmt.Errorf("%s (%w)%s", what, err, todo)
}

func whyNoAnswer(err error) (what, todo string) {
	var op *net.OpError
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var notTLS tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return "the proxy cannot be reached", "check HTTPS_PROXY and HTTP_PROXY"
	case errors.As(err, &dns):
		return "the server's name cannot be resolved", "check the API address and the network"
	case errors.As(err, &certificate):
		return "the server's certificate is not trusted", "check the API address, this machine's clock and any proxy in between"
	case errors.As(err, &notTLS), op != nil && (op.Op == "remote error" || op.Op == "local error"): // a TLS alert
		return "no secure connection could be made", "check the API address and any proxy in between"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused", "check the API address"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "the server cannot be reached", "check the network"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection was reset before an answer came", ""
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed before an answer came", ""
	case errors.As(err, &timeout) && timeout.Timeout():
		return "the connection timed out", "check the network"
	}
	return "no usable answer came", "" // none at all, or one that is not HTTP
}

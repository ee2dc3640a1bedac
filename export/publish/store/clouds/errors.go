//go:build !noclouds

package clouds

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"mailerlake/export/publish/store"
)

// answer is what a server said with an error.
type answer struct {
	status int    // 0 if no answer came
	code   string // of the cloud
}

// meaning is what an error means for what comes next.
type meaning int

const (
	final     meaning = iota // asking again would not help
	conflict                 // the condition does not hold
	absent                   // there is no such object
	noBucket                 // there is no such bucket
	forbidden                // permission is missing, or credentials are wrong
	unwritten                // it may pass, and nothing was written
	unclear                  // it may pass, and the request may have been carried out
)

// permanent is an error that another attempt would meet again.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// judge says what an error of an attempt means.
func (b *bucket) judge(ctx context.Context, err error) meaning {
	var p permanent
	switch {
	case err == nil || errors.As(err, &p):
		return final
	case errors.Is(context.Cause(ctx), errStalled):
		return unclear
	case ctx.Err() != nil:
		return final
	}
	if a := b.cloud.answer(err); a.status >= 300 {
		return a.meaning()
	}
	return silence(err) // an answer that is well but breaks off is none
}

// meaning says what an answer means. Some clouds have codes for what others say by their status.
func (a answer) meaning() meaning {
	switch {
	case slices.Contains([]string{"NoSuchBucket", "ContainerNotFound", "InvalidBucketName", "ContainerBeingDeleted"}, a.code):
		return noBucket
	case slices.Contains([]string{"ConditionalRequestConflict", "OperationAborted", "BadDigest", "Md5Mismatch", "XAmzContentSHA256Mismatch"}, a.code):
		return unwritten
	case a.code == "RequestTimeout": // 400: the body did not come
		return unclear
	case a.status == http.StatusPreconditionFailed || a.code == "BlobAlreadyExists":
		return conflict
	case a.status == http.StatusNotFound:
		return absent
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		return forbidden
	case a.status == http.StatusNotImplemented:
		return final
	case a.status == http.StatusRequestTimeout || a.status == http.StatusTooManyRequests || a.status >= 500:
		return unclear
	}
	return final
}

// silence says what it means that no answer came.
func silence(err error) meaning {
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name *net.DNSError
	var broken *brokenRequest
	switch {
	case errors.As(err, &certificate) || errors.As(err, &authority) || errors.As(err, &name) && name.IsNotFound:
		return final
	case errors.As(err, &broken) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, new(net.Error)):
		return unclear
	}
	return final
}

// explain returns the error of a request as users are to see it: what failed, on what, and what to do. It has no URL's query, which
// may be a signature.
func (b *bucket) explain(verb, key string, err error) error {
	if err == nil {
		return nil
	}
	where := verb + " " + b.name(key)
	switch b.judge(context.Background(), err) {
	case conflict:
		return fmt.Errorf("%s: %w", where, store.ErrConflict)
	case absent:
		if verb == "write" || verb == "list" {
			return b.bucketMissing(where)
		}
		return fmt.Errorf("%s: %w", where, fs.ErrNotExist)
	case noBucket:
		return b.bucketMissing(where)
	case forbidden:
		return fmt.Errorf("%s: permission denied (%s); %s", where, b.cloud.answer(err), b.cloud.help())
	}
	var p permanent
	if errors.As(err, &p) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w", where, err)
	}
	return fmt.Errorf("%s: %w", where, b.shown(err))
}

func (b *bucket) bucketMissing(where string) error {
	return fmt.Errorf("%s: there is no bucket %q; create it, or correct the URL", where, b.place.bucket)
}

// name returns the URL of an object.
func (b *bucket) name(key string) string { return strings.TrimSuffix(b.place.String()+"/"+key, "/") }

func (a answer) String() string { return strings.TrimSpace(fmt.Sprintf("%d %s", a.status, a.code)) }

func (b *bucket) shown(err error) *shown { return &shown{err, b.cloud.answer(err)} }

// shown is an error with its text made fit to be read.
type shown struct {
	error
	answer answer
}

func (s *shown) Unwrap() error { return s.error }

func (s *shown) Error() string {
	var broken *brokenRequest
	switch {
	case errors.As(s.error, &broken):
		return "no answer: " + plain(broken.error)
	case s.answer.status >= 300:
		return fmt.Sprintf("the server answered %s: %s", s.answer, plain(s.error))
	}
	return plain(s.error)
}

// plain returns the text of an error in one line, without the URLs of requests.
func plain(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	var request *url.Error
	if errors.As(err, &request) {
		text = strings.ReplaceAll(text, request.URL, "the server")
	}
	if runes := []rune(text); len(runes) > 500 {
		text = string(runes[:500]) + "..."
	}
	return text
}

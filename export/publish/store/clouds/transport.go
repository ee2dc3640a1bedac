//go:build !noclouds

package clouds

import (
	"net"
	"net/http"
	"time"
)

const (
	connections = 16               // to a server that are kept open
	reached     = 10 * time.Second // after which a server that takes no connection is given up
)

// client returns an HTTP client that counts the bucket's requests.
func (b *bucket) client() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = connections
	t.DialContext = (&net.Dialer{Timeout: reached}).DialContext
	return &http.Client{Transport: &counter{next: t, bucket: b}}
}

type counter struct {
	next   http.RoundTripper
	bucket *bucket
}

// brokenRequest is the error of a request that has no answer.
type brokenRequest struct{ error }

func (e *brokenRequest) Unwrap() error { return e.error }

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.bucket.requests.Add(1)
	response, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, &brokenRequest{err}
	}
	return response, nil
}

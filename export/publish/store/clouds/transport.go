//go:build !noclouds

package clouds

import (
	"net/http"
)

// connections is how many connections to a server are kept open.
const connections = 16

// client returns an HTTP client that counts the bucket's requests.
func (b *bucket) client() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = connections
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

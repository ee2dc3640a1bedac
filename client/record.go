package client

import (
	"context"
	"maps"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json/jsontext"
)

// Count asks how many records a list holds, by the page size 0. A list that
// does not answer that with a total yields a BodyError.
func (c *Client) Count(ctx context.Context, path string, params url.Values) (int64, error) {
	all := maps.Clone(params)
	if all == nil {
		all = url.Values{}
	}
	all.Set("limit", "0")
	var total int64
	err := c.do(ctx, request{method: http.MethodGet, path: path, params: all}, func(r *response) (err error) {
		total, err = parseTotal(r.body.Bytes())
		return err
	})
	return total, err
}

// Get reads a single resource and returns its data, which is the caller's. Path
// segments must be escaped (url.PathEscape). A resource that does not exist
// matches ErrNotFound.
func (c *Client) Get(ctx context.Context, path string, params url.Values) (jsontext.Value, error) {
	var data jsontext.Value
	err := c.do(ctx, request{method: http.MethodGet, path: path, params: params}, func(r *response) (err error) {
		data, err = parseData(r.body.Bytes())
		return err
	})
	return data, err
}

package client

import (
	"context"
	"maps"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json/jsontext"
)

// Count asks how many records a list holds, with a page size of 0. If the answer
// states no total, the error is a BodyError.
func (c *Client) Count(ctx context.Context, path string, params url.Values) (int64, error) {
	all := maps.Clone(params)
	if all == nil {
		all = url.Values{}
	}
	all.Set("limit", "0")
	var total int64
	err := c.do(ctx, request{method: http.MethodGet, path: path, params: all}, func(r *response) (err error) {
		total, err = parseTotal(r.body)
		return err
	})
	return total, err
}

// Get reads a single object and returns its data, which the caller owns. Path
// segments must be escaped (url.PathEscape). The error for an object that does
// not exist matches ErrNotFound.
func (c *Client) Get(ctx context.Context, path string, params url.Values) (jsontext.Value, error) {
	var data jsontext.Value
	err := c.do(ctx, request{method: http.MethodGet, path: path, params: params}, func(r *response) (err error) {
		data, err = parseData(r.body)
		return err
	})
	return data, err
}

package client

import (
	"context"
	"errors"
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
	err := c.do(ctx, request{method: http.MethodGet, path: path, params: all, kind: inSmall}, func(r *response) error {
		n, rows, err := parseTotal(r.body)
		if err != nil && r.part {
			return errDoubt // records instead of a count
		}
		total = n
		return errors.Join(err, c.batching.check(r, position{rows: rows}))
	})
	return total, err
}

// Get reads a single object and returns its data, which the caller owns. Path
// segments must be escaped (url.PathEscape). The error for an object that does
// not exist matches ErrNotFound.
func (c *Client) Get(ctx context.Context, path string, params url.Values) (jsontext.Value, error) {
	return c.get(ctx, request{method: http.MethodGet, path: path, params: params, kind: inSmall})
}

func (c *Client) get(ctx context.Context, r request) (data jsontext.Value, err error) {
	err = c.do(ctx, r, func(resp *response) (err error) {
		data, err = parseData(resp.body)
		return err
	})
	return data, err
}

package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// maxLookup is how many records a Lookup asks for at the same time.
const maxLookup = 20 * MaxBatch

// Answer is the server's answer to one path of a Lookup.
type Answer struct {
	// Path is the path that was requested.
	Path string
	// Status is the answer's status code. Only 404 without RouteMissing proves
	// that the record does not exist.
	Status int
	// Data is the record, nil unless Status is a success. The caller owns it.
	Data jsontext.Value
	// RouteMissing is set if the server does not know the path at all.
	RouteMissing bool
}

// Lookup reads many single records and returns an answer to each path, in order.
// A 4xx status of one path is an answer. 401 and 403 are errors, and so is an
// error response that does not come from the API itself: none of these says
// anything about the record. Path segments must be escaped (url.PathEscape).
func (c *Client) Lookup(ctx context.Context, paths []string) ([]Answer, error) {
	for _, path := range paths {
		if err := checkPath(path); err != nil {
			return nil, err
		}
	}
	answers := make([]Answer, 0, len(paths))
	for chunk := range slices.Chunk(paths, maxLookup) {
		some, err := c.lookup(ctx, chunk)
		if err != nil {
			return nil, fmt.Errorf("look up %d records: %w", len(paths), err)
		}
		answers = append(answers, some...)
	}
	return answers, nil
}

// lookup asks for all paths at the same time. The first error ends it.
func (c *Client) lookup(ctx context.Context, paths []string) ([]Answer, error) {
	within, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	answers := make([]Answer, len(paths))
	places := c.small.announce(len(paths))
	var wg sync.WaitGroup
	for i, path := range paths {
		wg.Go(func() {
			defer places[i].leave()
			var err error
			if answers[i], err = c.answer(within, path, places[i]); err != nil {
				stop(err)
			}
		})
	}
	wg.Wait()
	if err := context.Cause(within); err != nil {
		return nil, err
	}
	return answers, nil
}

func (c *Client) answer(ctx context.Context, path string, at *place) (Answer, error) {
	data, err := c.get(ctx, request{method: http.MethodGet, path: path, kind: inSmall, place: at})
	if err == nil {
		return Answer{Path: path, Status: http.StatusOK, Data: data}, nil
	}
	var status *Error
	if !errors.As(err, &status) || !aboutRecord(status.Status) || !status.json {
		return Answer{}, err
	}
	return Answer{Path: path, Status: status.Status, RouteMissing: status.RouteMissing()}, nil
}

// aboutRecord reports whether an error status says something about the record,
// not about the key or the state of the server.
func aboutRecord(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return status/100 == 4
}

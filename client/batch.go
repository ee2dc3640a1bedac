package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/sethvargo/go-retry"
)

// maxBatch is how many requests the server accepts in one batch.
const maxBatch = 50

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
// It sends batches of 50, or single requests if the server refuses batches. A
// 4xx status of one path is an answer. 401 and 403 are errors, and so is an
// error response that does not come from the API itself: none of these says
// anything about the record. Path segments must be escaped (url.PathEscape).
func (c *Client) Lookup(ctx context.Context, paths []string) ([]Answer, error) {
	for _, path := range paths {
		if err := checkPath(path); err != nil {
			return nil, err
		}
	}
	answers := make([]Answer, 0, len(paths))
	for chunk := range slices.Chunk(paths, maxBatch) {
		part, err := c.lookup(ctx, chunk)
		if err != nil {
			return nil, fmt.Errorf("look up %d records: %w", len(paths), err)
		}
		answers = append(answers, part...)
	}
	return answers, nil
}

func (c *Client) lookup(ctx context.Context, paths []string) ([]Answer, error) {
	if len(paths) == 1 || c.noBatch.Load() {
		return c.lookupSingly(ctx, paths)
	}
	answers, err := c.lookupBatch(ctx, paths)
	var bad *BodyError
	switch {
	case batchRefused(err):
		c.noBatch.Store(true)
	case errors.As(err, &bad), smallerMayHelp(err): // single requests may succeed
	default:
		return answers, err
	}
	c.log.Debug("batch failed, sending single requests", "cause", err)
	return c.lookupSingly(ctx, paths)
}

// batchRefused reports whether the server refuses batches as such.
func batchRefused(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Path == batchPath && slices.Contains([]int{403, 404, 405, 422}, e.Status)
}

// lookupSingly sends one request for each path.
func (c *Client) lookupSingly(ctx context.Context, paths []string) ([]Answer, error) {
	answers := make([]Answer, 0, len(paths))
	for _, path := range paths {
		data, err := c.Get(ctx, path, nil)
		a := Answer{Path: path, Status: http.StatusOK, Data: data}
		if err != nil {
			var status *Error
			if !errors.As(err, &status) || !aboutRecord(status.Status) || !status.json {
				return nil, err
			}
			a.Status, a.RouteMissing = status.Status, status.RouteMissing()
		}
		answers = append(answers, a)
	}
	return answers, nil
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

const batchPath = "/batch"

// batch is a Lookup of up to 50 paths in progress.
type batch struct {
	c       *Client
	paths   []string
	answers []Answer
	pending []int // indices of the paths without an answer
	limited bool  // the rate limit refused part of the last round
	cause   error // why a path is still pending after the last round
}

// lookupBatch sends one batch, then batches of the parts that failed.
func (c *Client) lookupBatch(ctx context.Context, paths []string) ([]Answer, error) {
	b := &batch{c: c, paths: paths, answers: make([]Answer, len(paths))}
	for i := range paths {
		b.pending = append(b.pending, i)
	}
	a := c.newAttempts(request{method: http.MethodPost, path: batchPath})
	err := retry.Do(ctx, retry.BackoffFunc(a.next), func(ctx context.Context) error {
		a.begin()
		return b.round(ctx, a)
	})
	a.stopWaiting()
	if err != nil {
		return nil, a.outcome(ctx, err)
	}
	return b.answers, nil
}

// round sends the pending paths once.
func (b *batch) round(ctx context.Context, a *attempts) error {
	b.limited, b.cause = false, nil
	r := request{method: http.MethodPost, path: batchPath, body: b.body(), shrinkable: true}
	if err := b.c.do(ctx, r, b.read); err != nil || len(b.pending) == 0 {
		return err
	}
	a.last = &failure{err: b.cause, retryAfter: -1}
	if b.limited {
		a.last.status = http.StatusTooManyRequests
	}
	return retry.RetryableError(a.last)
}

// body writes the batch of the pending paths.
func (b *batch) body() []byte {
	body := []byte(`{"requests":[`)
	for n, i := range b.pending {
		if n > 0 {
			body = append(body, ',')
		}
		body = append(body, `{"method":"GET","path":`...)
		body, _ = jsontext.AppendQuote(body, "api"+b.paths[i]) // fails only on invalid UTF-8, and paths are ASCII
		body = append(body, '}')
	}
	return append(body, `]}`...)
}

// read reads the answer to a batch.
func (b *batch) read(r *response) error {
	parts, err := parseBatch(r.body)
	if err != nil {
		return err
	}
	if len(parts) != len(b.pending) {
		return badBody("it has %d answers to %d requests", len(parts), len(b.pending))
	}
	pending := b.pending[:0]
	var denied error
	for n, i := range b.pending {
		switch settled, err := b.settle(i, parts[n]); {
		case err != nil:
			denied = err
		case !settled:
			pending = append(pending, i)
		}
	}
	b.pending = pending
	return denied
}

// settle notes the answer to one path, and reports whether it is final.
func (b *batch) settle(i int, p part) (settled bool, err error) {
	message := b.c.key.clean(p.message)
	e := &Error{Method: http.MethodGet, Path: b.paths[i], Status: p.code, Message: message, Hint: hint(p.code)}
	switch {
	case p.code/100 == 2 && p.data != nil:
		b.answers[i] = Answer{Path: b.paths[i], Status: p.code, Data: p.data}
		return true, nil
	case p.code/100 == 2:
		b.cause = &BodyError{Method: e.Method, Path: e.Path, Status: p.code, Why: "it has no data"}
		return false, nil
	case aboutRecord(p.code):
		b.answers[i] = Answer{Path: b.paths[i], Status: p.code, RouteMissing: routeMissing(message)}
		return true, nil
	case p.code == http.StatusUnauthorized, p.code == http.StatusForbidden:
		return false, e
	case p.code == http.StatusTooManyRequests:
		b.c.stats.rateLimited.Add(1)
		b.limited = true
	}
	b.cause = e
	return false, nil
}

// part is one answer of a batch.
type part struct {
	code    int
	data    jsontext.Value // copy of body.data, nil if there is none
	message string
}

func parseBatch(body []byte) (parts []part, err error) {
	e := newReader(body)
	found := false
	err = e.whole(func(name string) (err error) {
		if name != "responses" || e.dec.PeekKind() != '[' {
			return e.dec.SkipValue()
		}
		found = true
		parts, err = e.parts()
		return err
	})
	if err == nil && !found {
		err = &BodyError{Why: "it has no responses"}
	}
	return parts, err
}

func (e *reader) parts() (parts []part, err error) {
	if _, err := e.dec.ReadToken(); err != nil {
		return nil, err
	}
	for e.dec.PeekKind() != ']' {
		if len(parts) == maxBatch {
			return nil, &BodyError{Why: "it has too many responses"}
		}
		var p part
		err := e.object(func(name string) (err error) {
			switch name {
			case "code":
				p.code, err = e.small()
			case "body":
				err = e.partBody(&p)
			default:
				err = e.dec.SkipValue()
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	_, err = e.dec.ReadToken()
	return parts, err
}

func (e *reader) partBody(p *part) error {
	return e.object(func(name string) error {
		switch {
		case name == "data":
			v, err := e.dec.ReadValue()
			if v.Kind() != 'n' {
				p.data = v.Clone()
			}
			return err
		case name == "message" && e.dec.PeekKind() == '"':
			message, err := e.text()
			p.message = message
			return err
		}
		return e.dec.SkipValue()
	})
}

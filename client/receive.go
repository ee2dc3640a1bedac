package client

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"
)

// receive reads a request's part of the answer, in the caller's goroutine.
func (q *queue) receive(ctx context.Context, c *call, use func(*response) error) error {
	defer c.answer.shared.release()
	if err := q.c.receivePart(ctx, c, use); !q.c.batching.doubts(c.r, err) {
		return err
	}
	select {
	case q.c.batching.asking <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	answer := sync.OnceFunc(func() { <-q.c.batching.asking })
	defer answer()
	err := q.c.receivePart(ctx, c, use) // another request in doubt may have settled it
	switch {
	case !q.c.batching.doubts(c.r, err):
		return err
	case q.c.queueOf(c.r) == nil:
		answer()
		return q.c.alone(ctx, c.r, use)
	}
	return q.confirm(ctx, c.r, !errors.Is(err, errDoubt), use)
}

func (c *Client) receivePart(ctx context.Context, call *call, use func(*response) error) error {
	p, r := call.part, call.r
	if p.code == http.StatusTooManyRequests {
		c.stats.rateLimited.Add(1)
	}
	switch {
	case !p.usable():
		return c.bodyError(ctx, r, p.code, &BodyError{Why: "its part of the batch has no status"})
	case p.code/100 != 2:
		return c.statusError(r, p.code, partHeader(call.answer.header), bytes.NewReader(p.body))
	}
	c.batching.learn(r, len(p.body))
	resp := &response{header: call.answer.header, body: p.body, shared: call.answer.shared, part: true, wants: c.batching.wants(r)}
	return c.bodyError(ctx, r, p.code, use(resp))
}

// partHeader returns what the headers of a batch say about its parts.
func partHeader(h http.Header) http.Header {
	return http.Header{"Cf-Ray": h["Cf-Ray"]}
}

// confirm asks alone what a batch may have answered or refused wrongly, and learns
// from it whether batches can be trusted.
func (q *queue) confirm(ctx context.Context, r request, refused bool, use func(*response) error) error {
	var said position
	err := q.c.alone(ctx, r, func(resp *response) error {
		err := use(resp)
		said = resp.said
		return err
	})
	q.c.batching.judge(r, refused, said, err)
	return err
}

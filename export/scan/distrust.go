package scan

import (
	"context"
	"errors"
	"slices"

	"mailerlake/client"
	"mailerlake/export/pagelog"
)

// distrust forgets all ranges but the main walk, for this run and for those that resume its log.
func (c *ranges) distrust(why string) error {
	if c.whole {
		return nil
	}
	c.whole = true
	for _, r := range c.all[1:] {
		c.release(r)
	}
	c.all = c.all[:1]
	c.t.say(c.t.r.Table, "reading the list as a whole: "+why)
	if err := c.t.append(nil, pagelog.Mark{Walk: c.name + wholeMark, Parent: c.of != nil, End: true}, false); err != nil {
		return err
	}
	return c.t.r.Log.Sync()
}

// failed decides what becomes of a range whose request failed, retries included. What a plain walk could not have met
// does not fail the scan.
func (c *ranges) failed(ctx context.Context, r *keyRange, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var limit *client.RateLimitError
	switch {
	case ctx.Err() != nil || stopsRun(err) || errors.As(err, &limit):
		return err
	case !slices.Contains(c.all, r): // it does not count any more
		return nil
	case c.whole || r.failed:
		return err
	case !r.answered():
		c.unmade = true
		c.drop(r)
	case endless(err) || refused(err) || notOffered(err):
		if err := c.distrust(err.Error()); err != nil {
			return err
		}
		c.release(r)
	default: // perhaps it is too much at a time
		c.alone, r.failed = true, true
		c.release(r)
	}
	c.fill()
	return nil
}

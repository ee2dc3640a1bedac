package client

// Budget is the number of units that may be used in a minute. A request is a unit.
type Budget struct {
	// Limit is what the server's headers state, 0 until they do.
	Limit int
	// Used is what the Client stays under, 0 if it follows the headers alone.
	Used int
	// Batched says that requests which wait together travel in one batch, for one unit.
	Batched bool
}

// PerMinute returns the units that can be used in a minute, 0 if that is not known.
func (b Budget) PerMinute() int { return orDefault(b.Used, b.Limit) }

// Budget returns the budget as it is known now.
func (c *Client) Budget() Budget {
	batched := c.batches()
	c.pace.mu.Lock()
	defer c.pace.mu.Unlock()
	return Budget{Limit: c.pace.quota.limit, Used: c.pace.quota.perMinute(), Batched: batched}
}

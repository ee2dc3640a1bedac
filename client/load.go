package client

// Walks returns how many requests in flight the budget asks for.
func (c *Client) Walks() int { return 2 }

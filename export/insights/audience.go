package insights

// audience adds up the rows of subscribers.
type audience struct {
	rows, active, sent int64
	opens, clicks      rate
}

// rate is a mean of shares, weighted by e-mails.
type rate struct {
	weight int64
	sum    float64
}

// add adds a share in percent, of so many e-mails.
func (r *rate) add(c *column, row int, sent int64) {
	if sent > 0 && c.has(row) {
		r.weight += sent
		r.sum += c.float(row) / 100 * float64(sent)
	}
}

func (r rate) share() *float64 {
	if r.weight == 0 {
		return nil
	}
	share := r.sum / float64(r.weight)
	return &share
}

func (a *audience) figures() Audience {
	return Audience{Subscribers: a.rows, Active: a.active, Sent: a.sent, OpenRate: a.opens.share(), ClickRate: a.clicks.share()}
}

// portion returns part/whole, nil if the whole is nothing or the column of the part is not there.
func portion(part, whole int64, known bool) *float64 {
	if whole <= 0 || !known {
		return nil
	}
	share := float64(part) / float64(whole)
	return &share
}

package insights

// sendingColumns are the columns that say what was sent and what recipients did.
type sendingColumns struct {
	sent, opened, clicked, unsubscribed *column
}

func sendingOf(t *table) sendingColumns {
	return sendingColumns{t.count("stats_sent"), t.count("stats_unique_opens_count"), t.count("stats_unique_clicks_count"),
		t.count("stats_unsubscribes_count")}
}

func (c sendingColumns) at(row int) Sending {
	s := Sending{Sent: c.sent.int(row), Opened: c.opened.int(row), Clicked: c.clicked.int(row), Unsubscribed: c.unsubscribed.int(row)}
	s.OpenRate, s.ClickRate = portion(s.Opened, s.Sent, c.opened.has(row)), portion(s.Clicked, s.Sent, c.clicked.has(row))
	return s
}

// rated fills the rates of a sum from its counts.
func (c sendingColumns) rated(s Sending) Sending {
	s.OpenRate, s.ClickRate = portion(s.Opened, s.Sent, c.opened != nil), portion(s.Clicked, s.Sent, c.clicked != nil)
	return s
}

func (s *Sending) add(x Sending) {
	s.Sent += x.Sent
	s.Opened += x.Opened
	s.Clicked += x.Clicked
	s.Unsubscribed += x.Unsubscribed
}

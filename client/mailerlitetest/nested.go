package mailerlitetest

// eachEmail calls f for the e-mails of the campaigns, as the list shows them.
func (a *Account) eachEmail(f rowFunc) {
	for _, c := range a.campaigns {
		for _, e := range c.emails {
			row := func(b []byte) []byte {
				return appendKeyed(b, "campaign_id", c.id, func(b []byte) []byte {
					return appendRow(b, a, emailAttributes, sentEmail{e, c}, nil, view{})
				})
			}
			if !f(digits(e.id), row) {
				return
			}
		}
	}
}

// eachSubscriberField calls f for each field of each subscriber that is not null.
func (a *Account) eachSubscriberField(f rowFunc) {
	for _, s := range a.subs {
		for _, d := range a.fields {
			if s.field(d) == nullValue {
				continue
			}
			row := func(b []byte) []byte { return a.appendFieldValue(b, s, d) }
			if !f(digits(s.id)+"/"+digits(uint64(d.id)), row) {
				return
			}
		}
	}
}

func (a *Account) appendFieldValue(b []byte, s *subscriber, f *field) []byte {
	b = appendID(append(b, `{"subscriber_id":`...), s.id)
	b = appendID(append(b, `,"field_id":`...), uint64(f.id))
	b = a.appendText(append(b, `,"key":`...), f.key)
	b = a.appendText(append(b, `,"type":`...), f.kind)
	for _, kind := range []string{"text", "number", "date"} {
		b = append(append(append(b, `,"value_`...), kind...), `":`...)
		if kind == f.kind {
			b = a.values.append(b, s.field(f), false)
		} else {
			b = append(b, "null"...)
		}
	}
	return append(b, '}')
}

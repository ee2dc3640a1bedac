package mailerlitetest

import "strconv"

type campaignAttribute = attribute[*campaign]

var campaignAttributes = declare(
	campaignAttribute{name: "id", append: func(b []byte, _ *Account, c *campaign, _ view) []byte { return appendID(b, c.id) }},
	campaignAttribute{name: "account_id", append: func(b []byte, a *Account, _ *campaign, _ view) []byte { return a.appendText(b, a.opt.AccountID) }},
	campaignAttribute{name: "name", append: func(b []byte, a *Account, c *campaign, _ view) []byte { return a.appendText(b, c.name) }},
	campaignAttribute{name: "type", append: func(b []byte, a *Account, c *campaign, _ view) []byte { return a.appendText(b, c.kind) }},
	campaignAttribute{name: "status", append: func(b []byte, a *Account, c *campaign, _ view) []byte { return a.appendText(b, c.status) }},
	campaignAttribute{name: "missing_data", append: func(b []byte, _ *Account, c *campaign, _ view) []byte {
		if c.hasContent {
			return append(b, "[]"...)
		}
		return append(b, `["content"]`...)
	}},
	campaignAttribute{name: "settings", append: appendSettings},
	campaignAttribute{name: "filter", append: appendFilter},
	campaignAttribute{name: "filter_for_humans", append: appendFilterForHumans},
	campaignAttribute{name: "delivery_schedule", append: func(b []byte, a *Account, c *campaign, _ view) []byte { return a.appendOrNull(b, c.delivery) }},
	campaignAttribute{name: "language_id", append: func(b []byte, a *Account, c *campaign, _ view) []byte {
		return a.appendText(b, strconv.Itoa(c.language.id))
	}},
	campaignAttribute{name: "language", append: func(b []byte, a *Account, c *campaign, _ view) []byte { return a.appendLanguage(b, c.language) }},
	campaignTime("created_at", func(c *campaign) stamp { return c.created }),
	campaignTime("updated_at", func(c *campaign) stamp { return c.updated }),
	campaignTime("scheduled_for", func(c *campaign) stamp { return c.scheduled }),
	campaignTime("queued_at", func(c *campaign) stamp { return c.queued }),
	campaignTime("started_at", func(c *campaign) stamp { return c.started }),
	campaignTime("finished_at", func(c *campaign) stamp { return c.finished }),
	campaignTime("stopped_at", func(c *campaign) stamp { return c.stopped }),
	campaignAttribute{name: "default_email_id", append: func(b []byte, _ *Account, c *campaign, _ view) []byte { return appendID(b, c.emails[0].id) }},
	campaignAttribute{name: "emails", append: appendEmails},
	campaignFlag("used_in_automations", never),
	campaignAttribute{name: "type_for_humans", append: func(b []byte, a *Account, c *campaign, _ view) []byte {
		return a.appendText(b, map[string]string{"regular": "Regular", "ab": "A/B split", "resend": "Auto resend", "rss": "RSS"}[c.kind])
	}},
	campaignAttribute{name: "stats", when: func(c *campaign, _ view) bool { return c.status == "sent" },
		append: func(b []byte, _ *Account, c *campaign, _ view) []byte {
			s := c.stats
			s.opens = s.uniqueOpens // a campaign counts people who opened, an e-mail counts opens
			return s.append(b, true, 14)
		}},
	campaignFlag("is_stopped", func(c *campaign) bool { return c.stopped != 0 }),
	campaignAttribute{name: "has_winner", append: func(b []byte, _ *Account, c *campaign, _ view) []byte {
		if c.kind != "ab" {
			return append(b, "null"...)
		}
		return appendBool(b, c.status == "sent")
	}},
	campaignAttribute{name: "winner_version_for_human", append: func(b []byte, a *Account, c *campaign, _ view) []byte {
		if c.kind != "ab" {
			return append(b, "null"...)
		}
		return append(b, `"B"`...)
	}},
	campaignNull("winner_sending_time_for_humans"),
	campaignNull("winner_selected_manually_at"),
	campaignAttribute{name: "can", append: func(b []byte, _ *Account, c *campaign, _ view) []byte {
		b = append(b, `{"update":true,"delete":true,"send":true,"copy":true,"resend":`...)
		return append(appendBool(b, c.status == "sent"), '}')
	}},
	campaignFlag("uses_ecommerce", never),
	campaignAttribute{name: "ecommerce_stats", append: func(b []byte, _ *Account, c *campaign, _ view) []byte {
		if c.status != "sent" {
			return append(b, "null"...)
		}
		return append(b, `{"total_orders":0,"total_price":"0","multi_currency":false}`...)
	}},
	campaignFlag("uses_survey", never),
	campaignFlag("can_be_scheduled", func(c *campaign) bool { return c.status == "draft" && c.hasContent }),
	campaignNull("cannot_be_scheduled_reason").only(func(_ *campaign, v view) bool { return v.single }),
	campaignFlag("is_smart_sending_index_option_finished", func(c *campaign) bool { return c.status == "sent" }),
	campaignFlag("is_applied_for_smart_sending_index_option", never),
	campaignAttribute{name: "warnings", append: func(b []byte, _ *Account, _ *campaign, _ view) []byte { return append(b, "[]"...) }},
	campaignAttribute{name: "recipients_count", when: func(_ *campaign, v view) bool { return v.single },
		append: func(b []byte, _ *Account, c *campaign, _ view) []byte {
			return strconv.AppendInt(b, int64(c.stats.sent), 10)
		}},
	campaignNull("next_step").only(func(c *campaign, _ view) bool { return c.status == "draft" }),
	campaignNull("initial_created_at").only(func(_ *campaign, v view) bool { return !v.single }),
	campaignFlag("is_currently_sending_out", never),
	campaignFlag("can_be_copied", always),
	campaignFlag("has_basic_filter", always),
	campaignAttribute{name: "basic_filter_for_humans", append: appendBasicFilter},
	campaignFlag("is_eligible_for_sending", func(c *campaign) bool { return c.hasContent }),
	campaignFlag("needs_repair", never),
)

func campaignTime(name string, of func(*campaign) stamp) campaignAttribute {
	return campaignAttribute{name: name, append: func(b []byte, _ *Account, c *campaign, _ view) []byte { return appendStamp(b, of(c)) }}
}

func campaignFlag(name string, of func(*campaign) bool) campaignAttribute {
	return campaignAttribute{name: name, append: func(b []byte, _ *Account, c *campaign, _ view) []byte { return appendBool(b, of(c)) }}
}

func campaignNull(name string) campaignAttribute {
	return campaignAttribute{name: name, append: func(b []byte, _ *Account, _ *campaign, _ view) []byte { return append(b, "null"...) }}
}

// only returns the attribute, present only when the condition holds.
func (at attribute[T]) only(when func(T, view) bool) attribute[T] {
	at.when = when
	return at
}

func never(*campaign) bool  { return false }
func always(*campaign) bool { return true }

func (a *Account) appendText(b []byte, s string) []byte { return appendString(b, s, a.opt.PlainJSON) }

func (a *Account) appendOrNull(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return a.appendText(b, s)
}

func (a *Account) appendLanguage(b []byte, l *language) []byte {
	b = append(b, `{"id":"`...)
	b = append(strconv.AppendInt(b, int64(l.id), 10), `","shortcode":`...)
	b = append(a.appendText(b, l.shortcode), `,"iso639":`...)
	b = append(a.appendText(b, l.iso), `,"name":`...)
	b = append(a.appendText(b, l.name), `,"direction":`...)
	return append(a.appendText(b, l.direction), '}')
}

func appendSettings(b []byte, _ *Account, c *campaign, _ view) []byte {
	switch c.settings {
	case settingsEmpty:
		return append(b, "[]"...)
	case settingsBools:
		return append(b, `{"track_opens":true,"use_google_analytics":false,"ecommerce_tracking":false}`...)
	case settingsShort:
		return append(b, `{"track_opens":true,"use_google_analytics":false}`...)
	}
	b = append(b, `{"track_opens":"1","use_google_analytics":"0","ecommerce_tracking":"0"`...)
	if c.kind == "ab" {
		b = append(b, `,"test_type":"subject","test_split":"20","select_winner_by":"o","after_time_amount":"4","after_time_unit":"h","test_sent_at":`...)
		b = append(appendStamp(b, c.started), `,"winner_email_id":`...)
		b = append(appendID(b, c.emails[len(c.emails)-1].id), `,"winner_selected_at":`...)
		b = appendStamp(b, c.finished)
	}
	return append(b, '}')
}

func appendFilter(b []byte, _ *Account, c *campaign, _ view) []byte {
	if len(c.targets) == 0 {
		return append(b, "[]"...)
	}
	b = append(b, `[[{"operator":"in_any","args":["groups",[`...)
	for i, t := range c.targets {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendID(b, t.id)
	}
	return append(b, `]]}]]`...)
}

func appendFilterForHumans(b []byte, a *Account, c *campaign, _ view) []byte {
	if len(c.targets) == 0 {
		return append(b, "[]"...)
	}
	names := c.targets[0].name
	for _, t := range c.targets[1:] {
		names += ", " + t.name
	}
	return append(a.appendText(append(b, "[["...), "In any group: "+names), "]]"...)
}

// appendBasicFilter appends the only object in which ids are integers, times are
// in ISO 8601 and rates are text.
func appendBasicFilter(b []byte, a *Account, c *campaign, _ view) []byte {
	b = append(b, `{"included_groups":[`...)
	for i, t := range c.targets {
		if i > 0 {
			b = append(b, ',')
		}
		b = a.appendTarget(b, t)
	}
	b = append(b, `],"excluded_groups":[],"included_segments":[],"excluded_segments":[],"all_active_subscribers":`...)
	return append(appendBool(b, len(c.targets) == 0), '}')
}

func (a *Account) appendTarget(b []byte, t target) []byte {
	g, deleted := a.findGroup(t.id), stamp(0)
	if g == nil {
		g, deleted = &group{name: t.name}, t.created+secondsPerDay
	}
	b = append(strconv.AppendUint(append(b, `{"id":`...), t.id, 10), `,"account_id":`...)
	b = append(a.appendAccountNumber(b), `,"created_at":`...)
	b = append(appendISO(b, t.created), `,"updated_at":`...)
	b = append(appendISO(b, t.created+secondsPerDay), `,"deleted_at":`...)
	if deleted == 0 {
		b = append(b, "null"...)
	} else {
		b = appendISO(b, deleted)
	}
	b = append(a.appendText(append(b, `,"name":`...), g.name), `,"active_count":`...)
	b = append(strconv.AppendInt(b, int64(g.counts[active]), 10), `,"open_rate":"`...)
	b = append(appendNumber(b, ratio(g.opens, g.sent), 14), `","click_rate":"`...)
	b = append(appendNumber(b, ratio(g.clicks, g.sent), 14), `","serial_no":`...)
	b = strconv.AppendUint(b, 1_000_000+t.id%99_991, 10)
	for _, n := range []struct {
		name  string
		count int
	}{
		{"sent_count", g.sent}, {"opens_count", g.opens}, {"clicks_count", g.clicks}, {"unsubscribed_count", g.counts[unsubscribed]},
		{"unconfirmed_count", g.counts[unconfirmed]}, {"bounced_count", g.counts[bounced]}, {"junk_count", g.counts[junk]},
	} {
		b = appendCount(b, n.name, n.count)
	}
	return append(b, '}')
}

func appendCount(b []byte, name string, n int) []byte {
	b = append(append(append(b, `,"`...), name...), `":`...)
	return strconv.AppendInt(b, int64(n), 10)
}

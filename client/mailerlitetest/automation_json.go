package mailerlitetest

import "strconv"

type automationAttribute = attribute[*automation]

var automationAttributes = declare(
	automationAttribute{name: "id", append: func(b []byte, _ *Account, m *automation, _ view) []byte { return appendID(b, m.id) }},
	automationAttribute{name: "name", append: func(b []byte, a *Account, m *automation, _ view) []byte { return a.appendText(b, m.name) }},
	automationFlag("enabled", func(m *automation) bool { return m.enabled }),
	automationAttribute{name: "trigger_data", append: func(b []byte, _ *Account, m *automation, _ view) []byte {
		b = appendBool(append(b, `{"track_ecommerce":`...), len(m.warnings) > 0)
		b = appendBool(append(b, `,"repeatable":false,"valid":`...), !m.broken)
		b = appendBool(append(b, `,"complete_workflow":`...), m.complete)
		b = appendBool(append(b, `,"broken_workflow":`...), m.broken)
		return append(b, '}')
	}},
	automationAttribute{name: "triggers", append: func(b []byte, a *Account, m *automation, _ view) []byte {
		return appendList(b, m.triggers, a.appendTrigger)
	}},
	automationFlag("complete", func(m *automation) bool { return m.complete }),
	automationFlag("broken", func(m *automation) bool { return m.broken }),
	automationAttribute{name: "warnings", append: func(b []byte, a *Account, m *automation, _ view) []byte {
		return appendList(b, m.warnings, a.appendText)
	}},
	automationCount("emails_count", func(m *automation) int { return len(m.emails()) }),
	automationAttribute{name: "first_email_screenshot_url", when: func(_ *automation, v view) bool { return !v.single },
		append: func(b []byte, a *Account, m *automation, _ view) []byte {
			if emails := m.emails(); len(emails) > 0 {
				return a.appendText(b, emails[0].screenshot())
			}
			return append(b, "null"...)
		}},
	automationAttribute{name: "stats", append: appendAutomationStats},
	automationAttribute{name: "created_at", append: func(b []byte, _ *Account, m *automation, _ view) []byte { return appendStamp(b, m.created) }},
	automationFlag("has_banned_content", func(*automation) bool { return false }),
	automationCount("qualified_subscribers_count", func(m *automation) int { return m.qualified }),
	automationAttribute{name: "automation_template_id", append: func(b []byte, _ *Account, m *automation, _ view) []byte {
		if m.template == "" {
			return append(b, "null"...)
		}
		return append(b, '1')
	}},
	automationAttribute{name: "automation_template_name", append: func(b []byte, a *Account, m *automation, _ view) []byte {
		return a.appendOrNull(b, m.template)
	}},
	automationAttribute{name: "steps", append: func(b []byte, a *Account, m *automation, _ view) []byte {
		return appendList(b, m.steps, func(b []byte, s *step) []byte { return appendRow(b, a, stepAttributes, stepOf{s, m}, nil, view{}) })
	}},
)

func automationFlag(name string, of func(*automation) bool) automationAttribute {
	return automationAttribute{name: name, append: func(b []byte, _ *Account, m *automation, _ view) []byte { return appendBool(b, of(m)) }}
}

func automationCount(name string, of func(*automation) int) automationAttribute {
	return automationAttribute{name: name, append: func(b []byte, _ *Account, m *automation, _ view) []byte {
		return strconv.AppendInt(b, int64(of(m)), 10)
	}}
}

func (a *Account) appendAutomation(b []byte, m *automation, v view) []byte {
	return appendRow(b, a, automationAttributes, m, m.patch, v)
}

// appendList appends a JSON array.
func appendList[T any](b []byte, list []T, row func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, x := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = row(b, x)
	}
	return append(b, ']')
}

// appendAutomationStats appends the counters, which are null in an automation
// that never ran. The unique ones always are.
func appendAutomationStats(b []byte, _ *Account, m *automation, _ view) []byte {
	s := m.results()
	count := func(name string, n int) {
		b = append(append(append(b, `,"`...), name...), `":`...)
		b = appendCountOrNull(b, n, !m.fresh)
	}
	rate := func(name string, part, whole int) {
		b = append(append(append(b, `,"`...), name...), `":`...)
		b = appendRate(b, part, whole, 14)
	}
	b = strconv.AppendInt(append(b, `{"completed_subscribers_count":`...), int64(m.count(completed)), 10)
	b = appendCount(b, "subscribers_in_queue_count", m.count(inQueue))
	rate("bounce_rate", s.hardBounces+s.softBounces, s.sent)
	rate("click_to_open_rate", s.clicks, s.uniqueOpens)
	count("sent", s.sent)
	count("opens_count", s.opens)
	b = append(b, `,"unique_opens_count":null`...)
	rate("open_rate", s.uniqueOpens, s.sent)
	count("clicks_count", s.clicks)
	b = append(b, `,"unique_clicks_count":null`...)
	rate("click_rate", s.uniqueClicks, s.sent)
	count("unsubscribes_count", s.unsubscribes)
	rate("unsubscribe_rate", s.unsubscribes, s.sent)
	count("spam_count", s.spam)
	rate("spam_rate", s.spam, s.sent)
	count("hard_bounces_count", s.hardBounces)
	rate("hard_bounce_rate", s.hardBounces, s.sent)
	count("soft_bounces_count", s.softBounces)
	rate("soft_bounce_rate", s.softBounces, s.sent)
	rate("forward_rate", s.forwards, s.sent)
	b = append(b, `,"social_interactions_count":null`...)
	rate("social_interaction_rate", s.social, s.sent)
	return append(b, '}')
}

// appendTrigger appends a trigger. Each kind has members of its own.
func (a *Account) appendTrigger(b []byte, t *trigger) []byte {
	b = appendID(append(b, `{"id":`...), t.id)
	b = a.appendText(append(b, `,"type":`...), t.kind)
	if t.kind == "abandoned_cart" {
		b = a.appendText(append(b, `,"ecommerce_shop_id":`...), t.shop)
		b = a.appendText(append(b, `,"ecommerce_shop":null,"unit":`...), t.unit)
		b = a.appendText(append(b, `,"value":`...), t.value)
	} else {
		b = a.appendTargets(append(b, `,"group_ids":`...), `,"groups":`, t.groups)
		b = a.appendTargets(append(b, `,"exclude_group_ids":`...), `,"excluded_groups":`, t.excluded)
	}
	b = appendBool(append(b, `,"broken":`...), t.broken)
	b = appendBool(append(b, `,"complete":`...), t.complete)
	return append(b, '}')
}

// appendTargets appends the ids of groups, and the groups after their name.
func (a *Account) appendTargets(b []byte, name string, groups []target) []byte {
	b = appendList(b, groups, func(b []byte, g target) []byte { return appendID(b, g.id) })
	return appendList(append(b, name...), groups, func(b []byte, g target) []byte {
		b = appendID(append(b, `{"id":`...), g.id)
		b = a.appendText(append(b, `,"name":`...), g.name)
		b = a.appendText(append(b, `,"url":`...), "https://dashboard.mailerlite.com/subscribers?rules="+rulesOf(g.id))
		return append(b, '}')
	})
}

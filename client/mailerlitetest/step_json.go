package mailerlitetest

import (
	"encoding/base64"
	"strconv"
)

// stepOf is a step with its automation.
type stepOf struct {
	*step
	of *automation
}

type stepAttribute = attribute[stepOf]

var stepAttributes = declare(
	stepID("id", func(s stepOf) uint64 { return s.id }),
	stepText("type", func(s stepOf) string { return s.kind }),
	stepID("parent_id", func(s stepOf) uint64 { return s.parent.idOrZero() }),

	stepText("name", func(s stepOf) string { return s.subject }).only(ofKind("email")),
	stepText("subject", func(s stepOf) string { return s.subject }).only(ofKind("email")),
	stepText("from", func(stepOf) string { return "news@example.com" }).only(ofKind("email")),
	stepText("from_name", func(stepOf) string { return "Ona & Söhne" }).only(ofKind("email")),
	stepText("reply_to", func(stepOf) string { return "reply@example.com" }).only(ofKind("email")),
	stepID("email_id", func(s stepOf) uint64 { return s.email }).only(ofKind("email")),
	stepAttribute{name: "email", when: ofKind("email"), append: func(b []byte, a *Account, s stepOf, _ view) []byte {
		return appendRow(b, a, stepEmailAttributes, s, nil, view{})
	}},
	stepAttribute{name: "language_id", when: ofKind("email"), append: appendFour},

	stepText("unit", func(s stepOf) string { return s.unit }).only(ofKind("delay")),
	stepText("value", func(s stepOf) string { return s.value }).
		only(func(s stepOf, _ view) bool { return s.kind == "delay" && s.days == nil }),
	stepAttribute{name: "week_days", when: onWeekday, append: func(b []byte, a *Account, s stepOf, _ view) []byte {
		return appendList(b, s.days, a.appendText)
	}},
	stepText("hour", func(s stepOf) string { return s.hour }).only(onWeekday),
	stepText("minute", func(s stepOf) string { return s.minute }).only(onWeekday),

	stepText("action_type", func(s stepOf) string { return s.action }).only(func(s stepOf, _ view) bool { return s.action != "" }),
	stepText("field_id", func(s stepOf) string { return s.field.id }).only(ofAction("update_custom_field")),
	stepAttribute{name: "field", when: ofAction("update_custom_field"), append: func(b []byte, a *Account, s stepOf, _ view) []byte {
		b = a.appendText(append(b, `{"id":`...), s.field.id)
		b = a.appendText(append(b, `,"name":`...), s.field.name)
		b = a.appendText(append(b, `,"key":`...), s.field.key)
		return append(a.appendText(append(b, `,"type":`...), s.field.kind), '}')
	}},
	stepText("date_operation", func(stepOf) string { return "" }).only(ofAction("update_custom_field")),
	stepText("value", func(s stepOf) string { return s.text }).only(ofAction("update_custom_field")),
	stepID("group_id", func(s stepOf) uint64 { return s.group.id }).only(ofAction("copy_to_group")),
	stepText("group_name", func(s stepOf) string { return s.group.name }).only(ofAction("copy_to_group")),

	stepID("yes_step_id", func(s stepOf) uint64 { return s.yes.idOrZero() }).only(ofKind("condition")),
	stepID("no_step_id", func(s stepOf) uint64 { return s.no.idOrZero() }).only(ofKind("condition")),
	stepText("matching_type", func(stepOf) string { return "any" }).only(ofKind("condition")),
	stepAttribute{name: "conditions", when: ofKind("condition"), append: appendConditions},

	stepText("url", func(s stepOf) string { return s.url }).only(ofKind("webhook")),
	stepText("secret", func(s stepOf) string { return s.secret }).only(ofKind("webhook")), // in clear, as in MailerLite
	stepID("webhook_id", func(s stepOf) uint64 { return s.webhook }).only(ofKind("webhook")),

	stepFlag("complete", func(s stepOf) bool { return s.complete }),
	stepTime("created_at", func(s stepOf) stamp { return s.created }),
	stepTime("updated_at", func(s stepOf) stamp { return s.updated }),
	stepFlag("track_opens", yes).only(ofKind("email")),
	stepText("google_analytics", func(stepOf) string { return "" }).only(ofKind("email")),
	stepFlag("tracking_was_disabled", no).only(ofKind("email")),
	stepFlag("broken", func(s stepOf) bool { return s.broken }),
	stepFlag("has_unsubscribe_url", yes).only(ofKind("email")),
	stepFlag("eligible_for_sending", func(s stepOf) bool { return s.complete }).only(ofKind("email")),
	stepAttribute{name: "preheader", when: ofKind("email"), append: appendPreheader},
	stepText("builder_type", func(stepOf) string { return "builder" }).only(ofKind("email")),
	stepText("description", func(s stepOf) string { return s.description() }),
	stepAttribute{name: "type_count", append: func(b []byte, _ *Account, s stepOf, _ view) []byte {
		return strconv.AppendInt(b, int64(s.number), 10)
	}},
)

// stepEmailAttributes are those of the e-mail in a step. There is no content, in
// lists and single answers alike.
var stepEmailAttributes = declare(
	stepID("id", func(s stepOf) uint64 { return s.email }),
	stepAttribute{name: "account_id", append: func(b []byte, a *Account, _ stepOf, _ view) []byte { return a.appendText(b, a.opt.AccountID) }},
	stepID("emailable_id", func(s stepOf) uint64 { return s.of.id }),
	stepText("emailable_type", func(stepOf) string { return "automations" }),
	stepText("type", func(stepOf) string { return "builder" }),
	stepText("from", func(stepOf) string { return "news@example.com" }),
	stepText("from_name", func(stepOf) string { return "Ona & Söhne" }),
	stepText("reply_to", func(stepOf) string { return "reply@example.com" }),
	stepText("name", func(s stepOf) string { return s.subject }),
	stepText("subject", func(s stepOf) string { return s.subject }),
	stepText("plain_text", func(stepOf) string { return "Hello,\n\n{$url}\n\nNot interested anymore?\n{$unsubscribe}\n" }),
	stepText("screenshot_url", func(s stepOf) string { return s.screenshot() }),
	stepTime("generate_screenshot_timestamp", func(stepOf) stamp { return 0 }),
	stepAttribute{name: "preview_url", append: func(b []byte, a *Account, s stepOf, _ view) []byte {
		return a.appendText(b, "https://preview.mailerlite.io/preview/"+a.opt.AccountID+"/emails/"+digits(s.email))
	}},
	stepTime("created_at", func(s stepOf) stamp { return s.created }),
	stepTime("updated_at", func(s stepOf) stamp { return s.updated }),
	stepFlag("is_designed", yes),
	stepAttribute{name: "language_id", append: appendFour},
	stepFlag("is_winner", no),
	stepAttribute{name: "stats", append: func(b []byte, _ *Account, s stepOf, _ view) []byte {
		return s.stats.append(b, s.stats.sent > 0, 17)
	}},
	stepText("send_after", func(stepOf) string { return "" }),
	stepFlag("track_opens", yes),
	stepFlag("uses_survey", no),
	stepFlag("uses_quiz", no),
	stepAttribute{name: "preheader", append: appendPreheader},
)

func yes(stepOf) bool { return true }
func no(stepOf) bool  { return false }

func ofKind(kind string) func(stepOf, view) bool {
	return func(s stepOf, _ view) bool { return s.kind == kind }
}

func ofAction(action string) func(stepOf, view) bool {
	return func(s stepOf, _ view) bool { return s.action == action }
}

func onWeekday(s stepOf, _ view) bool { return s.days != nil }

// stepID declares an id that is null if it is zero.
func stepID(name string, of func(stepOf) uint64) stepAttribute {
	return stepAttribute{name: name, append: func(b []byte, _ *Account, s stepOf, _ view) []byte {
		if of(s) == 0 {
			return append(b, "null"...)
		}
		return appendID(b, of(s))
	}}
}

// stepText declares a text that is null if it is empty.
func stepText(name string, of func(stepOf) string) stepAttribute {
	return stepAttribute{name: name, append: func(b []byte, a *Account, s stepOf, _ view) []byte { return a.appendOrNull(b, of(s)) }}
}

func stepTime(name string, of func(stepOf) stamp) stepAttribute {
	return stepAttribute{name: name, append: func(b []byte, _ *Account, s stepOf, _ view) []byte { return appendStamp(b, of(s)) }}
}

func stepFlag(name string, of func(stepOf) bool) stepAttribute {
	return stepAttribute{name: name, append: func(b []byte, _ *Account, s stepOf, _ view) []byte { return appendBool(b, of(s)) }}
}

// appendFour appends the id of English, a number here and text in a campaign.
func appendFour(b []byte, _ *Account, _ stepOf, _ view) []byte { return append(b, '4') }

func appendPreheader(b []byte, a *Account, s stepOf, _ view) []byte {
	return a.appendText(b, s.preheader)
}

func appendConditions(b []byte, a *Account, s stepOf, _ view) []byte {
	b = a.appendText(append(b, `[{"type":"custom_fields","field_id":`...), s.field.id)
	b = a.appendText(append(b, `,"action":"contains","action_value":`...), s.text)
	b = a.appendText(append(b, `,"field":{"id":`...), s.field.id)
	b = a.appendText(append(b, `,"name":`...), s.field.name)
	b = a.appendText(append(b, `,"type":`...), s.field.kind)
	return append(b, `}}]`...)
}

func (s *step) idOrZero() uint64 {
	if s == nil {
		return 0
	}
	return s.id
}

func (s *step) screenshot() string {
	return "https://storage.googleapis.com/mailerlite-screenshots-prod/screenshot/emails/" + digits(s.email) + "/1284x736.png"
}

func (s *step) description() string {
	switch {
	case s.kind == "email":
		return `Send "` + s.subject + `" email`
	case s.days != nil:
		return "Wait until " + s.days[0]
	case s.kind == "delay":
		return "Wait for " + s.value + " " + s.unit
	case s.kind == "condition":
		return "Check some condition"
	case s.kind == "webhook":
		return "Webhook Step"
	case s.action == "update_custom_field":
		return `Update custom field to "` + s.text + `"`
	case s.action == "copy_to_group":
		return `Copy to group "` + s.group.name + `"`
	}
	return "Not configured"
}

// rulesOf returns a group as the dashboard's filter spells it.
func rulesOf(group uint64) string {
	return base64.URLEncoding.EncodeToString([]byte(`[[{"operator":"in_any","condition":"groups","args":["groups",["` + digits(group) + `"]]}]]`))
}

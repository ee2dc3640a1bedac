package mailerlitetest

import "strconv"

func appendEmails(b []byte, a *Account, c *campaign, v view) []byte {
	b = append(b, '[')
	for i, e := range c.emails {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendRow(b, a, emailAttributes, sentEmail{e, c}, nil, v)
	}
	return append(b, ']')
}

// sentEmail is an e-mail with the campaign it belongs to.
type sentEmail struct {
	*email
	of *campaign
}

type emailAttribute = attribute[sentEmail]

var emailAttributes = declare(
	emailAttribute{name: "id", append: func(b []byte, _ *Account, e sentEmail, _ view) []byte { return appendID(b, e.id) }},
	emailAttribute{name: "account_id", append: func(b []byte, a *Account, _ sentEmail, _ view) []byte { return a.appendText(b, a.opt.AccountID) }},
	emailAttribute{name: "emailable_id", append: func(b []byte, _ *Account, e sentEmail, _ view) []byte { return appendID(b, e.of.id) }},
	emailText("emailable_type", func(sentEmail) string { return "campaigns" }),
	emailText("type", func(e sentEmail) string { return e.kind }),
	emailText("from", func(sentEmail) string { return "news@example.com" }),
	emailText("from_name", func(sentEmail) string { return "Ona & Söhne" }),
	emailText("reply_to", func(sentEmail) string { return "reply@example.com" }),
	emailText("name", func(sentEmail) string { return "" }),
	emailText("subject", func(e sentEmail) string {
		if e.noSubject {
			return ""
		}
		return e.subject
	}),
	emailAttribute{name: "content", when: inSingle, append: appendContent},
	emailText("plain_text", func(e sentEmail) string {
		return "Hello,\n\nYou have received a newsletter from {$account}.\n\n{$url}\n\nNot interested anymore? Click here to unsubscribe:\n{$unsubscribe}\n"
	}),
	emailText("screenshot_url", func(e sentEmail) string {
		if e.of.status == "draft" {
			return ""
		}
		return "https://storage.googleapis.com/mailerlite-screenshots-prod/screenshot/emails/" + digits(e.id) + "/1284x736.png"
	}),
	emailTime("generate_screenshot_timestamp", func(e sentEmail) stamp { return e.screenshot }),
	emailAttribute{name: "preview_url", append: func(b []byte, a *Account, e sentEmail, _ view) []byte {
		return a.appendText(b, "https://preview.mailerlite.io/preview/"+a.opt.AccountID+"/emails/"+digits(e.id))
	}},
	emailTime("created_at", func(e sentEmail) stamp { return e.created }),
	emailTime("updated_at", func(e sentEmail) stamp { return e.updated }),
	emailAttribute{name: "click_map", when: inSingle, append: appendClickMap},
	emailFlag("is_designed", func(e sentEmail) bool { return e.kind != "" }),
	emailAttribute{name: "language_id", append: func(b []byte, _ *Account, e sentEmail, _ view) []byte {
		if e.noLanguage {
			return append(b, "null"...)
		}
		return strconv.AppendInt(b, int64(e.of.language.id), 10)
	}},
	emailAttribute{name: "language", when: func(e sentEmail, _ view) bool { return !e.noLanguage },
		append: func(b []byte, a *Account, e sentEmail, _ view) []byte { return a.appendLanguage(b, e.of.language) }},
	emailFlag("is_winner", func(e sentEmail) bool { return e.isWinner }),
	emailAttribute{name: "stats", append: func(b []byte, _ *Account, e sentEmail, _ view) []byte {
		return e.stats.append(b, e.of.status == "sent", 17)
	}},
	emailText("send_after", func(sentEmail) string { return "" }),
	emailFlag("track_opens", func(sentEmail) bool { return true }),
	emailFlag("uses_survey", func(sentEmail) bool { return false }),
	emailFlag("uses_quiz", func(sentEmail) bool { return false }),
	emailText("preheader", func(e sentEmail) string { return e.preheader }),
	emailText("ab_type", func(e sentEmail) string { return e.abType }).
		only(func(e sentEmail, _ view) bool { return e.abType != "" }),
)

func inSingle(_ sentEmail, v view) bool { return v.single }

// emailText declares a text that is null if it is empty.
func emailText(name string, of func(sentEmail) string) emailAttribute {
	return emailAttribute{name: name, append: func(b []byte, a *Account, e sentEmail, _ view) []byte { return a.appendOrNull(b, of(e)) }}
}

func emailTime(name string, of func(sentEmail) stamp) emailAttribute {
	return emailAttribute{name: name, append: func(b []byte, _ *Account, e sentEmail, _ view) []byte { return appendStamp(b, of(e)) }}
}

func emailFlag(name string, of func(sentEmail) bool) emailAttribute {
	return emailAttribute{name: name, append: func(b []byte, _ *Account, e sentEmail, _ view) []byte { return appendBool(b, of(e)) }}
}

func appendContent(b []byte, a *Account, e sentEmail, _ view) []byte {
	if e.kind == "" {
		return append(b, "null"...)
	}
	return a.appendText(b, "<!DOCTYPE html>\n<html>\n  <head>\n    <title>"+e.subject+"</title>\n    <style type=\"text/css\">\n"+
		"    @media only screen and (max-width: 640px) {\n    .mlContentTable{\n      width: 100%!important;\n    }\n    }\n    </style>\n"+
		"  </head>\n  <body>\n    <h1>"+e.subject+"</h1>\n    <a href=\"{$unsubscribe}\">Unsubscribe</a>\n  </body>\n</html>")
}

// appendClickMap appends the clicks by link number. Without clicks it appends
// PHP's empty map, which is an array.
func appendClickMap(b []byte, _ *Account, e sentEmail, _ view) []byte {
	if e.stats.clicks == 0 {
		return append(b, "[]"...)
	}
	b = append(b, `{"1":{"id":"1","count":`...)
	first := (e.stats.clicks + 1) / 2
	b = append(strconv.AppendInt(b, int64(first), 10), `,"percentage":`...)
	b = append(appendPercent(b, uint32(first), uint32(e.stats.clicks)), `},"2":{"id":"2","count":`...)
	b = append(strconv.AppendInt(b, int64(e.stats.clicks-first), 10), `,"percentage":`...)
	return append(appendPercent(b, uint32(e.stats.clicks-first), uint32(e.stats.clicks)), `}}`...)
}

// append appends the stats object. E-mails that were never sent have no unique
// counts; precision is the number of digits of the rates.
func (s stats) append(b []byte, unique bool, precision int) []byte {
	start := len(b)
	rate := func(name string, part, whole int) {
		b = append(append(append(b, `,"`...), name...), `":`...)
		b = appendRate(b, part, whole, precision)
	}
	b = appendCount(b, "sent", s.sent)
	b = appendCount(b, "opens_count", s.opens)
	if unique {
		b = appendCount(b, "unique_opens_count", s.uniqueOpens)
	}
	rate("open_rate", s.uniqueOpens, s.sent)
	b = appendCount(b, "clicks_count", s.clicks)
	if unique {
		b = appendCount(b, "unique_clicks_count", s.uniqueClicks)
	}
	rate("click_rate", s.uniqueClicks, s.sent)
	b = appendCount(b, "unsubscribes_count", s.unsubscribes)
	rate("unsubscribe_rate", s.unsubscribes, s.sent)
	b = appendCount(b, "spam_count", s.spam)
	rate("spam_rate", s.spam, s.sent)
	b = appendCount(b, "hard_bounces_count", s.hardBounces)
	rate("hard_bounce_rate", s.hardBounces, s.sent)
	b = appendCount(b, "soft_bounces_count", s.softBounces)
	rate("soft_bounce_rate", s.softBounces, s.sent)
	b = appendCount(b, "forwards_count", s.forwards)
	rate("forward_rate", s.forwards, s.sent)
	b = appendCount(b, "social_interactions_count", s.social)
	rate("social_interaction_rate", s.social, s.sent)
	rate("click_to_open_rate", s.clicks, s.uniqueOpens) // exceeds 1 if people click twice
	b[start] = '{'
	return append(b, '}')
}

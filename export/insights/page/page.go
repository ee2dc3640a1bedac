package page

import (
	_ "embed"
	"io"
	"strings"

	"mailerlake/export/insights"
)

//go:embed style.css
var style string

// policy forbids scripts, and whatever is not in the file.
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

// Write writes a report as an HTML page.
func Write(w io.Writer, r *insights.Report) error {
	html := el("html", attrs{"lang", "en", "xmlns", "http://www.w3.org/1999/xhtml"}, head(r), el("body", nil, el("main", nil,
		header(r), keyFigures(r),
		growth(r), el("div", class("pair"), statuses(r), sources(r)),
		campaigns(r), best(r), recency(r), ages(r), groups(r), domains(r),
		automations(r), revenue(r), runs(r), notes(r))))
	return html.writeTo(w)
}

// Title returns the title of a report's page.
func Title(r *insights.Report) string {
	return accountName(r) + " · mailing report · " + date(r.AsOf)
}

func accountName(r *insights.Report) string {
	if name := strings.TrimSpace(plain(r.AccountName)); name != "" {
		return shortened(name, 120)
	}
	return "Account " + shortened(plain(r.Account), 40)
}

func head(r *insights.Report) *node {
	return el("head", nil,
		el("meta", attrs{"charset", "utf-8"}),
		el("meta", attrs{"http-equiv", "Content-Security-Policy", "content", policy}),
		el("meta", attrs{"name", "viewport", "content", "width=device-width, initial-scale=1"}),
		el("meta", attrs{"name", "color-scheme", "content", "light dark"}),
		el("meta", attrs{"name", "referrer", "content", "no-referrer"}),
		el("meta", attrs{"name", "robots", "content", "noindex"}),
		el("title", nil, Title(r)),
		el("style", nil, style))
}

func header(r *insights.Report) *node {
	facts := el("p", class("facts"), "As of ", el("b", nil, date(r.AsOf)))
	if r.ReadAt.Sub(r.AsOf).Hours() > 48 {
		facts.add(", the last change in the account; read on " + date(r.ReadAt))
	}
	return el("header", nil, el("p", class("kicker"), "Mailing report"), el("h1", nil, el("bdi", nil, accountName(r))), facts)
}

// section is a part of the page: its figures, or why there are none. figures is called only if there are.
func section(title, about string, s insights.Section, figures func(*node)) *node {
	n := el("section", nil, el("h2", nil, title))
	if s.Absent != "" {
		return n.add(el("p", class("absent"), s.Absent))
	}
	if about != "" {
		n.add(el("p", class("about"), about))
	}
	figures(n)
	return n
}

// notes close the page.
func notes(r *insights.Report) *node {
	n := el("footer", nil)
	if len(r.Notes) > 0 {
		list := el("ul", nil)
		for _, note := range r.Notes {
			list.add(el("li", nil, plain(note)))
		}
		n.add(el("section", class("notes"), el("h2", nil, "About the data"), list))
	}
	return n.add(el("p", class("muted"), "Account "+shortened(plain(r.Account), 40)+", snapshot "+whole(r.Snapshot)+", committed "+
		r.CommittedAt.UTC().Format("2 January 2006 15:04")+" UTC. All months and days are in UTC. Made by mailerlake report."))
}

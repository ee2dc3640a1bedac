package manual

import (
	"fmt"
	"regexp"
	"strings"
)

// Man returns the manual page of the program, for man(1), in the macros of man(7).
func (p *Program) Man() string {
	b := &strings.Builder{}
	fmt.Fprintf(b, ".TH %s 1 \"\" \"%s %s\" \"User Commands\"\n.ad l\n", roff(strings.ToUpper(p.Name)), roff(p.Name), roff(p.Version))
	fmt.Fprintf(b, ".SH NAME\n%s \\- %s\n", roff(p.Name), roff(p.Short))
	fmt.Fprintf(b, ".SH SYNOPSIS\n.B %s\n.I command\n[flags]\n", roff(p.Name))
	b.WriteString(".SH DESCRIPTION\n")
	manText(b, p.Usage)
	manLines(b, p.Begin)
	b.WriteString(".SH COMMANDS\n")
	for _, g := range p.Groups {
		for _, c := range g.Commands {
			c.man(b)
		}
	}
	for _, s := range append(p.Notes, p.Pages...) {
		fmt.Fprintf(b, ".SH %s\n", roff(strings.ToUpper(s.Title)))
		manText(b, s.Text)
		manLines(b, s.Lines)
	}
	return b.String()
}

// man writes the command as a subsection of its own.
func (c Command) man(b *strings.Builder) {
	fmt.Fprintf(b, ".SS %s\n", roff(c.Synopsis()))
	manText(b, sentence(c.Usage))
	if c.Description != "" {
		b.WriteString(".PP\n")
		manText(b, c.Description)
	}
	for _, f := range c.Flags() {
		fmt.Fprintf(b, ".TP\n\\fB%s\\fR", roff(f.Dashed()))
		if f.Value != "" {
			fmt.Fprintf(b, " \\fI%s\\fR", roff(f.Value))
		}
		text := f.text()
		if f.Variable != "" {
			text += " [$" + f.Variable + "]"
		}
		b.WriteString("\n" + roff(text) + "\n")
	}
}

// sentence makes a usage line one.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] + "." }

// manLines writes a list of things with their meanings.
func manLines(b *strings.Builder, lines []Line) {
	for _, l := range lines {
		fmt.Fprintf(b, ".TP\n\\fB%s\\fR\n%s\n", roff(l.What), roff(l.Meaning))
	}
}

// manText writes paragraphs. Those that are indented stand as they are.
func manText(b *strings.Builder, text string) {
	for i, p := range split(text) {
		switch {
		case strings.HasPrefix(p, " "):
			b.WriteString(".PP\n.EX\n" + roffLines(p) + "\n.EE\n")
		case i > 0:
			b.WriteString(".PP\n" + roff(p) + "\n")
		default:
			b.WriteString(roff(p) + "\n")
		}
	}
}

func roffLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = roff(l)
	}
	return strings.Join(lines, "\n")
}

// roffEscapes keep what users copy as it is typed: a plain hyphen, quotes and accents would be set as others.
var roffEscapes = strings.NewReplacer(`\`, `\(rs`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, `"`, `\(dq`, "^", `\(ha`, "~", `\(ti`)

// unbroken matches words that users copy, which must not be hyphenated: names of variables.
var unbroken = regexp.MustCompile(`\S*[A-Z]_\S*`)

// roff returns a line of text as roff reads it. A line that begins with a dot would be a request.
func roff(text string) string {
	text = unbroken.ReplaceAllString(roffEscapes.Replace(text), `\%$0`)
	if strings.HasPrefix(text, ".") {
		return `\&` + text
	}
	return text
}

package manual

import (
	"strings"
	"unicode/utf8"
)

// The layout of help texts, in columns.
const (
	width  = 80
	indent = 2
	column = 26 // where the text beside a flag begins
)

// Help returns the help of the program.
func (p *Program) Help() string {
	b := &strings.Builder{}
	paragraphs(b, 0, p.Usage)
	section(b, Section{Title: "Get started", Lines: p.Begin})
	beside := 0
	for _, c := range p.Commands() {
		beside = max(beside, indent+len(c.Short(p))+2)
	}
	for _, g := range p.Groups {
		title(b, g.Title)
		for _, c := range g.Commands {
			entry(b, c.Short(p), c.Usage, beside)
		}
	}
	for _, s := range p.Notes {
		section(b, s)
	}
	return b.String()
}

// Help returns the help of the command.
func (c Command) Help() string {
	b := &strings.Builder{}
	paragraphs(b, 0, c.Name+": "+c.Usage)
	section(b, Section{Title: "Usage", Text: c.Synopsis()})
	if c.Description != "" {
		b.WriteString("\n")
		paragraphs(b, 0, c.Description)
	}
	for _, s := range c.Sections {
		section(b, s)
	}
	return b.String()
}

// Synopsis returns how the command is called.
func (c Command) Synopsis() string { return strings.TrimSpace(c.Name + " [flags] " + c.Args) }

func title(b *strings.Builder, text string) { b.WriteString("\n" + strings.ToUpper(text) + "\n") }

// section writes a title and what is below it.
func section(b *strings.Builder, s Section) {
	title(b, s.Title)
	paragraphs(b, indent, s.Text)
	beside := 0
	for _, l := range s.Lines {
		beside = max(beside, indent+utf8.RuneCountInString(l.What)+2)
	}
	for _, l := range s.Lines {
		entry(b, l.What, l.Meaning, beside)
	}
	for _, f := range s.Flags {
		entry(b, f.title(), f.text(), column)
	}
}

// title returns the flag with what it takes.
func (f Flag) title() string { return strings.TrimSpace(f.Dashed() + " " + f.Value) }

// text returns what the flag means, and what is so without it.
func (f Flag) text() string {
	if f.Default == "" {
		return f.Usage
	}
	if f.Default == "required" {
		return f.Usage + " (required)"
	}
	return f.Usage + " (default: " + f.Default + ")"
}

// entry writes a name and, beside it at a column or below it, its text.
func entry(b *strings.Builder, name, text string, beside int) {
	line := strings.Repeat(" ", indent) + name
	if utf8.RuneCountInString(line)+2 > beside {
		b.WriteString(line + "\n")
		line = ""
	}
	lines := wrap(text, width-beside)
	for i, l := range lines {
		if i > 0 {
			line = ""
		}
		b.WriteString(line + strings.Repeat(" ", beside-utf8.RuneCountInString(line)) + l + "\n")
	}
}

// paragraphs writes paragraphs at a column. Lines that are indented stand as they are.
func paragraphs(b *strings.Builder, at int, text string) {
	for i, p := range split(text) {
		if i > 0 {
			b.WriteString("\n")
		}
		lines := []string{p}
		if !strings.HasPrefix(p, " ") {
			lines = wrap(p, width-at)
		}
		for _, l := range lines {
			b.WriteString(strings.Repeat(" ", at) + l + "\n")
		}
	}
}

// split returns the paragraphs of a text, whose lines are separated by single line breaks.
func split(text string) []string {
	if text == "" {
		return nil
	}
	all := strings.Split(text, "\n\n")
	for i, p := range all {
		if !strings.HasPrefix(p, " ") {
			all[i] = strings.Join(strings.Fields(p), " ")
		}
	}
	return all
}

// wrap breaks a text into lines between words. A word that is longer than a line has one of its own.
func wrap(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

package page

import (
	"bufio"
	"html"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// node is an element, or text if it has no name.
type node struct {
	name  string
	attrs attrs
	kids  []*node
	text  string
}

// attrs are names of attributes, each followed by its value.
type attrs []string

// void elements have no content, and no end tag in HTML.
var void = []string{"meta"}

// el makes an element. Its content is of nodes, lists of nodes and texts; a nil node is nothing.
func el(name string, a attrs, content ...any) *node {
	n := &node{name: name, attrs: a}
	return n.add(content...)
}

// add appends content to an element.
func (n *node) add(content ...any) *node {
	for _, c := range content {
		switch c := c.(type) {
		case string:
			n.kids = append(n.kids, &node{text: c})
		case *node:
			if c != nil {
				n.kids = append(n.kids, c)
			}
		case []*node:
			n.add(anys(c)...)
		}
	}
	return n
}

func anys(nodes []*node) []any {
	list := make([]any, len(nodes))
	for i, n := range nodes {
		list[i] = n
	}
	return list
}

// class is the attribute that most elements have.
func class(names string) attrs { return attrs{"class", names} }

// name shows foreign text.
func name(text string) *node {
	text = plain(text)
	if strings.TrimSpace(text) == "" {
		return el("span", class("muted"), "(no name)")
	}
	return el("bdi", attrs{"title", shortened(text, 300)}, shortened(text, 200))
}

// plain removes from a text what a browser may do something with other than show it; line breaks become spaces.
func plain(text string) string {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == nonJoiner || r == joiner:
			return r
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co) || r == '\ufffe' || r == '\uffff':
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, string(utf8.RuneError)))
}

// shortened cuts a text after so many characters.
func shortened(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// write writes the node. The first error stays in w.
func (n *node) write(w *bufio.Writer) {
	if n.name == "" {
		w.WriteString(html.EscapeString(n.text))
		return
	}
	w.WriteString("<" + n.name)
	for pair := range slices.Chunk(n.attrs, 2) {
		w.WriteString(" " + pair[0] + `="` + html.EscapeString(pair[1]) + `"`)
	}
	if slices.Contains(void, n.name) {
		w.WriteString("/>")
		return
	}
	w.WriteString(">")
	for _, kid := range n.kids {
		if n.name == "style" { // our own, and not escaped in HTML
			w.WriteString(kid.text)
			continue
		}
		kid.write(w)
	}
	w.WriteString("</" + n.name + ">")
	if slices.Contains(ownLine, n.name) {
		w.WriteString("\n")
	}
}

// ownLine are the elements that a line ends after, so that the file can be read and compared.
var ownLine = []string{"tr", "p", "h1", "h2", "section", "style", "head", "table", "svg", "g", "title"}

func (n *node) writeTo(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString("<!DOCTYPE html>\n")
	n.write(b)
	b.WriteString("\n")
	return b.Flush()
}

package query

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Documents are made of these: members is a mapping that keeps its order, items is a sequence, and a string is a scalar.
type (
	members []member
	member  struct {
		name  string
		value any // members, items, or a string
	}
	items []any // members or strings
)

// plain matches the strings that need no quotes, but for the words that YAML takes for something else.
var plain = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

var words = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

// scalar returns a string in YAML. Quoted by Go, it has only escapes that YAML has too.
func scalar(s string) string {
	if plain.MatchString(s) && !slices.Contains(words, s) {
		return s
	}
	return strconv.Quote(s)
}

// writeYAML writes a value, whose lines begin with an indent, after what introduces it.
func writeYAML(b *strings.Builder, value any, indent string) {
	switch value := value.(type) {
	case string:
		b.WriteString(" " + scalar(value) + "\n")
	case members:
		b.WriteString("\n")
		for _, m := range value {
			writeMember(b, m, indent)
		}
	case items:
		b.WriteString("\n")
		for _, item := range value {
			writeItem(b, item, indent)
		}
	default:
		panic(fmt.Sprintf("no YAML for %T", value)) // a mistake in this package
	}
}

func writeMember(b *strings.Builder, m member, indent string) {
	b.WriteString(indent + scalar(m.name) + ":")
	writeYAML(b, m.value, indent+"  ")
}

// writeItem writes an item of a sequence. The first member of a mapping stands on the line of the dash.
func writeItem(b *strings.Builder, item any, indent string) {
	all, ok := item.(members)
	if !ok {
		b.WriteString(indent + "-")
		writeYAML(b, item, indent+"  ")
		return
	}
	for i, m := range all {
		lead := indent + "  "
		if i == 0 {
			lead = indent + "- "
		}
		b.WriteString(lead + scalar(m.name) + ":")
		writeYAML(b, m.value, indent+"    ")
	}
}

package tables

import "strings"

// means reads the meanings of columns from texts with a line for each, "column: meaning". A name that ends in * stands for
// the two columns of a rate.
func means(texts ...string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(strings.Join(texts, "\n")) {
		name, meaning, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			continue
		}
		rate, isRate := strings.CutSuffix(name, "*")
		if !isRate {
			all[name] = meaning
			continue
		}
		all[rate+"float"] = meaning + ", 0 to 1"
		all[rate+"string"] = meaning + ", as text: 12.5%"
	}
	return all
}

// under puts a prefix before the names in a text of meanings.
func under(prefix, text string) string {
	var out strings.Builder
	for line := range strings.Lines(strings.TrimSpace(text)) {
		out.WriteString(prefix + strings.TrimLeft(line, "\t"))
	}
	return out.String()
}

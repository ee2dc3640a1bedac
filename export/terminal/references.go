package terminal

import (
	"fmt"
	"strings"

	"mailerlake/export"
)

// writeReferences writes the references that lead to no row, or were not checked, by what that means.
func writeReferences(b *strings.Builder, all []export.Reference) {
	dangles := func(loose bool) func(export.Reference) bool {
		return func(r export.Reference) bool { return r.Unchecked == "" && r.Dangling > 0 && r.Loose == loose }
	}
	writeSome(b, all, "lead to rows that the dataset lacks; not damage: deletes withheld, or tables exported separately", dangles(false))
	writeSome(b, all, "lead to rows that MailerLite does not list, or not any more, such as those of deleted subscribers", dangles(true))
	var reasons []string
	seen := map[string]bool{}
	for _, r := range all {
		if r.Unchecked != "" && !seen[r.Unchecked] {
			seen[r.Unchecked] = true
			reasons = append(reasons, r.Unchecked)
		}
	}
	for _, reason := range reasons {
		writeSome(b, all, "not checked: "+Clean(reason), func(r export.Reference) bool { return r.Unchecked == reason })
	}
}

// writeSome writes the chosen references, a line for each, below a heading, if there are any.
func writeSome(b *strings.Builder, all []export.Reference, heading string, chosen func(export.Reference) bool) {
	var rows [][]string
	for _, r := range all {
		if chosen(r) {
			rows = append(rows, referenceCells(r))
		}
	}
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n  %s\n", heading)
	for _, line := range align(rows, 1) {
		fmt.Fprintf(b, "    %s\n", line)
	}
}

func referenceCells(r export.Reference) []string {
	name := Clean(r.Table + "." + r.Column + " -> " + r.To)
	if r.Unchecked != "" {
		return []string{name}
	}
	return []string{name, count(r.Dangling, "row"), "such as " + Clean(r.Examples[0])}
}

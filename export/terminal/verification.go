package terminal

import (
	"fmt"
	"io"
	"strings"

	"mailerlake/export"
)

// Verification writes what a check of a dataset found: a line a table, what is damaged, and a last line with the verdict.
func Verification(w io.Writer, v *export.Verification) error {
	b := &strings.Builder{}
	if v.Pending {
		b.WriteString("Not checked: a commit was cut off. The next mailerlake export finishes it; verify again after that.\n")
		return flush(w, b)
	}
	rows := make([][]string, len(v.Tables))
	for i, t := range v.Tables {
		rows[i] = []string{Clean(t.Name), count(t.Rows, "row"), "in " + count(int64(t.Parts), "whole part")}
	}
	for _, line := range align(rows, 1) {
		fmt.Fprintf(b, "  %s\n", line)
	}
	for _, r := range v.References {
		if said := dangling(r); said != "" {
			fmt.Fprintf(b, "  %s\n", Clean(said))
		}
	}
	for _, p := range v.Problems {
		fmt.Fprintf(b, "  damaged: %s\n", Clean(p.Part+" "+p.What))
	}
	if v.Restarted {
		b.WriteString("\nAnother run committed meanwhile; the check began again and is of the newer state.\n")
	}
	fmt.Fprintf(b, "\n%s\n", verdict(v))
	return flush(w, b)
}

func verdict(v *export.Verification) string {
	if n := int64(len(v.Problems)); n > 0 {
		return fmt.Sprintf("Damaged: %s in snapshot %s. Repair with mailerlake export --repair --out %s",
			count(n, "problem"), number(v.Snapshot), argument(v.Dataset))
	}
	return fmt.Sprintf("The dataset is whole: snapshot %s is as its manifest says.", number(v.Snapshot))
}

// dangling says what rows refer to and the dataset does not have; empty if there is nothing to say.
func dangling(r export.Reference) string {
	switch {
	case r.Unchecked != "":
		return fmt.Sprintf("%s.%s: references not checked: %s", r.Table, r.Column, r.Unchecked)
	case r.Dangling == 0:
		return ""
	}
	return fmt.Sprintf("%s.%s: %s %s to no row of %s (such as %s); no damage: deletes were withheld, or tables exported apart",
		r.Table, r.Column, count(r.Dangling, "row"), verb(r.Dangling, "refers", "refer"), r.To, strings.Join(r.Examples, ", "))
}

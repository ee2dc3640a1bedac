package terminal

import (
	"fmt"
	"io"
	"strings"

	"mailerlake/export"
)

// Verification writes what a check of a dataset found: a line per table, the damage, and a last line with the
// conclusion.
func Verification(w io.Writer, v *export.Verification) error {
	b := &strings.Builder{}
	if v.Pending {
		b.WriteString("Not checked: a commit is unfinished. The next mailerlake export finishes it; verify again after that.\n")
		return flush(w, b)
	}
	rows := make([][]string, len(v.Tables))
	for i, t := range v.Tables {
		rows[i] = []string{Clean(t.Name), count(t.Rows, "row"), "in " + count(int64(t.Parts), "undamaged part")}
	}
	for _, line := range align(rows, 1) {
		fmt.Fprintf(b, "  %s\n", line)
	}
	for _, r := range v.References {
		if line := dangling(r); line != "" {
			fmt.Fprintf(b, "  %s\n", Clean(line))
		}
	}
	for _, p := range v.Problems {
		fmt.Fprintf(b, "  damaged: %s\n", Clean(p.Part+" "+p.What))
	}
	if v.Restarted {
		b.WriteString("\nAnother run committed during the check, which was then repeated on the new snapshot.\n")
	}
	fmt.Fprintf(b, "\n%s\n", conclusion(v))
	return flush(w, b)
}

func conclusion(v *export.Verification) string {
	if n := int64(len(v.Problems)); n > 0 {
		mend := "Move the files away that are not in the manifest."
		if v.Repairable() {
			mend = "Repair it with mailerlake export --repair --out " + argument(v.Dataset)
		}
		return fmt.Sprintf("Damaged: %s in snapshot %s. %s", count(n, "problem"), number(v.Snapshot), mend)
	}
	return fmt.Sprintf("No damage: snapshot %s matches its manifest.", number(v.Snapshot))
}

// dangling describes references to rows that the dataset does not have, empty if there are none.
func dangling(r export.Reference) string {
	switch {
	case r.Unchecked != "":
		return fmt.Sprintf("%s.%s: references not checked: %s", r.Table, r.Column, r.Unchecked)
	case r.Dangling == 0:
		return ""
	}
	return fmt.Sprintf("%s.%s: %s %s to rows that %s does not have (such as %s); not damage: deletes were withheld, or tables exported separately",
		r.Table, r.Column, count(r.Dangling, "row"), verb(r.Dangling, "refers", "refer"), r.To, strings.Join(r.Examples, ", "))
}

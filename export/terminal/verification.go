package terminal

import (
	"fmt"
	"io"
	"strings"

	"mailerlake/export"
)

// Verification writes what a check of a dataset found: a line per table, the damage, and a last line with the
// conclusion. repair are the arguments of the command that repairs damage.
func Verification(w io.Writer, v *export.Verification, repair []string) error {
	b := &strings.Builder{}
	if v.Pending {
		if v.Destination {
			b.WriteString("Not checked: a publish has not ended. The next mailerlake publish finishes one that was interrupted; verify again after that.\n")
			return flush(w, b)
		}
		b.WriteString("Not checked: a commit is unfinished. The next mailerlake export finishes it; verify again after that.\n")
		return flush(w, b)
	}
	rows := make([][]string, len(v.Tables))
	for i, t := range v.Tables {
		rows[i] = []string{Clean(t.Name), count(t.Rows, "row"), where(v, t)}
	}
	for _, line := range align(rows, 1) {
		fmt.Fprintf(b, "  %s\n", line)
	}
	for _, p := range v.Problems {
		fmt.Fprintf(b, "  %s\n", paintOf(w).failure("damaged: "+Clean(p.Part+" "+p.What)))
	}
	writeReferences(b, v.References)
	if v.Restarted {
		b.WriteString("\n" + another(v) + " during the check, which was then repeated on the new snapshot.\n")
	}
	paint := paintOf(w).heading
	if v.Damaged() {
		paint = paintOf(w).failure
	}
	fmt.Fprintf(b, "\n%s\n", paint(conclusion(v, repair)))
	return flush(w, b)
}

// where says in which parts the rows of a table are that can be read, and how many cannot.
func where(v *export.Verification, t export.TableVerification) string {
	whole, damaged := count(int64(t.Parts), "undamaged part"), count(int64(t.DamagedParts), "damaged part")
	switch {
	case t.DamagedParts == 0:
		return "in " + whole
	case v.Destination:
		return fmt.Sprintf("in %s, and %s in %s", whole, number(t.DamagedRows), damaged)
	case t.DamagedRows == 0:
		return fmt.Sprintf("in %s and %s, of which all rows can be read", whole, damaged)
	}
	return fmt.Sprintf("in %s and %s, of which %s in %s cannot be read", whole, damaged, count(t.DamagedRows, "row"), count(int64(t.DamagedRowGroups), "row group"))
}

// unread says how many rows of all tables cannot be read, if there are such.
func unread(v *export.Verification) string {
	var lost, rows int64
	for _, t := range v.Tables {
		rows += t.Rows
		lost += t.DamagedRows
	}
	if lost == 0 || v.Destination { // damaged objects are not looked into
		return ""
	}
	return fmt.Sprintf("; %s of %s cannot be read", number(lost), count(rows+lost, "row"))
}

func conclusion(v *export.Verification, repair []string) string {
	if n := int64(len(v.Problems)); n > 0 {
		mend := "Move the files away that are not in the manifest."
		if v.Repairable() {
			mend = "Repair it with " + tied(commandLine(repair))
		}
		return fmt.Sprintf("Damaged: %s in snapshot %s%s. %s", count(n, "problem"), number(v.Snapshot), unread(v), mend)
	}
	return fmt.Sprintf("No damage: snapshot %s matches its manifest.", number(v.Snapshot))
}

// another says who committed during a check.
func another(v *export.Verification) string {
	if v.Destination {
		return "Another snapshot was published"
	}
	return "Another run committed"
}

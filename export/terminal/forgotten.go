package terminal

import (
	"fmt"
	"io"
	"strings"

	"mailerlake/export"
)

// Forgotten writes what was taken out of a history, and what that cannot reach.
func Forgotten(w io.Writer, f *export.Forgotten) error {
	b := &strings.Builder{}
	var rows [][]string
	for _, t := range f.Tables {
		rows = append(rows, []string{"  " + t.Name, count(t.Rows, "row"), "in " + count(int64(t.Files), "file")})
	}
	for _, line := range align(rows, 1) {
		fmt.Fprintf(b, "%s\n", line)
	}
	if f.Rows == 0 {
		b.WriteString("The history has no values of this person.\n")
	} else {
		fmt.Fprintf(b, "Forgotten: the values of %s in the history of %s; snapshot %d.\n", count(f.Rows, "row"), count(int64(len(f.Tables)), "table"), f.Snapshot)
		b.WriteString("Keys stay, so that loaders still learn of deletes.\n")
	}
	if f.Scans {
		b.WriteString("Removed: the pages that unfinished scans and the last plan had read; the next export reads them anew.\n")
	}
	if f.Present() {
		b.WriteString("The person is still in the present tables, and what changes there gets into the history again: delete the person in MailerLite, export, and forget again.\n")
	}
	b.WriteString("Not reached: copies and backups of the dataset; destinations until the next publish, and files of Delta tables until --retain is over; text about the person in rows that do not refer to theirs.\n")
	return flush(w, b)
}

package terminal

import (
	"fmt"
	"io"

	"mailerlake/export/insights"
)

// ReportWritten says which file a report was written to, and what to know about it.
func ReportWritten(w io.Writer, r *insights.Report, file string) error {
	about := ""
	if r.Subscribers.Absent == "" {
		about = ", " + count(r.Subscribers.Audience.Subscribers, "subscriber")
	}
	_, err := fmt.Fprintf(w, "Wrote %s: %s as of %s%s\n", Clean(file), Clean(r.AccountName), r.AsOf.UTC().Format("2006-01-02"), about)
	if err == nil && len(r.Notes) > 0 {
		_, err = fmt.Fprintln(w, "Its last section says what to know about the data.")
	}
	return err
}

package insights

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mailerlake/export/dataset"
)

// used are the tables that figures come from.
var used = []string{"subscriber", "group", "group_subscriber", "campaign", "campaign_activity", "automation", "shop", "order"}

// stale is how much older than the subscribers a table may be before a note says so.
const stale = 36 * time.Hour

// notes say what a reader should know about the quality of the data.
func (r *reader) notes() []string {
	notes, m := []string{}, r.data.Manifest
	for _, name := range used {
		if t := m.Table(name); t != nil {
			notes = append(notes, r.notesOn(t)...)
		}
	}
	if m.Privacy != nil {
		notes = append(notes, columnNote("Left out of the export", m.Privacy.Drop), columnNote("Exported as tokens instead of values", m.Privacy.Hash))
	}
	if n := r.out.Growth.Undated; n > 0 {
		notes = append(notes, fmt.Sprintf("%d subscribers have no date of subscription and are in no month.", n))
	}
	return slices.DeleteFunc(notes, func(n string) bool { return n == "" })
}

func columnNote(what string, columns []string) string {
	if len(columns) == 0 {
		return ""
	}
	return what + ": " + strings.Join(columns, ", ") + "."
}

func (r *reader) notesOn(t *dataset.TableState) (notes []string) {
	if !t.Complete {
		notes = append(notes, fmt.Sprintf("The last scan of %s was not complete: rows may be missing, and rows that were deleted may still be counted.", t.Name))
	}
	if n := len(t.Behind); n > 0 {
		notes = append(notes, fmt.Sprintf("In %s, %d lists could not be read to the end and are as an earlier run left them.", t.Name, n))
	}
	if t.Resumed {
		notes = append(notes, fmt.Sprintf("The scan of %s was interrupted and resumed: rows are as of %s UTC or later.", t.Name, t.ScanStarted.Format("2006-01-02 15:04")))
	}
	if !t.ScanStarted.IsZero() && t.ScanStarted.Before(r.out.ReadAt.Add(-stale)) {
		notes = append(notes, fmt.Sprintf("%s is older than the rest: it was last read on %s.", t.Name, t.ScanStarted.Format("2006-01-02")))
	}
	return notes
}

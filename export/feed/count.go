package feed

import (
	"context"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// Counts are numbers of changed rows.
type Counts struct{ Inserted, Updated, Deleted int64 }

// Count counts the changes in change file i of a table. Of the file it reads what happened, and no row.
func Count(ctx context.Context, d *dataset.Dataset, t *dataset.TableState, i int) (n Counts, err error) {
	s := &source{data: d, table: t, index: i}
	err = s.use(ctx, func(r *part.Reader) error {
		what := &schema.Vector{}
		for g := range r.RowGroups() {
			if err := r.Read(g, 0, what); err != nil {
				return err
			}
			for row := range what.Len() {
				if err := n.add(string(what.Text(row))); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return n, err
}

func (n *Counts) add(change string) error {
	switch change {
	case inserted:
		n.Inserted++
	case updated, updateAfter:
		n.Updated++
	case deleted:
		n.Deleted++
	case updateBefore: // the row of update_after counts
	default:
		return errChange
	}
	return nil
}

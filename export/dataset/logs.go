package dataset

import "mailerlake/export/pagelog"

// Logs returns the page logs of scans, which are local scratch beside the dataset. Commit removes the logs that it
// consumes.
func (d *Dataset) Logs() *pagelog.Store { return d.logs }

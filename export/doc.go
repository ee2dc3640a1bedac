// Package export brings a dataset up to date with a MailerLite account.
//
// The two names you want are Plan, which reports what would change, and Export, which changes it; ExportPlanned commits
// what Plan saw, and Verify reads a dataset and checks it. ReadChanges tells what changed since a snapshot, Forget takes a
// person out of the history, ReadInsights computes the figures of a report, and Publish and Restore copy a dataset to a
// destination and back. A run orders the phases, each a package of its own, and joins their results into a report. The data
// goes one way:
//
//	scan    pages of the API, decoded and appended to a page log per table (package scan, scanning.go)
//	fix     all definitions of columns are known now: every table gets its layout, once (fix.go)
//	plan    the log and the stored parts, side by side in key order (package merge, planning.go)
//	prove   rows that were not met are asked for by id; without proof nothing is deleted (prove.go)
//	write   the parts with changes are rewritten, and what changed is written beside them (packages merge and feed)
//	commit  parts, change files and manifest change in one step (package dataset, commit.go)
//	publish destinations are brought to the new snapshot (package publish, publish.go)
//
// What always holds:
//
//   - No table is ever in memory whole: rows travel as columns, a page, a row group or a bounded run of them at a time.
//   - Rows are compared by content. A row met twice in a scan counts as it was met last.
//   - A row is deleted only if the scan was complete and its absence is proved; in doubt it stays, and the report says so.
//   - A table that fails keeps its old state and its page log; the others commit. Tables whose rows are in one log fail
//     together.
//   - A run that ends early leaves its page logs to the next one, and the tables as they were.
//   - A report claims only what the run proved.
package export

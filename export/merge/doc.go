// Package merge brings the stored parts of a table to the state that a scan found.
//
// [Table] is what is merged. [Table.Plan] compares the scanned rows, which a page log holds, with the stored ones and
// returns a [Plan]; once it is known whether rows that the scan did not meet are deleted, [Plan.Settle] decides which
// parts change, and [Table.Write] rewrites those.
//
// Both passes walk the log and the parts side by side, in key order, a segment at a time: the rows of one row group and
// the scanned rows of the same key range. Rows stay in columns, and those of a log's page are compared and written where
// they are. What the first pass finds is noted in the plan, one bit per row, so that the second neither compares nor
// judges.
//
// What always holds:
//
//   - Rows are compared by content, never by a timestamp.
//   - What a record says nothing about is kept: the columns of an object that the row lacks, and of attributes that no
//     record had, with their rescued values.
//   - A key is in one part, once. Stored keys are compared with the ranges that the manifest states before any key is
//     inserted; a part that does not fit is a [PartError].
//   - Memory holds a row group and the scanned rows beside it, whatever the size of the table.
package merge

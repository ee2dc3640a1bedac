// Package feed is the change feed of a dataset: the change files that each commit writes, and what they add up to.
//
// A change file holds the changes that one snapshot made in the rows of one table, in key order. Its columns are
//
//	_change      insert, update or delete; with history update_before and update_after in place of update
//	_snapshot    the snapshot that made the change
//	_changed_at  when, UTC
//	the columns of the key, in row order
//	with history all other columns of the table
//
// [Writer] writes one, and [Blank] takes the values of rows out of it. The two names you want to read them are [Changes], which
// says what the snapshots since one of them add up to, with the present rows, and [RowsAt], which rebuilds the rows of a
// snapshot from those with history. [WholeChanges] gives both sides of each change. All merge the files of a [Window] by key.
//
// What always holds:
//
//   - A file has each key once, or, with history, as an update_before directly followed by an update_after.
//   - Columns are matched by name: files of one table differ in theirs once a column was added.
//   - Memory holds a row group of keys for each file of a window and a bounded run of rows, however many keys there are.
package feed

// Package delta keeps the Delta logs of a destination: each table of the dataset is a Delta table there. The two names you
// want are DataFile and Commit; Verify checks what is there.
//
// A table's directory has
//
//	part-00000-00000012-1a2b3c4d.parquet  data files: the dataset's parts, byte for byte, under names that are used once
//	_change_data/cdc-*.parquet            the rows that one version changed, if the dataset keeps its history
//	_delta_log/%020d.json                 a version: what it adds and removes
//	_delta_log/%020d.checkpoint.parquet   the whole state of a version, every 20 versions
//	_delta_log/_last_checkpoint           which checkpoint is the last
//
// What always holds:
//
//   - Data files are there before the version that adds them. A version appears in one step and is never replaced.
//   - Only this program writes the log. A version by another one stops Commit with a *ForeignError, and nothing is changed.
//   - What the destination's manifest says of a log (dataset.DeltaTable) may lag behind it, never the other way round: a
//     publish that died has left versions, which the next one reads and goes on from.
//   - A file that a version no longer has stays for as long as is asked for, so that readers of older versions end well.
//   - Readers need version 1 of the protocol. Timestamps are in the log, so a copy of a table has the same ones.
package delta

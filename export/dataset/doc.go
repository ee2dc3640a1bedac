// Package dataset is the directory of an export: its manifest, parts and page logs, the commit that changes them all
// in one step, the recovery of a commit that was interrupted, and the lock. The two names you want are Open and
// Dataset.Begin.
//
//	lake/
//	  manifest.json                  the committed state: Manifest
//	  subscriber/part-00000.parquet  the parts of a table: always the current table for readers of *.parquet
//	  subscriber/part-00001.parquet
//	  _changes/subscriber/           what each snapshot changed in a table: change files
//	    snapshot-00000012.parquet
//	  .mailerlake/                   never needed by readers, who may only look whether there is a journal
//	    lock, lock.json              locked by a run; which run it is
//	    journal.json                 exists while a commit has passed its point of commit and is not finished
//	    staged/                      new parts and change files until they are renamed into place
//	    scan/, sorted/               page logs
//	    publishes                    which publishes have not ended
//	    moved/                       foreign files that --repair moved out of the tables' directories
//
// # A commit
//
//  1. Lock, then Recover: an earlier commit is finished first.
//  2. Begin; each new part or change file goes through Commit.Create into staged/ and is synced when it is closed.
//  3. Commit: the directory staged/ is synced; if another run has committed meanwhile, or a table that changes has
//     foreign Parquet files, the commit is refused; the journal is written, synced and renamed to journal.json: the
//     point of commit.
//  4. The files are renamed into place in steps, each durable before the next begins: part-00000 of every table before
//     the other parts, but a new part that takes the upper keys of an outgrown one before that one, and change files last;
//     files that are no longer needed are removed; manifest.json is replaced; the consumed page logs are removed, and last the journal.
//
// # What holds
//
//   - Interrupted before the point of commit, by a kill or a power loss, the dataset is in its old state. Interrupted
//     after it, Recover puts it into the new state, however often that is itself interrupted.
//   - In between, each part is old or new and never half, and each key shows exactly once, except for the upper keys
//     of a part being cut, which show twice. A loader that needs all parts in the same state reads manifest.json,
//     checks that .mailerlake/journal.json does not exist, reads the parts, and then finds both as before.
//   - A part keeps its name and the range of keys it stands for. Ranges are disjoint and cover every key.
//   - After any error there is the old state, or a journal that Recover can follow. Journal and manifest have checksums,
//     and are checked against every rule (Manifest.Check) when they are written and when they are read. Only paths of
//     parts and change files are ever read, replaced or removed.
//   - A part's own footer repeats what the manifest says about it, and OpenPart compares the two, so that a manifest
//     with other rows or columns is detected even if its checksum matches.
//   - Every file operation goes through disk.FS, except those on the lock, which belongs to the process.
package dataset

// Package dataset is the directory of an export: its manifest, parts and page logs, the commit that changes them all
// in one step, the recovery of a commit that was cut off, and the lock. The two names you want are Open and
// Dataset.Begin.
//
//	lake/
//	  manifest.json                  the committed state: Manifest
//	  subscriber/part-00000.parquet  the parts of a table: always the current table for readers of *.parquet
//	  subscriber/part-00001.parquet
//	  .mailerlake/                   never needed by readers
//	    lock, lock.json              held by a run; who holds it
//	    journal.json                 there is one while a commit is past its point of commit and not finished
//	    staged/                      new parts until they are renamed into place
//	    scan/                        page logs
//
// # A commit
//
//  1. Lock, then Recover: an earlier commit is finished before anything else begins.
//  2. Begin; each new part goes through Commit.Create into staged/ and is synced when it is closed.
//  3. Commit: the directory staged/ is synced; the manifest is read again, and it is refused if another run has
//     committed; the journal is written, synced and renamed to journal.json: the point of commit.
//  4. The parts are renamed into place in steps, each durable before the next begins: part-00000 of every table before
//     the others, but a new part that takes the upper keys of an outgrown one before that one; parts that are no more
//     are removed; manifest.json is replaced; the consumed page logs are removed, and the journal last.
//
// # What holds
//
//   - Cut off before the point of commit, by a kill or a power loss, the dataset is in its old state. Cut off after
//     it, Recover puts it into the new state, however often it is itself cut off.
//   - Between the two each part is old or new and never half, and each key shows exactly once, but for the upper keys
//     of a part being cut, which show twice. A loader that needs one instant over all parts reads manifest.json,
//     checks that .mailerlake/journal.json does not exist, reads the parts, and then finds both as before.
//   - A part keeps its name and the range of keys it stands for. Ranges are disjoint and cover every key.
//   - No error leaves anything but the old state or a journal that Recover can follow. Journal and manifest are checked
//     against every rule (Manifest.Check) when they are written and when they are read, and nothing is read, replaced
//     or removed by a path that is none of a part.
//   - Every file operation goes through FS, but for the lock itself, which belongs to the process.
package dataset

// Package publish brings a destination, a directory or a part of a bucket, to the snapshot of a dataset, and a dataset to
// what a destination holds. The names you want are Publish, Restore and Verify.
//
// A destination holds:
//
//	manifest.json       its state, and the fence: read first, replaced last, only if it is still the one that was read
//	publishing.json     the journal: exists while a publish is under way, or did not end
//	subscriber/...      format parquet: the parts, with the names that they have in the dataset
//	                    format delta: the same parts under names that are never used again, and a log (package delta)
//	_changes/...        the change files
//
// # A publish
//
//  1. Read manifest and journal. If the dataset's own state is there and no journal, that is all. Another account, another
//     format, or a state that the dataset does not come after, is refused.
//  2. Write the journal, if there is none; take over that of a publisher that has died. Everything below happens only while
//     the journal is ours: it is renewed in a third of its lease, and whoever cannot renew it stops. A new destination has to
//     refuse writes whose conditions do not hold.
//  3. Read the manifest again, list the objects, and compare: the plan.
//  4. Upload what differs, in the steps in which a commit installs files (dataset.InstallSteps), each object only if it is
//     still the one that was listed; remove what is no longer named; write the logs of format delta.
//  5. Make sure that the journal is still ours; replace the manifest; remove the journal.
//
// # What holds
//
//   - Killed at any request, a publish is finished by the next one, of any dataset that comes after the same state. What a
//     dead publisher left is compared by checksums, and not by what the manifest says.
//   - Of two publishers one waits, or is refused. One that was taken for dead and goes on finds out before its next request
//     changes anything. What it had sent already may arrive late: an object that both replace is replaced again, as its
//     version differs, and any other is found by Verify.
//   - Only objects with names of ours are replaced or removed, and only in tables of ours. Nothing under .mailerlake is
//     ever uploaded.
//   - A part whose content is not what the dataset's manifest says is never uploaded whole: the publish stops.
package publish

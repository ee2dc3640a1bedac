// Package cost estimates what a run costs before it is paid: requests, units of the rate limit, minutes.
//
// The names you want are [Survey.Ask] and [Stored], which find out how large the tables are, by a few cheap requests or from
// a dataset, and [Known.Estimate], which makes an [Estimate] of it.
//
// A request is a page, a count or a single object. A unit is what the rate limit counts: requests that travel in a batch
// share one. What each kind of table takes follows from its declaration alone:
//
//   - A list that is read by cursor takes its pages, each a unit of its own, a page of newer rows for each walk, and the
//     API's counts.
//   - A list that is read by page number takes the pages of each walk, in batches. Walks follow one another, and so do the
//     first page of one and the others: a batch leaves for each, however few requests wait.
//   - A list for each row of another table takes the pages of all its walks for each such row, in batches. How many rows a
//     walk has is told by a column of the parent (schema.Walk.Size, schema.List.Size), or by a sample of the lists; else it
//     is taken to be one page. A walk that a list counts is left out where there is nothing to count.
//   - Rows that are nested in others or derived from them take nothing.
//
// The next export reads only those lists again that have not stood still. Where the rows of the parent have been read, they are
// compared with the stored ones; else it is the share of the lists that moved before the last run, and if nobody counted
// that, one in twenty. Of the requests that prove deletes it has those that come every day: a batch that asks for the rows that
// are gone from a list by cursor, and a second reading of lists that are always read and whose rows cannot be asked for.
//
// Not estimated are other requests that prove deletes, walks that are repeated because a list changed while it was read, retries,
// and lists that are read in place of rows that come without their children.
package cost

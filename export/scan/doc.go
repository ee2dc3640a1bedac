// Package scan reads tables from the API into page logs and proves what it met.
//
// The two names you want are New and Scanner.Scan. A scan is a set of walks: a walk reads one list once, for one row of
// a parent table or for none, with one set of parameters. Any number of walks run side by side under the client's one
// budget of requests. Each appends its pages to the log of its table and is resumed where it stopped.
//
// What always holds:
//
//   - A page is in the log, with the cursor that follows it, before the next page of its walk is accepted.
//   - A scan is complete only if everything about it was proved: lists came to their end, counts agree, no record was
//     unusable. The Outcome says in words what is not proved.
//   - A list is read in ranges side by side only where each page shows that made cursors mean what they say.
//   - A scan that an earlier run began is marked as resumed. If its list is one of the whole account, it is checked again:
//     its rows are counted, and newer ones are read.
//   - What concerns one table is in that table's Result; an error of Scan concerns the run.
package scan

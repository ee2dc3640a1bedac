// Package scan reads tables from the API into page logs and proves what it met.
//
// The two names you want are New and Scanner.Scan. A scan is a set of walks: a walk reads one list once, for one row of
// a parent table or for none, with one set of parameters. Any number of walks run side by side under the client's one
// budget of requests. Each appends its pages to the log of its table and is resumed where it stopped.
//
// What always holds:
//
//   - A page is logged before the next one of its walk counts, with the cursor that leads on.
//   - A scan is complete only if everything about it was proved: lists came to their end, counts agree, no record was
//     unusable. Whatever is not proved is said in the Outcome, in words for people.
//   - A scan that was begun by an earlier run is checked again: counted, and read for rows that are newer.
//   - What concerns one table is in that table's Result; an error of Scan concerns the run.
package scan

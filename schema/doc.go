// Package schema knows the tables: their columns, their types, and how the API's JSON records become typed columns.
//
// [Tables] lists the declarations. A [Decoder] turns one page of records into a [Page]: declared columns typed, custom
// fields and undeclared attributes still raw. When all scans are done, [Fix] settles the columns of a table, once, and
// [Layout.Convert] brings pages into that shape.
//
// What must stay true:
//
//   - No value is lost: what does not fit its column is in `_rescued`, under its API path. Left out is only what a
//     declaration names: rows of other tables that are repeated (Closed, Repeats, IDs), what another table or only some
//     answers have (Skip, Omit), and secrets (Never).
//   - All text is valid UTF-8; invalid bytes and lone surrogates become U+FFFD. JSON text is compact, its numbers as sent.
//   - The same record gives the same row whatever the order of its members, the white space and the escapes in it.
//   - A column keeps its name and place; its type only ever widens, to String.
//
// JSON that is nested more than 100 levels deep inside one attribute is kept as a string that holds its text.
package schema

// Package query writes what other programs need to query a dataset: a start script for DuckDB, and sources for dbt.
//
// The two names you want are [DuckDB] and [DBT]. Both take a [Dataset], which is its manifest and the declarations of its
// tables, and return text; they read no file.
//
// What always holds:
//
//   - The text names tables and columns that the dataset has, and no others. A macro that needs one which is missing or hashed
//     is left out.
//   - Nothing of the dataset, such as the name of a custom field or the path of its directory, can end the string, the comment
//     or the identifier that it is written into.
//   - Paths are absolute: the text works wherever it is used on this machine, until the dataset moves.
package query

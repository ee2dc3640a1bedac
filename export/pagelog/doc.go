// Package pagelog keeps what a scan has read: for each table a log on disk of the pages that the API sent, decoded into
// columns. It is the only durable state of a scan, and no part of the dataset.
//
// [Store] is the directory of an account's logs, [Log] is one of them and [Cursor] reads its rows in key order.
//
// # Walks
//
// A scan is a set of walks, each of which reads one list. Pages of any number of walks are appended side by side, each
// with a [Mark] that says which walk it belongs to and how that goes on. A scan that stopped resumes walk by walk. A
// log's memory does not grow with the number of pages, and only by 8 bytes for each ended walk of a parent.
//
// # The file
//
// A line that names the version is followed by frames. A frame is a head of 16 bytes (two lengths, two checksums) and
// two sections, each under a checksum of its own:
//
//	keys    the frame's head (mark, counts, columns) and the columns that rows are found by: the key, the rows that each
//	        row has in the child tables and their keys, the objects that rows lack
//	rest    all other columns
//
// so that keys can be read without the rest. The first frame holds the log's [Header]. In the others, a column is
// described when it is first met, and has a number from then on.
//
// Frames are only ever appended. One that is not whole at the end of the file is cut off when the log is opened;
// anything else that does not fit its checksum is an error.
package pagelog

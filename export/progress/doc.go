// Package progress turns the steps of a run into what people want to know of it: how much is done, how fast it goes, and how
// long it still takes.
//
// The two names you want are [Tracker], which is told of the steps, and [State], which it makes of them.
//
// What always holds:
//
//   - A share never falls and is below 1 until everything is done, whatever the API says about the rows that there are.
//   - The time left is unknown, or at least a second. It is the longest of three: by how fast it went in the last minute, by how
//     long requests take, and by when the rate limit allows those that are left.
//   - Nothing here reads the clock but by the function that New is given.
package progress

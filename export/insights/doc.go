// Package insights computes the figures of an account from a dataset: its subscribers, what they read and buy, and what the
// last runs changed. The two names you want are Read and Report.
//
// A report is data; package page shows it as HTML. What holds:
//
//   - Figures come from the parts alone, which are read a column of a row group at a time, and only the columns that figures
//     need. Memory does not grow with rows: values that may all differ (domains, sources) are counted by a counter of bounded
//     size, and who opened what is followed for a sample of subscribers of bounded size. Both are exact until they are full,
//     and say so when they are not.
//   - A section whose table or column the dataset lacks, or holds only as tokens, says why it has no figures (Section.Absent).
//   - Time is the dataset's own: ages are counted back from Report.AsOf, never from the clock of the machine. The same dataset
//     always gives the same report.
//   - Rates are shares from 0 to 1, and nil where nothing was sent or the columns are not there.
package insights

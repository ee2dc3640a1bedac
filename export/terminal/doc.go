// Package terminal renders what people see of mailerlake: the progress of a run, and its result as text. It decides
// nothing: how far a run is, package progress finds out.
//
// The two names you want are [Start], which shows the progress on stderr, and [Report], which renders the result of an
// export for stdout. [Plan], [Summary], [Schema], [Verification], [WriteChanges], [Forgotten], [Published] and [Restored]
// render other results.
//
// What always holds:
//
//   - Text from the API or from a file reaches the screen only through [Clean], or through [JSON], which escapes what
//     Clean would remove.
//   - Only stderr is ever drawn on, and only if it is a terminal; the live lines are gone when Close returns. They are never wider
//     or more than the terminal has room for.
//   - Colours are put on by paint alone, and only where an Output, Messages or a Progress was told that they are welcome.
//   - A result is rendered from the report alone, without a look at the clock or the terminal.
package terminal

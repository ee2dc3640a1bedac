// Package terminal is what people see of mailerlake: the story of a run while it goes on, and its result as text.
//
// The two names you want are [Start], which tells the story on stderr, and [Report], which renders the result of a run
// for stdout. [Plan], [Summary], [Schema] and [Verification] render the other results.
//
// What always holds:
//
//   - Nothing of the API or of a file reaches the screen before it went through [Clean], or through [JSON], which
//     escapes what Clean would take away.
//   - Only stderr is ever drawn on, and only if it is a terminal; the live lines are gone when Close returns.
//   - Rendering is a function of its argument: it asks no clock and no terminal.
package terminal

// Package command is the command line of mailerlake.
//
// The two names you want are [Run], which is the whole program except for the process around it, and [ExitCode], which
// turns the error of Run into the exit code of the process. Each command has a file of its own.
//
// What always holds:
//
//   - Flags and arguments are checked before the network or the disk is touched.
//   - A flag has the value of the command line, else of the environment, else of the config file, else its default: action
//     fills them in before the function of a command begins.
//   - stdout is the result, stderr is everything else. An error is one line on stderr, printed by Run.
//   - With --json, stdout is exactly one JSON document, whatever happens. If the command fails, the document has a
//     member "error", the text of that line; its other members are those of the result, as far as there is one.
//   - The exit codes, the errors that lead to them and their descriptions in the help are one table.
//   - No secret is the value of a flag, or appears in a message.
package command

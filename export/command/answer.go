package command

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export/terminal"
)

// answer is the result of a command, in the two forms that it can be printed in. Either may be missing.
type answer struct {
	command string
	runs    []ran // of an export: how it ended for each account
	// document makes the JSON document, which begins with head.
	document func(head) any
	text     func(io.Writer) error
}

// action turns a function that returns an answer into the action of a command.
func (p *program) action(do func(*cli.Context) (answer, error)) cli.ActionFunc {
	return func(c *cli.Context) error {
		a, err := answer{}, c.Context.Err()
		switch {
		case c.NArg() > 0:
			err = unexpected(c)
		case err == nil:
			err = p.settle(c)
			p.look(c)
			if err == nil {
				p.misspelt(c.App)
				a, err = do(c)
			}
			err = whereDemoIs(c, p.sourced(err))
		}
		if errors.Is(err, context.Canceled) {
			err = &interruptedError{resumeHint(c)}
		}
		a.command = c.Command.Name
		err = p.writeMetrics(c, a.runs, err)
		p.ended = func(err error) { p.onFailure(c, a, err) }
		return p.finish(p.wantsJSON(c), a, err)
	}
}

// wantsJSON reports whether a call asks for JSON, be it after an argument that does not belong there.
func (p *program) wantsJSON(c *cli.Context) bool {
	if c.NArg() == 0 && c.IsSet("json") {
		return c.Bool("json")
	}
	return c.Bool("json") || p.asksForJSON(c.Args().Slice())
}

// finish prints an answer. It returns the command's error or, if there is none, the error of printing.
func (p *program) finish(json bool, a answer, err error) error {
	var printing error
	switch {
	case json:
		printing = terminal.JSON(p.stdout, a.json(err))
	case a.text != nil:
		printing = a.text(p.output)
	}
	if printing != nil && message(err) == "" {
		return printing
	}
	return err
}

// json returns the JSON document of a command that ended with an error, or with none.
func (a answer) json(err error) any {
	h := head{documentFormat, a.command, ExitCode(err), message(err)}
	if wrong, ok := errors.AsType[*usageError](err); ok && h.Command == "" { // its flags could not be parsed
		h.Command = strings.TrimPrefix(strings.TrimPrefix(wrong.command, "mailerlake"), " ")
	}
	if a.document == nil {
		return h
	}
	return a.document(h)
}

// asksForJSON reports whether --json is among arguments that were not parsed, or else in the environment.
func (p *program) asksForJSON(args []string) bool {
	asked, _ := strconv.ParseBool(p.getenv(variablePrefix + "JSON"))
	for _, arg := range args {
		name, value, given := strings.Cut(arg, "=")
		if name == "--json" || name == "-json" {
			on, err := strconv.ParseBool(value)
			asked = !given || err == nil && on
		}
	}
	return asked
}

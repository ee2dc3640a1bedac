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
	// document makes the JSON document; failure is the text of the command's error, empty if there is none.
	document func(failure string) any
	text     func(io.Writer) error
}

// errorDocument is the document of a command that has no result.
type errorDocument struct {
	Error string `json:"error"`
}

// action turns a function that returns an answer into the action of a command.
func (p *program) action(do func(*cli.Context) (answer, error)) cli.ActionFunc {
	return func(c *cli.Context) error {
		a, err := answer{}, c.Context.Err()
		wrong := p.look(c)
		switch {
		case wrong != nil:
			err = wrong
		case c.NArg() > 0:
			err = usage(c, "unexpected argument %q", c.Args().First())
		case err == nil:
			a, err = do(c)
		}
		if errors.Is(err, context.Canceled) {
			err = &interruptedError{resumeHint(c)}
		}
		return p.finish(c.Bool("json") || asksForJSON(c.Args().Slice()), a, err)
	}
}

// finish prints an answer. It returns the command's error or, if there is none, the error of printing.
func (p *program) finish(json bool, a answer, err error) error {
	var printing error
	switch {
	case json:
		printing = terminal.JSON(p.stdout, a.json(message(err)))
	case a.text != nil:
		printing = a.text(p.output)
	}
	if printing != nil && message(err) == "" {
		return printing
	}
	return err
}

func (a answer) json(failure string) any {
	if a.document == nil {
		return errorDocument{failure}
	}
	return a.document(failure)
}

// asksForJSON reports whether --json is among arguments that were not parsed.
func asksForJSON(args []string) bool {
	asked := false
	for _, arg := range args {
		name, value, given := strings.Cut(arg, "=")
		if name == "--json" || name == "-json" {
			on, err := strconv.ParseBool(value)
			asked = !given || err == nil && on
		}
	}
	return asked
}

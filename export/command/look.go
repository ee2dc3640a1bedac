package command

import (
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/terminal"
)

// look takes over the flags that say how stdout and stderr look.
func (p *program) look(c *cli.Context) error {
	var err error
	color, format := terminal.Color(c.String("color")), terminal.LogFormat(c.String("log-format"))
	switch color {
	case terminal.Auto, terminal.Always, terminal.Never:
	default:
		err = usage(c, "--color is auto, always or never, not %q", color)
		color = terminal.Auto
	}
	switch format {
	case terminal.Text, terminal.LogJSON:
	default:
		err = usage(c, "--log-format is text or json, not %q", format)
		format = terminal.Text
	}
	p.say, p.output = p.messages(format, color)
	return err
}

// messages returns how a command speaks on stderr, and what its results as text are written to.
func (p *program) messages(f terminal.LogFormat, c terminal.Color) (*terminal.Messages, *terminal.Output) {
	return terminal.NewMessages(p.stderr, f, c, p.getenv), terminal.NewOutput(p.stdout, c, p.getenv)
}

// progress shows the progress of a command that takes a while.
func (p *program) progress(c *cli.Context, dataset string) terminal.Progress {
	return terminal.Start(p.stderr, p.progressOptions(c, dataset))
}

// patience shows the progress of a command that is mostly quick: lines on a terminal, and else no log but that of requests.
func (p *program) patience(c *cli.Context, dataset string, phase export.Phase) terminal.Progress {
	o := p.progressOptions(c, dataset)
	o.Quiet = o.Quiet || !o.Verbose && !terminal.IsTerminal(p.stderr)
	progress := terminal.Start(p.stderr, o)
	progress.Event(export.Event{Phase: phase})
	return progress
}

func (p *program) progressOptions(c *cli.Context, dataset string) terminal.Options {
	return terminal.Options{Run: c.Command.Name, Dataset: dataset, Quiet: c.Bool("quiet"), Verbose: c.Bool("verbose"),
		Format: terminal.LogFormat(c.String("log-format")), Color: terminal.Color(c.String("color")), Getenv: p.getenv}
}

// unparsed returns what arguments that were not parsed say about stderr: they may be wrong, and that is to be told as they want
// it.
func unparsed(args []string) (f terminal.LogFormat, c terminal.Color) {
	f, c = terminal.Text, terminal.Auto
	if lastValue(args, "log-format") == string(terminal.LogJSON) {
		f = terminal.LogJSON
	}
	if color := terminal.Color(lastValue(args, "color")); color == terminal.Always || color == terminal.Never {
		c = color
	}
	return f, c
}

// lastValue returns the last value that arguments give a flag, empty if there is none.
func lastValue(args []string, flag string) (value string) {
	for i, arg := range args {
		name, given, joined := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		switch {
		case !strings.HasPrefix(arg, "-") || name != flag:
		case joined:
			value = given
		case i+1 < len(args):
			value = args[i+1]
		}
	}
	return value
}

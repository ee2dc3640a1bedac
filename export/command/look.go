package command

import (
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/terminal"
)

// look takes over the flags that say how stdout and stderr look, if the command has them.
func (p *program) look(c *cli.Context) {
	if flagOf(c, "color") != nil {
		p.say, p.output = p.messages(terminal.LogFormat(c.String("log-format")), terminal.Color(c.String("color")))
	}
}

// messages returns how a command speaks on stderr, and what its results as text are written to.
func (p *program) messages(f terminal.LogFormat, c terminal.Color) (*terminal.Messages, *terminal.Output) {
	return terminal.NewMessages(p.stderr, f, c, p.getenv), terminal.NewOutput(p.stdout, c, p.getenv)
}

// progress shows the progress of a command that takes a while. It begins with a phase, unless that is empty.
func (p *program) progress(c *cli.Context, dataset string, phase export.Phase) terminal.Progress {
	return p.start(p.progressOptions(c, dataset), phase)
}

// patience shows the progress of a command that is mostly quick: lines on a terminal, and else no log but that of requests.
func (p *program) patience(c *cli.Context, dataset string, phase export.Phase) terminal.Progress {
	o := p.progressOptions(c, dataset)
	o.Quiet = o.Quiet || !o.Verbose && !terminal.IsTerminal(p.stderr)
	return p.start(o, phase)
}

func (p *program) start(o terminal.Options, phase export.Phase) terminal.Progress {
	progress := terminal.Start(p.stderr, o)
	progress.Event(export.Event{Phase: phase})
	return progress
}

func (p *program) progressOptions(c *cli.Context, dataset string) terminal.Options {
	return terminal.Options{Run: c.Command.Name, Dataset: dataset, Quiet: c.Bool("quiet"), Verbose: c.Bool("verbose"),
		Account: p.account(), Format: terminal.LogFormat(c.String("log-format")), Color: terminal.Color(c.String("color")), Getenv: p.getenv}
}

// account names the account if it is one of several.
func (p *program) account() string {
	if !p.call.labelled {
		return ""
	}
	return p.call.account.Name
}

// unparsed returns how to speak according to arguments that were not parsed, or else to the environment: they may be wrong, and
// that is to be told as they want it.
func (p *program) unparsed(args []string) (terminal.LogFormat, terminal.Color) {
	format, color := terminal.LogFormat(p.lastValue(args, "log-format")), terminal.Color(p.lastValue(args, "color"))
	if format != terminal.LogJSON {
		format = terminal.Text
	}
	if color != terminal.Always && color != terminal.Never {
		color = terminal.Auto
	}
	return format, color
}

// lastValue returns the last value that arguments give a flag, or else that of the environment.
func (p *program) lastValue(args []string, flag string) string {
	value := p.getenv(variableOf(flag))
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

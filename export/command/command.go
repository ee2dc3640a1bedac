package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export/terminal"
)

// program is what the commands share: their input and output, the environment and the version.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	version        string
	args           []string
	environment    []string
	call           settings
	ended          func(error)        // is called when all is done and said, with the command's error; nil if nothing is to be called
	say            *terminal.Messages // on stderr, beside progress
	output         *terminal.Output   // stdout, for results as text
}

// Run runs the command in args, which are laid out like os.Args. The error it returns has been printed on stderr.
// version is the release; if it is empty, the version comes from the build. Run ends soon after ctx does, even if stdin
// blocks. environment, if it is given, is all of it, each entry as name=value: variables that seem to be misspelt are reported.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string, version string, environment ...string) error {
	p := &program{stdin: stdin, stdout: stdout, stderr: stderr, getenv: getenv, version: versionOr(version), args: args, environment: environment}
	p.say, p.output = p.messages(p.unparsed(args))
	err := p.app(args).RunContext(ctx, args)
	p.sayError(err)
	if p.ended != nil {
		p.ended(err)
	}
	return err
}

// sayError prints an error, and where the help on its command is if it was used wrongly.
func (p *program) sayError(err error) {
	text := message(err)
	if text == "" {
		return
	}
	members := []any{"exit_code", ExitCode(err)}
	usage, wrong := errors.AsType[*usageError](err)
	if wrong {
		members = append(members, "help", usage.command+" --help")
	}
	p.say.Error(text, members...)
	if wrong {
		p.say.Hint(fmt.Sprintf("run `%s --help` for usage", usage.command))
	}
}

// message returns an error as one line, empty if there is nothing to say: no error, or changes that a plan has shown.
func message(err error) string {
	if err == nil || errors.Is(err, errChanges) {
		return ""
	}
	return terminal.Clean(err.Error())
}

// versionOr returns the release or, if there is none, the version of the source that was built.
func versionOr(release string) string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return strings.Trim(info.Main.Version, "()")
	}
	return "devel"
}

// app declares the commands. args are the arguments that it will run with.
func (p *program) app(args []string) *cli.App {
	app := &cli.App{
		Name:            "mailerlake",
		Usage:           "export a MailerLite account to Parquet files and keep them up to date",
		Description:     "Try it without an account: mailerlake export --demo\n\n" + exitCodeHelp(),
		Version:         p.version,
		Writer:          p.stdout,
		ErrWriter:       p.stderr,
		HideHelpCommand: true,
		ExitErrHandler:  func(*cli.Context, error) {}, // only main exits
		Action:          p.noCommand,
		Commands: []*cli.Command{p.check(), p.export(), p.plan(), p.show(), p.verify(), p.changes(), p.page(), p.forget(), p.publish(), p.restore(),
			p.schema(), p.sql(), p.dbt()},
	}
	app.OnUsageError = p.onUsageError(args, app.Name)
	for _, c := range app.Commands {
		c.HideHelpCommand = true
		c.OnUsageError = p.onUsageError(args, app.Name+" "+c.Name)
	}
	return app
}

// onUsageError handles flags that cannot be parsed.
func (p *program) onUsageError(args []string, command string) cli.OnUsageErrorFunc {
	return func(c *cli.Context, err error, _ bool) error {
		return p.finish(p.asksForJSON(args), answer{}, &usageError{err: flagError(err, c.Command, c.App), command: command})
	}
}

// noCommand handles a call without a command, or with one that does not exist.
func (p *program) noCommand(c *cli.Context) error {
	switch name := c.Args().First(); {
	case name == "help" && c.NArg() == 2 && c.App.Command(c.Args().Get(1)) != nil:
		return cli.ShowCommandHelp(c, c.Args().Get(1))
	case name == "" || name == "help" && c.NArg() == 1:
		return cli.ShowAppHelp(c)
	case name == "help":
		return p.finish(p.asksForJSON(c.Args().Slice()), answer{}, &usageError{err: noSuchCommand(c.App, c.Args().Get(1)), command: "mailerlake"})
	default:
		return p.finish(p.asksForJSON(c.Args().Slice()), answer{}, &usageError{err: noSuchCommand(c.App, name), command: "mailerlake"})
	}
}

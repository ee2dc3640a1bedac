package command

import (
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export/command/manual"
	"mailerlake/schema/spelling"
)

// completion is the command that prints a completion script for a shell.
func (p *program) completion() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a completion script for " + strings.Join(manual.Shells, ", "),
		ArgsUsage: "SHELL",
		Description: "It completes commands, flags, names of tables, and files. To have it in each new shell:\n\n" +
			"  bash        echo 'source <(mailerlake completion bash)' >> ~/.bashrc\n" +
			"  zsh         echo 'source <(mailerlake completion zsh)' >> ~/.zshrc\n" +
			"              (after compinit)\n" +
			"  fish        mailerlake completion fish \\\n" +
			"                > ~/.config/fish/completions/mailerlake.fish\n" +
			"  powershell  mailerlake completion powershell >> $PROFILE",
		Action: p.text(p.completionScript),
	}
}

func (p *program) completionScript(c *cli.Context) (string, error) {
	shell := c.Args().First()
	switch {
	case c.NArg() == 0:
		return "", usage(c, "name the shell: %s", strings.Join(manual.Shells, ", "))
	case c.NArg() > 1:
		return "", usage(c, "unexpected argument %q", c.Args().Get(1))
	case !slices.Contains(manual.Shells, shell):
		return "", usage(c, "there is no completion for %q; there is for %s%s", shell, strings.Join(manual.Shells, ", "), spelling.DidYouMean(shell, "", manual.Shells))
	}
	return p.manual(c.App).Completion(shell), nil
}

// text turns a function that returns a text into the action of a command that has no other result.
func (p *program) text(do func(*cli.Context) (string, error)) cli.ActionFunc {
	return func(c *cli.Context) error {
		text, err := do(c)
		return p.finish(p.asksForJSON(c.Args().Slice()) && err != nil, answer{command: c.Command.Name, text: func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		}}, err)
	}
}

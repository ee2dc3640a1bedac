package command

import (
	"io"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/terminal"
)

// plan is the command that shows what an export would change.
func (p *program) plan() *cli.Command {
	return &cli.Command{
		Name:  "plan",
		Usage: "show what export would change, without changing anything",
		Description: "Reads the account as export does, and prints what export would add, change and delete. mailerlake export --planned then\n" +
			"commits exactly that, without asking the account again.",
		Flags:  append(runFlags(), toggle("detailed-exitcode", "exit with 2 if there are changes")),
		Action: p.action(p.runPlan),
	}
}

func (p *program) runPlan(c *cli.Context) (answer, error) {
	r, err := p.run(c, export.Plan)
	a, err := p.report(c, r, err, func(w io.Writer, r *export.Report) error { return terminal.Plan(w, r, p.commitArgs(c, r.Dataset)) })
	if err == nil && c.Bool("detailed-exitcode") && !r.Empty() {
		err = errChanges
	}
	return a, err
}

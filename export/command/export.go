package command

import (
	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/terminal"
)

// export is the command that brings the dataset up to date.
func (p *program) export() *cli.Command {
	return &cli.Command{
		Name:  "export",
		Usage: "bring the dataset up to date with the account",
		Flags: append(runFlags(),
			toggle("planned", "commit exactly what the last plan showed: no key, no network"),
			toggle("repair", "rebuild damaged parts from a fresh scan, and move foreign files away"),
			toggle("rewrite", "rewrite every table with the current types and names; needed to change --drop or --hash"),
			&cli.StringFlag{Name: "keep-changes", Usage: "keep what each export changes for `TIME`, and remember that; 0 keeps nothing", DefaultText: "as before, at first 90d"},
			&cli.BoolFlag{Name: "history", Usage: "keep whole rows, from before and after each change, and remember that; --history=false keeps keys alone", DefaultText: "as before, at first off"},
		),
		Action: p.action(p.runExport),
	}
}

func (p *program) runExport(c *cli.Context) (answer, error) {
	do := export.Export
	if c.Bool("planned") {
		if err := checkPlanned(c); err != nil {
			return answer{}, err
		}
		do = export.ExportPlanned
	}
	r, err := p.run(c, do)
	return p.report(c, r, err, terminal.Report)
}

// checkPlanned refuses flags that apply to the plan.
func checkPlanned(c *cli.Context) error {
	for _, name := range []string{"tables", "exclude", "campaign-content", "full", "restart", "yes", "repair", "rewrite"} {
		if c.IsSet(name) {
			return usage(c, "--planned commits what was planned: give --%s to mailerlake plan", name)
		}
	}
	return nil
}

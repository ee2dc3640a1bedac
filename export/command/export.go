package command

import (
	"context"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/terminal"
)

// export is the command that brings the dataset up to date.
func (p *program) export() *cli.Command {
	return &cli.Command{
		Name:  "export",
		Usage: "bring the dataset up to date with the account",
		Flags: append(append(runFlags(),
			toggle("planned", "commit exactly what the last plan showed: no key, no network"),
			toggle("repair", "rebuild damaged parts from what of them can be read and a fresh scan, and move foreign files away"),
			toggle("rewrite", "rewrite every table with the current types and names; needed to change --drop or --hash"),
			&cli.StringFlag{Name: "keep-changes", Usage: "keep what each export changes for `TIME`, and remember that; 0 keeps nothing", DefaultText: "as before, at first 90d"},
			&cli.BoolFlag{Name: "history", Usage: "keep whole rows, from before and after each change, and remember that; --history=false keeps keys alone", DefaultText: "as before, at first off"},
			&cli.GenericFlag{Name: "publish", Value: &urls{}, Usage: "then publish to `URL`, as mailerlake publish does; can be given several times"},
		), layoutFlags("publish-")...),
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
	to, err := p.destinations(c)
	if err != nil {
		return answer{}, err
	}
	for _, d := range to {
		defer d.Store.Close()
	}
	r, err := p.run(c, func(ctx context.Context, o export.Options) (*export.Report, error) {
		o.Destinations = to
		return do(ctx, o)
	})
	return p.report(c, r, err, terminal.Report)
}

// destinations opens what --publish names.
func (p *program) destinations(c *cli.Context) (to []export.Destination, err error) {
	dir, err := p.dir(c)
	if err != nil {
		return nil, err
	}
	for _, url := range *c.Generic("publish").(*urls) {
		d, err := destinationAt(c, url, "publish-", dir)
		if err != nil {
			return nil, err
		}
		to = append(to, d)
	}
	for _, name := range []string{"publish-format", "publish-retain"} {
		if c.IsSet(name) && len(to) == 0 {
			return nil, usage(c, "--%s needs --publish", name)
		}
	}
	return to, nil
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

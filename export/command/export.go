package command

import (
	"context"
	"time"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/terminal"
)

// export is the command that brings the dataset up to date.
func (p *program) export() *cli.Command {
	return &cli.Command{
		Name:  "export",
		Usage: "bring the dataset up to date with the account",
		Description: "The first export reads everything; later ones write only the rows that are new, changed or gone. Interrupt it whenever you\n" +
			"like: the same command resumes it. Rows are deleted only if the account proves that they are gone.",
		Flags: append(append(forAccounts(runFlags()),
			toggle("planned", "commit exactly what the last plan showed: no key, no network"),
			toggle("repair", "rebuild damaged parts from what can still be read and a fresh scan, and move foreign files away"),
			toggle("rewrite", "rewrite every table with the current types and names; needed to change --drop or --hash"),
			keepChangesFlag(),
			&cli.BoolFlag{Name: "history", Usage: "keep whole rows, from before and after each change, and remember that; --history=false keeps keys alone", DefaultText: "as before, at first off"},
			&cli.GenericFlag{Name: "publish", Value: &urls{}, Usage: "then publish to `URL`, as mailerlake publish does; can be given several times"},
			&cli.StringFlag{Name: "metrics", TakesFile: true, Usage: "write to `FILE` how the export ended, as metrics for Prometheus"},
			&cli.StringFlag{Name: "on-failure", Usage: "run `COMMAND` in the shell if the exit code is not 0, with the JSON report on its standard input"},
		), layoutFlags("publish-")...),
		Action: p.action(p.runExport),
	}
}

func keepChangesFlag() cli.Flag {
	f := timeFlag("keep-changes", "keep what each export changes for `TIME`, and remember that; 0 keeps nothing", "90d")
	f.DefaultText = "as before, at first 90d"
	return f
}

func (p *program) runExport(c *cli.Context) (answer, error) {
	if p.call.several() {
		return p.exportAccounts(c)
	}
	began := time.Now()
	e, err := p.checkExport(c)
	var r *export.Report
	if err == nil {
		r, err = e.run()
	}
	a, err := p.report(c, r, err, terminal.Report)
	if ExitCode(err) != wrongUsage {
		a.runs = []ran{p.ran(c, e.urls, began, r, err)}
	}
	return a, err
}

// exporting is an export whose flags are checked.
type exporting struct {
	job
	do   runFunc
	to   []export.Destination
	urls []string // of the destinations
}

// checkExport checks the flags of an export. The destinations are open if there is no error.
func (p *program) checkExport(c *cli.Context) (e exporting, err error) {
	e.do = export.Export
	if c.Bool("planned") {
		if err := checkPlanned(c); err != nil {
			return e, err
		}
		e.do = export.ExportPlanned
	}
	if e.to, err = p.destinations(c); err == nil {
		err = p.checkMetrics(c)
	}
	for _, d := range e.to {
		e.urls = append(e.urls, d.Store.String())
	}
	if err == nil {
		e.job, err = p.checkRun(c)
	}
	if err != nil {
		e.close()
		e.to = nil
	}
	return e, err
}

// run exports, and closes the destinations.
func (e exporting) run() (*export.Report, error) {
	defer e.close()
	return e.job.run(func(ctx context.Context, o export.Options) (*export.Report, error) {
		o.Destinations = e.to
		return e.do(ctx, o)
	})
}

func (e exporting) close() {
	for _, d := range e.to {
		d.Store.Close()
	}
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
			return to, err
		}
		to = append(to, d)
	}
	for _, name := range []string{"publish-format", "publish-retain"} {
		if p.given(c, name) && len(to) == 0 {
			return to, usage(c, "--%s needs --publish", name)
		}
	}
	return to, nil
}

// checkPlanned refuses flags that apply to the plan.
func checkPlanned(c *cli.Context) error {
	for _, name := range yields["planned"] {
		if c.IsSet(name) {
			return usage(c, "--planned commits what was planned: give --%s to mailerlake plan", name)
		}
	}
	return nil
}

package command

import (
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"mailerlake/client"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/terminal"
)

// runFunc is export.Plan, export.Export or export.ExportPlanned.
type runFunc func(context.Context, export.Options) (*export.Report, error)

// report turns the report of a run, which may be nil if the run failed, into an answer.
func (p *program) report(c *cli.Context, r *export.Report, err error, text func(io.Writer, *export.Report) error) (answer, error) {
	a := answer{document: func(h head) any { return reportDocument{h, r} }}
	if err != nil {
		return a, err
	}
	if c.Bool("quiet") || c.Bool("json") {
		p.printProblems(r)
	} else {
		a.text = func(w io.Writer) error { return text(w, r) }
	}
	return a, leftUndone(r)
}

// printProblems prints on stderr the problems that the text of a report would show.
func (p *program) printProblems(r *export.Report) {
	for _, t := range r.Tables {
		for _, problem := range terminal.Problems(t) {
			fmt.Fprintf(p.stderr, "mailerlake: %s: %s\n", t.Name, problem)
		}
	}
	for _, d := range r.Published {
		if d.Err != nil {
			fmt.Fprintf(p.stderr, "mailerlake: %s\n", terminal.Clean(d.Err.Error()))
		}
	}
}

// run checks the flags, then runs a plan or an export and shows its progress on stderr.
func (p *program) run(c *cli.Context, run runFunc) (*export.Report, error) {
	o, err := p.options(c)
	if err != nil {
		return nil, err
	}
	api, err := p.clientOptions(c)
	if err != nil {
		return nil, err
	}
	online := !c.Bool("planned")
	if online {
		if err := checkDemo(c, o.Dir); err != nil {
			return nil, err
		}
		if api.Key, err = p.apiKey(c); err != nil {
			return nil, err
		}
	}
	progress := terminal.Start(p.stderr, terminal.Options{Run: c.Command.Name, Dataset: o.Dir,
		Quiet: c.Bool("quiet"), Verbose: c.Bool("verbose"), Expect: storedRows(o)})
	defer progress.Close()
	defer noteInterrupt(c.Context, progress)()
	o.OnEvent, o.OnTransfer, api.OnWait, api.Logger = progress.Event, progress.Transfer, progress.Wait, progress.Logger()
	if online {
		if o.Client, err = client.New(api); err != nil {
			return nil, &authError{err}
		}
	}
	return run(c.Context, o)
}

// noteInterrupt shows that the run is stopping when ctx ends. Once the function that it returns was
// called, nothing more is shown.
func noteInterrupt(ctx context.Context, progress terminal.Progress) (end func()) {
	shown := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(shown)
		progress.Note("stopping; interrupt again to quit at once")
	})
	return func() {
		if !stop() {
			<-shown
		}
	}
}

// storedRows returns how many rows each table of the dataset has: the run will read about as many. Errors are left to
// the run itself.
func storedRows(o export.Options) map[string]int64 {
	rows := map[string]int64{}
	if d, err := dataset.Open(o.FS, o.Dir); err == nil && d.Manifest != nil {
		for _, t := range d.Manifest.Tables {
			rows[t.Name] = t.Rows
		}
	}
	return rows
}

// resumeHint says how to resume an interrupted command, empty if it has nothing to resume.
func resumeHint(c *cli.Context) string {
	switch {
	case c.String("to") != "":
		return "run the same command again to finish"
	case c.Bool("restart"):
		return "run it again without --restart to resume"
	case c.Bool("planned"):
		return "the plan is kept; run the same command again to commit it"
	case c.Bool("repair"), c.Duration("resume-within") == 0: // as in commands without a scan, which lack the flag
		return ""
	}
	return "run the same command again to resume"
}

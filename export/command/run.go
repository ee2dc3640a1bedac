package command

import (
	"context"
	"errors"
	"io"

	"github.com/urfave/cli/v2"

	"mailerlake/client"
	"mailerlake/export"
	"mailerlake/export/terminal"
	"mailerlake/schema"
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

// printProblems prints on stderr the problems of tables that the text of a report would show. Those of destinations are in the
// error of the run.
func (p *program) printProblems(r *export.Report) {
	for _, t := range r.Tables {
		for _, problem := range terminal.Problems(t) {
			p.say.Problem(p.label()+t.Name+": "+problem, "table", t.Name)
		}
	}
}

// job is a plan or an export whose flags are checked.
type job struct {
	p       *program
	c       *cli.Context
	options export.Options
	api     client.Options
	online  bool
}

// run checks the flags, then runs a plan or an export and shows its progress on stderr.
func (p *program) run(c *cli.Context, run runFunc) (*export.Report, error) {
	j, err := p.checkRun(c)
	if err != nil {
		return nil, err
	}
	return j.run(run)
}

// checkRun checks the flags of a plan or an export, and reads the keys.
func (p *program) checkRun(c *cli.Context) (j job, err error) {
	j = job{p: p, c: c, online: !c.Bool("planned")}
	if j.options, err = p.options(c); err != nil {
		return j, err
	}
	if j.api, err = p.clientOptions(c); err != nil || !j.online {
		return j, err
	}
	if err = checkDemo(c, j.options.Dir); err != nil {
		return j, err
	}
	j.api.Key, err = p.apiKey(c)
	return j, err
}

// run does the job and shows its progress on stderr.
func (j job) run(run runFunc) (_ *export.Report, err error) {
	progress := j.p.progress(j.c, j.options.Dir, "")
	defer progress.Close()
	defer noteInterrupt(j.c.Context, progress)()
	j.options.OnEvent, j.options.OnExpect, j.options.OnTransfer = progress.Event, progress.Expect, progress.Transfer
	j.api.OnWait, j.api.Logger = progress.Wait, progress.Logger()
	if j.online {
		if j.options.Client, err = client.New(j.api); err != nil {
			return nil, &authError{err}
		}
		progress.Watch(j.options.Client)
	}
	r, err := run(j.c.Context, j.options)
	if wrong, ok := errors.AsType[*schema.ProtectionError](err); ok {
		err = usage(j.c, "%w", wrong) // which columns there are was not known before
	}
	return r, err
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

// resumeHint says how to resume an interrupted command, empty if it has nothing to resume.
func resumeHint(c *cli.Context) string {
	switch {
	case c.String("to") != "":
		return "run the same command again to finish"
	case c.Bool("restart"):
		return "run it again without --restart to resume"
	case c.Bool("planned"):
		return "the plan is kept; run the same command again to commit it"
	case c.Bool("repair"), timeOf(c, "resume-within") == 0: // as in commands without a scan, which lack the flag
		return ""
	}
	return "run the same command again to resume"
}

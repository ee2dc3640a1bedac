package command

import (
	"io"

	"github.com/urfave/cli/v2"

	"mailerlake/export/query"
	"mailerlake/export/terminal"
)

// dbt is the command that writes the tables as sources of a dbt project.
func (p *program) dbt() *cli.Command {
	return &cli.Command{
		Name:  "dbt",
		Usage: "write the tables as dbt sources, with descriptions, keys and tests",
		Description: "For dbt-duckdb, of dbt 1.10.5 or later: mailerlake dbt -o models/sources.yml. Models then read\n" +
			"{{ source('mailerlake', 'subscriber') }}, and dbt test checks keys and references. Write it anew when the dataset was\n" +
			"moved, has new tables or columns, or was exported with --rewrite.",
		Flags: append(commonFlags(), fileFlag(),
			&cli.StringFlag{Name: "source", Value: "mailerlake", Usage: "the `NAME` of the source, for a project with several datasets"}),
		Action: p.action(p.runDBT),
	}
}

func (p *program) runDBT(c *cli.Context) (answer, error) {
	file, err := p.outputFile(c)
	if err != nil {
		return answer{}, err
	}
	name := c.String("source")
	if !query.IsSourceName(name) {
		return answer{}, usage(c, "--source %q is not a name of small letters, digits and _", name)
	}
	d, err := p.described(c)
	if err != nil {
		return answer{}, err
	}
	s, err := query.DBT(d, name)
	if err != nil {
		return answer{}, err
	}
	what := textDocument{d.Dir, d.Manifest.Snapshot, file, s.Text, s.Tables}
	report := func(w io.Writer) error { return terminal.WroteSources(w, file, int64(len(s.Tables)), int64(s.Tests)) }
	return written(what, report, func(h head, what textDocument) any { return sourcesDocument{h, what, s.Tests} })
}

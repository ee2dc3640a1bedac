package command

import (
	"io"

	"github.com/urfave/cli/v2"

	"mailerlake/export/query"
	"mailerlake/export/terminal"
)

// sql is the command that writes a start script for DuckDB.
func (p *program) sql() *cli.Command {
	return &cli.Command{
		Name:  "sql",
		Usage: "write a start script for DuckDB: a view for each table, and macros for common questions",
		Description: "Start DuckDB with it: mailerlake sql -o lake.sql, then duckdb -init lake.sql. FROM ml_help lists what can be asked.\n" +
			"Each table has two views, such as \"order\" and ml_order. The script works from any directory, and shows the dataset as\n" +
			"it is when it is queried. Write it anew when the dataset was moved, has new tables, or was exported with --rewrite.",
		Flags:  append(commonFlags(), fileFlag()),
		Action: p.action(p.runSQL),
	}
}

func (p *program) runSQL(c *cli.Context) (answer, error) {
	file, err := p.outputFile(c)
	if err != nil {
		return answer{}, err
	}
	d, err := p.described(c)
	if err != nil {
		return answer{}, err
	}
	s := query.DuckDB(d)
	what := textDocument{d.Dir, d.Manifest.Snapshot, file, s.Text, s.Tables}
	report := func(w io.Writer) error {
		return terminal.WroteScript(w, file, int64(len(s.Tables)), int64(len(s.Macros)))
	}
	return written(what, report, func(h head, what textDocument) any { return scriptDocument{h, what, s.Macros} })
}

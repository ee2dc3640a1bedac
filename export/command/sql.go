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
	document := textDocument{Dataset: d.Dir, Snapshot: d.Manifest.Snapshot, Tables: s.Tables, Macros: s.Macros}
	return written(document, file, s.Text, func(w io.Writer) error {
		return terminal.WroteScript(w, file, int64(len(s.Tables)), int64(len(s.Macros)))
	})
}

// written writes a text to a file or, without one, has it printed. report says what was written to the file.
func written(document textDocument, file, text string, report func(io.Writer) error) (answer, error) {
	if document.File = file; file == "" {
		document.Text = text
		report = func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		}
	} else if err := writeText(file, text); err != nil {
		return answer{}, err
	}
	return answer{text: report, document: func(failure string) any {
		document.Error = failure
		return document
	}}, nil
}

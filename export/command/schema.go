package command

import (
	"io"

	"github.com/urfave/cli/v2"

	"mailerlake/export/terminal"
	"mailerlake/schema/tables"
)

// schema is the command that lists the columns of the tables.
func (p *program) schema() *cli.Command {
	return &cli.Command{
		Name:   "schema",
		Usage:  "show the columns of the tables, their types and their paths in the API",
		Flags:  commonFlags(),
		Action: p.action(p.runSchema),
	}
}

func (p *program) runSchema(c *cli.Context) (answer, error) {
	d, err := p.open(c)
	if err != nil {
		return answer{}, err
	}
	shown := terminal.Schema(tables.All(), d.Manifest)
	return answer{
		document: func(string) any { return shown },
		text:     func(w io.Writer) error { return terminal.WriteSchema(w, shown) },
	}, nil
}

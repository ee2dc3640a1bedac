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
		Flags:  append(commonFlags(), toggle("markdown", "print a document that says where each table comes from and what its columns mean")),
		Action: p.action(p.runSchema),
	}
}

func (p *program) runSchema(c *cli.Context) (answer, error) {
	if c.Bool("markdown") && c.Bool("json") {
		return answer{}, usage(c, "give either --json or --markdown, not both")
	}
	d, err := p.open(c)
	if err != nil {
		return answer{}, err
	}
	shown := terminal.Schema(tables.All(), d.Manifest, terminal.Variant{Flag: "--campaign-content", Catalog: tables.Catalog(tables.Options{CampaignContent: true})})
	write := terminal.WriteSchema
	if c.Bool("markdown") {
		write = terminal.WriteSchemaMarkdown
	}
	return answer{
		document: func(h head) any { return schemaDocument{h, d.Dir(), shown} },
		text:     func(w io.Writer) error { return write(w, shown) },
	}, nil
}

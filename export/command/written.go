package command

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/export/query"
	"mailerlake/schema/tables"
)

// fileFlag is the flag for the file that a command writes.
func fileFlag() cli.Flag {
	return &cli.StringFlag{Name: "o", Usage: "write to `FILE`, whole or not at all, instead of standard output", TakesFile: true}
}

// outputFile returns the file of -o, empty for standard output. No command writes into the dataset.
func (p *program) outputFile(c *cli.Context) (string, error) {
	dir, err := p.dir(c)
	if err != nil {
		return "", err
	}
	file := c.String("o")
	if file == "" || file == "-" {
		return "", nil
	}
	return file, outsideDataset(c, dir, file, file)
}

// described returns the dataset as the texts about it want it.
func (p *program) described(c *cli.Context) (query.Dataset, error) {
	d, err := p.open(c)
	if err != nil {
		return query.Dataset{}, err
	}
	dir, err := p.dir(c)
	if err != nil {
		return query.Dataset{}, err
	}
	if d.Manifest == nil {
		return query.Dataset{}, fmt.Errorf("%s: %w", dir, export.ErrNoDataset)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return query.Dataset{}, fmt.Errorf("find dataset: %w", err)
	}
	return query.Dataset{Dir: dir, Manifest: d.Manifest, Catalog: tables.Catalog(tables.Options{CampaignContent: true}), Program: "mailerlake " + p.version}, nil
}

// written writes a text to a file or, without one, has it printed. report says what was written to the file; document makes the
// JSON document.
func written(what textDocument, report func(io.Writer) error, document func(head, textDocument) any) (answer, error) {
	a := answer{text: report}
	if what.File == "" {
		a.text = func(w io.Writer) error {
			_, err := io.WriteString(w, what.Text)
			return err
		}
	} else {
		err := writeWhole(disk.OS(false), what.File, func(f disk.File) error {
			_, err := io.WriteString(f, what.Text)
			return err
		})
		if err != nil {
			return answer{}, err
		}
		what.Text = ""
	}
	a.document = func(h head) any { return document(h, what) }
	return a, nil
}

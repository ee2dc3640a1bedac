package command

import (
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/export/insights/page"
	"mailerlake/export/terminal"
)

// defaultReport is the file that a report is written to unless another is given.
const defaultReport = "report.html"

// page is the command that makes a page of a dataset's figures.
func (p *program) page() *cli.Command {
	return &cli.Command{
		Name:  "report",
		Usage: "make an HTML page about the account: subscribers, campaigns, revenue",
		Description: "The page is one file that needs no network, to open in a browser, print or send on. It holds figures, and the names of\n" +
			"groups, campaigns and automations; no addresses of subscribers, only their domains. Ages and months are counted back\n" +
			"from the last change in the account, not from today.",
		Flags: append(append(sourceFlags(""), outputFlags()...),
			&cli.StringFlag{Name: "o", Usage: "write the page to `FILE` (- for standard output), whole or not at all", DefaultText: defaultReport, TakesFile: true},
			toggle("json", "print the figures as one JSON document; a page is written only with -o FILE"),
		),
		Action: p.action(p.runPage),
	}
}

func (p *program) runPage(c *cli.Context) (answer, error) {
	dir, err := p.dir(c)
	if err != nil {
		return answer{}, err
	}
	file, err := reportFile(c, dir)
	if err != nil {
		return answer{}, err
	}
	fsys := datasetFS(dir)
	progress := p.patience(c, dir, export.Summing)
	r, err := export.ReadInsights(c.Context, fsys, dir)
	progress.Close()
	if err != nil {
		return answer{}, againHint(err)
	}
	switch file {
	case "":
	case "-":
		return answer{}, page.Write(p.stdout, r)
	default:
		if err := writeWhole(fsys, file, func(f disk.File) error { return page.Write(f, r) }); err != nil {
			return answer{}, err
		}
	}
	return answer{
		document: func(h head) any { return figuresDocument{h, r, dir, file} },
		text:     func(w io.Writer) error { return terminal.WroteReport(w, file, r) },
	}, nil
}

// reportFile returns the file to write; empty for none.
func reportFile(c *cli.Context, dir string) (string, error) {
	file := c.String("o")
	info, err := os.Stat(file)
	switch {
	case c.IsSet("o") && file == "":
		return "", usage(c, "-o is empty")
	case file == "-" && c.Bool("json"):
		return "", usage(c, "standard output is for the page or for --json, not for both; give -o FILE")
	case file == "" && !c.Bool("json"):
		file = defaultReport
	case file == "" || file == "-":
		return file, nil
	case err == nil && info.IsDir():
		return "", usage(c, "%s is a directory; give -o FILE", file)
	}
	return file, outsideDataset(c, dir, file, file)
}

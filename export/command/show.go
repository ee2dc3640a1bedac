package command

import (
	"github.com/urfave/cli/v2"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/terminal"
)

// show is the command that sums up the manifest.
func (p *program) show() *cli.Command {
	return &cli.Command{
		Name:   "show",
		Usage:  "show the tables, their sizes and what the last run changed",
		Flags:  commonFlags(),
		Action: p.action(p.runShow),
	}
}

func (p *program) runShow(c *cli.Context) (answer, error) {
	d, err := p.open(c)
	if err != nil {
		return answer{}, err
	}
	s, err := terminal.Summarize(d)
	if err != nil {
		return answer{}, err
	}
	return answer{document: func(h head) any { return showDocument{h, s} }, text: s.Write}, nil
}

// open opens the dataset for reading.
func (p *program) open(c *cli.Context) (*dataset.Dataset, error) {
	dir, err := p.dir(c)
	if err != nil {
		return nil, err
	}
	return dataset.Open(disk.OS(false), dir)
}

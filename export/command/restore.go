package command

import (
	"io"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/export/publish/store"
	"mailerlake/export/terminal"
)

// restore is the command that makes a dataset of what was published.
func (p *program) restore() *cli.Command {
	return &cli.Command{
		Name:  "restore",
		Usage: "make a dataset from what was published to a destination",
		Description: "Every file is checked, and the dataset is there whole or not at all. It goes on with mailerlake export. DIR must not\n" +
			"hold another dataset. Credentials are those of mailerlake publish.",
		Flags: append(commonFlags(),
			&cli.StringFlag{Name: "from", Usage: "restore from `URL`, as in mailerlake publish --to"},
			toggle("quiet", "print only warnings and errors, and the JSON document if there is one"),
			toggle("partial", "leave out tables that are not whole because a publish was interrupted or an object is damaged; the next export reads them"),
			toggle("if-any", "do nothing if the destination is empty, as it is before the first publish"),
			toggle("private", "make the dataset accessible to its owner only"),
		),
		Action: p.action(p.runRestore),
	}
}

func (p *program) runRestore(c *cli.Context) (answer, error) {
	dir, err := p.dir(c)
	if err != nil {
		return answer{}, err
	}
	url := c.String("from")
	if url == "" {
		return answer{}, usage(c, "--from is missing: the URL to restore from")
	}
	if overlaps, err := store.Overlaps(url, dir); err == nil && overlaps {
		return answer{}, usage(c, "%s overlaps the dataset in %s", url, dir)
	}
	from, err := openStore(c, url)
	if err != nil {
		return answer{}, err
	}
	defer from.Close()
	progress := p.progress(c, dir, export.Restoring)
	defer progress.Close()
	defer noteInterrupt(c.Context, progress)()
	r, err := export.Restore(c.Context, export.RestoreOptions{Store: from, FS: disk.OS(c.Bool("private")), Dir: dir, Partial: c.Bool("partial"),
		IfAny: c.Bool("if-any"), OnProgress: progress.Transfer})
	if err != nil {
		return answer{}, err
	}
	a := answer{document: func(h head) any { return restoredDocument{h, r} }}
	if !c.Bool("quiet") {
		a.text = func(w io.Writer) error { return terminal.Restored(w, r) }
	}
	return a, nil
}

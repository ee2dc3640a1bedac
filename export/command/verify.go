package command

import (
	"errors"
	"io"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/export/terminal"
	"mailerlake/schema/tables"
)

// verify is the command that checks the dataset for damage.
func (p *program) verify() *cli.Command {
	return &cli.Command{
		Name:  "verify",
		Usage: "read the whole dataset, or a destination, and check it for damage",
		Description: "Compares every file with its checksum, reads every value, and looks up every id that refers to another table.\n" +
			"mailerlake export --repair rebuilds what is damaged.",
		Flags:  append(commonFlags(), &cli.StringFlag{Name: "at", Usage: "check the destination at `URL` instead, as in mailerlake publish --to: every object's size and checksum"}),
		Action: p.action(p.runVerify),
	}
}

func (p *program) runVerify(c *cli.Context) (answer, error) {
	v, err := p.verification(c)
	if err != nil {
		return answer{}, err
	}
	a := answer{
		document: func(h head) any { return verificationDocument{h, v} },
		text:     func(w io.Writer) error { return terminal.Verification(w, v, repairArgs(v)) },
	}
	switch {
	case v.Damaged():
		err = &damageFoundError{v}
	case v.Pending && v.Destination:
		err = errors.New("nothing was checked: a publish has not ended; mailerlake publish finishes one that was interrupted")
	case v.Pending:
		err = errors.New("nothing was checked: a commit is unfinished; mailerlake export finishes it")
	}
	return a, err
}

// verification checks the dataset, or a destination.
func (p *program) verification(c *cli.Context) (*export.Verification, error) {
	dir, err := p.dir(c)
	if err != nil {
		return nil, err
	}
	if !c.IsSet("at") {
		progress := p.patience(c, dir, export.Checking)
		defer progress.Close()
		return export.VerifyWith(c.Context, export.VerifyOptions{FS: disk.OS(false), Dir: dir, Catalog: tables.All(), OnEvent: progress.Event})
	}
	if c.IsSet("out") {
		return nil, usage(c, "give either --out or --at, not both")
	}
	at, err := openStore(c, c.String("at"))
	if err != nil {
		return nil, err
	}
	defer at.Close()
	progress := p.patience(c, c.String("at"), export.Checking)
	defer progress.Close()
	return export.VerifyAt(c.Context, at, progress.Transfer)
}

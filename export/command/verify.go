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
		Name:   "verify",
		Usage:  "read the whole dataset and check it for damage",
		Flags:  commonFlags(),
		Action: p.action(p.runVerify),
	}
}

// verificationDocument is the JSON document of a check.
type verificationDocument struct {
	Error string `json:"error,omitempty"`
	*export.Verification
}

func (p *program) runVerify(c *cli.Context) (answer, error) {
	dir, err := p.dir(c)
	if err != nil {
		return answer{}, err
	}
	v, err := export.Verify(c.Context, disk.OS(false), dir, tables.All())
	if err != nil {
		return answer{}, err
	}
	a := answer{
		document: func(failure string) any { return verificationDocument{failure, v} },
		text:     func(w io.Writer) error { return terminal.Verification(w, v) },
	}
	switch {
	case v.Damaged():
		err = &damageFoundError{len(v.Problems), v.Repairable()}
	case v.Pending:
		err = errors.New("nothing was checked: a commit is unfinished; mailerlake export finishes it")
	}
	return a, err
}

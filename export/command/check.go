package command

import (
	"io"

	"github.com/urfave/cli/v2"

	"mailerlake/client"
	"mailerlake/export"
	"mailerlake/export/terminal"
)

// check is the command that says whether the key works, what is in the account, and what an export costs.
func (p *program) check() *cli.Command {
	return &cli.Command{
		Name:  "check",
		Usage: "check the key, show what is in the account and what an export costs",
		Description: "Makes a few cheap requests and changes nothing. What the next export costs depends on what\n" +
			"moves until then: with a dataset in --out, by what has moved since it was exported; without one, as if one\n" +
			"list in twenty had. A unit is what the rate limit counts: a request, or a batch of requests.",
		Flags:  accountFlags(),
		Action: p.action(p.runCheck),
	}
}

func (p *program) runCheck(c *cli.Context) (answer, error) {
	o, err := p.options(c)
	if err != nil {
		return answer{}, err
	}
	api, err := p.clientOptions(c)
	if err != nil {
		return answer{}, err
	}
	if err := checkDemo(c, o.Dir); err != nil {
		return answer{}, err
	}
	if api.Key, err = p.apiKey(c); err != nil {
		return answer{}, err
	}
	progress := p.patience(c, o.Dir, export.Counting)
	defer progress.Close()
	api.OnWait, api.Logger = progress.Wait, progress.Logger()
	if o.Client, err = client.New(api); err != nil {
		return answer{}, &authError{err}
	}
	progress.Watch(o.Client)
	found, err := export.CheckAccount(c.Context, o)
	if err != nil {
		return answer{}, err
	}
	a := answer{document: func(h head) any { return checkDocument{h, found} }}
	if !c.Bool("quiet") {
		a.text = func(w io.Writer) error { return terminal.Check(w, found) }
	}
	return a, unknownTables(found)
}

// unknownTables returns an error if nothing could be found out about some tables.
func unknownTables(found *export.Check) error {
	e := &partialError{}
	for _, t := range found.Tables {
		if t.Err != nil {
			e.failed = append(e.failed, t.Name)
		}
	}
	if e.failed == nil {
		return nil
	}
	return e
}

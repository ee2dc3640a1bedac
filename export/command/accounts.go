package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/command/config"
	"mailerlake/export/terminal"
)

// accountRun is the export of one of several accounts, and how it ended.
type accountRun struct {
	exporting
	name   string
	ready  error // an error of the preparations that the other accounts do not mind, such as a key that is missing
	report *export.Report
	err    error
}

// exportAccounts exports the accounts of the config file one after another. All flags are checked before the first one
// begins.
func (p *program) exportAccounts(c *cli.Context) (answer, error) {
	runs, err := p.checkAccounts(c)
	if err != nil {
		return answer{}, err
	}
	a := answer{document: func(h head) any { return accountsJSON(h, runs) }}
	for _, r := range runs {
		began := time.Now()
		r.export()
		a.runs = append(a.runs, r.p.ran(r.c, r.urls, began, r.report, r.err))
	}
	if !c.Bool("quiet") && !c.Bool("json") {
		a.text = func(w io.Writer) error { return terminal.Accounts(w, accountResults(runs)) }
	}
	if err := c.Context.Err(); err != nil {
		return a, err
	}
	if e := (&accountsError{runs}); worst(e.codes()) != 0 {
		return a, e
	}
	return a, nil
}

// checkAccounts checks the flags of each account, and that no two of them write to the same place.
func (p *program) checkAccounts(c *cli.Context) (runs []*accountRun, err error) {
	defer func() {
		if err != nil {
			for _, r := range runs {
				r.close()
			}
		}
	}()
	chosen := p.chosenAccounts(c)
	for _, account := range chosen {
		r := &accountRun{name: account.Name}
		if err := r.prepare(p, c, account, len(chosen) > 1); err != nil {
			return runs, fmt.Errorf("account %q: %w", account.Name, err)
		}
		runs = append(runs, r)
	}
	return runs, distinct(c, runs)
}

// chosenAccounts returns the accounts that --account names, or all.
func (p *program) chosenAccounts(c *cli.Context) []config.Account {
	names := c.StringSlice("account")
	if len(names) == 0 {
		return p.call.file.Accounts
	}
	return slices.DeleteFunc(slices.Clone(p.call.file.Accounts), func(a config.Account) bool { return !slices.Contains(names, a.Name) })
}

// prepare checks the flags of one account.
func (r *accountRun) prepare(p *program, c *cli.Context, account config.Account, others bool) error {
	q, call, err := p.callFor(c, account)
	if err == nil {
		err = q.ownPlaces(call, others)
	}
	if err == nil {
		r.exporting, err = q.checkExport(call)
	}
	r.p, r.c = q, call
	if err = q.sourced(err); ExitCode(err) == wrongUsage || c.Context.Err() != nil {
		return err
	}
	r.ready = err
	return nil
}

// callFor returns the program and the context of the same call for one account.
func (p *program) callFor(c *cli.Context, account config.Account) (q *program, call *cli.Context, err error) {
	q = new(*p)
	q.call = settings{file: p.call.file, name: p.call.name, account: &account, labelled: true}
	app := q.app(p.args)
	app.Command(c.Command.Name).Action = func(c *cli.Context) error {
		call = c
		return q.settle(c)
	}
	err = app.RunContext(c.Context, p.args)
	return q, call, err
}

// ownPlaces refuses flags that make several accounts share what each has to have for itself.
func (p *program) ownPlaces(c *cli.Context, others bool) error {
	for _, name := range []string{"out", "api-key-file", "publish"} {
		if others && p.given(c, name) {
			return usage(c, "--%s is for one account; choose it with --account", name)
		}
	}
	for _, name := range []string{"api-key-file", "hash-key-file"} {
		if others && c.String(name) == "-" {
			return usage(c, "--%s cannot be standard input for several accounts", name)
		}
	}
	return nil
}

// distinct refuses accounts that would write to the same directory or destination, or one into that of another.
func distinct(c *cli.Context, runs []*accountRun) error {
	for i, a := range runs {
		for _, b := range runs[:i] {
			if one, other := a.c.String("out"), b.c.String("out"); isInside(one, other) || isInside(other, one) {
				return about(usage(c, `the accounts %q and %q have the same "out", or one in that of the other: %s, %s`, b.name, a.name, other, one), "out")
			}
			for _, one := range *a.c.Generic("publish").(*urls) {
				if slices.ContainsFunc(*b.c.Generic("publish").(*urls), func(other string) bool { return within(one, other) || within(other, one) }) {
					return about(usage(c, `the accounts %q and %q "publish" to the same place, or one into that of the other`, b.name, a.name), "publish")
				}
			}
		}
	}
	return nil
}

// within reports whether a destination is inside another, or the same.
func within(one, other string) bool {
	place := func(url string) string {
		path, _, _ := strings.Cut(url, "?")
		return strings.TrimRight(path, "/") + "/"
	}
	return strings.HasPrefix(place(one), place(other))
}

// export exports the account unless the call was interrupted, and prints its error.
func (r *accountRun) export() {
	switch {
	case r.c.Context.Err() != nil:
		r.close()
		r.err = &interruptedError{"this account was not begun"}
	case r.ready != nil:
		r.err = r.ready
	default:
		if !r.c.Bool("quiet") && terminal.IsTerminal(r.p.stderr) { // a log names it in every line
			r.p.say.Info(fmt.Sprintf("account %s, %s", r.name, r.options.Dir))
		}
		r.report, r.err = r.run()
		_, r.err = r.p.report(r.c, r.report, r.err, terminal.Report)
		if errors.Is(r.err, context.Canceled) {
			r.err = &interruptedError{resumeHint(r.c)}
		}
	}
	if text := message(r.err); text != "" {
		r.p.say.Error(r.p.label()+text, "account", r.name)
	}
}

func accountsJSON(h head, runs []*accountRun) accountsDocument {
	document := accountsDocument{head: h}
	for _, r := range runs {
		document.Accounts = append(document.Accounts, accountDocument{r.name, ExitCode(r.err), message(r.err), r.report})
	}
	return document
}

func accountResults(runs []*accountRun) (results []terminal.AccountResult) {
	for _, r := range runs {
		results = append(results, terminal.AccountResult{Name: r.name, Dataset: r.c.String("out"), Report: r.report, Failure: message(r.err), Partial: as[*partialError](r.err)})
	}
	return results
}

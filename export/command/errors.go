package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/dataset"
)

// errChanges says that a plan found changes. It is returned only with --detailed-exitcode.
var errChanges = errors.New("the dataset differs from the account")

// usageError says that flags or arguments are wrong. The help of command explains them.
type usageError struct {
	err     error
	command string
	flags   []string // that it is about, beside those that its text names
	sourced bool     // its text says where their values are from
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// usage returns a usageError for a command.
func usage(c *cli.Context, format string, args ...any) error {
	return &usageError{err: fmt.Errorf(format, args...), command: "mailerlake " + c.Command.Name}
}

// accountsError says that something was left undone for some of the accounts of an export.
type accountsError struct{ runs []*accountRun }

func (e *accountsError) Error() string {
	var failed []string
	for _, r := range e.runs {
		if code := ExitCode(r.err); code != 0 {
			failed = append(failed, fmt.Sprintf("%s (exit code %d)", r.name, code))
		}
	}
	return fmt.Sprintf("not everything was done for %d of %d accounts: %s", len(failed), len(e.runs), strings.Join(failed, ", "))
}

// codes returns the exit code of each account.
func (e *accountsError) codes() (codes []int) {
	for _, r := range e.runs {
		codes = append(codes, ExitCode(r.err))
	}
	return codes
}

// about says which flags a usage error is about, if its text does not.
func about(err error, flags ...string) error {
	if wrong, ok := errors.AsType[*usageError](err); ok {
		wrong.flags = flags
	}
	return err
}

// authError says that there is no API key to use.
type authError struct{ err error }

func (e *authError) Error() string { return e.err.Error() }
func (e *authError) Unwrap() error { return e.err }

// interruptedError says that a signal ended the command. hint says what to do next, if anything.
type interruptedError struct{ hint string }

func (e *interruptedError) Error() string {
	if e.hint == "" {
		return "interrupted"
	}
	return "interrupted; " + e.hint
}

func (e *interruptedError) Unwrap() error { return context.Canceled }

// damageFoundError says that verify found damage.
type damageFoundError struct{ found *export.Verification }

func (e *damageFoundError) Error() string {
	what, noun := "dataset", "problem"
	if len(e.found.Problems) != 1 {
		noun = "problems"
	}
	mend := "move the files away that are not in the manifest"
	if e.found.Repairable() {
		mend = "mailerlake export --repair rebuilds the damaged parts"
	}
	if e.found.Destination {
		what = "destination"
	}
	if e.found.Destination && e.found.Repairable() {
		mend = "mailerlake publish --repair replaces the damaged objects"
	}
	return fmt.Sprintf("the %s is damaged: %d %s found; %s", what, len(e.found.Problems), noun, mend)
}

// partialError says that a run reached its end and left something undone.
type partialError struct {
	failed      []string // tables
	incomplete  []string // tables, each with the reason
	withheld    []string // tables
	unpublished []string // destinations, each with the reason
	unwritten   error    // why the metrics were not written; nil if they were
	damaged     []error  // among the errors of the failed tables and destinations
}

// leftUndone returns a partialError if a report lists something that was left undone, else nil.
func leftUndone(r *export.Report) error {
	e := &partialError{}
	for _, t := range r.Tables {
		if t.Err != nil {
			e.fail(t)
			continue
		}
		if t.TablePlan == nil {
			continue
		}
		if t.Incomplete != "" {
			e.incomplete = append(e.incomplete, t.Name+" is incomplete: "+t.Incomplete)
		}
		if t.Withheld != "" && t.Withheld != t.Incomplete {
			e.withheld = append(e.withheld, t.Name)
		}
	}
	for _, d := range r.Published {
		e.failTo(d)
	}
	if len(e.failed)+len(e.incomplete)+len(e.withheld)+len(e.unpublished) == 0 {
		return nil
	}
	return e
}

func (e *partialError) fail(t export.TableReport) {
	e.failed = append(e.failed, t.Name)
	if part, ok := errors.AsType[*export.PartError](t.Err); ok {
		e.damaged = append(e.damaged, part)
	}
}

func (e *partialError) failTo(d export.Published) {
	if d.Err == nil {
		return
	}
	e.unpublished = append(e.unpublished, fmt.Sprintf("not published: %v", d.Err))
	if file, ok := errors.AsType[*dataset.DamagedError](d.Err); ok {
		e.damaged = append(e.damaged, file)
	}
}

func (e *partialError) Error() string {
	var parts []string
	if len(e.failed) > 0 {
		parts = append(parts, "failed for "+strings.Join(e.failed, ", "))
	}
	parts = append(parts, e.incomplete...)
	if len(e.withheld) > 0 {
		parts = append(parts, "deletes withheld in "+strings.Join(e.withheld, ", "))
	}
	parts = append(parts, e.unpublished...)
	if e.unwritten != nil {
		parts = append(parts, e.unwritten.Error())
	}
	return "not everything was done: " + strings.Join(parts, "; ")
}

// Unwrap returns the damage: another run would not repair it.
func (e *partialError) Unwrap() []error { return e.damaged }

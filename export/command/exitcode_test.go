package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// TestExitCodes shows which error leads to which code, and that the help explains these codes and no others.
func TestExitCodes(t *testing.T) {
	tests := []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("disk full"), 1},
		{&export.AccountError{}, 1},
		{&export.NoPlanError{}, 1},
		{errChanges, 2},
		{leftUndone(reportOf(export.TableReport{Name: "group", Err: &client.Error{Status: 403}})), 3},
		{leftUndone(reportOf(export.TableReport{Name: "group", TablePlan: &export.TablePlan{Withheld: "many"}})), 3},
		{leftUndone(reportOf(export.TableReport{Name: "group", TablePlan: &export.TablePlan{Incomplete: "cut short"}})), 3},
		{&usageError{err: errors.New("bad"), command: "mailerlake"}, 4},
		{&schema.ProtectionError{}, 4},
		{&export.PrivacyError{}, 4},
		{&client.AddressError{Host: "example.com"}, 4},
		{&authError{errors.New("no key")}, 5},
		{&client.Error{Status: 401}, 5},
		{&client.Error{Status: 403}, 5},
		{&dataset.LockedError{}, 6},
		{&export.BusyError{}, 6},
		{&dataset.DamagedError{}, 7},
		{&dataset.VersionError{}, 7},
		{&export.PartError{Err: fs.ErrNotExist}, 7},
		{&damageFoundError{&export.Verification{Problems: make([]export.Problem, 1)}}, 7},
		{leftUndone(reportOf(export.TableReport{Name: "group", Err: &export.PartError{Path: "p", Err: fs.ErrNotExist}})), 7},
		{&export.ChangeFileError{Path: "p", Err: fs.ErrNotExist}, 7},
		{&export.NotKeptError{}, 8},
		{context.Canceled, 130},
		{&interruptedError{}, 130},
		{&authError{context.Canceled}, 130},
	}
	given := map[int]bool{}
	for _, test := range tests {
		err := test.err
		if err != nil {
			err = fmt.Errorf("wrapped: %w", err)
		}
		if got := ExitCode(err); got != test.want {
			t.Errorf("%v: got %d, want %d", test.err, got, test.want)
		}
		given[test.want] = true
	}
	explained := map[int]bool{}
	for _, m := range regexp.MustCompile(`(?m)^  (\d+) +\S`).FindAllStringSubmatch(run(t, "--help").stdout, -1) {
		code, _ := strconv.Atoi(m[1])
		explained[code] = true
	}
	if d := cmp.Diff(given, explained); d != "" {
		t.Errorf("codes that errors give and codes that the help explains (-given +explained)\n%s", d)
	}
}

// TestExitCodeOfAccounts: the worst exit code counts, which is not the greatest number: an account that is exported in part, or
// by another run, does not hide one that failed.
func TestExitCodeOfAccounts(t *testing.T) {
	partial := leftUndone(reportOf(export.TableReport{Name: "group", Err: errors.New("500")}))
	locked, failed, unknown := &dataset.LockedError{}, errors.New("disk full"), &authError{errors.New("no key")}
	damaged, wrong, stopped := &dataset.DamagedError{}, &usageError{err: errors.New("bad")}, &interruptedError{}
	order := []error{nil, partial, locked, failed, unknown, damaged, wrong, stopped}
	for i, bad := range order {
		for _, worse := range order[i:] {
			for _, errs := range [][]error{{bad, worse}, {worse, nil, bad}} {
				e := &accountsError{}
				for _, err := range errs {
					e.runs = append(e.runs, &accountRun{err: err})
				}
				if got, want := ExitCode(fmt.Errorf("wrapped: %w", e)), ExitCode(worse); got != want {
					t.Errorf("%v: got %d, want %d", errs, got, want)
				}
			}
		}
	}
	for _, row := range exitCodes {
		if !slices.Contains(severity, row.code) {
			t.Errorf("the exit code %d has no place in the order of severity", row.code)
		}
	}
}

func reportOf(tables ...export.TableReport) *export.Report { return &export.Report{Tables: tables} }

// TestLeftUndone: rows that a scan did not meet are not called withheld deletes.
func TestLeftUndone(t *testing.T) {
	whole := export.TableReport{Name: "group", TablePlan: &export.TablePlan{Inserted: 1}}
	failed := export.TableReport{Name: "field", Err: errors.New("500")}
	incomplete := export.TableReport{Name: "subscriber", TablePlan: &export.TablePlan{Incomplete: "1,000 of 2,300 rows met"}}
	withheld := export.TableReport{Name: "campaign", TablePlan: &export.TablePlan{Withheld: "too many", Unproven: 30}}
	tests := []struct {
		tables []export.TableReport
		want   string
	}{
		{[]export.TableReport{whole}, ""},
		{[]export.TableReport{incomplete}, "not everything was done: subscriber is incomplete: 1,000 of 2,300 rows met"},
		{[]export.TableReport{whole, withheld}, "not everything was done: deletes withheld in campaign"},
		{[]export.TableReport{withheld, incomplete, failed},
			"not everything was done: failed for field; subscriber is incomplete: 1,000 of 2,300 rows met; deletes withheld in campaign"},
	}
	for _, test := range tests {
		if got := message(leftUndone(reportOf(test.tables...))); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

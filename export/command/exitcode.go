package command

import (
	"context"
	"errors"
	"slices"

	"mailerlake/client"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// exitCode is one of the exit codes that scripts rely on.
type exitCode struct {
	code    int
	meaning string
	causes  []cause
}

// cause reports whether an error leads to an exit code.
type cause func(error) bool

// wrongUsage is the exit code for wrong flags or arguments.
const wrongUsage = 4

// exitCodes is the one table of exit codes, for ExitCode and for the help.
var exitCodes = []exitCode{
	{0, "done", []cause{is(nil)}},
	{1, "failed", []cause{anyError}},
	{2, "plan found changes (with --detailed-exitcode)", []cause{is(errChanges)}},
	{3, "done, but a table failed or is incomplete, deletes were withheld, it was not published, or its metrics were not written", []cause{as[*partialError]}},
	{wrongUsage, "wrong flags or arguments", []cause{as[*usageError], as[*client.AddressError], as[*schema.ProtectionError], as[*export.PrivacyError]}},
	{5, "no API key, or MailerLite does not accept it", []cause{as[*authError], is(client.ErrUnauthorized), is(client.ErrForbidden)}},
	{6, "another run is using the dataset or the destination", []cause{as[*dataset.LockedError], as[*export.BusyError]}},
	{7, "the dataset is damaged, or of a format that this version does not know",
		[]cause{as[*dataset.DamagedError], as[*dataset.VersionError], as[*export.PartError], as[*export.ChangeFileError], as[*damageFoundError]}},
	{8, "the changes since that snapshot are not known: load the tables again", []cause{as[*export.NotKeptError]}},
	{130, "interrupted; the next export or plan resumes the scan", []cause{is(context.Canceled)}},
}

// severity lists the exit codes from the worst. Of the codes of several accounts the worst counts: an account that another
// run is exporting (6), or that is exported in part (3), does not hide one that failed (1).
var severity = []int{130, wrongUsage, 7, 5, 8, 1, 6, 3, 2, 0}

// worst returns the worst of exit codes.
func worst(codes []int) int {
	return slices.MinFunc(codes, func(a, b int) int { return slices.Index(severity, a) - slices.Index(severity, b) })
}

// ExitCode returns the exit code for an error of Run. If several match, the greatest one counts; of the errors of several
// accounts, the worst.
func ExitCode(err error) int {
	if several, ok := errors.AsType[*accountsError](err); ok {
		return worst(several.codes())
	}
	code := 0
	for _, row := range exitCodes {
		for _, matches := range row.causes {
			if matches(err) {
				code = row.code
			}
		}
	}
	return code
}

func anyError(err error) bool { return err != nil }

func is(target error) cause {
	return func(err error) bool { return errors.Is(err, target) }
}

func as[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

package delta

import "fmt"

// ForeignError says that another program than this one has written to a Delta table. Nothing was changed.
type ForeignError struct {
	Table   string
	Version int64 // of the first entry of the log that is not ours
	// Operation and Engine are what that version says of itself, shortened; empty if it does not say.
	Operation, Engine string
	// Reason says what is wrong if that is not a version that follows ours.
	Reason string
}

func (e *ForeignError) Error() string {
	what := e.Reason
	if what == "" {
		what = fmt.Sprintf("version %d is not by mailerlake", e.Version)
	}
	if e.Operation != "" || e.Engine != "" {
		what += fmt.Sprintf(" (operation %q by %q)", e.Operation, e.Engine)
	}
	return fmt.Sprintf("Delta table %s: %s; mailerlake publish --adopt replaces what it holds with the dataset's rows", e.Table, what)
}

// LogError says that a log cannot be read: someone removed or damaged a part of it.
type LogError struct {
	Table  string
	Reason string
}

func (e *LogError) Error() string {
	return fmt.Sprintf("the log of Delta table %s cannot be read: %s; remove the table's directory there and run mailerlake publish --adopt, or publish to another place",
		e.Table, e.Reason)
}

// RaceError says that another publish of the same dataset commits to the same table at the same time.
type RaceError struct {
	Table   string
	Version int64
}

func (e *RaceError) Error() string {
	return fmt.Sprintf("Delta table %s: another publish wrote version %d just now; let only one publish run at a time, and run this one again", e.Table, e.Version)
}

// maxQuoted bounds what is quoted of a foreign version, in characters.
const maxQuoted = 60

// foreign describes a version of another program.
func foreign(table string, e *entry) *ForeignError {
	info := e.info()
	return &ForeignError{Table: table, Version: e.version, Operation: shortened(info.Operation), Engine: shortened(info.Engine)}
}

func shortened(text string) string {
	if runes := []rune(text); len(runes) > maxQuoted {
		return string(runes[:maxQuoted]) + "..."
	}
	return text
}

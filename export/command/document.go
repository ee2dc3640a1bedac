package command

import (
	"mailerlake/export"
	"mailerlake/export/insights"
	"mailerlake/export/query"
	"mailerlake/export/terminal"
)

// documentFormat is the version of the JSON documents. It changes when a member is renamed, removed or gets another meaning; new
// members may come without notice.
const documentFormat = 1

// head begins the JSON document of every command. One that fails before it has a result prints nothing else.
type head struct {
	Format   int    `json:"format"`
	Command  string `json:"command,omitempty"` // none was named
	ExitCode int    `json:"exit_code"`
	Error    string `json:"error,omitempty"`
}

// reportDocument is the JSON document of a run. A run that fails early has no report.
type reportDocument struct {
	head
	*export.Report
}

// accountsDocument is the JSON document of an export of several accounts.
type accountsDocument struct {
	head
	Accounts []accountDocument `json:"accounts"`
}

// accountDocument is the part of one account. One that fails early has no report.
type accountDocument struct {
	Name     string `json:"name"`
	ExitCode int    `json:"exit_code"`
	Error    string `json:"error,omitempty"`
	*export.Report
}

// checkDocument is the JSON document of a check.
type checkDocument struct {
	head
	*export.Check
}

// showDocument is the JSON document of a dataset's overview.
type showDocument struct {
	head
	*terminal.Summary
}

// verificationDocument is the JSON document of a verification.
type verificationDocument struct {
	head
	*export.Verification
}

// changesDocument is the JSON document of written changes.
type changesDocument struct {
	head
	*export.Changes
	File string `json:"file,omitempty"`
}

// figuresDocument is the JSON document of a report's figures.
type figuresDocument struct {
	head
	*insights.Report
	Dataset string `json:"dataset"`
	File    string `json:"file,omitempty"`
}

// forgottenDocument is the JSON document of what was forgotten.
type forgottenDocument struct {
	head
	*export.Forgotten
}

// publishedDocument is the JSON document of a publish.
type publishedDocument struct {
	head
	*export.Published
}

// restoredDocument is the JSON document of a restore.
type restoredDocument struct {
	head
	*export.Restored
}

// schemaDocument is the JSON document of the tables' columns.
type schemaDocument struct {
	head
	Dataset string                 `json:"dataset"`
	Tables  []terminal.TableSchema `json:"tables"`
}

// textDocument is the part of a JSON document that is about a text for other programs.
type textDocument struct {
	Dataset  string `json:"dataset"`
	Snapshot int64  `json:"snapshot"`
	// File is where the text was written; without one it is in Text.
	File   string   `json:"file,omitempty"`
	Text   string   `json:"text,omitempty"`
	Tables []string `json:"tables"`
}

// scriptDocument is the JSON document of a start script for DuckDB.
type scriptDocument struct {
	head
	textDocument
	Macros []query.Macro `json:"macros"`
}

// sourcesDocument is the JSON document of sources for dbt.
type sourcesDocument struct {
	head
	textDocument
	Tests int `json:"tests"`
}

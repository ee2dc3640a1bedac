package command

import (
	"github.com/urfave/cli/v2"

	"mailerlake/export/command/manual"
)

// man is the command that prints the manual page.
func (p *program) man() *cli.Command {
	return &cli.Command{
		Name:  "man",
		Usage: "print the manual page, for the man program",
		Description: "To read it, or to install it:\n\n" +
			"  mailerlake man | man -l -\n" +
			"  mailerlake man > /usr/local/share/man/man1/mailerlake.1",
		Action: p.text(func(c *cli.Context) (string, error) {
			if c.NArg() > 0 {
				return "", unexpected(c)
			}
			return p.manual(c.App).Man(), nil
		}),
	}
}

// pages are what the manual page has beyond the help.
func pages() []manual.Section {
	return []manual.Section{
		{Title: "Environment", Text: "Each flag of a command has a variable, which stands beside it above. A value on the command line counts more than the " +
			"variable, and the variable more than a file that --config names. An empty variable counts as none. There are also:", Lines: []manual.Line{
			{What: "MAILERLITE_API_KEY", Meaning: "the API key"},
			{What: "MAILERLITE_API_URL", Meaning: "as --api-url, if MAILERLAKE_API_URL is not set"},
			{What: "MAILERLAKE_HASH_KEY", Meaning: "the key for the tokens of --hash"},
			{What: "HTTPS_PROXY, NO_PROXY", Meaning: "the proxy to go through, and the hosts to reach without it"},
			{What: "AWS_PROFILE, GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_KEY, ...", Meaning: "the credentials of destinations, as each cloud's own tools read them"},
			{What: "GOMEMLIMIT", Meaning: "a soft limit for memory other than the program's own"},
		}},
		{Title: "Files", Lines: []manual.Line{
			{What: "lake/TABLE/part-NNNNN.parquet", Meaning: "the present rows of a table; queries need nothing else"},
			{What: "lake/manifest.json", Meaning: "what the dataset holds: tables, columns, parts with checksums, and what the last run changed"},
			{What: "lake/_changes/TABLE/snapshot-NNNNNNNN.parquet", Meaning: "which rows each export changed"},
			{What: "lake/.mailerlake/", Meaning: "unfinished scans, the last plan, the lock, and the journal of a commit; no reader needs it"},
		}},
		{Title: "See also", Text: "The README has recipes for queries, loads and schedules. mailerlake schema --markdown documents every table and column."},
	}
}

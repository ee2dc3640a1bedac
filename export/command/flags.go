package command

import (
	"github.com/urfave/cli/v2"

	"mailerlake/client"
	"mailerlake/export/terminal"
)

// toggle declares a flag that is off by default.
func toggle(name, usage string) cli.Flag {
	return &cli.BoolFlag{Name: name, Usage: usage, DisableDefaultText: true}
}

// commonFlags are the flags of every command.
func commonFlags() []cli.Flag {
	return flagsFrom("")
}

// outputFlags say how stdout and stderr look.
func outputFlags() []cli.Flag {
	return []cli.Flag{
		choiceFlag("color", "use colours `WHEN`: auto (on a terminal, unless $NO_COLOR is set), always or never", string(terminal.Auto),
			string(terminal.Auto), string(terminal.Always), string(terminal.Never)),
		choiceFlag("log-format", "write progress, warnings and errors on stderr as `FORMAT`: text, or json (one object a line)", string(terminal.Text),
			string(terminal.Text), string(terminal.LogJSON)),
	}
}

// flagsFrom are the common flags. shown is what the help says of the default of --out, empty if that is all.
func flagsFrom(shown string) []cli.Flag {
	return append(append(sourceFlags(shown), toggle("json", "print the result as one JSON document")), outputFlags()...)
}

// sourceFlags are the flags that say where the dataset is, and the values of other flags.
func sourceFlags(shown string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "out", Value: defaultDir, Usage: "use the dataset in `DIR`", DefaultText: shown, TakesFile: true},
		&cli.StringFlag{Name: "config", Usage: "take what neither flags nor variables say from a JSON `FILE` (- for standard input)", TakesFile: true},
		&cli.StringFlag{Name: "account", Usage: "use the account in --config that has this `NAME`"},
	}
}

// forAccounts makes the flag --account one of several names.
func forAccounts(flags []cli.Flag) []cli.Flag {
	for i, f := range flags {
		if f.Names()[0] == "account" {
			flags[i] = &cli.StringSliceFlag{Name: "account", Usage: "export only the accounts in --config that have these `NAMES`", DefaultText: "all, one after another"}
		}
	}
	return flags
}

// accountFlags are the flags of the commands that ask an account.
func accountFlags() []cli.Flag {
	return append(flagsFrom(defaultDir+", with --demo "+defaultDemoDir),
		&cli.StringSliceFlag{Name: "tables", Usage: "only these `TABLES`, or sets of them: core, default (all but those that take a request for each subscriber), all", DefaultText: "default"},
		&cli.StringSliceFlag{Name: "exclude", Usage: "all tables, or those of --tables, except these `TABLES` or sets"},
		toggle("campaign-content", "read the content of the campaigns' e-mails as well, a request for each campaign"),
		toggle("full", "read all lists, also those whose row has not changed since the last run"),
		&cli.StringFlag{Name: "api-key-file", Usage: "read the API key from `FILE` (- for standard input) instead of $MAILERLITE_API_KEY", TakesFile: true},
		&cli.StringFlag{Name: "api-url", Usage: "use the API at `URL`", DefaultText: client.DefaultURL},
		&cli.IntFlag{Name: "rate", Value: -1, Usage: "stay under `N` requests a minute; 0 follows the server's headers alone", DefaultText: "nine tenths of the server's limit"},
		timeFlag("max-wait", "give up if the server asks for a wait longer than `TIME`", "15m"),
		&cli.IntFlag{Name: "retries", Value: client.DefaultRetries, Usage: "retry a failed request up to `N` times"},
		&cli.IntFlag{Name: "batch-pages", Usage: "let up to `N` pages of subscribers, 50 at most, share one request; off until someone has seen it work on a live account", DefaultText: "0"},
		timeFlag("timeout", "give up one attempt at a request after `TIME`", "30s"),
		toggle("quiet", "print only warnings and errors, and the JSON document if there is one"),
		toggle("verbose", "log every request"),
		toggle("demo", "use a simulated account: no key, no network"),
		&cli.IntFlag{Name: "demo-day", Usage: "use the simulated account as it is `N` days later; implies --demo", DefaultText: "0"},
	)
}

// runFlags are the flags of the commands that read an account.
func runFlags() []cli.Flag {
	return append(accountFlags(),
		timeFlag("resume-within", "resume an interrupted scan that is no older than `TIME`", "24h"),
		toggle("restart", "start every scan over instead of resuming it"),
		toggle("yes", "delete rows even if they are more than a fifth of their table, or all of it"),
		&cli.StringSliceFlag{Name: "drop", Usage: "leave out these `COLUMNS` (table.column), separated by commas"},
		&cli.StringSliceFlag{Name: "hash", Usage: "write tokens (HMAC-SHA-256) in place of the values of these `COLUMNS`"},
		&cli.StringFlag{Name: "hash-key-file", Usage: "read the key for --hash, 16 bytes or more, from `FILE` (- for standard input) instead of $MAILERLAKE_HASH_KEY", TakesFile: true},
		toggle("private", "make the dataset accessible to its owner only"),
	)
}

package command

import (
	"time"

	"github.com/urfave/cli/v2"

	"mailerlake/client"
)

// toggle declares a flag that is off by default.
func toggle(name, usage string) cli.Flag {
	return &cli.BoolFlag{Name: name, Usage: usage, DisableDefaultText: true}
}

// commonFlags are the flags of every command.
func commonFlags() []cli.Flag {
	return flagsWith(outFlag(""))
}

// flagsWith are the common flags with an --out of their own.
func flagsWith(out cli.Flag) []cli.Flag {
	return []cli.Flag{out, toggle("json", "print the result as one JSON document")}
}

// outFlag is the flag for the directory of the dataset. shown is what the help says of its default, empty if that is all.
func outFlag(shown string) cli.Flag {
	return &cli.StringFlag{Name: "out", Value: defaultDir, Usage: "use the dataset in `DIR` [$MAILERLAKE_OUT]", DefaultText: shown}
}

// accountFlags are the flags of the commands that ask an account.
func accountFlags() []cli.Flag {
	return append(flagsWith(outFlag(defaultDir+", with --demo "+defaultDemoDir)),
		&cli.StringSliceFlag{Name: "tables", Usage: "only these `TABLES`, or sets of them: core, default (all that take no request for each subscriber), all", DefaultText: "default"},
		&cli.StringSliceFlag{Name: "exclude", Usage: "all tables, or those of --tables, except these `TABLES` or sets"},
		toggle("campaign-content", "read the content of the campaigns' e-mails as well, a request for each campaign"),
		toggle("full", "read also the lists that stand still since the last run"),
		&cli.StringFlag{Name: "api-key-file", Usage: "read the API key from `FILE` (- for standard input) instead of $MAILERLITE_API_KEY"},
		&cli.StringFlag{Name: "config", Usage: "read the API key from a JSON `FILE`: {\"api_key\": \"...\"}"},
		&cli.StringFlag{Name: "api-url", Usage: "use the API at `URL` [$MAILERLITE_API_URL]", DefaultText: client.DefaultURL},
		&cli.IntFlag{Name: "rate", Value: -1, Usage: "stay under `N` requests a minute; 0 follows the server's headers alone", DefaultText: "nine tenths of the server's limit"},
		&cli.DurationFlag{Name: "max-wait", Value: client.DefaultMaxWait, Usage: "give up if the server asks for a wait longer than `TIME`", DefaultText: "15m"},
		&cli.IntFlag{Name: "retries", Value: client.DefaultRetries, Usage: "retry a failed request up to `N` times"},
		&cli.IntFlag{Name: "batch-pages", Usage: "let up to `N` pages of subscribers, 50 at most, share one request; off until someone has seen it work on a live account", DefaultText: "0"},
		&cli.DurationFlag{Name: "timeout", Value: client.DefaultTimeout, Usage: "give up one attempt at a request after `TIME`"},
		toggle("quiet", "print only warnings and errors, and the JSON document if there is one"),
		toggle("verbose", "log every request"),
		toggle("demo", "use a simulated account: no key, no network"),
		&cli.IntFlag{Name: "demo-day", Usage: "use the simulated account as it is `N` days later; implies --demo", DefaultText: "0"},
	)
}

// runFlags are the flags of the commands that read an account.
func runFlags() []cli.Flag {
	return append(accountFlags(),
		&cli.DurationFlag{Name: "resume-within", Value: 24 * time.Hour, Usage: "resume an interrupted scan that is no older than `TIME`", DefaultText: "24h"},
		toggle("restart", "start every scan over instead of resuming it"),
		toggle("yes", "delete rows even if they are more than a fifth of their table, or all of it"),
		&cli.StringSliceFlag{Name: "drop", Usage: "leave out these `COLUMNS` (table.column), separated by commas"},
		&cli.StringSliceFlag{Name: "hash", Usage: "write tokens (HMAC-SHA-256) in place of the values of these `COLUMNS`"},
		&cli.StringFlag{Name: "hash-key-file", Usage: "read the key for --hash, 16 bytes or more, from `FILE` (- for standard input) instead of $MAILERLAKE_HASH_KEY"},
		toggle("private", "make the dataset accessible to its owner only"),
	)
}

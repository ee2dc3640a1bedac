package command

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"mailerlake/client"
	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/schema"
	"mailerlake/schema/spelling"
	"mailerlake/schema/tables"
)

// The datasets that commands use unless they are told otherwise. The demo has one of its own, so that it never meets the
// user's.
const (
	defaultDir     = "./lake"
	defaultDemoDir = "./demo-lake"
)

// dir returns the directory of the dataset.
func (p *program) dir(c *cli.Context) (string, error) {
	dir := c.String("out")
	if !c.IsSet("out") && demo(c) {
		dir = defaultDemoDir
	}
	if dir == "" {
		return "", usage(c, "--out is empty")
	}
	return filepath.Clean(dir), nil
}

// options checks the flags of a run and returns them as options.
func (p *program) options(c *cli.Context) (o export.Options, err error) {
	o = export.Options{FS: disk.OS(c.Bool("private")), Catalog: catalog(c), Private: c.Bool("private"), Program: "mailerlake " + p.version, Restart: c.Bool("restart"),
		ResumeWithin: timeOf(c, "resume-within"), Yes: c.Bool("yes"), Repair: c.Bool("repair"), Rewrite: c.Bool("rewrite"), Full: c.Bool("full"),
		Estimate: !c.Bool("quiet") || c.Bool("json")}
	if o.Dir, err = p.dir(c); err != nil {
		return o, err
	}
	if o.Tables, err = chosenTables(c); err != nil {
		return o, err
	}
	if err := keeping(c, &o); err != nil {
		return o, err
	}
	o.Privacy, err = p.privacy(c)
	return o, err
}

// keeping checks the flags that say which changes are kept. Those that are not given leave it as it is.
func keeping(c *cli.Context, o *export.Options) error {
	if c.IsSet("keep-changes") {
		keep := timeOf(c, "keep-changes")
		o.KeepChanges = &keep
	}
	if c.IsSet("history") {
		history := c.Bool("history")
		o.History = &history
		if history && o.KeepChanges != nil && *o.KeepChanges == 0 {
			return usage(c, "--history keeps rows as long as --keep-changes says, and that is 0")
		}
	}
	return nil
}

// chosenTables returns the names of the tables that --tables and --exclude leave.
func chosenTables(c *cli.Context) ([]string, error) { return chosenFrom(c, schema.SetDefault) }

// chosenFrom is chosenTables with another set in place of --tables that is not given.
func chosenFrom(c *cli.Context, set string) ([]string, error) {
	only := []string{set}
	if c.IsSet("tables") {
		only = c.StringSlice("tables")
	}
	only, err := namedTables(c, only)
	if err != nil {
		return nil, about(err, "tables")
	}
	except, err := namedTables(c, c.StringSlice("exclude"))
	if err != nil {
		return nil, about(err, "exclude")
	}
	chosen, _ := tables.All().Set(schema.SetAll)
	chosen = slices.DeleteFunc(chosen, func(name string) bool { return !slices.Contains(only, name) || slices.Contains(except, name) })
	if len(chosen) == 0 {
		return nil, usage(c, "--tables and --exclude leave no table")
	}
	return chosen, nil
}

// namedTables returns the names of tables, with those of each set in place of its name.
func namedTables(c *cli.Context, names []string) (all []string, err error) {
	for _, name := range names {
		set, ok := tables.All().Set(name)
		switch {
		case ok:
			all = append(all, set...)
		case tables.All().Lookup(name) != nil:
			all = append(all, name)
		default:
			every, _ := tables.All().Set(schema.SetAll)
			return nil, noSuchTable(c, name, every)
		}
	}
	return all, nil
}

// noSuchTable returns the error about a table that does not exist.
func noSuchTable(c *cli.Context, name string, every []string) error {
	if meant := spelling.DidYouMean(name, "", slices.Concat(every, schema.Sets)); meant != "" {
		return usage(c, "there is no table or set %q%s", name, meant)
	}
	return usage(c, "there is no table or set %q; the sets are %s, the tables %s", name, strings.Join(schema.Sets, ", "), strings.Join(every, ", "))
}

// catalog returns the declarations of the tables as the flags want them.
func catalog(c *cli.Context) *schema.Catalog {
	return tables.Catalog(tables.Options{CampaignContent: c.Bool("campaign-content")})
}

// privacy checks the flags that keep data off the disk.
func (p *program) privacy(c *cli.Context) (o export.Privacy, err error) {
	o = export.Privacy{Drop: c.StringSlice("drop"), Hash: c.StringSlice("hash")}
	if o.Key, err = p.hashKey(c); err != nil {
		return o, err
	}
	if err := o.Check(catalog(c)); err != nil {
		return o, about(usage(c, "%w", err), "drop", "hash")
	}
	return o, nil
}

// hashKey returns the key for --hash, nil without that flag.
func (p *program) hashKey(c *cli.Context) ([]byte, error) {
	file := c.String("hash-key-file")
	switch {
	case len(c.StringSlice("hash")) == 0 && p.given(c, "hash-key-file"):
		return nil, usage(c, "--hash-key-file needs --hash")
	case len(c.StringSlice("hash")) == 0:
		return nil, nil
	case file == "-" && c.String("api-key-file") == "-":
		return nil, usage(c, "--api-key-file and --hash-key-file cannot both be standard input")
	}
	key, err := p.readHashKey(c)
	if err == nil && len(key) == 0 {
		err = usage(c, "--hash needs a key; set MAILERLAKE_HASH_KEY, or give --hash-key-file")
	}
	return key, err
}

// readHashKey returns the key of hashed columns from the file that a flag names, or from the environment; empty if it is in
// neither.
func (p *program) readHashKey(c *cli.Context) ([]byte, error) {
	key := []byte(p.getenv("MAILERLAKE_HASH_KEY"))
	if c.IsSet("hash-key-file") {
		text, err := p.secretFile(c.Context, c.String("hash-key-file"))
		if err != nil {
			return nil, usage(c, "%w", err)
		}
		key = text
	}
	return bytes.TrimRight(key, "\r\n"), nil
}

// clientOptions checks the flags that say how to talk to MailerLite. The key is left out.
func (p *program) clientOptions(c *cli.Context) (client.Options, error) {
	o := client.Options{URL: c.String("api-url"), Rate: c.Int("rate"), Retries: noneIfZero(c.Int("retries")), Timeout: timeOf(c, "timeout"),
		MaxWait: noneIfZero(timeOf(c, "max-wait")), BatchPages: c.Int("batch-pages"), UserAgent: "mailerlake/" + p.version}
	if err := checkLimits(c); err != nil {
		return o, err
	}
	if demo(c) {
		return simulated(c, o)
	}
	check := o
	check.Key = "any" // so that only the address can be wrong
	if _, err := client.New(check); err != nil {
		return o, about(usage(c, "%w", err), "api-url")
	}
	return o, nil
}

func checkLimits(c *cli.Context) error {
	for _, name := range []string{"rate", "retries", "batch-pages", "demo-day"} {
		if c.IsSet(name) && c.Int(name) < 0 {
			return usage(c, "--%s must not be negative", name)
		}
	}
	switch {
	case c.Int("batch-pages") > client.MaxBatch:
		return usage(c, "--batch-pages must not be more than %d", client.MaxBatch)
	case timeOf(c, "timeout") <= 0:
		return usage(c, "--timeout must be more than 0")
	}
	return nil
}

// noneIfZero turns a flag's 0, which means none, into -1: to the client, 0 means the default.
func noneIfZero[T int | time.Duration](v T) T {
	if v == 0 {
		return -1
	}
	return v
}

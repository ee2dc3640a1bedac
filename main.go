// Command mailerlake exports a whole MailerLite account into a directory of Parquet datasets and keeps it up to date.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/terminal"
	"mailerlake/schema"
)

// version is set by the linker (-X main.version=v1.2.3); without that the build's own is told.
var version string

// memoryLimit is where the garbage collector begins to work harder: it keeps the peak of an export of any size near that
// of a small one, at no cost in CPU that could be measured.
const memoryLimit = 128 << 20

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal kills
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	os.Exit(exitCode(run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr, os.Getenv)))
}

// program is what the commands share: where they read from and write to.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
}

// run is the whole program but for the process around it. The error it returns has been told on stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) error {
	p := &program{stdin, stdout, stderr, getenv}
	err := p.app().RunContext(ctx, args)
	if errors.Is(err, context.Canceled) {
		err = &interruptedError{err}
	}
	if err != nil && !errors.Is(err, errChanges) { // a plan has shown what changes
		fmt.Fprintln(stderr, "mailerlake: "+terminal.Clean(err.Error()))
	}
	var usage *usageError
	if errors.As(err, &usage) {
		fmt.Fprintf(stderr, "run `%s --help` for the flags\n", usage.command)
	}
	return err
}

// The exit codes, for scripts. exitCode gives them, exits explains them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitChanges     = 2
	exitPartial     = 3
	exitUsage       = 4
	exitAuth        = 5
	exitLocked      = 6
	exitDamaged     = 7
	exitInterrupted = 130
)

// exits is the table of exit codes in the help.
const exits = `Exit codes:
     0  done
     1  failed
     2  plan found changes (with --detailed-exitcode)
     3  done, but a table failed or deletes were withheld
     4  wrong flags or arguments
     5  no key, or MailerLite does not accept it
     6  another run works on the dataset
     7  the dataset is damaged, or of a format that this version does not know
   130  interrupted; the same command goes on where it stopped`

// exitCode is the one place where an error becomes an exit code.
func exitCode(err error) int {
	var (
		usage       *usageError
		column      *schema.ProtectionError
		privacy     *export.PrivacyError
		auth        *authError
		locked      *dataset.LockedError
		damaged     *dataset.DamagedError
		unknown     *dataset.VersionError
		part        *export.PartError
		found       *damageFoundError
		partial     *partialError
		interrupted *interruptedError
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &interrupted):
		return exitInterrupted
	case errors.As(err, &usage), errors.As(err, &column), errors.As(err, &privacy):
		return exitUsage
	case errors.As(err, &auth), errors.Is(err, client.ErrUnauthorized), errors.Is(err, client.ErrForbidden):
		return exitAuth
	case errors.As(err, &locked):
		return exitLocked
	case errors.As(err, &damaged), errors.As(err, &unknown), errors.As(err, &part), errors.As(err, &found):
		return exitDamaged
	case errors.As(err, &partial):
		return exitPartial
	case errors.Is(err, errChanges):
		return exitChanges
	}
	return exitFailed
}

// errChanges says, if it was asked for, that a plan would change the dataset.
var errChanges = errors.New("the dataset differs from the account")

// usageError says that flags or arguments are wrong, and which command's help tells more.
type usageError struct{ what, command string }

func (e *usageError) Error() string { return e.what }

// authError says that there is no key to use.
type authError struct{ what string }

func (e *authError) Error() string { return e.what }

// interruptedError says that a signal ended the run.
type interruptedError struct{ err error }

func (e *interruptedError) Error() string {
	return "interrupted; what was fetched stays, run the same command to go on"
}

func (e *interruptedError) Unwrap() error { return e.err }

// damageFoundError says that verify found damage.
type damageFoundError struct{ problems int }

func (e *damageFoundError) Error() string {
	return fmt.Sprintf("the dataset is damaged in %d places; mailerlake export --repair rebuilds it", e.problems)
}

// partialError says that a run came to its end and left something undone. It wraps the errors of the tables.
type partialError struct {
	failed, withheld []string
	errs             []error
}

func (e *partialError) Error() string {
	var said []string
	if len(e.failed) > 0 {
		said = append(said, "failed for "+strings.Join(e.failed, ", "))
	}
	if len(e.withheld) > 0 {
		said = append(said, "deletes withheld in "+strings.Join(e.withheld, ", "))
	}
	return "not all was done: " + strings.Join(said, "; ")
}

// Unwrap gives the damage among the tables' errors: it asks for more than another run.
func (e *partialError) Unwrap() []error { return e.errs }

// undone returns a partialError if a report tells of something left undone, else nil.
func undone(r *export.Report) error {
	e := &partialError{}
	for _, t := range r.Tables {
		var part *export.PartError
		switch {
		case t.Err != nil:
			e.failed = append(e.failed, t.Name)
			if errors.As(t.Err, &part) {
				e.errs = append(e.errs, part)
			}
		case t.TablePlan != nil && t.Withheld != "":
			e.withheld = append(e.withheld, t.Name)
		}
	}
	if len(e.failed)+len(e.withheld) == 0 {
		return nil
	}
	return e
}

// app declares commands and flags.
func (p *program) app() *cli.App {
	app := &cli.App{
		Name:            "mailerlake",
		Usage:           "exports a MailerLite account into Parquet files and keeps them up to date",
		Description:     "Try it without an account: mailerlake export --demo\n\n" + exits,
		Version:         programVersion(),
		Writer:          p.stdout,
		ErrWriter:       p.stderr,
		HideHelpCommand: true,
		ExitErrHandler:  func(*cli.Context, error) {}, // main exits
		Action:          p.noCommand,
		Commands: []*cli.Command{
			{Name: "export", Usage: "merge what changed in the account into the dataset", Action: p.export, Flags: slices.Concat(runFlags(), exportFlags())},
			{Name: "plan", Usage: "show what export would change, and change nothing", Action: p.plan, Flags: slices.Concat(runFlags(), planFlags())},
			{Name: "show", Usage: "show the tables, their size and what the last run changed", Action: p.show, Flags: commonFlags()},
			{Name: "verify", Usage: "read the whole dataset and check it", Action: p.verify, Flags: commonFlags()},
			{Name: "schema", Usage: "show the columns of the tables, their types and the API's paths", Action: p.schema, Flags: commonFlags()},
		},
	}
	app.OnUsageError = func(_ *cli.Context, err error, _ bool) error { return &usageError{err.Error(), "mailerlake"} }
	for _, c := range app.Commands {
		c.HideHelpCommand = true
		c.OnUsageError = func(_ *cli.Context, err error, _ bool) error {
			return &usageError{err.Error(), "mailerlake " + c.Name}
		}
	}
	return app
}

// toggle declares a flag that is off unless it is given.
func toggle(name, usage string) cli.Flag {
	return &cli.BoolFlag{Name: name, Usage: usage, DisableDefaultText: true}
}

func commonFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "out", Value: "./lake", Usage: "`DIR` of the dataset [$MAILERLAKE_OUT]"},
		toggle("json", "print the result as one JSON document"),
	}
}

func runFlags() []cli.Flag {
	return append(commonFlags(),
		&cli.StringSliceFlag{Name: "tables", Usage: "only these `TABLES`, separated by commas"},
		&cli.StringSliceFlag{Name: "exclude", Usage: "all but these `TABLES`"},
		&cli.StringFlag{Name: "api-key-file", Usage: "`FILE` with the API key, - for standard input; else it is read from $MAILERLITE_API_KEY"},
		&cli.StringFlag{Name: "config", Usage: "JSON `FILE` with the API key: {\"api_key\": \"...\"}"},
		&cli.StringFlag{Name: "api-url", Usage: "`URL` of the API [$MAILERLITE_API_URL]", DefaultText: client.DefaultURL},
		&cli.IntFlag{Name: "rate", Value: -1, Usage: "stay under `N` requests a minute; 0 paces by the server's headers alone", DefaultText: "nine tenths of what the server states"},
		&cli.DurationFlag{Name: "max-wait", Value: client.DefaultMaxWait, Usage: "give up when the server asks to wait longer than `TIME`", DefaultText: "15m"},
		&cli.IntFlag{Name: "retries", Value: client.DefaultRetries, Usage: "try a failed request `N` times more"},
		&cli.DurationFlag{Name: "timeout", Value: client.DefaultTimeout, Usage: "give an attempt `TIME` to be answered"},
		&cli.DurationFlag{Name: "resume-within", Value: 24 * time.Hour, Usage: "go on with a scan that was cut off, if it is not older than `TIME`", DefaultText: "24h"},
		toggle("restart", "begin every scan anew"),
		toggle("yes", "delete rows even if they are more than a fifth of their table"),
		&cli.StringSliceFlag{Name: "drop", Usage: "leave out these `COLUMNS` (table.column), separated by commas"},
		&cli.StringSliceFlag{Name: "hash", Usage: "write tokens (HMAC-SHA-256) in place of the values of these `COLUMNS`"},
		&cli.StringFlag{Name: "hash-key-file", Usage: "`FILE` with the key to hash with, 16 bytes or more, - for standard input; else it is read from $MAILERLAKE_HASH_KEY"},
		toggle("private", "make files and directories for the owner only"),
		toggle("quiet", "print warnings and errors only, and the JSON document if that was asked for"),
		toggle("verbose", "log every request"),
		toggle("demo", "use a simulated account: no key, no network"),
		&cli.IntFlag{Name: "demo-day", Usage: "the simulated account `N` days later; implies --demo", DefaultText: "0"},
	)
}

func exportFlags() []cli.Flag {
	return []cli.Flag{
		toggle("planned", "commit exactly what the last plan showed; no key, no network"),
		toggle("repair", "rebuild damaged parts from a fresh scan"),
		toggle("rewrite", "write every table anew, as another --drop or --hash needs it"),
	}
}

func planFlags() []cli.Flag {
	return []cli.Flag{toggle("detailed-exitcode", "exit with 2 if something would change")}
}

// programVersion tells what was built: a release, or the state of the source.
func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return strings.Trim(info.Main.Version, "()")
	}
	return "devel"
}

// noCommand answers to a call without command, or with one that does not exist.
func (p *program) noCommand(c *cli.Context) error {
	switch name := c.Args().First(); {
	case name == "help" && c.NArg() == 2 && c.App.Command(c.Args().Get(1)) != nil:
		return cli.ShowCommandHelp(c, c.Args().Get(1))
	case name == "" || name == "help":
		return cli.ShowAppHelp(c)
	default:
		return &usageError{fmt.Sprintf("there is no command %q", name), "mailerlake"}
	}
}

// usage makes a usageError of a command.
func usage(c *cli.Context, format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...), "mailerlake " + c.Command.Name}
}

// dir checks what all commands have in common, and returns the directory of the dataset.
func (p *program) dir(c *cli.Context) (string, error) {
	if c.NArg() > 0 {
		return "", usage(c, "unexpected argument %q", c.Args().First())
	}
	dir := c.String("out")
	if env := p.getenv("MAILERLAKE_OUT"); env != "" && !c.IsSet("out") {
		dir = env
	}
	if dir == "" {
		return "", usage(c, "--out is empty")
	}
	return filepath.Clean(dir), nil
}

// show, verify and schema read the dataset and nothing else.
func (p *program) show(c *cli.Context) error {
	d, err := p.open(c)
	if err != nil {
		return err
	}
	s, err := terminal.Summarize(d)
	if err != nil {
		return err
	}
	return p.print(c, s, s.Write)
}

func (p *program) schema(c *cli.Context) error {
	d, err := p.open(c)
	if err != nil {
		return err
	}
	tables := terminal.Schema(d.Manifest)
	return p.print(c, tables, func(w io.Writer) error { return terminal.WriteSchema(w, tables) })
}

func (p *program) open(c *cli.Context) (*dataset.Dataset, error) {
	dir, err := p.dir(c)
	if err != nil {
		return nil, err
	}
	return dataset.Open(disk.OS(false), dir)
}

func (p *program) verify(c *cli.Context) error {
	dir, err := p.dir(c)
	if err != nil {
		return err
	}
	v, err := export.Verify(c.Context, disk.OS(false), dir)
	if err != nil {
		return err
	}
	if err := p.print(c, v, func(w io.Writer) error { return terminal.Verification(w, v) }); err != nil {
		return err
	}
	if v.Damaged() {
		return &damageFoundError{len(v.Problems)}
	}
	if v.Pending {
		return errors.New("nothing was checked: a commit was cut off; mailerlake export finishes it")
	}
	return nil
}

// print writes a result to stdout: as JSON, or as text.
func (p *program) print(c *cli.Context, v any, text func(io.Writer) error) error {
	if c.Bool("json") {
		return terminal.JSON(p.stdout, v)
	}
	return text(p.stdout)
}

func (p *program) export(c *cli.Context) error {
	do := export.Export
	if c.Bool("planned") {
		for _, name := range []string{"tables", "exclude", "restart", "yes", "repair", "rewrite"} {
			if c.IsSet(name) {
				return usage(c, "--planned commits what was planned: --%s goes with the plan", name)
			}
		}
		do = export.ExportPlanned
	}
	r, err := p.do(c, do)
	if err != nil {
		return err
	}
	if err := p.result(c, r, terminal.Report); err != nil {
		return err
	}
	return undone(r)
}

func (p *program) plan(c *cli.Context) error {
	r, err := p.do(c, export.Plan)
	if err != nil {
		return err
	}
	if err := p.result(c, r, terminal.Plan); err != nil {
		return err
	}
	if err := undone(r); err != nil {
		return err
	}
	if c.Bool("detailed-exitcode") && !r.Empty() {
		return errChanges
	}
	return nil
}

// result prints the report of a run. What is not shown on stdout as text is told on stderr.
func (p *program) result(c *cli.Context, r *export.Report, text func(io.Writer, *export.Report) error) error {
	if !c.Bool("quiet") && !c.Bool("json") {
		return text(p.stdout, r)
	}
	for _, t := range r.Tables {
		for _, problem := range terminal.Problems(t) {
			fmt.Fprintf(p.stderr, "mailerlake: %s: %s\n", t.Name, problem)
		}
	}
	if c.Bool("json") {
		return terminal.JSON(p.stdout, r)
	}
	return nil
}

// do runs a plan or an export, and tells how it goes on stderr.
func (p *program) do(c *cli.Context, do func(context.Context, export.Options) (*export.Report, error)) (*export.Report, error) {
	o, err := p.options(c)
	if err != nil {
		return nil, err
	}
	api, err := p.clientOptions(c)
	if err != nil {
		return nil, err
	}
	if !c.Bool("planned") {
		if api.Key, err = p.key(c); err != nil {
			return nil, err
		}
	}
	story := terminal.Start(p.stderr, terminal.Options{Run: c.Command.Name, Dataset: o.Dir,
		Quiet: c.Bool("quiet"), Verbose: c.Bool("verbose"), Expect: expected(o)})
	defer story.Close()
	defer noteInterrupt(c.Context, story)()
	o.OnEvent, api.OnWait, api.Logger = story.Event, story.Wait, story.Logger()
	if !c.Bool("planned") {
		if o.Client, err = client.New(api); err != nil {
			return nil, &authError{err.Error()}
		}
	}
	return do(c.Context, o)
}

// noteInterrupt tells when the run begins to stop, until the function it returns is called.
func noteInterrupt(ctx context.Context, story terminal.Story) func() {
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		story.Note("stopping; what was fetched stays, a second interrupt ends it at once")
	})
	return func() {
		if !stop() {
			<-told
		}
	}
}

// options checks the flags of a run.
func (p *program) options(c *cli.Context) (o export.Options, err error) {
	o = export.Options{FS: disk.OS(c.Bool("private")), Program: "mailerlake " + programVersion(), Restart: c.Bool("restart"),
		ResumeWithin: c.Duration("resume-within"), Yes: c.Bool("yes"), Repair: c.Bool("repair"), Rewrite: c.Bool("rewrite")}
	if o.Dir, err = p.dir(c); err != nil {
		return o, err
	}
	if o.Tables, err = tables(c); err != nil {
		return o, err
	}
	if o.ResumeWithin < 0 {
		return o, usage(c, "--resume-within must not be negative")
	}
	o.Privacy, err = p.privacy(c)
	return o, err
}

// privacy checks the flags that say what is kept from the disk. The key to hash with is asked for only if it is needed.
func (p *program) privacy(c *cli.Context) (export.Privacy, error) {
	o := export.Privacy{Drop: c.StringSlice("drop"), Hash: c.StringSlice("hash")}
	file := c.IsSet("hash-key-file")
	switch {
	case file && len(o.Hash) == 0:
		return o, usage(c, "--hash-key-file has no use without --hash")
	case file && c.String("hash-key-file") == "-" && c.String("api-key-file") == "-":
		return o, usage(c, "--api-key-file and --hash-key-file cannot both be standard input")
	case file:
		key, err := p.secretFile(c.String("hash-key-file"))
		if err != nil {
			return o, usage(c, "%v", err)
		}
		o.Key = bytes.TrimRight(key, "\r\n")
	case len(o.Hash) > 0:
		o.Key = []byte(strings.TrimRight(p.getenv("MAILERLAKE_HASH_KEY"), "\r\n"))
	}
	if len(o.Hash) > 0 && len(o.Key) == 0 {
		return o, usage(c, "--hash needs a key; set MAILERLAKE_HASH_KEY, or give --hash-key-file")
	}
	if err := o.Check(); err != nil {
		return o, usage(c, "%v", err)
	}
	return o, nil
}

// tables returns the tables that --tables and --exclude choose.
func tables(c *cli.Context) ([]*schema.Table, error) {
	var names []string
	for _, t := range schema.Tables() {
		names = append(names, t.Name)
	}
	only, not := c.StringSlice("tables"), c.StringSlice("exclude")
	for _, name := range slices.Concat(only, not) {
		if !slices.Contains(names, name) {
			return nil, usage(c, "there is no table %q; there are %s", name, strings.Join(names, ", "))
		}
	}
	chosen := slices.DeleteFunc(schema.Tables(), func(t *schema.Table) bool {
		return c.IsSet("tables") && !slices.Contains(only, t.Name) || slices.Contains(not, t.Name)
	})
	if len(chosen) == 0 {
		return nil, usage(c, "--tables and --exclude leave no table")
	}
	return chosen, nil
}

// clientOptions checks the flags that say how to talk to MailerLite. All but the key is there afterwards.
func (p *program) clientOptions(c *cli.Context) (client.Options, error) {
	o := client.Options{URL: c.String("api-url"), Rate: c.Int("rate"), Retries: orNone(c.Int("retries")), Timeout: c.Duration("timeout"),
		MaxWait: orNone(c.Duration("max-wait")), UserAgent: "mailerlake/" + programVersion()}
	if !c.IsSet("api-url") {
		o.URL = p.getenv("MAILERLITE_API_URL")
	}
	for _, name := range []string{"rate", "retries", "demo-day"} {
		if c.IsSet(name) && c.Int(name) < 0 {
			return o, usage(c, "--%s must not be negative", name)
		}
	}
	switch {
	case c.Duration("timeout") <= 0 || c.Duration("max-wait") < 0:
		return o, usage(c, "--timeout must be more than nothing, and --max-wait must not be negative")
	case c.IsSet("api-key-file") && c.IsSet("config"):
		return o, usage(c, "--api-key-file and --config both hold a key; give one")
	case demo(c):
		return simulated(c, o)
	}
	check := o
	check.Key = "unchecked" // the address is at fault, if anything
	if _, err := client.New(check); err != nil {
		return o, usage(c, "%v", err)
	}
	return o, nil
}

// orNone turns a flag's zero, which means none, into what means none to the client.
func orNone[T int | time.Duration](v T) T {
	if v == 0 {
		return -1
	}
	return v
}

func demo(c *cli.Context) bool { return c.Bool("demo") || c.IsSet("demo-day") }

// simulated directs the client to the simulated account, which has no rate limit to wait for.
func simulated(c *cli.Context, o client.Options) (client.Options, error) {
	for _, name := range []string{"api-url", "api-key-file", "config"} {
		if c.IsSet(name) {
			return o, usage(c, "--demo has no use for --%s", name)
		}
	}
	account := mailerlitetest.Demo(c.Int("demo-day"))
	account.RatePerMinute = -1
	o.Transport = mailerlitetest.New(account).Transport()
	o.URL, o.Rate = "", max(o.Rate, 0)
	return o, nil
}

// expected returns the rows that the dataset has now: about as many are to come. What is wrong with the dataset is for
// the run to find.
func expected(o export.Options) map[string]int64 {
	rows := map[string]int64{}
	if d, err := dataset.Open(o.FS, o.Dir); err == nil && d.Manifest != nil {
		for _, t := range d.Manifest.Tables {
			rows[t.Name] = t.Rows
		}
	}
	return rows
}

// key returns the API key from where the flags say, or from the environment.
func (p *program) key(c *cli.Context) (string, error) {
	switch {
	case demo(c):
		return "demo", nil
	case c.IsSet("api-key-file"):
		text, err := p.secretFile(c.String("api-key-file"))
		return strings.TrimRight(string(text), "\r\n"), err
	case c.IsSet("config"):
		return p.configKey(c.String("config"))
	}
	key := p.getenv("MAILERLITE_API_KEY")
	if key == "" {
		return "", &authError{"no API key; set MAILERLITE_API_KEY, or give --api-key-file or --config (MailerLite: Integrations, API)"}
	}
	return key, nil
}

// configKey reads the key from a config file. No error repeats what the file holds.
func (p *program) configKey(name string) (string, error) {
	text, err := p.secretFile(name)
	if err != nil {
		return "", err
	}
	var config struct {
		Key string `json:"api_key"`
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if d.Decode(&config) != nil || d.More() || config.Key == "" {
		return "", &authError{fmt.Sprintf(`read config %s: it is not of the form {"api_key": "..."}`, name)}
	}
	return config.Key, nil
}

// maxSecret bounds a file with a key, in bytes.
const maxSecret = 1 << 16

// secretFile reads a file with a key, - being standard input, and warns if others can read it.
func (p *program) secretFile(name string) ([]byte, error) {
	in := p.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, &authError{"read key: " + err.Error()}
		}
		defer f.Close()
		in = f
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Mode()&0o077 != 0 && runtime.GOOS != "windows" {
			fmt.Fprintf(p.stderr, "mailerlake: warning: others can read %s, which holds the key; chmod 600 keeps it private\n", terminal.Clean(name))
		}
	}
	text, err := io.ReadAll(io.LimitReader(in, maxSecret+1))
	if err != nil {
		return nil, &authError{"read key: " + err.Error()}
	}
	if len(text) > maxSecret {
		return nil, &authError{fmt.Sprintf("read key: %s is too large to hold a key", name)}
	}
	return text, nil
}

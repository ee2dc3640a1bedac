package command

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export/command/config"
	"mailerlake/export/terminal"
)

// A flag has the value of the command line, else of the environment, else of the config file, else its default. settle
// fills in what the command line leaves open, so that the commands find all values in their context.

// settings are what a call takes from elsewhere than its command line.
type settings struct {
	file    *config.Config  // nil without --config
	name    string          // of the file
	account *config.Account // nil if the file has none, or the call is for several
	key     config.Key
	from    map[string]origin // of the value of each flag, but for those of the command line

	// labelled says that the account is one of several that the program is run for.
	labelled bool
}

// several reports whether a call is for the accounts of the config file, one after another.
func (s settings) several() bool {
	return s.file != nil && s.file.Accounts != nil && s.account == nil
}

// label begins messages of one of several accounts with its name.
func (p *program) label() string {
	if !p.call.labelled {
		return ""
	}
	return terminal.Clean(p.call.account.Name) + ": "
}

// value is the value of a flag, one by one as it would be given, and where it is from.
type value struct {
	flag  string
	texts []string
	from  origin
}

// origin is where a value is from, if not from the command line.
type origin struct {
	name string // of the variable, or of the file
	file bool
}

// refused are the flags that a config file cannot hold, each with the reason.
var refused = map[string]string{
	"help":    "it is for the command line",
	"version": "it is for the command line",
	"config":  "it names the file",
	"account": "it chooses among its accounts",
	"json":    "give --json, or set MAILERLAKE_JSON",
	"yes":     "whoever goes past the guard does so once; give --yes",
	"adopt":   "whoever goes past the guard does so once; give --adopt",
	"planned": "it is for one call; give --planned",
	"since":   "it is for one call; give --since",
	"email":   "it is for one call; give --email",
	"id":      "it is for one call; give --id",
	"format":  `changes and publish mean different things by it; give --format, or "publish-format" for export`,
}

// wholeRun are the flags that an account cannot have for itself.
var wholeRun = []string{"metrics", "on-failure", "color", "log-format"}

// yields are flags whose values from elsewhere do not count where another flag is set that they would contradict.
var yields = map[string][]string{
	"planned":  {"tables", "exclude", "full", "restart", "yes", "repair", "rewrite"},
	"demo":     {"api-url", "api-key-file"},
	"demo-day": {"api-url", "api-key-file"},
	"at":       {"out"},
}

// kindOf returns what a flag takes.
func kindOf(f cli.Flag) config.Kind {
	switch f := f.(type) {
	case *cli.BoolFlag:
		return config.Switch
	case *cli.IntFlag, *cli.Int64Flag:
		return config.Number
	case *cli.StringSliceFlag:
		return config.List
	case *cli.GenericFlag:
		if _, several := f.Value.(*urls); several {
			return config.List
		}
	}
	return config.Text
}

// exampleOf returns a usual value of a flag, empty if there is none to show.
func exampleOf(f cli.Flag) string {
	if generic, ok := f.(*cli.GenericFlag); ok {
		if s, ok := generic.Value.(*span); ok {
			return s.like
		}
	}
	return ""
}

// takesFile reports whether a flag holds the path of a file or a directory.
func takesFile(f cli.Flag) bool {
	text, ok := f.(*cli.StringFlag)
	return ok && text.TakesFile
}

// knownFlags returns the flags of all commands, for config files.
func knownFlags(app *cli.App) (known []config.Flag) {
	seen := map[string]bool{}
	for _, command := range app.Commands {
		for _, f := range command.Flags {
			name := f.Names()[0]
			if seen[name] || len(name) == 1 {
				continue
			}
			seen[name] = true
			known = append(known, config.Flag{Name: name, Kind: kindOf(f), Example: exampleOf(f), Refused: refused[name], Whole: slices.Contains(wholeRun, name)})
		}
	}
	return known
}

// settle gives the flags that are not on the command line their values from the environment and the config file.
func (p *program) settle(c *cli.Context) error {
	err := p.apply(c, p.fromEnvironment(c))
	if err != nil || flagOf(c, "config") == nil {
		return err
	}
	if err := p.readConfig(c); err != nil {
		return err
	}
	if err := p.chooseAccount(c); err != nil || p.call.file == nil {
		return err
	}
	values, err := p.fromConfig(c)
	if err != nil {
		return err
	}
	if err := p.apply(c, values); err != nil {
		return err
	}
	if a := p.call.account; a != nil && !c.IsSet("out") && !yielding(c, "out") { // the default may be another account's
		if p.call.labelled { // the error names it anyway
			return usage(c, `it has no "out"`)
		}
		return usage(c, `the account %q in %s has no "out"`, a.Name, p.call.name)
	}
	return nil
}

// flagOf returns a flag of the command, nil if it has none of that name.
func flagOf(c *cli.Context, name string) cli.Flag {
	for _, f := range c.Command.Flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

// apply sets the flags that are not set yet, but for those that yield to others. It goes on after an error, so that the
// error is printed as the other values say, and returns the first.
func (p *program) apply(c *cli.Context, values []value) (err error) {
	slices.SortStableFunc(values, func(a, b value) int { return len(yields[b.flag]) - len(yields[a.flag]) })
	for _, v := range values {
		if c.IsSet(v.flag) || yielding(c, v.flag) {
			continue
		}
		for _, text := range v.texts {
			if wrong := c.Set(v.flag, text); wrong != nil && err == nil {
				err = wrongValue(c, v, wrong)
			}
		}
		if p.call.from == nil {
			p.call.from = map[string]origin{}
		}
		p.call.from[v.flag] = v.from
	}
	return err
}

// wrongValue returns the error about a value that a flag does not take. Times and choices say it best themselves.
func wrongValue(c *cli.Context, v value, wrong error) error {
	f, where := flagOf(c, v.flag), v.from.name
	if v.from.file {
		where = fmt.Sprintf("%q of %s", v.flag, where)
	}
	if _, ok := f.(*cli.GenericFlag); ok {
		return usage(c, "%s: %w", where, wrong)
	}
	return usage(c, "%s must be %v", where, kindOf(f))
}

// yielding reports whether a flag's value from elsewhere would contradict a flag that is set.
func yielding(c *cli.Context, flag string) bool {
	for other, those := range yields {
		if f := flagOf(c, other); f != nil && slices.Contains(those, flag) && c.IsSet(other) && (kindOf(f) != config.Switch || c.Bool(other)) {
			return true
		}
	}
	return false
}

// given reports whether a flag is on the command line.
func (p *program) given(c *cli.Context, flag string) bool {
	return c.IsSet(flag) && p.call.from[flag] == origin{}
}

// mentioned matches the flags that an error is about.
var mentioned = regexp.MustCompile(`--[a-z][a-z-]+`)

// sourced adds to a usage error where the values are from that it is about, if they are not on the command line.
func (p *program) sourced(err error) error {
	wrong, ok := errors.AsType[*usageError](err)
	if !ok || wrong.sourced {
		return err
	}
	var sources []string
	for _, flag := range append(mentioned.FindAllString(wrong.Error(), -1), wrong.flags...) {
		from := p.call.from[strings.TrimPrefix(flag, "--")].name
		if source := fmt.Sprintf("--%s is from %s", strings.TrimPrefix(flag, "--"), from); from != "" && !slices.Contains(sources, source) {
			sources = append(sources, source)
		}
	}
	if sources == nil {
		return err
	}
	return &usageError{err: fmt.Errorf("%w (%s)", wrong.err, strings.Join(sources, "; ")), command: wrong.command, sourced: true}
}

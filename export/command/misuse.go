package command

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/schema"
	"mailerlake/schema/spelling"
	"mailerlake/schema/tables"
)

// noSuchCommand returns the error about a command that does not exist.
func noSuchCommand(app *cli.App, name string) error {
	var names []string
	for _, c := range app.VisibleCommands() {
		names = append(names, c.Name)
	}
	return fmt.Errorf("there is no command %q%s", name, spelling.DidYouMean(name, "", names))
}

// unexpected returns the error about the first argument; no command takes any.
func unexpected(c *cli.Context) error {
	arg, hint := c.Args().First(), ""
	switch every, _ := tables.All().Set(schema.SetAll); {
	case arg == "true" || arg == "false":
		hint = "; a flag that is on or off takes it after an equals sign: --history=" + arg
	case slices.Contains(every, arg):
		hint = "; tables are given with --tables, separated by commas without spaces"
	}
	return usage(c, "unexpected argument %q%s", arg, hint)
}

// The errors of the flag package, which has no types for them.
var (
	undefinedFlag = regexp.MustCompile(`^flag provided but not defined: -(.*)$`)
	flagValue     = regexp.MustCompile(`(?s)^invalid (?:boolean )?value ("(?:[^"\\]|\\.)*") for (?:flag )?-([^ :]+): (.*)$`)
	noFlagValue   = regexp.MustCompile(`^flag needs an argument: -(.*)$`)
)

// parseReasons say in other words why a value cannot be parsed.
var parseReasons = map[string]string{"parse error": "is not a whole number", "value out of range": "is too large a number"}

// flagError words the error about a flag that of a command that could not be parsed.
func flagError(err error, command *cli.Command, app *cli.App) error {
	text := err.Error()
	if m := undefinedFlag.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("there is no flag %s%s", dashed(m[1]), meantFlag(m[1], command, app))
	}
	if m := noFlagValue.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("%s needs a value", dashed(m[1]))
	}
	m := flagValue.FindStringSubmatch(text)
	switch {
	case m == nil:
		return err
	case strings.HasPrefix(text, "invalid boolean"):
		return fmt.Errorf("%s is either given or not, or =true or =false, not %s", dashed(m[2]), m[1])
	case parseReasons[m[3]] != "":
		return fmt.Errorf("%s: %s %s", dashed(m[2]), m[1], parseReasons[m[3]])
	}
	return errors.New(dashed(m[2]) + ": " + m[3])
}

// meantFlag ends the error about a flag that does not exist: with the one that was probably meant, or with the commands
// that have it.
func meantFlag(name string, command *cli.Command, app *cli.App) string {
	with := commandsWith(app, name)
	switch {
	case len(with) > 0 && command.Name == app.Name:
		return " before a command; write it after one, as in mailerlake " + with[0] + " " + dashed(name)
	case len(with) > 0:
		return fmt.Sprintf(" of mailerlake %s; it is one of mailerlake %s", command.Name, strings.Join(with, ", "))
	}
	meant := spelling.Nearest(name, flagNames(command.Flags))
	if meant == "" {
		return ""
	}
	return "; did you mean " + dashed(meant) + "?"
}

// commandsWith returns the names of the commands that have a flag.
func commandsWith(app *cli.App, flag string) (names []string) {
	for _, c := range app.VisibleCommands() {
		if slices.Contains(flagNames(c.Flags), flag) {
			names = append(names, c.Name)
		}
	}
	return names
}

func flagNames(flags []cli.Flag) (names []string) {
	for _, f := range flags {
		names = append(names, f.Names()...)
	}
	return names
}

// dashed returns a flag as users write it.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

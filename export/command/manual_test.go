package command

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// helpOf returns the help of the program or of a command.
func helpOf(t *testing.T, args ...string) string {
	t.Helper()
	o := run(t, args...)
	if o.err != nil || o.stderr != "" {
		t.Fatalf("%v: %v, stderr %q", args, o.err, o.stderr)
	}
	return o.stdout
}

// TestHelpFits: the help of the program and of every command fits into 80 columns, and names all that there is.
func TestHelpFits(t *testing.T) {
	app := (&program{}).app(nil)
	texts := map[string]string{"": helpOf(t, "--help")}
	for _, c := range app.Commands {
		text := helpOf(t, c.Name, "--help")
		texts[c.Name] = text
		if !strings.Contains(text, c.Usage) && !strings.Contains(strings.Join(strings.Fields(text), " "), c.Usage) || !strings.Contains(texts[""], "\n  "+c.Name+" ") {
			t.Errorf("the help lacks %s, or what it is for", c.Name)
		}
		for _, f := range c.Flags {
			if !strings.Contains(text, "\n  "+dashed(f.Names()[0])) {
				t.Errorf("the help of %s lacks --%s:\n%s", c.Name, f.Names()[0], text)
			}
		}
	}
	for name, text := range texts {
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > 80 || strings.TrimRight(line, " ") != line {
				t.Errorf("the help of %q has a line that is too long or ends with a space: %q", name, line)
			}
		}
		if strings.Contains(text, "`") || strings.Contains(text, "%!") {
			t.Errorf("the help of %q shows its mark-up:\n%s", name, text)
		}
	}
	if len(texts) < 10 {
		t.Errorf("got the help of %d commands", len(texts)-1)
	}
}

// TestHelpIsTheSame: however it is asked for.
func TestHelpIsTheSame(t *testing.T) {
	for _, test := range [][]string{{"export", "--help"}, {"export", "-h"}, {"help", "export"}} {
		if got, want := helpOf(t, test...), helpOf(t, "export", "--help"); got != want {
			t.Errorf("%v: got other help:\n%s", test, got)
		}
	}
	if got, want := helpOf(t), helpOf(t, "help"); got != want || got != helpOf(t, "-h") {
		t.Errorf("got other help:\n%s\nwant\n%s", got, want)
	}
}

// TestHelpHasPlaces: each command is in a group, and the sections name flags that exist.
func TestHelpHasPlaces(t *testing.T) {
	app := (&program{}).app(nil)
	flags := []string{"help"}
	for _, c := range app.Commands {
		flags = append(flags, flagNames(c.Flags)...)
		if !slices.ContainsFunc(groups, func(g named) bool { return slices.Contains(g.names, c.Name) }) {
			t.Errorf("%s is in no group of the help", c.Name)
		}
	}
	for _, s := range sections {
		if !slices.ContainsFunc(s.names, func(name string) bool { return slices.Contains(flags, name) }) {
			t.Errorf("no flag is in the section %q", s.title)
		}
	}
}

// TestHelpOfBraces: what looks like a template is printed as it is.
func TestHelpOfBraces(t *testing.T) {
	var out strings.Builder
	cli.HelpPrinter(&out, asTemplate(`{"accounts": {{"name": "{{.Name}}"}}`), nil)
	if got, want := out.String(), `{"accounts": {{"name": "{{.Name}}"}}`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

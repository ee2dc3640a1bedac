package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export/command/config"
	"mailerlake/schema/spelling"
)

// variablePrefix begins the names of environment variables.
const variablePrefix = "MAILERLAKE_"

// envName returns the environment variable of a flag, empty if it has none: --help, --version, and what has one letter.
func envName(f cli.Flag) string {
	name := f.Names()[0]
	if len(name) == 1 || name == "help" || name == "version" {
		return ""
	}
	return variableOf(name)
}

// variableOf returns the environment variable of the flag of a name.
func variableOf(flag string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnvironment returns the values that the environment has for the flags of a command. An empty variable counts as none.
func (p *program) fromEnvironment(c *cli.Context) (values []value) {
	for _, f := range c.Command.Flags {
		variable, text := p.variable(f)
		if text == "" {
			continue
		}
		v := value{f.Names()[0], []string{text}, origin{name: variable}}
		if kindOf(f) == config.List {
			v.texts = nil
			for item := range strings.SplitSeq(text, ",") {
				v.texts = append(v.texts, strings.TrimSpace(item))
			}
		}
		values = append(values, v)
	}
	return values
}

// variable returns the environment variable that holds the value of a flag, and the value.
func (p *program) variable(f cli.Flag) (name, text string) {
	names := []string{envName(f)}
	if f.Names()[0] == "api-url" {
		names = append(names, "MAILERLITE_API_URL")
	}
	for _, name := range names {
		if text := p.getenv(name); name != "" && text != "" {
			return name, text
		}
	}
	return "", ""
}

// misspelt warns of variables that are like one of ours: what they say, perhaps which columns to leave out, would not be
// done. Others are not ours to judge; Kubernetes, for one, sets variables after the names of services.
func (p *program) misspelt(app *cli.App) {
	known := []string{variablePrefix + "HASH_KEY", exitCodeVariable, errorVariable, accountsVariable, datasetsVariable}
	for _, command := range app.Commands {
		for _, f := range command.Flags {
			known = append(known, envName(f))
		}
	}
	for _, entry := range p.environment {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, variablePrefix) || slices.Contains(known, name) {
			continue
		}
		if meant := spelling.Nearest(strings.TrimPrefix(name, variablePrefix), withoutPrefix(known)); meant != "" {
			p.say.Warning(fmt.Sprintf("there is no variable %s; did you mean %s%s?", name, variablePrefix, meant))
		}
	}
}

// withoutPrefix returns names of variables as they differ: the prefix would count for so much that anything is like anything.
func withoutPrefix(names []string) (short []string) {
	for _, name := range names {
		if name != "" {
			short = append(short, strings.TrimPrefix(name, variablePrefix))
		}
	}
	return short
}

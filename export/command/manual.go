package command

import (
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"mailerlake/export/command/manual"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// named is a heading and the names of what stands below it.
type named struct {
	title string
	names []string
}

// groups are the commands by what they are for. Others come last.
var groups = []named{
	{"Set up", []string{"check"}},
	{"Every day", []string{"export", "plan"}},
	{"Look", []string{"show", "schema", "report"}},
	{"Load elsewhere", []string{"changes", "publish", "restore", "sql", "dbt"}},
	{"Maintain", []string{"verify", "forget"}},
	{"More", []string{"completion", "man", "version"}},
}

// sections are the flags of commands that have many, by what they are for. Others come first.
var sections = []named{
	{"Account", []string{"api-key-file", "api-url", "config", "account", "demo", "demo-day"}},
	{"What to export", []string{"tables", "exclude", "full", "campaign-content"}},
	{"Privacy", []string{"drop", "hash", "hash-key-file", "private"}},
	{"Safety and recovery", []string{"planned", "yes", "resume-within", "restart", "repair", "rewrite"}},
	{"Changes for loaders", []string{"keep-changes", "history"}},
	{"Publish", []string{"publish", "publish-format", "publish-retain"}},
	{"Server", []string{"rate", "max-wait", "timeout", "retries", "batch-pages"}},
	{"Output", []string{"json", "quiet", "verbose", "color", "log-format", "metrics", "on-failure", "detailed-exitcode", "help"}},
}

// few is how many flags need no sections.
const few = 12

// manual describes the program.
func (p *program) manual(app *cli.App) *manual.Program {
	return &manual.Program{Name: app.Name, Version: p.version, Begin: begin, Groups: grouped(app), Notes: notes(), Pages: pages(), Short: app.Usage,
		Usage: "mailerlake exports a whole MailerLite account into Parquet files, one directory per table, and keeps them up to date: " +
			"each run merges only the rows that are new, changed or gone."}
}

// begin is what a new user does first.
var begin = []manual.Line{
	{What: "mailerlake export --demo", Meaning: "try it: no account, no key, no network"},
	{What: "export MAILERLITE_API_KEY=...", Meaning: "a key from MailerLite: Integrations > API"},
	{What: "mailerlake check", Meaning: "does the key work, what will an export cost"},
	{What: "mailerlake export", Meaning: "the whole account, to ./lake; then every night"},
}

func notes() []manual.Section {
	codes := manual.Section{Title: "Exit codes"}
	for _, row := range exitCodes {
		codes.Lines = append(codes.Lines, manual.Line{What: strconv.Itoa(row.code), Meaning: row.meaning})
	}
	return []manual.Section{codes, {Title: "Flags", Text: "mailerlake COMMAND --help lists the flags of a command. " + flagSources}}
}

// flagSources says where flags that are not given come from.
const flagSources = "What is not on the command line comes from the environment (--max-wait from MAILERLAKE_MAX_WAIT), " +
	"then from the file that --config names."

func grouped(app *cli.App) (found []manual.Group) {
	rest := slices.Clone(app.Commands)
	add := func(title string, belongs func(*cli.Command) bool) {
		g := manual.Group{Title: title}
		for _, c := range rest {
			if belongs(c) && !c.Hidden {
				g.Commands = append(g.Commands, commandPage(app.Name, c))
			}
		}
		rest = slices.DeleteFunc(rest, belongs)
		if g.Commands != nil {
			found = append(found, g)
		}
	}
	for _, g := range groups {
		add(g.title, func(c *cli.Command) bool { return slices.Contains(g.names, c.Name) })
	}
	add("Other commands", func(*cli.Command) bool { return true })
	return found
}

func commandPage(program string, c *cli.Command) manual.Command {
	page := manual.Command{Name: program + " " + c.Name, Args: c.ArgsUsage, Usage: c.Usage, Description: c.Description, Sections: sectioned(append(c.Flags, cli.HelpFlag))}
	if c.ArgsUsage == "SHELL" {
		page.Words = manual.Shells
	}
	return page
}

// sectioned puts the flags of a command into sections if there are many.
func sectioned(flags []cli.Flag) (found []manual.Section) {
	own, by := manual.Section{Title: "Flags"}, make([]manual.Section, len(sections))
	for _, f := range flags {
		i := slices.IndexFunc(sections, func(s named) bool { return slices.Contains(s.names, f.Names()[0]) })
		if i < 0 || len(flags) <= few {
			own.Flags = append(own.Flags, flagPage(f))
		} else {
			by[i].Title, by[i].Flags = sections[i].title, append(by[i].Flags, flagPage(f))
		}
	}
	return slices.DeleteFunc(append([]manual.Section{own}, by...), func(s manual.Section) bool { return s.Flags == nil })
}

// flagPage describes a flag.
func flagPage(f cli.Flag) manual.Flag {
	d := manual.Flag{Name: f.Names()[0], Variable: envName(f)}
	doc, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return d
	}
	before, rest, _ := strings.Cut(doc.GetUsage(), "`")
	value, after, _ := strings.Cut(rest, "`")
	d.Usage = before + value + after
	d.Default = strings.Trim(doc.GetDefaultText(), `"`)
	if doc.TakesValue() {
		d.Value = value
	} else if on, ok := f.(*cli.BoolFlag); ok {
		d.Default = on.DefaultText
	}
	d.Words, d.Several = words(f, value)
	return d
}

// words returns the values that a flag chooses from, and whether it takes several of them.
func words(f cli.Flag, value string) (words []string, several bool) {
	if g, ok := f.(*cli.GenericFlag); ok {
		if choice, ok := g.Value.(*choice); ok {
			return choice.of, false
		}
	}
	if value == "TABLES" {
		every, _ := tables.All().Set(schema.SetAll)
		return slices.Concat(schema.Sets, every), true
	}
	return nil, false
}

// asTemplate makes a text the template that the command line prints as that text.
func asTemplate(text string) string { return strings.ReplaceAll(text, "{{", `{{"{{"}}`) }

// Package manual describes the command line as data, and writes it down in each of the forms that people and their shells
// read.
//
// The names you want are [Program], which the commands are described in, and its methods: [Program.Help] and
// [Command.Help], the texts of --help; [Program.Man], a page for man; [Program.Completion], a script for a shell. All of
// them say the same, since they are made from the same declarations.
package manual

// Program is a program with commands.
type Program struct {
	Name    string
	Short   string // what it does, in a few words
	Usage   string // in a paragraph
	Version string
	Begin   []Line // what to do first
	Groups  []Group
	Notes   []Section // without flags
	Pages   []Section // more of these, for the manual page alone
}

// Group is a number of commands that are used for the same.
type Group struct {
	Title    string
	Commands []Command
}

// Command is one command of the program.
type Command struct {
	Name        string   // with that of the program
	Args        string   // what it takes beside flags, such as SHELL; empty if nothing
	Words       []string // the values that Args is one of
	Usage       string   // in a line
	Description string   // paragraphs; a line that is indented stands as it is
	Sections    []Section
}

// Section is a part of a page: text, flags or both.
type Section struct {
	Title string
	Text  string // paragraphs, as in a description
	Lines []Line
	Flags []Flag
}

// Line is something to type or to meet, and what it means.
type Line struct{ What, Meaning string }

// Flag is one flag of a command.
type Flag struct {
	Name     string // without dashes
	Value    string // what it takes, such as FILE; empty if it takes nothing
	Usage    string
	Default  string
	Variable string   // of the environment, empty if there is none
	Words    []string // the values to choose from; nil if any will do
	Several  bool     // it takes several of the words, separated by commas
}

// Dashed returns the flag as users write it.
func (f Flag) Dashed() string {
	if len(f.Name) == 1 {
		return "-" + f.Name
	}
	return "--" + f.Name
}

// Commands returns all commands.
func (p *Program) Commands() (all []Command) {
	for _, g := range p.Groups {
		all = append(all, g.Commands...)
	}
	return all
}

// Short returns the command's name without that of the program.
func (c Command) Short(p *Program) string { return c.Name[len(p.Name)+1:] }

// Flags returns all flags of the command.
func (c Command) Flags() (all []Flag) {
	for _, s := range c.Sections {
		all = append(all, s.Flags...)
	}
	return all
}

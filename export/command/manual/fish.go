package manual

import (
	"fmt"
	"strings"
)

// fishQuote returns a text in single quotes as fish reads it.
func fishQuote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}

// fish writes the script for fish.
func (p *Program) fish(b *strings.Builder) {
	b.WriteString(fishBegin)
	for _, c := range p.helped() {
		fmt.Fprintf(b, "complete -c %s -n __fish_use_subcommand -a %s -d %s\n", p.Name, c.Short(p), fishQuote(c.Usage))
	}
	fmt.Fprintf(b, "complete -c %s -n __fish_use_subcommand -s h -l help -d 'show help'\n", p.Name)
	fmt.Fprintf(b, "complete -c %s -n __fish_use_subcommand -s v -l version -d 'print the version'\n", p.Name)
	for _, c := range p.helped() {
		begin := fmt.Sprintf("complete -c %s -n '__mailerlake_command %s'", p.Name, c.Short(p))
		if c.Words != nil {
			fmt.Fprintf(b, "%s -a %s\n", begin, fishQuote(strings.Join(c.Words, " ")))
		}
		for _, f := range c.Flags() {
			fmt.Fprintf(b, "%s %s -d %s\n", begin, f.fishOptions(), fishQuote(f.Usage))
		}
	}
}

// fishOptions returns what complete needs to know of the flag.
func (f Flag) fishOptions() string {
	options := "-l " + f.Name
	if len(f.Name) == 1 {
		options = "-s " + f.Name
	}
	switch f.completed() {
	case files:
		return options + " -r -F"
	case dirs:
		return options + " -x -a '(__fish_complete_directories (__mailerlake_token))'"
	case oneOf:
		return options + " -x -a " + fishQuote(strings.Join(f.Words, " "))
	case several:
		return options + " -x -a '(__mailerlake_list " + strings.Join(f.Words, " ") + ")'"
	case unknown:
		return options + " -x"
	}
	return options
}

const fishBegin = `# fish completion for mailerlake: mailerlake completion fish | source

function __mailerlake_command --description 'whether a command was given, as the first word that is no flag'
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; and continue
        test $word = $argv[1]
        return
    end
    return 1
end

function __mailerlake_token --description 'the value that is being typed'
    string replace -r '^--[^=]*=' '' -- (commandline -ct)
end

function __mailerlake_list --description 'words after the others of a list with commas'
    set -l before (string match -r '.*,' -- (__mailerlake_token))
    for word in $argv
        echo "$before$word"
    end
end

complete -c mailerlake -f
`

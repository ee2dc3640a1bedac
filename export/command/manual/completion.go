package manual

import (
	"fmt"
	"slices"
	"strings"
)

// Shells are those that there are completion scripts for.
var Shells = []string{"bash", "zsh", "fish", "powershell"}

// Completion returns the completion script of one of the Shells. It knows all there is to complete, so that nothing is run
// at a press of the tab key.
func (p *Program) Completion(shell string) string {
	b := &strings.Builder{}
	switch shell {
	case "bash":
		p.bash(b)
	case "zsh":
		p.zsh(b)
	case "fish":
		p.fish(b)
	case "powershell":
		p.powershell(b)
	}
	return b.String()
}

// completed is what a shell completes the value of a flag with.
type completed int

const (
	unknown completed = iota // nothing: the value may be anything
	files
	dirs
	oneOf   // the words
	several // of the words, separated by commas
	none    // there is no value
)

func (f Flag) completed() completed {
	switch {
	case f.Value == "":
		return none
	case f.Several:
		return several
	case f.Words != nil:
		return oneOf
	case f.Value == "DIR":
		return dirs
	case f.Value == "FILE":
		return files
	}
	return unknown
}

// helped returns the commands and help, which explains another.
func (p *Program) helped() []Command {
	help := Command{Name: p.Name + " help", Usage: "explain a command", Args: "COMMAND"}
	for _, c := range p.Commands() {
		help.Words = append(help.Words, c.Short(p))
	}
	return append(slices.Clone(p.Commands()), help)
}

// quote returns a text in single quotes as POSIX shells read it.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// bash writes the script for bash, 3.2 and later.
func (p *Program) bash(b *strings.Builder) {
	fmt.Fprintf(b, "# bash completion for %s: source <(%[1]s completion bash)\n", p.Name)
	b.WriteString(bashBegin)
	for _, c := range p.helped() {
		fmt.Fprintf(b, "    %s)\n        words=%s\n        case $prev in\n", c.Short(p), quote(strings.Join(append(slices.Clone(c.Words), dashedNames(c)...), " ")))
		for _, f := range c.Flags() {
			switch f.completed() {
			case files:
				fmt.Fprintf(b, "        %s) _mailerlake_paths -f; return ;;\n", f.Dashed())
			case dirs:
				fmt.Fprintf(b, "        %s) _mailerlake_paths -d; return ;;\n", f.Dashed())
			case oneOf:
				fmt.Fprintf(b, "        %s) words=%s ;;\n", f.Dashed(), quote(strings.Join(f.Words, " ")))
			case several:
				fmt.Fprintf(b, "        %s) _mailerlake_list %s; return ;;\n", f.Dashed(), quote(strings.Join(f.Words, " ")))
			case unknown:
				fmt.Fprintf(b, "        %s) return ;;\n", f.Dashed())
			}
		}
		b.WriteString("        esac ;;\n")
	}
	fmt.Fprintf(b, "    *) words=%s ;;\n", quote(strings.Join(append(shortNames(p), "--help", "--version"), " ")))
	b.WriteString(bashEnd)
}

func dashedNames(c Command) (names []string) {
	for _, f := range c.Flags() {
		names = append(names, f.Dashed())
	}
	return names
}

func shortNames(p *Program) (names []string) {
	for _, c := range p.helped() {
		names = append(names, c.Short(p))
	}
	return names
}

const bashBegin = `
_mailerlake_paths() {
    local IFS=$'\n'
    COMPREPLY=($(compgen "$1" -- "$cur"))
    compopt -o filenames 2>/dev/null
}

# The last of several words that are separated by commas.
_mailerlake_list() {
    local before=
    case $cur in *,*) before=${cur%,*}, ;; esac
    COMPREPLY=($(compgen -P "$before" -W "$1" -- "${cur##*,}"))
    compopt -o nospace 2>/dev/null
}

_mailerlake() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= words= i
    COMPREPLY=()
    if [[ $cur == = ]]; then # bash splits --flag=value
        cur=
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} != -* ]]; then
            command=${COMP_WORDS[i]}
            break
        fi
    done
    case $command in
`

const bashEnd = `    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
}

complete -F _mailerlake mailerlake
`

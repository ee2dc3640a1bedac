package manual

import (
	"fmt"
	"strings"
)

// zsh writes the script for zsh, to be sourced or put into a directory of $fpath as _mailerlake.
func (p *Program) zsh(b *strings.Builder) {
	b.WriteString(zshBegin)
	for _, c := range p.helped() {
		fmt.Fprintf(b, "        %s\n", quote(c.Short(p)+":"+c.Usage))
	}
	b.WriteString(zshMiddle)
	for _, c := range p.helped() {
		fmt.Fprintf(b, "        %s) _arguments -s", c.Short(p))
		for _, f := range c.Flags() {
			fmt.Fprintf(b, " \\\n            %s", quote(f.zshSpec()))
		}
		if c.Args != "" {
			fmt.Fprintf(b, " \\\n            %s", quote("1:"+c.Args+":("+strings.Join(c.Words, " ")+")"))
		}
		b.WriteString(" ;;\n")
	}
	b.WriteString(zshEnd)
}

// zshText takes away what a specification for _arguments would read as its own.
var zshText = strings.NewReplacer("[", "(", "]", ")", ":", `\:`, `\`, `\\`)

// zshSpec returns the specification of the flag for _arguments. All flags may come again.
func (f Flag) zshSpec() string {
	spec := "*" + f.Dashed()
	if f.completed() != none && len(f.Name) > 1 {
		spec += "="
	}
	spec += "[" + zshText.Replace(f.Usage) + "]"
	switch f.completed() {
	case files:
		return spec + ":" + f.Value + ":_files"
	case dirs:
		return spec + ":" + f.Value + ":_files -/"
	case oneOf:
		return spec + ":" + f.Value + ":(" + strings.Join(f.Words, " ") + ")"
	case several:
		return spec + ":" + f.Value + ":_values -s , " + f.Value + " " + strings.Join(f.Words, " ")
	case unknown:
		return spec + ":" + f.Value + ": "
	}
	return spec
}

const zshBegin = `#compdef mailerlake
# zsh completion for mailerlake: source <(mailerlake completion zsh)

_mailerlake() {
    local curcontext=$curcontext state line
    local -a commands
    commands=(
`

const zshMiddle = `    )
    _arguments -C '(- *)'{-h,--help}'[show help]' '(- *)'{-v,--version}'[print the version]' \
        '1: :->command' '*:: :->rest' && return
    case $state in
    command) _describe -t commands command commands ;;
    rest)
        case $words[1] in
`

const zshEnd = `        esac ;;
    esac
}

if [ "$funcstack[1]" = _mailerlake ]; then
    _mailerlake "$@"
else
    compdef _mailerlake mailerlake
fi
`

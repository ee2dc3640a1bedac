package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// Color says when colours are used: Auto, Always or Never.
type Color string

// The values of Color. Auto uses colours on a terminal that has them, unless the environment asks for something else.
const (
	Auto   Color = "auto"
	Always Color = "always"
	Never  Color = "never"
)

// On reports whether colours are used on w. NO_COLOR turns them off and CLICOLOR_FORCE on, unless a flag decides.
func (c Color) On(w io.Writer, getenv func(string) string) bool {
	force := getenv("CLICOLOR_FORCE")
	switch {
	case c == Always:
		return understandsEscapes(w) || !IsTerminal(w)
	case c == Never || getenv("NO_COLOR") != "":
		return false
	case force != "" && force != "0":
		return true
	}
	return getenv("TERM") != "dumb" && understandsEscapes(w)
}

// understandsEscapes reports whether w is a terminal on which escape sequences work.
func understandsEscapes(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && enableEscapes(f)
}

// paint colours text, or leaves it as it is. It is the one place with escape sequences for colours.
type paint bool

const (
	styleBold   = "1"
	styleFaint  = "2"
	styleRed    = "31"
	styleGreen  = "32"
	styleYellow = "33"
)

func (p paint) in(style, text string) string {
	if !p || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// styles are those of the signs that stand for what happens to a row, as in Terraform.
var styles = map[string]string{"+": styleGreen, "~": styleYellow, "-": styleRed}

func (p paint) sign(sign string) string { return p.in(styles[sign], sign) }

// signed writes a count of rows, padded to a width, after the sign of what happens to them. Nothing that happens has no colour.
func (p paint) signed(sign string, n int64, width int) string {
	text := tied(sign + " " + pad(number(n), width, true))
	if n == 0 {
		return text
	}
	return p.in(styles[sign], text)
}

func (p paint) done(text string) string    { return p.in(styleGreen, text) }
func (p paint) heading(text string) string { return p.in(styleBold, text) }
func (p paint) warning(text string) string { return p.in(styleYellow, text) }
func (p paint) failure(text string) string { return p.in(styleRed, text) }
func (p paint) aside(text string) string   { return p.in(styleFaint, text) }

// columns returns how many columns a text takes on a terminal. Wide characters count as one.
func columns(text string) (n int) {
	for text != "" {
		if rest, ok := strings.CutPrefix(text, "\x1b["); ok {
			_, text, _ = strings.Cut(rest, "m")
			continue
		}
		_, size := utf8.DecodeRuneInString(text)
		text = text[size:]
		n++
	}
	return n
}

// pad pads a text to a width, on the left if it is aligned to the right.
func pad(text string, width int, right bool) string {
	spaces := strings.Repeat(" ", max(0, width-columns(text)))
	if right {
		return spaces + text
	}
	return text + spaces
}

// cut shortens a text without colours to a width.
func cut(text string, width int) string {
	runes := []rune(text)
	switch {
	case len(runes) <= width:
		return text
	case width <= 3:
		return string(runes[:max(width, 0)])
	}
	return string(runes[:width-3]) + "..."
}

// Output is where results are written as text: in colour, and within the width of a terminal.
type Output struct {
	io.Writer
	paint paint
	width int // 0 for any
}

// NewOutput returns an Output on w.
func NewOutput(w io.Writer, c Color, getenv func(string) string) *Output {
	o := &Output{Writer: w, paint: paint(c.On(w, getenv))}
	if f, ok := w.(*os.File); ok && IsTerminal(w) {
		o.width, _, _ = term.GetSize(int(f.Fd()))
	}
	return o
}

// paintOf returns how text is coloured on w.
func paintOf(w io.Writer) paint {
	if o, ok := w.(*Output); ok {
		return o.paint
	}
	return false
}

// widthOf returns how wide lines on w may be; 0 is any width.
func widthOf(w io.Writer) int {
	if o, ok := w.(*Output); ok {
		return o.width
	}
	return 0
}

// tie stands for a space at which no line may be broken, until flush writes it. Texts that are not ours have none: Clean takes it out.
const tie = "\x00"

// tied keeps a text on one line, such as a command that is to be copied.
func tied(text string) string { return strings.ReplaceAll(text, " ", tie) }

// flush writes a text. On a terminal, lines that are too long go on below, further in.
func flush(w io.Writer, b *strings.Builder) error {
	text := b.String()
	if width := widthOf(w); width > 0 {
		text = wrap(text, width)
	}
	if _, err := io.WriteString(w, strings.ReplaceAll(text, tie, " ")); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// wrap breaks lines between words so that none is wider than a terminal, as far as that is possible.
func wrap(text string, width int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		const further = 4
		indent := len(line) - len(strings.TrimLeft(line, " ")) + further
		for columns(strings.TrimSuffix(line, "\n")) > width {
			at := breakAt(line, width)
			if at <= indent {
				break
			}
			b.WriteString(strings.TrimRight(line[:at], " ") + "\n")
			line = strings.Repeat(" ", indent) + strings.TrimLeft(line[at:], " ")
		}
		b.WriteString(line)
	}
	return b.String()
}

// breakAt returns where to break a line: at the last gap between columns, if that is in its second half, or at the last space within
// a width; -1 if there is none.
func breakAt(line string, width int) int {
	space, gap := -1, -1
	for i, c := range line {
		if c != ' ' || columns(line[:i]) > width {
			continue
		}
		space = i
		if strings.HasPrefix(line[i:], "  ") && columns(line[:i]) > width/2 {
			gap = i
		}
	}
	if gap >= 0 {
		return gap
	}
	return space
}

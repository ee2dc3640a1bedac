package terminal

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// console is a terminal: it does what escape sequences say.
type console struct {
	t             *testing.T
	width, height int
	lines         [][]rune // all that was ever shown, the screen last
	row, column   int
	writes        int
	styled        bool // a colour is on
	coloured      string
}

func newConsole(t *testing.T, width, height int) *console {
	return &console{t: t, width: width, height: height, lines: [][]rune{nil}}
}

func (c *console) size() (int, int) { return c.width, c.height }

func (c *console) Write(text []byte) (int, error) {
	c.writes++
	rest := string(text)
	for rest != "" {
		if sequence, ok := strings.CutPrefix(rest, "\x1b["); ok {
			end := strings.IndexFunc(sequence, func(r rune) bool { return r >= '@' })
			c.do(sequence[:end], sequence[end])
			rest = sequence[end+1:]
			continue
		}
		for _, r := range rest {
			c.put(r)
			rest = rest[len(string(r)):]
			break
		}
	}
	return len(text), nil
}

func (c *console) put(r rune) {
	switch r {
	case '\r':
		c.column = 0
	case '\n':
		c.row, c.column = c.row+1, 0
		if c.row == len(c.lines) {
			c.lines = append(c.lines, nil)
		}
	default:
		if r < ' ' || r == '\x7f' {
			c.t.Errorf("a control character: %q", r)
		}
		if c.column == c.width {
			c.t.Errorf("a line is too wide: %q", string(c.lines[c.row]))
			c.put('\n')
		}
		for len(c.lines[c.row]) <= c.column {
			c.lines[c.row] = append(c.lines[c.row], ' ')
		}
		c.lines[c.row][c.column] = r
		if c.column++; c.styled {
			c.coloured += string(r)
		}
	}
}

func (c *console) do(argument string, what byte) {
	switch what {
	case 'A':
		n, _ := strconv.Atoi(argument)
		if top := len(c.lines) - c.height; c.row-n < max(top, 0) {
			c.t.Errorf("the cursor leaves the screen: %d up from line %d of %d", n, c.row, len(c.lines))
		}
		c.row = max(c.row-n, 0)
	case 'K':
		c.lines[c.row] = c.lines[c.row][:min(c.column, len(c.lines[c.row]))]
	case 'J':
		c.lines = c.lines[:c.row+1]
		c.do("", 'K')
	case 'm':
		c.styled = argument != "0"
		if !c.styled {
			c.coloured += "|"
		}
	default:
		c.t.Errorf("an unknown sequence: %s%c", argument, what)
	}
}

// resize breaks lines that are too wide now, as terminals do.
func (c *console) resize(width int) {
	var lines [][]rune
	for _, line := range c.lines {
		for len(line) > width {
			lines, line = append(lines, line[:width]), line[width:]
		}
		lines = append(lines, line)
	}
	c.width, c.lines, c.row = width, lines, len(lines)-1
}

// text returns what is shown, without the spaces that pad its lines.
func (c *console) text() string {
	var b strings.Builder
	for _, line := range c.lines {
		b.WriteString(strings.TrimRight(string(line), " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func TestScreen(t *testing.T) {
	c := newConsole(t, 20, 10)
	s := &screen{out: c, size: c.size}
	s.draw(nil, []string{"one", "two"})
	want(t, c.text(), "one\ntwo\n")
	s.draw([]string{"said"}, []string{"a longer one", "2", "3"})
	want(t, c.text(), "said\na longer one\n2\n3\n")
	before := c.writes
	s.draw(nil, []string{"a longer one", "2", "3"})
	if c.writes != before {
		t.Error("what has not changed was written anew")
	}
	fmt.Fprint(c, "^C")
	s.draw(nil, []string{"short"})
	want(t, c.text(), "said\nshort\n")
	s.draw([]string{"words that are more than twenty columns wide"}, []string{"exactly 19 columns.", "b"})
	want(t, c.text(), "said\nwords that are more\n    than twenty\n    columns wide\nexactly 19 columns.\nb\n")
	c.resize(10)
	s.draw(nil, []string{"narrow"})
	want(t, c.text(), "said\nwords that\n are more\n    than t\nwenty\n    column\ns wide\nnarrow\n")
	s.close([]string{"end"})
	s.draw([]string{"late"}, []string{"late"})
	want(t, c.text(), "said\nwords that\n are more\n    than t\nwenty\n    column\ns wide\nend\n")
}

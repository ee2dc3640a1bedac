package terminal

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// screen keeps some lines at the bottom of a terminal, and prints others above them. It writes each change with one call, over
// what is there, so that nothing flickers.
type screen struct {
	mu   sync.Mutex
	out  io.Writer
	size func() (width, height int)

	shown  []string
	width  int // when they were drawn
	closed bool
}

// draw prints lines that stay, and below them those that replace the ones that are shown.
func (s *screen) draw(above, lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	width, _ := s.size()
	if s.closed || len(above) == 0 && width == s.width && slices.Equal(lines, s.shown) {
		return
	}
	var b strings.Builder
	b.WriteString("\r") // the echo of a key, such as the ^C of an interrupt, moves the cursor
	if n := s.height(width); n > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", n)
	}
	for _, line := range slices.Concat(wrapped(above, width), lines) {
		b.WriteString(line + "\x1b[K\n")
	}
	b.WriteString("\x1b[J")
	io.WriteString(s.out, b.String()) // an error means that the terminal is gone
	s.shown, s.width = lines, width
}

// wrapped breaks lines between words where they are too long.
func wrapped(lines []string, width int) (all []string) {
	for _, line := range lines {
		all = append(all, strings.Split(wrap(line, width), "\n")...)
	}
	return all
}

// height returns how many lines of a terminal the shown lines take. One that has become narrower breaks them.
func (s *screen) height(width int) (n int) {
	for _, line := range s.shown {
		n += max(1, (columns(line)+width-1)/max(width, 1))
	}
	return n
}

// close prints lines that stay, and removes the others.
func (s *screen) close(above []string) {
	s.draw(above, nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

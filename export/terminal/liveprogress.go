package terminal

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/cupwriter"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"mailerlake/client"
	"mailerlake/export"
)

// liveProgress shows one line per table, redrawn in place, and a last line for the run as a whole. Messages scroll away
// above them.
type liveProgress struct {
	lines *mpb.Progress
	log   *slog.Logger
	o     Options
	began time.Time

	// mu is never held during a call of lines, which calls back to draw.
	mu     sync.Mutex
	bars   []*mpb.Bar
	tables map[string]*liveTable
	sent   map[string]*liveTransfer // by destination
	until  time.Time                // a wait lasts until then
	reason client.Reason
}

func startLive(f *os.File, o Options) *liveProgress {
	console := cupwriter.New(fromStart{f}, false)
	console.SetTermFd(int(f.Fd()))
	return drawOn(mpb.New(mpb.WithConsoleWriter(console)), o)
}

// fromStart writes from the start of the terminal's line. The echo of a key, such as the ^C of an interrupt, moves the
// cursor away from there.
type fromStart struct{ w io.Writer }

func (f fromStart) Write(p []byte) (int, error) {
	n, err := f.w.Write(append([]byte{'\r'}, p...))
	return max(n-1, 0), err
}

func drawOn(lines *mpb.Progress, o Options) *liveProgress {
	s := &liveProgress{lines: lines, o: o, began: o.Now(), tables: map[string]*liveTable{}, sent: map[string]*liveTransfer{}}
	s.log = slog.New(slog.DiscardHandler)
	if o.Verbose {
		s.log = slog.New(slog.NewTextHandler(lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	s.add(1<<30, mpb.BarFillerFunc(s.drawStatus))
	return s
}

// add adds a line below those with a smaller place.
func (s *liveProgress) add(place int, filler mpb.BarFiller, columns ...decor.Decorator) {
	bar, err := s.lines.Add(0, filler, mpb.BarPriority(place), mpb.BarFillerTrim(), mpb.PrependDecorators(columns...))
	if err != nil {
		return // closed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bars = append(s.bars, bar)
}

func (s *liveProgress) Logger() *slog.Logger { return s.log }
func (s *liveProgress) Note(message string)  { s.print(message) }

func (s *liveProgress) print(message string) {
	io.WriteString(s.lines, Clean(message)+"\n") // an error means that the terminal is gone
}

// Event prints a message, or updates a table's line.
func (s *liveProgress) Event(e export.Event) {
	switch {
	case e.Message != "" && e.Table != "":
		s.print(e.Table + ": " + e.Message)
	case e.Message != "":
		s.print(e.Message)
	case e.Table != "":
		s.update(e)
	}
}

func (s *liveProgress) update(e export.Event) {
	t, place := s.table(e)
	t.set(e)
	if place > 0 {
		s.add(place, mpb.NopStyle().Build(), t.columns()...)
	}
}

// table returns a table's line, and its place if the line is new.
func (s *liveProgress) table(e export.Event) (t *liveTable, place int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tables[e.Table]; t != nil {
		return t, 0
	}
	t = newLiveTable(e, s.o)
	s.tables[e.Table] = t
	return t, len(s.tables)
}

// Wait shows a wait in the last line until it is over.
func (s *liveProgress) Wait(w client.Wait) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if until := s.o.Now().Add(w.Duration); until.After(s.until) {
		s.until, s.reason = until, w.Reason
	}
}

// drawStatus draws the last line: the time elapsed, and what the run is doing.
func (s *liveProgress) drawStatus(w io.Writer, st decor.Statistics) error {
	text := []rune(s.status())
	if len(text) > st.AvailableWidth {
		text = text[:st.AvailableWidth]
	}
	_, err := io.WriteString(w, string(text))
	return err
}

func (s *liveProgress) status() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Now()
	passed := span(now.Sub(s.began).Truncate(time.Second))
	left := s.until.Sub(now)
	switch {
	case left >= time.Second && s.reason == client.WaitRate:
		return fmt.Sprintf("%s, waiting for the rate limit: %s", passed, span(left))
	case left >= time.Second:
		return fmt.Sprintf("%s, trying again in %s", passed, span(left))
	case len(s.sent) > 0:
		return passed
	case s.scanned():
		return passed + ", comparing and writing"
	}
	return passed
}

// scanned reports whether every table's scan has ended.
func (s *liveProgress) scanned() bool {
	for _, t := range s.tables {
		if !t.ended() {
			return false
		}
	}
	return len(s.tables) > 0
}

// Close removes the lines.
func (s *liveProgress) Close() {
	for _, bar := range s.bars {
		bar.Abort(true)
	}
	s.lines.Wait()
}

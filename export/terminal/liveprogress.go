package terminal

import (
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"mailerlake/export"
	"mailerlake/export/progress"
)

// drawEvery is how often the live lines are drawn anew.
const drawEvery = 200 * time.Millisecond

// liveProgress shows lines that are redrawn in place: one for each table that is being read, and some for the run as a whole.
// Messages scroll away above them.
type liveProgress struct {
	*progress.Tracker
	screen *screen
	paint  paint
	log    *slog.Logger

	mu       sync.Mutex
	messages []string // not printed yet
	changed  chan struct{}
	stop     chan struct{}
	drawing  sync.WaitGroup
}

// startLive shows live lines on a terminal.
func startLive(f *os.File, o Options) *liveProgress {
	size := func() (int, int) {
		width, height, err := term.GetSize(int(f.Fd()))
		if err != nil || width <= 0 || height <= 0 {
			return 80, 24
		}
		return width, height
	}
	s := newLive(&screen{out: f, size: size}, o, paint(o.Color.On(f, o.Getenv)))
	s.drawing.Go(s.drawOn)
	return s
}

func newLive(on *screen, o Options, p paint) *liveProgress {
	s := &liveProgress{Tracker: progress.New(o.Now), screen: on, paint: p, changed: make(chan struct{}, 1), stop: make(chan struct{})}
	s.log = slog.New(slog.DiscardHandler)
	if o.Verbose {
		s.log = newLogger(lineWriter(s.print), Text, slog.LevelDebug)
	}
	return s
}

// drawOn draws until the run ends.
func (s *liveProgress) drawOn() {
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.changed:
		case <-s.stop:
			return
		}
		s.draw()
	}
}

func (s *liveProgress) draw() {
	width, height := s.screen.size()
	s.screen.draw(s.taken(), frame(s.State(), width, height, s.paint))
}

// taken returns the messages to print.
func (s *liveProgress) taken() (messages []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	messages, s.messages = s.messages, nil
	return messages
}

func (s *liveProgress) Logger() *slog.Logger { return s.log }
func (s *liveProgress) Note(message string)  { s.print(Clean(message)) }

// print prints a line above the live ones, soon.
func (s *liveProgress) print(line string) {
	s.mu.Lock()
	s.messages = append(s.messages, line)
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// Event prints a message, or notes what has changed.
func (s *liveProgress) Event(e export.Event) {
	if e.Message == "" {
		s.Tracker.Event(e)
		return
	}
	text := Clean(e.Message)
	if e.Table != "" {
		text = Clean(e.Table) + ": " + text
	}
	if e.Warning {
		text = s.paint.warning(text)
	}
	s.print(text)
}

// Transfer prints a message, or notes what has changed.
func (s *liveProgress) Transfer(e export.Transfer) {
	if e.Message != "" {
		s.print(s.paint.warning(Clean(e.Destination + ": " + e.Message)))
		return
	}
	s.Tracker.Transfer(e)
}

// Close removes the lines.
func (s *liveProgress) Close() {
	close(s.stop)
	s.drawing.Wait()
	s.screen.close(s.taken())
}

// lineWriter writes lines one by one.
type lineWriter func(line string)

func (w lineWriter) Write(text []byte) (int, error) {
	for line := range strings.Lines(string(text)) {
		w(strings.TrimSuffix(line, "\n"))
	}
	return len(text), nil
}

var _ io.Writer = lineWriter(nil)

package terminal

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"

	"mailerlake/client"
	"mailerlake/export"
)

// clock is a time that a test moves.
type clock struct{ passed atomic.Int64 }

func (c *clock) Now() time.Time {
	return time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC).Add(time.Duration(c.passed.Load()))
}

func (c *clock) pass(d time.Duration) { c.passed.Add(int64(d)) }

// logLines returns what was logged, without times.
func logLines(out *bytes.Buffer) string {
	var b strings.Builder
	for line := range strings.Lines(out.String()) {
		_, rest, _ := strings.Cut(line, " ")
		b.WriteString(rest)
	}
	return b.String()
}

func TestLog(t *testing.T) {
	var out bytes.Buffer
	c := &clock{}
	s := Start(&out, Options{Run: "export", Dataset: "my lake", Now: c.Now})
	s.Event(export.Event{Message: "finished the commit of an earlier run"})
	for page := range 150 { // a page a second, and a line a minute
		s.Event(export.Event{Table: "subscriber", Rows: int64(page+1) * 1000, Pages: page + 1})
		c.pass(time.Second)
	}
	s.Wait(client.Wait{Reason: client.WaitRate, Duration: 4 * time.Second})
	s.Wait(client.Wait{Reason: client.WaitRate, Duration: 40 * time.Second})
	s.Wait(client.Wait{Reason: client.WaitRate, Duration: 40 * time.Second}) // a second walk waits for the same
	c.pass(time.Minute)
	s.Wait(client.Wait{Reason: client.WaitRetry, Duration: 8 * time.Second, Cause: errors.New("get /groups: 502\x1b[2J")})
	s.Event(export.Event{Table: "subscriber", Rows: 150000, Pages: 150, Done: true})
	s.Event(export.Event{Table: "group", Message: "not exported: \u202egnp"})
	s.Logger().Debug("request")
	s.Note("stopping")
	s.Close()
	want(t, logLines(&out), `
level=INFO msg=started run=export dataset="my lake"
level=INFO msg="finished the commit of an earlier run"
level=INFO msg=scanning table=subscriber rows=61000 pages=61
level=INFO msg=scanning table=subscriber rows=121000 pages=121
level=INFO msg=waiting reason="rate limit" seconds=40
level=INFO msg=waiting reason=retry seconds=8 cause="get /groups: 502[2J"
level=INFO msg=scanned table=subscriber rows=150000 pages=150 seconds=210
level=INFO msg="not exported: gnp" table=group
level=INFO msg=stopping
level=INFO msg=ended seconds=210
`)
}

func TestLogLevels(t *testing.T) {
	logOf := func(o Options) string {
		var out bytes.Buffer
		s := Start(&out, o)
		s.Event(export.Event{Table: "group", Rows: 1, Pages: 1, Done: true})
		s.Logger().Debug("request", "path", "/groups")
		s.Logger().Warn("odd")
		s.Close()
		return logLines(&out)
	}
	want(t, logOf(Options{Quiet: true}), "level=WARN msg=odd\n")
	if got := logOf(Options{Verbose: true}); !strings.Contains(got, "level=DEBUG msg=request path=/groups\n") {
		t.Errorf("verbose: got %q", got)
	}
}

// TestLogEndsWithClose: requests that were given up may report after the run has ended, when its caller reads what it wrote.
func TestLogEndsWithClose(t *testing.T) {
	var out bytes.Buffer
	s := Start(&out, Options{Verbose: true})
	begun, stop := make(chan struct{}), make(chan struct{})
	var late sync.WaitGroup
	late.Go(func() {
		for i := 0; ; i++ {
			s.Logger().Debug("request")
			s.Wait(client.Wait{Reason: client.WaitRetry, Duration: time.Duration(i+1) * time.Minute})
			if i == 0 {
				close(begun)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	<-begun
	s.Close()
	atClose := out.String()
	close(stop)
	late.Wait()
	if !strings.Contains(atClose, "msg=request") || out.String() != atClose {
		t.Errorf("written until Close: %d bytes, in all: %d", len(atClose), out.Len())
	}
}

// console is a terminal of 80 columns that keeps its frames.
type console struct {
	bytes.Buffer
	frames chan frame
	width  int
}

type frame struct {
	text  string // what scrolls away, and the live lines below it
	lines int    // live ones
}

func (c *console) IsTerminal() bool               { return true }
func (c *console) GetTermSize() (int, int, error) { return c.width, 24, nil }
func (c *console) Flush(lines int) error {
	c.frames <- frame{c.String(), lines}
	c.Reset()
	return nil
}

// screen shows live progress on a console.
type screen struct {
	*liveProgress
	console *console
	refresh chan any
	clock   *clock
}

func newScreen(o Options, width int) *screen {
	s := &screen{console: &console{frames: make(chan frame, 1000), width: width}, refresh: make(chan any), clock: &clock{}}
	o.Now = s.clock.Now
	s.liveProgress = drawOn(mpb.New(mpb.WithConsoleWriter(s.console), mpb.WithManualRefresh(s.refresh)), o)
	return s
}

// draw returns the frame that is drawn now, without the spaces that pad its lines.
func (s *screen) draw() string {
	s.refresh <- s.clock.Now()
	var b strings.Builder
	for line := range strings.Lines((<-s.console.frames).text) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}

func TestLiveLines(t *testing.T) {
	s := newScreen(Options{Expect: map[string]int64{"subscriber": 5000}}, 80)
	s.Event(export.Event{Table: "subscriber", Rows: 1000, Pages: 1})
	want(t, s.draw(), `
subscriber  1,000 rows  1 page
0 s
`)
	s.clock.pass(10 * time.Second)
	s.Event(export.Event{Table: "subscriber", Rows: 3000, Pages: 3})
	s.Event(export.Event{Table: "campaign\x1b[2J", Rows: 1, Pages: 1, Done: true})
	s.Wait(client.Wait{Reason: client.WaitRate, Duration: 34 * time.Second})
	s.Wait(client.Wait{Reason: client.WaitRate, Duration: 2 * time.Second})
	want(t, s.draw(), `
subscriber   3,000 rows  3 pages  200 rows/s  10 s left
campaign[2J       1 row   1 page              done
10 s, waiting for the rate limit: 34 s
`)
	s.clock.pass(40 * time.Second)
	s.Wait(client.Wait{Reason: client.WaitRetry, Duration: 8 * time.Second})
	s.Event(export.Event{Table: "group", Message: "starting over: \x1b]0;x\x07"})
	want(t, s.draw(), `
group: starting over: ]0;x
subscriber   3,000 rows  3 pages  40 rows/s  50 s left
campaign[2J       1 row   1 page             done
50 s, trying again in 8 s
`)
	s.clock.pass(10 * time.Second)
	s.Event(export.Event{Table: "subscriber", Rows: 6000, Pages: 6, Done: true})
	s.clock.pass(time.Hour)
	want(t, s.draw(), `
subscriber   6,000 rows  6 pages  83 rows/s  done
campaign[2J       1 row   1 page             done
1 h 01 min, comparing and writing
`)
	s.Note("stopping")
	s.Close()
	last, all := frame{lines: -1}, ""
	for len(s.console.frames) > 0 {
		last = <-s.console.frames
		all += last.text
	}
	if last.lines != 0 || !strings.Contains(all, "stopping\n") {
		t.Errorf("at the end there are %d lines, and the output is %q", last.lines, all)
	}
}

func TestLiveLinesOnANarrowTerminal(t *testing.T) {
	s := newScreen(Options{}, 20)
	defer s.Close()
	s.Event(export.Event{Table: "subscriber", Rows: 1000, Pages: 1})
	s.Wait(client.Wait{Reason: client.WaitRate, Duration: 34 * time.Second})
	for line := range strings.Lines(s.draw()) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 20 {
			t.Errorf("%q is %d characters wide", line, n)
		}
	}
}

// TestLiveLinesSideBySide has many tables report at once while frames are drawn, for the race detector.
func TestLiveLinesSideBySide(t *testing.T) {
	s := newScreen(Options{Verbose: true}, 80)
	stop := make(chan struct{})
	var drawing, reporting sync.WaitGroup
	drawing.Go(func() {
		for {
			select {
			case <-stop:
				return
			case s.refresh <- s.clock.Now():
				<-s.console.frames
			}
		}
	})
	for i := range 8 {
		reporting.Go(func() {
			for page := range 50 {
				s.Event(export.Event{Table: fmt.Sprintf("table%d", i%4), Rows: int64(page), Pages: page, Done: page == 49})
				s.Wait(client.Wait{Reason: client.WaitRetry, Duration: time.Second})
				s.Logger().Debug("request", slog.Int("page", page))
			}
			s.Note("noted")
		})
	}
	reporting.Wait()
	close(stop)
	drawing.Wait()
	got := s.draw()
	for i := range 4 {
		if name := fmt.Sprintf("\ntable%d ", i); strings.Count("\n"+got, name) != 1 {
			t.Errorf("want one line of table%d, got\n%s", i, got)
		}
	}
	s.Close()
}

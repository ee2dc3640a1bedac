package terminal

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"mailerlake/client"
	"mailerlake/export"
	"mailerlake/export/progress"
)

const (
	// logEvery is how often the progress of a run is logged.
	logEvery = 30 * time.Second
	// Shorter waits are not logged: those for the rate limit that last no longer than its window are part of any long run.
	longRetry, longRate = 5 * time.Second, time.Minute
)

// logProgress writes a log: messages as they come, and one line every 30 seconds with how far the run is.
type logProgress struct {
	*progress.Tracker
	out    *logWriter
	log    *slog.Logger
	format LogFormat
	now    func() time.Time
	began  time.Time
	stop   chan struct{}
	ticks  sync.WaitGroup

	mu      sync.Mutex
	waitEnd time.Time       // of the last wait that was logged
	read    map[string]bool // tables whose end was logged
}

func startLog(w io.Writer, o Options) *logProgress {
	level := slog.LevelInfo
	switch {
	case o.Quiet:
		level = slog.LevelWarn
	case o.Verbose:
		level = slog.LevelDebug
	}
	out := &logWriter{w: w, paint: paint(o.Color.On(w, o.Getenv))}
	s := &logProgress{Tracker: progress.New(o.Now), out: out, log: newLogger(out, o.Format, level), format: o.Format, now: o.Now, began: o.Now(),
		stop: make(chan struct{}), read: map[string]bool{}}
	if o.Account != "" {
		s.log = s.log.With("account", Clean(o.Account))
	}
	s.log.Info("started", "run", o.Run, "dataset", o.Dataset)
	s.ticks.Go(s.logOn)
	return s
}

// logOn logs the progress until the run ends.
func (s *logProgress) logOn() {
	tick := time.NewTicker(logEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.report()
		case <-s.stop:
			return
		}
	}
}

// report logs how far the run is.
func (s *logProgress) report() {
	state := s.State()
	if s.format == LogJSON {
		s.log.Info("progress", s.members(state)...)
		return
	}
	s.log.Info(sentence(state))
}

// sentence says how far a run is: "46 % read, 1 min 20 s left; subscriber 60 % (12,000 of 20,000 rows); 18 of 30 tables read".
func sentence(s progress.State) string {
	var parts []string
	if reading(s) {
		head := "reading"
		if s.Share >= 0 {
			head = percent(s.Share) + " read"
		}
		if s.Left > 0 {
			head += ", " + span(s.Left) + " left"
		}
		parts = append(parts, head, strings.Join(readTables(s), ", "), fmt.Sprintf("%d of %s read", s.Read(), count(int64(len(s.Tables)), "table")))
	}
	for _, t := range s.Transfers {
		if t.Share < 1 {
			parts = append(parts, strings.Join(strings.Fields(transferLine(t, 1<<10)), " "))
		}
	}
	parts = append(parts, doing(s), waiting(s))
	text := ""
	for _, part := range parts {
		if part != "" && text != "" {
			text += "; "
		}
		text += part
	}
	if text == "" {
		return "running for " + span(s.Elapsed)
	}
	return text
}

func (s *logProgress) Logger() *slog.Logger { return s.log }
func (s *logProgress) Note(message string)  { s.log.Info(Clean(message)) }

// Close logs how long the run took.
func (s *logProgress) Close() {
	close(s.stop)
	s.ticks.Wait()
	s.log.Info("ended", "seconds", seconds(s.now().Sub(s.began)))
	s.out.close()
}

// Event logs a message, or notes what has changed.
func (s *logProgress) Event(e export.Event) {
	if e.Message == "" {
		s.Tracker.Event(e)
		return
	}
	level, args := slog.LevelInfo, []any(nil)
	if e.Warning {
		level = slog.LevelWarn
	}
	if e.Table != "" {
		args = []any{"table", Clean(e.Table)}
	}
	s.log.Log(context.Background(), level, Clean(e.Message), args...)
}

// Transfer logs a message, or notes what has changed.
func (s *logProgress) Transfer(e export.Transfer) {
	if e.Message == "" {
		s.Tracker.Transfer(e)
		return
	}
	s.log.Warn(Clean(e.Message), "destination", Clean(e.Destination))
}

// Wait logs long waits, except those that end no later than a wait logged before.
func (s *logProgress) Wait(w client.Wait) {
	s.Tracker.Wait(w)
	s.mu.Lock()
	defer s.mu.Unlock()
	until := s.now().Add(w.Duration)
	own := w.Reason == client.WaitRate && w.Cause == nil
	if own && w.Duration <= longRate || w.Duration < longRetry || until.Sub(s.waitEnd) < time.Second {
		return
	}
	s.waitEnd = until
	args := []any{"reason", string(w.Reason), "seconds", seconds(w.Duration)}
	if w.Cause != nil {
		args = append(args, "cause", Clean(w.Cause.Error()))
	}
	s.log.Info("waiting", args...)
}

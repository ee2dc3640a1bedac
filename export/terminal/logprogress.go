package terminal

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"mailerlake/client"
	"mailerlake/export"
)

const (
	longWait = 5 * time.Second // shorter waits are not logged
	logEvery = time.Minute     // for each table
)

// logProgress writes structured log lines. slog quotes what is not printable.
type logProgress struct {
	out   *logWriter
	log   *slog.Logger
	now   func() time.Time
	began time.Time

	mu      sync.Mutex
	tables  map[string]*logged
	sent    map[string]time.Time // by destination: when its progress was last logged
	waitEnd time.Time            // of the last wait that was logged
}

// logged is what was last logged about a table.
type logged struct {
	began, last time.Time
	done        bool
}

func newLog(w io.Writer, o Options) *logProgress {
	level := slog.LevelInfo
	switch {
	case o.Quiet:
		level = slog.LevelWarn
	case o.Verbose:
		level = slog.LevelDebug
	}
	out := &logWriter{w: w}
	log := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level}))
	log.Info("started", "run", o.Run, "dataset", o.Dataset)
	return &logProgress{out: out, log: log, now: o.Now, began: o.Now(), tables: map[string]*logged{}, sent: map[string]time.Time{}}
}

func (s *logProgress) Logger() *slog.Logger { return s.log }
func (s *logProgress) Note(message string)  { s.log.Info(Clean(message)) }

// Close logs how long the run took.
func (s *logProgress) Close() {
	s.log.Info("ended", "seconds", seconds(s.now().Sub(s.began)))
	s.out.close()
}

// logWriter writes a log until it is closed: a batch of requests whose callers gave up, or have their answers, may report a
// little after the run has ended, when w belongs to others again.
type logWriter struct {
	mu sync.Mutex
	w  io.Writer // nil once it is closed
}

func (l *logWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.w == nil {
		return len(line), nil
	}
	return l.w.Write(line)
}

func (l *logWriter) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.w = nil
}

func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

// Event logs messages, the end of each table's scan, and its progress once in a while.
func (s *logProgress) Event(e export.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Message != "" {
		level := slog.LevelInfo
		if e.Warning {
			level = slog.LevelWarn
		}
		s.log.Log(context.Background(), level, Clean(e.Message), tableOf(e)...)
		return
	}
	now := s.now()
	t := s.tables[e.Table]
	if t == nil {
		t = &logged{began: now, last: now}
		s.tables[e.Table] = t
	}
	switch {
	case e.Done && !t.done:
		t.done = true
		s.log.Info("scanned", append(progressOf(e), "seconds", seconds(now.Sub(t.began)))...)
	case now.Sub(t.last) >= logEvery:
		t.last = now
		s.log.Info("scanning", progressOf(e)...)
	}
}

func tableOf(e export.Event) []any {
	if e.Table == "" {
		return nil
	}
	return []any{"table", e.Table}
}

func progressOf(e export.Event) []any { return append(tableOf(e), "rows", e.Rows, "pages", e.Pages) }

// Wait logs long waits, except those that end no later than a wait logged before.
func (s *logProgress) Wait(w client.Wait) {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := s.now().Add(w.Duration)
	if w.Duration < longWait || until.Sub(s.waitEnd) < time.Second {
		return
	}
	s.waitEnd = until
	args := []any{"reason", string(w.Reason), "seconds", seconds(w.Duration)}
	if w.Cause != nil {
		args = append(args, "cause", Clean(w.Cause.Error()))
	}
	s.log.Info("waiting", args...)
}

package terminal

import (
	"bytes"
	"io"
	"log/slog"
	"sync"
	"time"
)

// LogFormat is how lines on stderr are written: Text or LogJSON.
type LogFormat string

// The values of LogFormat.
const (
	Text    LogFormat = "text"
	LogJSON LogFormat = "json" // one object a line
)

// newLogger returns a logger of lines. slog quotes what is not printable, and writes no line in parts.
func newLogger(w io.Writer, f LogFormat, level slog.Level) *slog.Logger {
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: inUTC}
	if f == LogJSON {
		o.ReplaceAttr = inSeconds
		return slog.New(slog.NewJSONHandler(escaped{w}, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// inUTC writes the time of a line in UTC, to the second: whoever reads a log beside others, of whatever zone, can compare them.
func inUTC(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime {
		a.Value = slog.StringValue(a.Value.Time().UTC().Format(time.RFC3339))
	}
	return a
}

// inSeconds writes times in UTC, to the millisecond, and durations in seconds, which the name then says.
func inSeconds(groups []string, a slog.Attr) slog.Attr {
	switch {
	case len(groups) == 0 && a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime:
		a.Value = slog.StringValue(a.Value.Time().UTC().Format("2006-01-02T15:04:05.000Z07:00"))
	case a.Value.Kind() == slog.KindDuration:
		a.Key, a.Value = a.Key+"_seconds", slog.Float64Value(seconds(a.Value.Duration()))
	}
	return a
}

func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

// escaped escapes what could control a terminal; JSON stays the same.
type escaped struct{ w io.Writer }

func (e escaped) Write(line []byte) (int, error) {
	if _, err := e.w.Write(escape(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}

// logWriter writes a log until it is closed: a batch of requests whose callers gave up, or have their answers, may report a
// little after the run has ended, when w belongs to others again.
type logWriter struct {
	paint paint
	mu    sync.Mutex
	w     io.Writer // nil once it is closed
}

func (l *logWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.w == nil {
		return len(line), nil
	}
	if bool(l.paint) && bytes.Contains(line, []byte(" level=WARN ")) {
		painted := l.paint.warning(string(bytes.TrimSuffix(line, []byte("\n")))) + "\n"
		_, err := io.WriteString(l.w, painted)
		return len(line), err
	}
	return l.w.Write(line)
}

func (l *logWriter) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.w = nil
}

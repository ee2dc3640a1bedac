package terminal

import (
	"context"
	"fmt"
	"io"
	"log/slog"
)

// Messages are what a command says on stderr beside its progress: for people, or as a log of JSON objects.
type Messages struct {
	w     io.Writer
	log   *slog.Logger // nil for people
	paint paint
}

// NewMessages returns Messages on w.
func NewMessages(w io.Writer, f LogFormat, c Color, getenv func(string) string) *Messages {
	if f == LogJSON {
		return &Messages{w: w, log: newLogger(w, f, slog.LevelInfo)}
	}
	return &Messages{w: w, paint: paint(c.On(w, getenv))}
}

// Info says what was done.
func (m *Messages) Info(text string, args ...any) {
	if m.log == nil {
		fmt.Fprintln(m.w, Clean(text))
		return
	}
	m.log.Info(Clean(text), args...)
}

// Error says what has failed. args, pairs of a name and a value, are members of the JSON object alone.
func (m *Messages) Error(text string, args ...any) { m.say(slog.LevelError, "", text, args) }

// Problem says what was left undone.
func (m *Messages) Problem(text string, args ...any) { m.say(slog.LevelWarn, "", text, args) }

// Warning says what is not as it should be.
func (m *Messages) Warning(text string, args ...any) { m.say(slog.LevelWarn, "warning: ", text, args) }

// Hint says what to do after an error; in JSON, the error's own object has it.
func (m *Messages) Hint(text string) {
	if m.log == nil {
		m.Info(text)
	}
}

func (m *Messages) say(level slog.Level, kind, text string, args []any) {
	text = Clean(text)
	if m.log != nil {
		m.log.Log(context.Background(), level, text, args...)
		return
	}
	style := m.paint.warning
	if level == slog.LevelError {
		style = m.paint.failure
	}
	fmt.Fprintln(m.w, style("mailerlake: "+kind+text))
}

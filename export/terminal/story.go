package terminal

import (
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/term"

	"mailerlake/client"
	"mailerlake/export"
)

// Options say how the story of a run is told.
type Options struct {
	// Run and Dataset name what is done, and to which directory.
	Run, Dataset string
	// Quiet leaves only warnings.
	Quiet bool
	// Verbose adds every request, at debug level.
	Verbose bool
	// Expect is how many rows each table probably has, by name: what is known of the time left.
	Expect map[string]int64
	// Now tells the time; nil means time.Now.
	Now func() time.Time
}

// Story tells how a run goes, as it goes. All methods but Close are safe for concurrent use.
type Story interface {
	// Event tells of a step of the run. It fits export.Options.OnEvent.
	Event(export.Event)
	// Wait tells that a request is held back. It fits client.Options.OnWait.
	Wait(client.Wait)
	// Note tells something in words.
	Note(message string)
	// Logger takes what the client says of its requests.
	Logger() *slog.Logger
	// Close ends the story. What was drawn is gone, what was said stays. No method but Close may be called afterwards.
	Close()
}

// Start begins to tell on w: with live lines if w is a terminal and nobody asked for quiet, else as a log.
func Start(w io.Writer, o Options) Story {
	if o.Now == nil {
		o.Now = time.Now
	}
	if f, ok := w.(*os.File); ok && !o.Quiet && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		return startLive(f, o)
	}
	return newLog(w, o)
}

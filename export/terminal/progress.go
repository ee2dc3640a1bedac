package terminal

import (
	"io"
	"log/slog"
	"os"
	"time"

	"mailerlake/client"
	"mailerlake/export"
	"mailerlake/export/progress"
)

// Options control how progress is shown.
type Options struct {
	// Run and Dataset are the command and the directory it works on.
	Run, Dataset string
	// Account names one of several accounts in the log; empty if there is only one.
	Account string
	// Quiet shows only warnings.
	Quiet bool
	// Verbose adds every request, at debug level.
	Verbose bool
	// Format is that of the log; empty means Text.
	Format LogFormat
	// Color says when colours are used; empty means Auto.
	Color Color
	// Getenv returns variables of the environment; nil means os.Getenv.
	Getenv func(string) string
	// Now returns the time; nil means time.Now.
	Now func() time.Time
}

// Progress shows how a run is going. All methods but Close are safe for concurrent use.
type Progress interface {
	// Event shows a step of the run. It fits export.Options.OnEvent.
	Event(export.Event)
	// Expect takes over about how much there is to read. It fits export.Options.OnExpect.
	Expect(export.Expected)
	// Watch sets what tells about the requests.
	Watch(progress.Meter)
	// Transfer shows a step of a publish or a restore. It fits export.Options.OnTransfer.
	Transfer(export.Transfer)
	// Wait shows that a request is held back. It fits client.Options.OnWait.
	Wait(client.Wait)
	// Note shows a message.
	Note(message string)
	// Logger logs the requests of the client.
	Logger() *slog.Logger
	// Close removes the live lines; messages stay. Event and Note may not be called afterwards; what Wait and Logger are still
	// told is not shown.
	Close()
}

// Start shows progress on w: as live lines if w is a terminal and nothing else is asked for, else as a log.
func Start(w io.Writer, o Options) Progress {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if f, ok := w.(*os.File); ok && !o.Quiet && o.Format != LogJSON && o.Getenv("TERM") != "dumb" && understandsEscapes(w) {
		return startLive(f, o)
	}
	return startLog(w, o)
}

// Command mailerlake exports a whole MailerLite account into a directory of Parquet datasets and keeps it up to date.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"mailerlake/export/command"
)

// version is set by the linker (-X main.version=v1.2.3); if it is empty, the version comes from the build.
var version string

// memoryLimit is where the garbage collector begins to work harder. It keeps the peak memory of an export of any size
// near that of a small one, at no measurable cost in CPU.
const memoryLimit = 108 << 20

func main() {
	ctx := untilSignal()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	err := command.Run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr, os.Getenv, version, os.Environ()...)
	os.Exit(command.ExitCode(err))
}

// untilSignal returns a context that ends with the first signal. The second signal ends the process at once, whatever
// it is doing. A signal that comes earlier, in the few milliseconds in which packages are initialised, ends the process
// in the system's default way: killed by SIGINT, which shells also report as 130.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(command.ExitCode(context.Canceled))
	}()
	return ctx
}

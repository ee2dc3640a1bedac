package terminal

import (
	"os"

	"golang.org/x/sys/windows"
)

// enableEscapes has a console understand escape sequences, and reports whether it does. Those before Windows 10 do not.
func enableEscapes(f *os.File) bool {
	console, mode := windows.Handle(f.Fd()), uint32(0)
	if windows.GetConsoleMode(console, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(console, mode|windows.ENABLE_PROCESSED_OUTPUT|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}

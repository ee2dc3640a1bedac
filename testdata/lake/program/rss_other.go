//go:build !linux

package program

import "os"

// peakRSS is known on Linux only.
func peakRSS(*os.ProcessState) int64 { return 0 }

package program

import (
	"os"
	"syscall"
)

// peakRSS returns the greatest resident set of a process that has ended.
func peakRSS(s *os.ProcessState) int64 { return s.SysUsage().(*syscall.Rusage).Maxrss << 10 }

package program

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// watchRSS returns the greatest resident set of a process, in bytes, as far as that was seen before ended was closed. The
// system's own account of a process that has ended is of no use: it begins with the size of the test that started it.
func watchRSS(pid int, ended <-chan struct{}) (peak int64) {
	for {
		select {
		case <-ended:
			return peak
		case <-time.After(5 * time.Millisecond):
		}
		peak = max(peak, highWater(pid))
	}
}

// highWater returns the greatest resident set that a process has had, in bytes; 0 if it is gone.
func highWater(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	var kib int64
	for line := range strings.Lines(string(status)) {
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return 0
}

// Package lake proves, against object stores that others wrote, what publishing promises: with faults and deaths at every
// request a destination is brought to the dataset's state or left as it was, and never mixed.
//
// The tests run the program as a user does. They run a sample of the cases; LAKE=all runs all of them.
package lake

import (
	"os"
	"testing"

	"mailerlake/testdata/lake/program"
	"mailerlake/testdata/lake/servers"
)

func TestMain(m *testing.M) {
	code := m.Run()
	servers.Stop()
	program.Remove()
	removeDays()
	os.Exit(code)
}

// all says that every case is run, not a sample.
var all = os.Getenv("LAKE") == "all"

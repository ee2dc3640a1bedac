package readers

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
	os.Exit(code)
}

package command

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"mailerlake/client"
	"mailerlake/export/command/config"
	"mailerlake/export/terminal"
)

// TestMetricsThatCannotBeWritten: an export that is done is done in part then; another error stays, and a warning tells.
func TestMetricsThatCannotBeWritten(t *testing.T) {
	flags := flag.NewFlagSet("export", flag.ContinueOnError)
	flags.String("metrics", filepath.Join(t.TempDir(), "gone", "lake.prom"), "")
	c := cli.NewContext(&cli.App{}, flags, nil)
	for _, before := range []error{nil, client.ErrUnauthorized} {
		var stderr bytes.Buffer
		p := &program{stderr: &stderr, getenv: func(string) string { return "" }}
		p.say, _ = p.messages(terminal.Text, terminal.Never)
		err := p.writeMetrics(c, []ran{{dataset: "lake", ended: time.Now()}}, before)
		told := stderr.String() + message(err)
		if want := max(3, ExitCode(before)); ExitCode(err) != want || strings.Count(told, "metrics: write ") != 1 || !strings.Contains(told, "lake.prom: no such file") {
			t.Errorf("after %v: exit code %d, want %d; told %q", before, ExitCode(err), want, told)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(filepath.Dir(c.String("metrics")))); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestWithoutSecrets: no variable that holds a key, by its name or its value, reaches the command of --on-failure.
func TestWithoutSecrets(t *testing.T) {
	p := &program{call: settings{file: &config.Config{Settings: config.Settings{Key: config.Key{Variable: "MAIN_KEY"}},
		Accounts: []config.Account{{Name: "a", Settings: config.Settings{Key: config.Key{Variable: "KEY_OF_A"}}}, {Name: "b"}}}}}
	got := p.withoutSecrets([]string{"PATH=/bin", "MAILERLITE_API_KEY=k1", "MAILERLAKE_HASH_KEY=k2=", "MAIN_KEY=k3", "KEY_OF_A=k4", "COPY=k4", "OTHER=k2=",
		"MAILERLAKE_ON_FAILURE=true", "MAILERLAKE_OUT=lake", "EMPTY=", "KEY_OF_B=k1x"})
	if d := cmp.Diff([]string{"PATH=/bin", "MAILERLAKE_OUT=lake", "EMPTY=", "KEY_OF_B=k1x"}, got); d != "" {
		t.Errorf("environment (-want +got)\n%s", d)
	}
	plain := []string{"PATH=/bin", "MAIN_KEY=k3"}
	if got := (&program{}).withoutSecrets(plain); !slices.Equal(got, plain) {
		t.Errorf("without a config file: got %q", got)
	}
}

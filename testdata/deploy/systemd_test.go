package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const unit, timer = "mailerlake.service", "mailerlake.timer"

// settings are the settings of a unit file, each with its values.
func settings(t *testing.T, text string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.ContainsAny(line[:1], "#[") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			t.Fatalf("unit: %q", line)
		}
		found[name] = append(found[name], value)
	}
	return found
}

// outcome is what systemd makes of an exit code of a service with Restart=on-failure.
func outcome(s map[string][]string, code string) string {
	has := func(name string) bool { return slices.Contains(strings.Fields(strings.Join(s[name], " ")), code) }
	switch {
	case code == "0" || has("SuccessExitStatus"):
		return "succeeded"
	case has("RestartPreventExitStatus"):
		return "failed"
	}
	return "tried again"
}

// TestSystemd runs the service's command as an unprivileged user who can write to the state directory alone.
func TestSystemd(t *testing.T) {
	n := newNight(t)
	state, credentials := n.mkdir(t, "state", 0o750), n.mkdir(t, "credentials", 0o755)
	write := func(key string) {
		if err := os.Chown(n.write(t, "credentials/api-key", key), 65532, 65532); err != nil {
			t.Skip("only root can give files away")
		}
	}
	s := settings(t, recipe(t, unit))
	if s["Restart"][0] != "on-failure" || s["StateDirectory"][0] != "mailerlake" {
		t.Fatalf("the test does not know these settings: %q", s)
	}
	command := strings.NewReplacer("/usr/local/bin", n.bin, "${STATE_DIRECTORY}", state, "${CREDENTIALS_DIRECTORY}", credentials).Replace(s["ExecStart"][0])
	night := func(t *testing.T, code int, want string) {
		t.Helper()
		args := strings.Fields(command)
		out, err := confined(t, state, []string{"MAILERLITE_API_URL=" + n.url}, args[0], args[1:]...).CombinedOutput()
		if got := exitCode(t, err); got != code || strings.Contains(string(out), key) {
			t.Fatalf("exit code %d, want %d\n%s", got, code, out)
		}
		if got := outcome(s, exitText(code)); got != want {
			t.Errorf("exit code %d: %s, want %s", code, got, want)
		}
	}
	write(key)
	t.Run("first", func(t *testing.T) { night(t, 0, "succeeded") })
	t.Run("overlap", func(t *testing.T) {
		defer n.lock(t, filepath.Join(state, "lake"))()
		night(t, 6, "succeeded")
	})
	t.Run("partial", func(t *testing.T) {
		n.lose(t)
		night(t, 3, "failed")
	})
	t.Run("refused key", func(t *testing.T) {
		write("revoked")
		night(t, 5, "failed")
	})
}

// TestSystemdCodes says what becomes of every exit code.
func TestSystemdCodes(t *testing.T) {
	want := map[string]string{"0": "succeeded", "6": "succeeded", "130": "succeeded",
		"1": "tried again", "2": "tried again", "8": "tried again", // 2 and 8 are those of other commands
		"3": "failed", "4": "failed", "5": "failed", "7": "failed"}
	s := settings(t, recipe(t, unit))
	for _, code := range exitCodes(t) {
		if got := outcome(s, code); got != want[code] {
			t.Errorf("exit code %s: %s, want %s", code, got, want[code])
		}
	}
}

// TestSystemdAnalyze has systemd check the units, and how much the service could do if it were taken over.
func TestSystemdAnalyze(t *testing.T) {
	analyze := needCommand(t, "systemd-analyze")
	n := newNight(t)
	service := n.write(t, unit, replaced(t, recipe(t, unit), "/usr/local/bin", n.bin))
	for _, args := range [][]string{
		{"verify", service, n.write(t, timer, recipe(t, timer))},
		{"security", "--offline=yes", "--threshold=20", "--no-pager", service}, // 2.0 of 10
	} {
		out, err := exec.Command(analyze, args...).CombinedOutput()
		if err != nil || args[0] == "verify" && len(out) > 0 {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
	}
}

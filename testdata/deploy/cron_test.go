package deploy

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// crontab is what cron takes from the recipe: the variables, and the command of its one line.
type crontab struct {
	env     []string
	command string
}

var (
	cronVariable = regexp.MustCompile(`^[A-Za-z_]+=`)
	cronLine     = regexp.MustCompile(`^(?:[\d*,/-]+ +){5}(.*)$`)
)

func parseCrontab(t *testing.T, text string) (c crontab) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch m := cronLine.FindStringSubmatch(line); {
		case line == "" || strings.HasPrefix(line, "#"):
		case cronVariable.MatchString(line):
			c.env = append(c.env, line)
		case m == nil || c.command != "" || strings.Contains(m[1], "%"): // cron takes % for the end of the line
			t.Fatalf("crontab: %q", line)
		default:
			c.command = m[1]
		}
	}
	return c
}

// TestCron runs the line as cron does: by sh, with hardly any environment. What it prints would be mailed.
func TestCron(t *testing.T) {
	n := newNight(t)
	home := n.mkdir(t, "home", 0o755)
	n.write(t, "home/.mailerlite-key", key)
	c := parseCrontab(t, replaced(t, recipe(t, "crontab"), "/usr/local/bin", n.bin))
	night := func(t *testing.T, mail string) {
		t.Helper()
		cmd := exec.Command("/bin/sh", "-c", c.command)
		cmd.Dir = home
		cmd.Env = append([]string{"HOME=" + home, "LOGNAME=me", "SHELL=/bin/sh", "PATH=/usr/bin:/bin", "MAILERLITE_API_URL=" + n.url}, c.env...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v", err)
		}
		if got := string(out); (mail == "") != (got == "") || !strings.Contains(got, mail) || strings.Contains(got, key) {
			t.Errorf("the mail is %q, want %q in it", got, mail)
		}
	}
	t.Run("first", func(t *testing.T) { night(t, "") })
	t.Run("no changes", func(t *testing.T) { night(t, "") })
	t.Run("overlap", func(t *testing.T) {
		defer n.lock(t, filepath.Join(home, "lake"))()
		night(t, "")
	})
	t.Run("partial", func(t *testing.T) {
		n.lose(t)
		night(t, "withheld")
	})
	t.Run("refused key", func(t *testing.T) {
		n.write(t, "home/.mailerlite-key", "revoked")
		night(t, "401 Unauthorized")
	})
}

// TestCronInReadme says that the README shows the lines of the file, and names the other recipes.
func TestCronInReadme(t *testing.T) {
	readme := recipe(t, "../../README.md")
	var lines []string
	for line := range strings.Lines(recipe(t, "crontab")) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	if block := "```\n" + strings.Join(lines, "") + "```\n"; !strings.Contains(readme, block) {
		t.Errorf("the README lacks\n%s", block)
	}
	for _, name := range []string{unit, timer, "github-actions.yml", "cronjob.yaml"} {
		if !strings.Contains(readme, "(testdata/deploy/"+name+")") {
			t.Errorf("the README does not lead to %s", name)
		}
	}
}

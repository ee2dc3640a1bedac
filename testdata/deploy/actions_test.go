package deploy

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"mailerlake/testdata/lake/servers"
)

// workflow is the part of a GitHub workflow that the test follows.
type workflow struct {
	Concurrency struct {
		Cancel bool `yaml:"cancel-in-progress"`
	}
	Jobs map[string]struct {
		Env   map[string]string
		Steps []step
	}
}

type step struct {
	Name, If, Run, Uses string
	Env                 map[string]string
}

// runner runs the steps of a workflow as GitHub does.
type runner struct {
	dir, bin string
	values   map[string]string        // of expressions
	before   map[string]func(*runner) // what happens before a step
	log      strings.Builder
}

var expression = regexp.MustCompile(`\$\{\{ *(.*?) *\}\}`)

// env gives variables their values. An expression that the test does not know fails it.
func (r *runner) env(t *testing.T, vars ...map[string]string) (env []string) {
	t.Helper()
	for _, v := range vars {
		for name, value := range v {
			env = append(env, name+"="+expression.ReplaceAllStringFunc(value, func(e string) string {
				known, ok := r.values[expression.FindStringSubmatch(e)[1]]
				if !ok {
					t.Fatalf("%s: the test has no value for %s", name, e)
				}
				return known
			}))
		}
	}
	return env
}

// run runs the steps, and reports whether the job succeeded.
func (r *runner) run(t *testing.T, w *workflow) bool {
	t.Helper()
	job := w.Jobs["export"]
	path := r.bin + ":/usr/bin:/bin"
	failed := false
	for _, s := range job.Steps {
		if s.Uses != "" || s.Run == "" || s.If != "" && s.If != "always()" {
			t.Fatalf("the test cannot run the step %+v", s)
		}
		if failed && s.If == "" {
			continue
		}
		if happens := r.before[s.Name]; happens != nil {
			happens(r)
		}
		cmd := exec.Command("bash", "-e", "-c", s.Run)
		cmd.Dir = r.dir
		paths := filepath.Join(r.dir, "github-path")
		cmd.Env = append(r.env(t, job.Env, s.Env), "PATH="+path, "HOME="+r.dir, "GITHUB_PATH="+paths, "GITHUB_STEP_SUMMARY="+filepath.Join(r.dir, "summary.md"))
		cmd.Env = append(cmd.Env, "MAILERLITE_API_URL="+r.values["url"])
		out, err := cmd.CombinedOutput()
		fmt.Fprintf(&r.log, "== %s\n%s", s.Name, out)
		failed = failed || err != nil
		if more, err := os.ReadFile(paths); err == nil {
			path = strings.TrimSpace(string(more)) + ":" + path
		}
	}
	return !failed
}

// newRunner gives a job a fresh machine, with the command gh and the releases that it finds.
func (n *night) newRunner(t *testing.T) *runner {
	t.Helper()
	n.write(t, "gh", `#!/bin/sh
[ "$*" = "release download v1.2.3 --repo me/mailerlake --pattern mailerlake_*_linux_amd64.tar.gz --pattern checksums.txt" ] || exit 2
cp `+n.dir+`/release/* .
`)
	bin := n.mkdir(t, "tools", 0o755)
	copyFile(t, filepath.Join(n.dir, "gh"), filepath.Join(bin, "gh"), 0o755)
	return &runner{dir: t.TempDir(), bin: bin, values: map[string]string{
		"vars.LAKE": "file://" + filepath.Join(n.dir, "bucket"), "vars.AWS_REGION": "eu-central-1", "secrets.AWS_ACCESS_KEY_ID": "", "secrets.AWS_SECRET_ACCESS_KEY": "",
		"secrets.MAILERLITE_API_KEY": key, "github.token": "token", "vars.MAILERLAKE_REPOSITORY": "me/mailerlake", "vars.MAILERLAKE_VERSION": "v1.2.3", "url": n.url,
	}}
}

// release makes what a release holds for one system, and a line about another.
func (n *night) release(t *testing.T) {
	t.Helper()
	dir := n.mkdir(t, "release", 0o755)
	const name = "mailerlake_1.2.3_linux_amd64.tar.gz"
	out, err := exec.Command("bash", "-ec", `tar -I "gzip -1" -cf "$1/$3" -C "$2" mailerlake; cd "$1"; { sha256sum "$3"; echo "$(printf %064d 0)  other.zip"; } >checksums.txt`,
		"release", dir, n.bin, name).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestActions runs the steps of the workflow night by night, each on a machine of its own.
func TestActions(t *testing.T) {
	n := newNight(t)
	n.release(t)
	n.mkdir(t, "bucket", 0o755)
	var w workflow
	if err := yaml.Unmarshal([]byte(recipe(t, "github-actions.yml")), &w); err != nil || w.Concurrency.Cancel {
		t.Fatalf("%v, %+v", err, w)
	}
	night := func(t *testing.T, arrange func(*runner), good bool, want string) {
		t.Helper()
		r := n.newRunner(t)
		if arrange != nil {
			arrange(r)
		}
		if got := r.run(t, &w); got != good || !strings.Contains(r.log.String(), want) || strings.Contains(r.log.String(), key) {
			t.Errorf("success %t, want %t, and %q in\n%s", got, good, want, r.log.String())
		}
		if summary, err := os.ReadFile(filepath.Join(r.dir, "summary.md")); good && (err != nil || !strings.Contains(string(summary), "subscriber")) {
			t.Errorf("the summary is %q, %v", summary, err)
		}
	}
	t.Run("first", func(t *testing.T) { night(t, nil, true, "Nothing to restore") })
	t.Run("second", func(t *testing.T) { night(t, nil, true, "Restored snapshot 2") })
	t.Run("overlap", func(t *testing.T) {
		lock := func(r *runner) { t.Cleanup(n.lock(t, filepath.Join(r.dir, "lake"))) }
		night(t, func(r *runner) { r.before = map[string]func(*runner){"Export and publish": lock} }, true, "::notice title=MailerLite export::skipped")
	})
	t.Run("refused key", func(t *testing.T) {
		night(t, func(r *runner) { r.values["secrets.MAILERLITE_API_KEY"] = "revoked" }, false, "401 Unauthorized")
	})
	t.Run("partial", func(t *testing.T) {
		n.lose(t)
		night(t, nil, true, "::warning title=MailerLite export::done in part")
		night(t, nil, true, "Restored snapshot ") // what was done in part is published
	})
	t.Run("partial, not published", func(t *testing.T) {
		log, err := filepath.Glob(filepath.Join(n.dir, "bucket/subscriber/_delta_log/*.json"))
		if err != nil || len(log) == 0 {
			t.Fatalf("the log of the table is %q, %v", log, err)
		}
		n.write(t, fmt.Sprintf("bucket/subscriber/_delta_log/%020d.json", len(log)), `{"commitInfo":{"operation":"OPTIMIZE"}}`)
		n.account.Advance(1)
		night(t, nil, false, "Not published: ")
	})
}

// TestActionlint checks the recipe and the project's own workflows, and that they take no action but by its commit.
func TestActionlint(t *testing.T) {
	lint := filepath.Join(servers.Tools(), "bin", "actionlint")
	servers.Need(t, lint, "deploy")
	own, err := filepath.Glob("../../.github/workflows/*.yml")
	if err != nil || len(own) != 2 {
		t.Fatalf("the workflows are %q, %v; want two", own, err)
	}
	files := append(own, "github-actions.yml")
	if out, err := exec.Command(lint, append([]string{"-no-color", "-shellcheck=", "-pyflakes="}, files...)...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	pinned := regexp.MustCompile(`^[\w-]+/[\w-]+@[0-9a-f]{40}$`)
	for _, file := range files {
		var w workflow
		if err := yaml.Unmarshal([]byte(recipe(t, file)), &w); err != nil || len(w.Jobs) != 1 {
			t.Fatalf("%s: %v, %d jobs", file, err, len(w.Jobs))
		}
		for _, name := range slices.Collect(maps.Keys(w.Jobs)) {
			for _, s := range w.Jobs[name].Steps {
				if s.Uses != "" && !pinned.MatchString(s.Uses) {
					t.Errorf("%s: %s is not a commit", file, s.Uses)
				}
			}
		}
	}
}

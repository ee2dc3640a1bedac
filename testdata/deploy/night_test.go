// Package deploy has the recipes for a run every night, and tests that follow them: each runs the program in the environment that
// cron, systemd, GitHub Actions or Kubernetes gives it, and looks at what becomes of its exit code.
package deploy

import (
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/testdata/lake/program"
	"mailerlake/testdata/lake/servers"
)

func TestMain(m *testing.M) {
	code := m.Run()
	program.Remove()
	os.Exit(code)
}

// key opens the account of a test. No recipe may print it.
const key = "sekret-4711"

// night is a machine on which a recipe runs: an account that it can reach, and directories that any user may enter.
type night struct {
	account *mailerlitetest.Account
	url     string // of the API
	dir     string
	bin     string // a directory with the program in it
}

func newNight(t *testing.T) *night {
	t.Helper()
	a := mailerlitetest.New(mailerlitetest.Options{Seed: 3, Subscribers: 200, Groups: 3, Campaigns: 2, Key: key, AccountID: "4711", RatePerMinute: -1})
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	n := &night{account: a, url: server.URL + "/api", dir: t.TempDir()}
	if err := os.Chmod(filepath.Dir(n.dir), 0o755); err != nil { // for other users
		t.Fatal(err)
	}
	n.bin = n.mkdir(t, "bin", 0o755)
	copyFile(t, program.Build(t), filepath.Join(n.bin, "mailerlake"), 0o755)
	return n
}

// mkdir makes a directory of the machine.
func (n *night) mkdir(t *testing.T, name string, mode os.FileMode) string {
	t.Helper()
	dir := filepath.Join(n.dir, name)
	if err := os.MkdirAll(dir, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

// write writes a file of the machine that its owner alone can read.
func (n *night) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(n.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// lose deletes many subscribers, so that an export withholds their deletes: exit code 3.
func (n *night) lose(t *testing.T) {
	t.Helper()
	ids := n.account.IDs("subscriber")
	for _, id := range ids[:len(ids)/2] {
		n.account.DeleteSubscriber(id)
	}
}

// lock uses a dataset as another run does, so that an export ends with exit code 6. The function returned ends that.
func (n *night) lock(t *testing.T, dir string) func() {
	t.Helper()
	d, err := dataset.Open(disk.OS(false), dir)
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unlock(); err != nil {
			t.Error(err)
		}
	}
}

// exitCode is the exit code of a command that ran.
func exitCode(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	exit, ok := err.(*exec.ExitError)
	if !ok {
		t.Fatal(err)
	}
	return exit.ExitCode()
}

// exitCodes are the codes that the program's help lists.
func exitCodes(t *testing.T) []string {
	t.Helper()
	var codes []string
	for _, m := range regexp.MustCompile(`(?m)^ +(\d+)  `).FindAllStringSubmatch(program.Must(t, program.Command{Args: []string{"--help"}}).Stdout, -1) {
		codes = append(codes, m[1])
	}
	if len(codes) < 10 {
		t.Fatalf("the help lists the exit codes %q, want ten", codes)
	}
	return codes
}

// confined is a command that runs as user 65532 without any privilege, on a system on which it can write to one directory alone.
func confined(t *testing.T, writable string, env []string, name string, args ...string) *exec.Cmd {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can take its rights away from a program")
	}
	for _, tool := range []string{"unshare", "setpriv"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	if err := os.Chown(writable, 65532, 65532); err != nil {
		t.Fatal(err)
	}
	const script = `set -e
mount --bind "$0" "$0"
mount -o remount,bind,ro /
exec setpriv --reuid=65532 --regid=65532 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"`
	cmd := exec.Command("unshare", append([]string{"--mount", "sh", "-c", script, writable, name}, args...)...)
	cmd.Dir = writable
	cmd.Env = append([]string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin"}, env...)
	return cmd
}

// recipe returns a file of this directory.
func recipe(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// replaced returns a text with one thing in it replaced, which must be there.
func replaced(t *testing.T, text, old, new string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("%q is missing in\n%s", old, text)
	}
	return strings.ReplaceAll(text, old, new)
}

func copyFile(t *testing.T, from, to string, mode os.FileMode) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

func exitText(code int) string { return strconv.Itoa(code) }

// needCommand returns the path of a command of the system. Where the tools are installed, it must be there.
func needCommand(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path = "/usr/bin/" + name
	}
	servers.Need(t, path, "deploy")
	return path
}

//go:build unix

package readers

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"mailerlake/testdata/lake/servers"
)

// startPostgres starts a Postgres that ends with the test, and returns the environment in which psql finds it.
func startPostgres(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	ctl := append([]string{"/usr/lib/postgresql"}, found...)[len(found)]
	if len(found) == 0 {
		ctl = "/usr/lib/postgresql/15/bin/pg_ctl"
	}
	servers.Need(t, ctl, "postgres")
	dir, err := os.MkdirTemp("", "postgres-") // not the test's: only its owner can enter that
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := postgres{ctl: ctl, dir: dir, owner: ownerOf(t, dir)}
	p.run(t, "initdb", "-o", "--auth=trust --username=tester --no-sync --encoding=UTF8")
	p.run(t, "start", "-w", "-l", filepath.Join(dir, "log"), "-o", "-k "+dir+" -c listen_addresses= -c fsync=off")
	t.Cleanup(func() { p.run(t, "stop", "-m", "immediate") })
	return []string{"PGHOST=" + dir, "PGUSER=tester", "PGDATABASE=postgres"}
}

// postgres is a server with its data below a directory.
type postgres struct {
	ctl, dir string
	owner    *syscall.Credential // nil for the user of the test
}

// ownerOf gives a directory to the user postgres if the test runs as root, as which Postgres refuses to run.
func ownerOf(t *testing.T, dir string) *syscall.Credential {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// run runs pg_ctl.
func (p postgres) run(t *testing.T, command string, args ...string) {
	t.Helper()
	cmd := exec.Command(p.ctl, append([]string{command, "-D", filepath.Join(p.dir, "data"), "-s"}, args...)...)
	cmd.Dir, cmd.SysProcAttr = p.dir, &syscall.SysProcAttr{Credential: p.owner}
	printed, err := os.Create(filepath.Join(t.TempDir(), "printed")) // a pipe would stay open as long as the server
	if err != nil {
		t.Fatal(err)
	}
	defer printed.Close()
	cmd.Stdout, cmd.Stderr = printed, printed
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(printed.Name())
		t.Errorf("pg_ctl %s: %v\n%s", command, err, text)
	}
}

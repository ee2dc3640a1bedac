package lake

import (
	"path/filepath"
	"strings"
	"testing"

	"mailerlake/testdata/lake/program"
	"mailerlake/testdata/lake/proxy"
	"mailerlake/testdata/lake/servers"
)

// exporting returns an export of a day that publishes to destinations.
func exporting(data *dataset, day string, to ...*destination) program.Command {
	c := program.Command{Args: []string{"export", "--out", data.dir, "--demo-day", day, "--tables", "core", "--quiet"}}
	for _, d := range to {
		c.Args = append(c.Args, "--publish", d.URL(d.Proxy.Addr))
		c.Env = append(c.Env, d.Env(d.Proxy.Addr)...)
	}
	return c
}

// TestExportPublishes exports and publishes to two clouds in one run, on two days.
func TestExportPublishes(t *testing.T) {
	one, other := newDestination(t, servers.S3, "parquet"), newDestination(t, servers.Azure, "parquet")
	data := &dataset{filepath.Join(t.TempDir(), "lake")}
	for _, day := range []string{"0", "1"} {
		program.Must(t, exporting(data, day, one, other))
		one.checkEqual(t, data)
		other.checkEqual(t, data)
	}
}

// TestExportPublishesWhatItCan has one of two destinations fail: the export counts, the other destination has it, and the
// exit code says that something was left undone.
func TestExportPublishesWhatItCan(t *testing.T) {
	broken, other := newDestination(t, servers.S3, "parquet"), newDestination(t, servers.Azure, "parquet")
	data := &dataset{filepath.Join(t.TempDir(), "lake")}
	program.Must(t, exporting(data, "0", broken, other))
	broken.Arm(proxy.Fault{At: 6, On: true, Kind: proxy.Status(503)})
	r := program.Run(t, exporting(data, "1", broken, other))
	if r.Code != 3 || !strings.Contains(r.Stderr, broken.Name) {
		t.Errorf("it should end with exit code 3 and name the destination: %v", r)
	}
	other.checkEqual(t, data)
	broken.checkWhole(t)
	broken.publish(t, data)
}

// TestExportIntoMore exports on a new machine to a destination that holds more than is there: it is refused, and restore is
// named.
func TestExportIntoMore(t *testing.T) {
	eachDestination(t, func(t *testing.T, d *destination) {
		data := newDataset(t, 2)
		d.publish(t, data)
		r := program.Run(t, exporting(&dataset{filepath.Join(t.TempDir(), "new")}, "3", d))
		if r.Code == 0 || !strings.Contains(r.Stderr, "restore --from") {
			t.Errorf("it should be refused, and name restore: %v", r)
		}
		d.checkEqual(t, data)
	})
}

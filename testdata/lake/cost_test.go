package lake

import (
	"strings"
	"testing"

	"mailerlake/testdata/lake/program"
	"mailerlake/testdata/lake/proxy"
)

// TestCost counts what a publish sends: of a change only what changed, of no change at most three requests.
func TestCost(t *testing.T) {
	eachDestination(t, func(t *testing.T, d *destination) {
		data := newDataset(t, 0)
		d.publish(t, data)
		before := filesOf(t, data.dir)
		data.become(t, 1)
		d.publish(t, data)
		d.checkUploads(t, before, filesOf(t, data.dir))

		objects := d.All(t)
		d.Arm(proxy.Fault{})
		program.Must(t, d.publishing(data))
		if requests := d.Requests(); len(requests) > 3 {
			t.Errorf("no change: %d requests: %v", len(requests), requests)
		}
		if differences := compare(objects, d.All(t)); len(differences) > 0 {
			t.Errorf("no change, but %s", strings.Join(differences, "; "))
		}
	})
}

// checkUploads checks that the last publish wrote, of the data, what differs between two states of the dataset, and nothing
// twice.
func (d *destination) checkUploads(t *testing.T, before, after map[string][]byte) {
	t.Helper()
	changed, size := 0, 0
	for path, content := range after {
		if strings.HasSuffix(path, ".parquet") && string(before[path]) != string(content) {
			changed, size = changed+1, size+len(content)
		}
	}
	writes, bytes := 0, 0
	for _, r := range d.Requests() {
		if r.Writes() && strings.Contains(r.Path, ".parquet") && !strings.Contains(r.Path, "_change_data") && r.Bytes > 0 {
			writes, bytes = writes+1, bytes+r.Bytes
		}
	}
	const overhead = 4 << 10 // of a request: checksums, metadata
	if changed == 0 || writes != changed || bytes < size || bytes > size+writes*overhead {
		t.Errorf("%d files of %d bytes changed, and %d were uploaded with %d bytes:\n%v", changed, size, writes, bytes, d.Requests())
	}
}

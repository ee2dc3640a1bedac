package export_test

import (
	"slices"
	"strings"
	"testing"
)

// TestSeveralFailedFirst: each of several rows whose lists failed has its list read by the next run.
func TestSeveralFailedFirst(t *testing.T) {
	d := newWatched(t)
	d.mustRun(t)
	for _, i := range []int{0, 2, 4, 6} {
		d.boxes.list[i].moved(5)
	}
	d.boxes.fault = func(path string) int {
		if strings.HasSuffix(path, "/visits") {
			return 500
		}
		return 0
	}
	if r, err := d.run(t); err != nil || !r.Failed() {
		t.Fatalf("%v; %+v", err, r)
	}
	d.boxes.fault = nil
	d.boxes.asked = nil
	d.mustRun(t)
	if got := d.boxes.walked(); !slices.Equal(got, []string{"101", "103", "105", "107"}) {
		t.Errorf("lists read: %v", got)
	}
	d.checkVisits(t)
}

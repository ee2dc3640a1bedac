package mailerlitetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSegmentMembers checks the quirks of the list: only an empty page ends it, and
// per_page repeats a limit as text.
func TestSegmentMembers(t *testing.T) {
	a := New(wide())
	for _, segment := range a.IDs("segment") {
		var got []string
		for _, status := range Statuses {
			ids, n := walkAll(t, a, "/segments/"+segment+"/subscribers?limit=7&filter[status]="+status)
			if want := (len(ids)+6)/7 + 1; n != want {
				t.Errorf("%s: %d rows took %d pages, want %d, the last one empty", status, len(ids), n, want)
			}
			for _, id := range ids {
				got = append(got, segment+"/"+id)
			}
		}
		want := slices.DeleteFunc(a.IDs("segment_subscriber"), func(id string) bool { return !strings.HasPrefix(id, segment+"/") })
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(got, want); diff != "" || len(want) == 0 {
			t.Errorf("segment %s: %s", segment, diff)
		}
	}
	path := "/segments/" + a.IDs("segment")[0] + "/subscribers"
	given, omitted := get(t, a, path+"?limit=3"), get(t, a, path)
	if given.at("meta", "per_page") != "3" || fmt.Sprintf("%T %v", omitted.at("meta", "per_page"), omitted.at("meta", "per_page")) != "json.Number 50" {
		t.Errorf("got per_page %#v and %#v, want text 3 and number 50", given.at("meta", "per_page"), omitted.at("meta", "per_page"))
	}
	for _, row := range omitted.rows() {
		if row["groups"] == nil || row["status"] != "active" {
			t.Errorf("got a row with groups %v and status %v", row["groups"], row["status"])
		}
	}
	if g := get(t, a, path+"?filter[status]=gone"); g.status != 422 {
		t.Errorf("an unknown status: got %d, want 422", g.status)
	}
	total := get(t, a, "/segments/"+a.IDs("segment")[0]).at("data", "total")
	if got := get(t, a, path+"?limit=0").body["total"]; got != total {
		t.Errorf("got total %v in the row and %v in the list", total, got)
	}
}

// TestSegmentDrift checks that members come and go although a row has nothing but
// its total to show for it, and that the total follows a change at once.
func TestSegmentDrift(t *testing.T) {
	o := wide()
	o.Subscribers, o.Segments = 2000, 2
	a := New(o)
	share := a.segments[1]
	before := rowsByKey(t, truth(t, a, "segment_subscriber"))
	for range 8 {
		a.Advance(1)
		after := rowsByKey(t, truth(t, a, "segment_subscriber"))
		came, went := 0, 0
		for key := range after {
			if _, ok := before[key]; !ok && strings.Contains(key, digits(share.id)) {
				came++
			}
		}
		for key := range before {
			if _, ok := after[key]; !ok && strings.Contains(key, digits(share.id)) {
				went++
			}
		}
		if came == 0 || went == 0 || came > len(after)/5 || went > len(after)/5 {
			t.Errorf("day %d: %d came and %d went, of %d", a.Day(), came, went, len(after))
		}
		before = after
	}
	member := slices.IndexFunc(a.subs, func(s *subscriber) bool { return s.status == active && share.has(s, a.day) })
	old := a.segmentTotal(share)
	a.SetStatus(digits(a.subs[member].id), "junk")
	if got := a.segmentTotal(share); got != old-1 {
		t.Errorf("total: got %d after one of %d members became junk", got, old)
	}
}

package terminal

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export"
	"mailerlake/export/cost"
)

func TestCheck(t *testing.T) {
	people, boxes := int64(12_000), int64(3)
	c := &export.Check{Account: "17", Name: "Bör\x1b[31mse", Dataset: "my lake", Limit: 120, Rate: 108, Requests: 23,
		Tables: []export.TableCheck{
			{Name: "person", Chosen: true, Rows: &people, Parts: []cost.Part{{Name: "active", Rows: 11_999}, {Name: "gone", Rows: 1}},
				First: export.Cost{Requests: 1200, Units: 1200, Seconds: 60 * 11.1}, Next: export.Cost{Requests: 30, Units: 3, Seconds: 60 * 0.03}},
			{Name: "box", Rows: &boxes, First: export.Cost{Requests: 1, Units: 1, Seconds: 60 * 0.01}, Next: export.Cost{Requests: 1, Units: 1, Seconds: 60 * 0.01}},
			{Name: "hat"},
			{Name: "shop", Unavailable: "get /shops: 403 Forbidden"},
			{Name: "hook", Err: errors.New("get /hooks: 500")},
		},
		Sets: []export.SetCheck{{Name: "core", Tables: []string{"person"}, First: export.Cost{Requests: 1201, Units: 1201, Seconds: 60 * 1234.5}},
			{Name: "chosen", Tables: []string{"person"}, First: export.Cost{Requests: 1201, Units: 1201, Seconds: 60 * 11.1}, Next: export.Cost{Requests: 31, Units: 4, Seconds: 60 * 0.04}}},
	}
	want := `The key works. It opens account 17 (Bör[31mse).
The rate limit is 120 requests a minute; a run stays under 108.

                    first:                     next:
  table     rows  requests  units  minutes  requests  units  minutes
  person  12,000     1,200  1,200     11.1        30      3    < 0.1
      active 11,999, gone 1
  box          3         1      1    < 0.1         1      1    < 0.1
  hat                    -      -        -         -      -        -
  shop
      not available: get /shops: 403 Forbidden
  hook
      not known: get /hooks: 500

  core               1,201  1,201    1,235         0      0        0
  chosen             1,201  1,201     11.1        31      4    < 0.1

A first export of the 1 table chosen takes about 1,201 requests, which are 1,201 units of the rate limit;
the next one about 31 requests, 4 units, as if one list in twenty had moved.
The check took 23 requests.
`
	var b strings.Builder
	if err := Check(&b, c); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("text (-want +got)\n%s", d)
	}
	for _, test := range []struct {
		limit, rate int
		want        string
	}{
		{120, 120, "The rate limit is 120 requests a minute; a run uses all of it."},
		{0, 108, "The server does not state a rate limit; a run stays under 108 requests a minute."},
		{0, 0, "The server does not state a rate limit."},
	} {
		if got := budget(&export.Check{Limit: test.limit, Rate: test.rate}); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	c.Exported = true
	if got := chosen(c); !strings.Contains(got, "by what has moved since 'my lake' was exported") {
		t.Errorf("got %q", got)
	}
}

package mailerlitetest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestUnavailable(t *testing.T) {
	for status, want := range map[int]int{0: 403, 404: 404, 422: 422} {
		o := automated()
		o.Unavailable, o.UnavailableStatus = []string{"automations", "/campaigns/{id}/reports/"}, status
		a := New(o)
		campaign := get(t, a, "/campaigns?filter[status]=sent").ids()[0]
		for path, want := range map[string]int{
			"/automations": want, "/automations/1": want, "/automations/1/activity": want,
			"/campaigns/" + campaign + "/reports/subscriber-activity": want, "/campaigns/" + campaign: 200, "/campaigns": 200,
		} {
			if g := get(t, a, path); g.status != want || want != 200 && g.body["message"] == nil {
				t.Errorf("%s: got status %d %.100s, want %d", path, g.status, g.raw, want)
			}
		}
		g := ask(t, a, "POST", "/batch", batchOf(`{"method":"GET","path":"api/automations"}`, `{"method":"GET","path":"api/groups"}`))
		parts := g.body["responses"].([]any)
		if got := fmt.Sprintf("%v %v", parts[0].(map[string]any)["code"], parts[1].(map[string]any)["code"]); got != fmt.Sprint(want, " 200") {
			t.Errorf("in a batch: got codes %s, want %d 200", got, want)
		}
	}
	o := automated()
	a := New(o)
	ids := a.IDs("automation")
	o.Unavailable = []string{"automations/" + ids[0]}
	if b := New(o); get(t, b, "/automations/"+ids[0]).status != 403 || get(t, b, "/automations/"+ids[1]).status != 200 {
		t.Error("a path with an id does not stand for that row alone")
	}
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := small()
		o.Latency, o.LatencyPerPart, o.Key = 2*time.Second, 100*time.Millisecond, "key"
		a := New(o)
		took := func(f func()) time.Duration {
			begin := time.Now()
			f()
			return time.Since(begin)
		}
		part := `{"method":"GET","path":"api/account"}`
		for want, f := range map[time.Duration]func(){
			2 * time.Second:         func() { get(t, a, "/account") },
			2300 * time.Millisecond: func() { ask(t, a, "POST", "/batch", batchOf(part, part, part)) },
			2*time.Second + 1: func() {
				time.Sleep(time.Nanosecond)
				r := request("GET", "/account", "")
				r.Header.Set("Authorization", "Bearer wrong")
				if g := exchange(t, a.Transport(), r); g.status != 401 {
					t.Errorf("got status %d, want 401", g.status)
				}
			},
		} {
			if got := took(f); got != want {
				t.Errorf("took %s, want %s", got, want)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var err error
		if got := took(func() { _, err = a.Transport().RoundTrip(request("GET", "/account", "").WithContext(ctx)) }); got != time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("took %s: %v, want the context's error after a second", got, err)
		}
	})
}

// TestFailingParts checks that parts of a batch can fail while others succeed.
func TestFailingParts(t *testing.T) {
	a := New(small())
	a.Faults(func(n int, _ *http.Request) *Fault {
		if n > 1 {
			return nil
		}
		return &Fault{Parts: map[int]int{0: 429, 2: 503, 9: 500}}
	})
	part := `{"method":"GET","path":"api/account"}`
	for i, want := range []string{"1 2 429 200 503", "3 0 200 200 200"} {
		g := ask(t, a, "POST", "/batch", batchOf(part, part, part))
		got := fmt.Sprintf("%v %v", g.body["successful"], g.body["failed"])
		for _, r := range g.body["responses"].([]any) {
			got += fmt.Sprintf(" %v", r.(map[string]any)["code"])
			if r.(map[string]any)["body"] == nil {
				t.Errorf("no body in %v", r)
			}
		}
		if g.status != 200 || got != want {
			t.Errorf("batch %d: got %d, %s, want %s", i, g.status, got, want)
		}
	}
}

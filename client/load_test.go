package client

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestWalks(t *testing.T) {
	for _, c := range []struct {
		took      time.Duration
		perMinute int
		want      int
	}{
		{0, 108, 1},
		{20 * time.Millisecond, 108, 1},
		{400 * time.Millisecond, 108, 1}, // 0.72 of the budget
		{500 * time.Millisecond, 108, 3}, // 0.9: too close to all of it
		{600 * time.Millisecond, 108, 4}, // 1.08
		{2 * time.Second, 108, 6},        // 3.6
		{10 * time.Second, 108, 8},
		{30 * time.Second, 1, 1},
		{20 * time.Millisecond, 0, 1},
		{49 * time.Millisecond, 1 << 30, 1},
		{50 * time.Millisecond, 0, 8},
		{50 * time.Millisecond, 1 << 30, 8},
	} {
		if got := walks(c.took, c.perMinute); got != c.want {
			t.Errorf("%s a page, %d a minute: got %d, want %d", c.took, c.perMinute, got, c.want)
		}
	}
}

// TestWalksFollowAnswers: the number follows the time that answers take, whose bodies count and whose failures do not.
func TestWalksFollowAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delay, code := time.Duration(0), 200
		c, _ := newTestClient(t, func(int, *http.Request) reply {
			time.Sleep(delay)
			return status(code, `{"data":{}}`)
		}, Options{Rate: -1, Retries: -1})
		ask := func() { c.Get(t.Context(), "/x", nil) }
		if got := c.Walks(); got != 1 {
			t.Errorf("before the first answer: %d", got)
		}
		seen := ""
		for _, step := range []struct {
			delay time.Duration
			code  int
			times int
		}{{2 * time.Second, 200, 3}, {20 * time.Second, 500, 3}, {0, 200, 30}} {
			delay, code = step.delay, step.code
			for range step.times {
				ask()
				time.Sleep(time.Second)
			}
			seen += fmt.Sprint(c.Walks(), " ")
		}
		if want := "6 6 1 "; seen != want {
			t.Errorf("got %s, want %s", seen, want)
		}
	})
}

// TestCutWalks: ranges fill the batches that their pages may share, within what a batch may hold and memory bears.
func TestCutWalks(t *testing.T) {
	list := List{Path: "/subscribers", Limits: []int{1000, 100}, Cut: true}
	for _, tc := range []struct {
		pages, size int
		took        time.Duration
		bytes       int // of a page; 0 if none was seen
		off         bool
		want        int
	}{
		{0, 2, 0, 1 << 20, false, 1},
		{50, 2, 0, 1 << 20, false, 2},
		{50, 8, 0, 1 << 20, false, 8},
		{50, 50, 0, 1 << 20, false, 8}, // 8 MiB
		{50, 50, 0, 1 << 10, false, 50},
		{5, 5, 2 * time.Second, 1 << 10, false, 6},
		{50, 2, 2 * time.Second, 1 << 10, false, 12}, // 6 batches
		{50, 2, 2 * time.Second, 7 << 20, false, 6},  // as without batches
		{50, 50, 2 * time.Second, 1 << 10, true, 6},  // as without batches
		{50, 50, 20 * time.Millisecond, 0, false, 8 << 20 / (firstWeight*1000 + 1)},
	} {
		c, _ := newBatchClient(t, nil, Options{BatchPages: tc.pages, Rate: 108})
		if c.cut != nil {
			c.cut.size.n = tc.size
		}
		c.load.average = tc.took
		if tc.bytes > 0 {
			c.batching.learn(request{method: http.MethodGet, path: list.Path, params: newPageSize(list.Limits).params()}, tc.bytes-1000)
		}
		if tc.off {
			c.batching.giveUp("test")
		}
		if got := c.CutWalks(list); got != tc.want {
			t.Errorf("%+v: got %d", tc, got)
		}
	}
}

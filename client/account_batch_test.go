package client_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
)

// Many lists of an account are read side by side, and are complete, however the
// server bears batches; none of it meets a 429.
func TestListsSideBySide(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*mailerlitetest.Options)
		most   int64 // requests
		off    int64 // at most: a few batches may not show what they cost
	}{
		"as recorded":        {nil, 60, 0},
		"refused":            {func(o *mailerlitetest.Options) { o.BatchStatus = 403 }, 600, 1},
		"counted by part":    {func(o *mailerlitetest.Options) { o.BatchCostPerPart = true }, 600, 1},
		"lowered page sizes": {func(o *mailerlitetest.Options) { o.ClampLimit = true }, 60, 0},
		"no query in a path": {func(o *mailerlitetest.Options) { o.BatchWithoutQuery = true }, 60, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := account(600, func(o *mailerlitetest.Options) {
					o.Groups = 70
					o.Limits = map[string]mailerlitetest.Limit{"/groups/{id}/subscribers": {Default: 50, Max: 100}}
					if tc.change != nil {
						tc.change(o)
					}
				})
				read := func(c *client.Client, group string) []string {
					all, _ := ids(t, c.Cursor, client.List{Path: "/groups/" + group + "/subscribers", Limits: []int{1000, 100}, Small: true})
					return all
				}
				plain := open(t, account(600, func(o *mailerlitetest.Options) { o.Groups, o.RatePerMinute = 70, -1 }), client.Options{})
				c := open(t, a, client.Options{Rate: -1})
				one := make(chan struct{}, 1) // the plain client never has two requests
				var wg sync.WaitGroup
				for _, group := range a.IDs("group") {
					wg.Go(func() {
						got := read(c, group)
						one <- struct{}{}
						want := read(plain, group)
						<-one
						if !slices.Equal(got, want) {
							t.Errorf("group %s: got %d members, want %d", group, len(got), len(want))
						}
						if s := plain.Stats(); s.Batches != 0 {
							t.Errorf("the plain client sent %d batches", s.Batches)
						}
						if n, err := c.Count(t.Context(), "/subscribers", nil); err != nil || n != 600 {
							t.Errorf("got count %d, error %v", n, err)
						}
					})
				}
				wg.Wait()
				if s := c.Stats(); s.RateLimited != 0 || s.BatchesOff > tc.off || s.Requests > tc.most {
					t.Errorf("got stats %+v", s)
				}
			})
		})
	}
}

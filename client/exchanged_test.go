package client

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// Answers in another order than the requests are noticed by the address that each
// list states, and no list gets the records of another.
func TestPartsExchanged(t *testing.T) {
	stating := api(func(path string, _ url.Values) reply {
		return ok(fmt.Sprintf(`{"data":[%q],"links":{"next":null},"meta":{"path":"https://connect.mailerlite.com/api%s","per_page":1000,"next_cursor":null}}`, path, path))
	})
	exchange := func(n int, r *http.Request) reply {
		all := stating.server(t)(n, r)
		if r.Method == "POST" {
			head, parts, _ := strings.Cut(strings.TrimSuffix(all.body, `]}`), `"responses":[`)
			list := strings.Split(parts, `,{"code"`)
			list[0] = strings.TrimPrefix(list[0], `{"code"`)
			slices.Reverse(list)
			all.body = head + `"responses":[{"code"` + strings.Join(list, `,{"code"`) + `]}`
		}
		return all
	}
	synctest.Test(t, func(t *testing.T) {
		c, _ := newBatchClient(t, exchange, Options{})
		readForms(t, c)
		if s := c.Stats(); s.Batches == 0 || s.BatchesOff != 1 {
			t.Errorf("got stats %+v", s)
		}
	})
}

// A list that states another address also when it is asked alone goes alone.
func TestOtherAddress(t *testing.T) {
	answer := api(func(path string, _ url.Values) reply {
		return ok(fmt.Sprintf(`{"data":[%q],"links":{"next":null},"meta":{"path":"https://connect.mailerlite.com/api/elsewhere","per_page":1000,"next_cursor":null}}`, path))
	})
	synctest.Test(t, func(t *testing.T) {
		c, _ := newBatchClient(t, answer.server(t), Options{})
		readForms(t, c)
		if s := c.Stats(); s.Batches == 0 || s.BatchesOff != 0 || s.Requests-s.Batches != 40 {
			t.Errorf("got stats %+v", s)
		}
	})
}

// readForms reads the members of forms side by side. Each list has one record, its own path.
func readForms(t *testing.T, c *Client) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			path := fmt.Sprintf("/forms/%d/subscribers", i)
			got, err := collect(t.Context(), c.Cursor, List{Path: path, Limits: []int{1000}, Small: true})
			if want := fmt.Sprintf("[%q]", path); err != nil || got != want {
				t.Errorf("got %s, error %v, want %s", got, err, want)
			}
		})
	}
	wg.Wait()
}

package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
)

const key = "test-key"

func open(t *testing.T, a *mailerlitetest.Account, o client.Options) *client.Client {
	t.Helper()
	o.Key, o.Transport = key, a.Transport()
	c, err := client.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func account(subscribers int, change func(*mailerlitetest.Options)) *mailerlitetest.Account {
	o := mailerlitetest.Options{Seed: 1, Subscribers: subscribers, Groups: 7, Campaigns: 30, CustomFields: 3, Key: key}
	if change != nil {
		change(&o)
	}
	return mailerlitetest.New(o)
}

// reader reads the ids of a page's records.
type reader struct{ ids []string }

func (r *reader) read(body []byte, at int) (records, end int, err error) {
	var rows []struct{ ID string }
	dec := jsontext.NewDecoder(bytes.NewBuffer(body[at:]))
	if err := jsonv2.UnmarshalDecode(dec, &rows, jsonv2.MatchCaseInsensitiveNames(true)); err != nil {
		return 0, 0, err
	}
	r.ids = nil
	for _, row := range rows {
		r.ids = append(r.ids, row.ID)
	}
	return len(rows), at + int(dec.InputOffset()), nil
}

// ids walks a list by Cursor or Pages and returns the ids of its records in
// ascending order, each once, and the number of pages.
func ids(t *testing.T, by func(context.Context, client.List, client.ReadRecords) iter.Seq2[*client.Page, error], l client.List) (all []string, pages int) {
	t.Helper()
	var r reader
	for p, err := range by(t.Context(), l, r.read) {
		if err != nil {
			t.Fatal(err)
		}
		if len(r.ids) != p.Rows {
			t.Fatalf("page of %d rows holds %d", p.Rows, len(r.ids))
		}
		all = append(all, r.ids...)
		pages++
	}
	return sorted(all), pages
}

// sorted returns ids in numeric order, each once.
func sorted(ids []string) []string {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(ids)
}

// A whole account is read through the client, within the rate limit, and each
// list is complete.
func TestReadAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := account(30_500, nil)
		c := open(t, a, client.Options{Rate: -1})
		ctx, start := t.Context(), time.Now()

		who, err := c.Account(ctx)
		if err != nil || who != (client.Account{ID: "83510", Name: "Demo Account"}) {
			t.Errorf("got account %+v, error %v", who, err)
		}
		got, pages := ids(t, c.Cursor, client.List{Path: "/subscribers", Limits: []int{5000, 1000, 100},
			Params: url.Values{"include": {"groups"}}})
		if want := sorted(a.IDs("subscriber")); !slices.Equal(got, want) || pages != 31 {
			t.Errorf("got %d subscribers on %d pages, want %d on 31", len(got), pages, len(want))
		}
		total, err := c.Count(ctx, "/subscribers", nil)
		if err != nil || total != int64(len(got)) {
			t.Errorf("got total %d, error %v, want %d", total, err, len(got))
		}
		if got, _ := ids(t, c.Pages, client.List{Path: "/groups", Limits: []int{3}}); !slices.Equal(got, sorted(a.IDs("group"))) {
			t.Errorf("got groups %v", got)
		}
		var campaigns []string
		for _, status := range []string{"sent", "draft", "ready"} {
			part, _ := ids(t, c.Pages, client.List{Path: "/campaigns", Limits: []int{1000, 10}, Params: url.Values{"filter[status]": {status}}})
			campaigns = append(campaigns, part...)
		}
		if got, want := sorted(campaigns), sorted(a.IDs("campaign")); !slices.Equal(got, want) {
			t.Errorf("got %d campaigns, want %d", len(got), len(want))
		}
		if s := c.Stats(); s.RateLimited != 0 || s.Retries != 0 || s.Requests > 43 || time.Since(start) > 50*time.Millisecond {
			t.Errorf("got stats %+v after %s", s, time.Since(start))
		}
	})
}

// Deleted records are told apart from existing ones, with batches or without.
func TestLookupInAccount(t *testing.T) {
	for name, change := range map[string]func(*mailerlitetest.Options){
		"batch":               nil,
		"batch costs by part": func(o *mailerlitetest.Options) { o.BatchCostPerPart = true },
		"batch refused":       func(o *mailerlitetest.Options) { o.BatchStatus = http.StatusForbidden },
		"older message":       func(o *mailerlitetest.Options) { o.LegacyNotFound = true },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := account(300, change)
				gone := map[string]bool{}
				var paths []string
				for i, id := range a.IDs("subscriber") {
					if i%3 == 0 {
						gone[id] = a.DeleteSubscriber(id)
					}
					paths = append(paths, "/subscribers/"+id)
				}
				c := open(t, a, client.Options{Rate: -1})
				answers, err := c.Lookup(t.Context(), append(paths, "/no/such/route"))
				if err != nil {
					t.Fatal(err)
				}
				for i, ans := range answers[:len(paths)] {
					id := strings.TrimPrefix(paths[i], "/subscribers/")
					var row struct{ ID string }
					json.Unmarshal(ans.Data, &row)
					if gone[id] && (ans.Status != 404 || ans.RouteMissing || ans.Data != nil) || !gone[id] && (ans.Status != 200 || row.ID != id) {
						t.Errorf("subscriber %s, gone = %t: got %d with data of %q", id, gone[id], ans.Status, row.ID)
					}
				}
				if last := answers[len(paths)]; last.Status != 404 || !last.RouteMissing {
					t.Errorf("unknown route: got %+v", last)
				}
			})
		})
	}
}

// Faults during a walk do not change what is read.
func TestAccountFaults(t *testing.T) {
	for name, fault := range map[string]mailerlitetest.Fault{
		"429":          {Status: 429, RetryAfter: "7"},
		"bare 429":     {Status: 429},
		"503":          {Status: 503},
		"reset":        {Reset: true},
		"reset later":  {ResetAfter: 500},
		"truncated":    {Truncate: 700},
		"wrong length": {WrongLength: true},
		"slow":         {Delay: 29 * time.Second},
		"hang":         {Hang: true},
		"endless":      {Endless: true},
		"web page":     {Body: "<html>", ContentType: "text/html"},
		"empty page":   {EmptyPage: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := account(2000, nil)
				a.Faults(func(n int, _ *http.Request) *mailerlitetest.Fault {
					if n%3 == 2 {
						return &fault
					}
					return nil
				})
				c := open(t, a, client.Options{Rate: -1, MaxBody: 4 << 20})
				got, _ := ids(t, c.Cursor, client.List{Path: "/subscribers", Limits: []int{100, 25}})
				if want := sorted(a.IDs("subscriber")); !slices.Equal(got, want) {
					t.Errorf("got %d subscribers, want %d", len(got), len(want))
				}
			})
		})
	}
}

// An interrupted walk continues from the cursor of its last complete page.
func TestResumeWalk(t *testing.T) {
	a := account(1000, nil)
	c := open(t, a, client.Options{Rate: -1})
	list := client.List{Path: "/subscribers", Limits: []int{100}}
	a.Faults(func(n int, _ *http.Request) *mailerlitetest.Fault {
		if n == 5 {
			return &mailerlitetest.Fault{RepeatCursor: true}
		}
		return nil
	})
	var got []string
	var failed error
	var r reader
	for p, err := range c.Cursor(t.Context(), list, r.read) {
		if failed = err; err != nil {
			break
		}
		got = append(got, r.ids...)
		list.From = p.Cursor
	}
	var repeated *client.RepeatedCursorError
	if !errors.As(failed, &repeated) || len(got) != 400 {
		t.Fatalf("got %d rows, error %v, want 400 and a repeated cursor", len(got), failed)
	}
	rest, _ := ids(t, c.Cursor, list)
	if all := sorted(append(got, rest...)); len(rest) != 600 || !slices.Equal(all, sorted(a.IDs("subscriber"))) {
		t.Errorf("got %d rows and %d after going on, %d different", len(got), len(rest), len(all))
	}
}

// A wrong key fails at once.
func TestWrongKey(t *testing.T) {
	a := account(10, func(o *mailerlitetest.Options) { o.Key = "another" })
	c := open(t, a, client.Options{})
	_, err := c.Account(t.Context())
	if !errors.Is(err, client.ErrUnauthorized) || !strings.Contains(err.Error(), "MAILERLITE_API_KEY") || a.Requests() != 1 {
		t.Errorf("got error %v after %d requests", err, a.Requests())
	}
}

package scan

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// TestMembersResume: the members of large segments are read in ranges; a reading that is interrupted, again and again, goes
// on where it was and meets all of them. Where made cursors are refused, lists are read as they are.
func TestMembersResume(t *testing.T) {
	if raceEnabled {
		t.Skip("the simulated account takes too long")
	}
	for name, c := range map[string]struct {
		refuses     bool
		every       int // requests between interruptions; 0 for none
		least, most int // requests
	}{"whole": {false, 0, 10, 40}, "interrupted": {false, 9, 10, 70}, "refused": {true, 0, 10, 60}, "refused, interrupted": {true, 9, 10, 110}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := mailerlitetest.New(mailerlitetest.Options{Seed: 3, Subscribers: 20_000, Segments: 3, Latency: 2 * time.Second,
					Limits: map[string]mailerlitetest.Limit{"/segments/{id}/subscribers": {Default: 50, Max: 400}}, ClampLimit: true})
				if c.refuses {
					a.Faults((&handedCursors{seen: map[string]bool{}}).faults)
				}
				dir, catalog := t.TempDir(), tables.All()
				var r *Result
				runs := 0
				for done := false; !done; runs++ {
					ctx, cancel := context.WithCancel(t.Context())
					begun := a.Requests()
					a.OnRequest(func(n int, _ *http.Request) {
						if c.every > 0 && n-begun > c.every {
							cancel()
						}
					})
					api, err := client.New(client.Options{Key: "test", Transport: a.Transport(), Rate: -1})
					if err != nil {
						t.Fatal(err)
					}
					s := scannerIn(dir, api, catalog)
					err = s.Scan(ctx, []*schema.Table{catalog.Lookup("segment_subscriber")})
					if done = err == nil; !done && ctx.Err() == nil {
						t.Fatal(err)
					}
					cancel()
					synctest.Wait()
					r = s.Result(catalog.Lookup("segment_subscriber"))
					if done {
						if rows := rowsIn(t, r.Log, true); !r.Complete() || len(rows) != len(a.IDs("segment_subscriber")) {
							t.Errorf("%d rows of %d; %+v", len(rows), len(a.IDs("segment_subscriber")), r.Outcome)
						}
					}
					for _, r := range s.Results() {
						if r.Log != nil {
							r.Log.Close()
						}
					}
				}
				t.Logf("%d runs, %d requests", runs, a.Requests())
				if n := a.Requests(); n < c.least || n > c.most || (runs > 1) != (c.every > 0) {
					t.Errorf("%d runs, %d requests", runs, n)
				}
			})
		})
	}
}

// handedCursors refuses cursors that no page named.
type handedCursors struct {
	mu   sync.Mutex
	seen map[string]bool
}

var nextCursor = regexp.MustCompile(`"next_cursor":"([^"]*)"`)

func (h *handedCursors) faults(_ int, r *http.Request) *mailerlitetest.Fault {
	f := &mailerlitetest.Fault{Parts: map[int]int{}, Rewrite: h.note}
	if r.Method == http.MethodGet {
		if h.made(r.URL.Query().Get("cursor")) {
			f.Status = 422
		}
		return f
	}
	var batch struct {
		Requests []struct{ Body map[string]any }
	}
	if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
		return &mailerlitetest.Fault{Status: 400}
	}
	for i, part := range batch.Requests {
		if cursor, _ := part.Body["cursor"].(string); h.made(cursor) {
			f.Parts[i] = 422
		}
	}
	return f
}

func (h *handedCursors) made(cursor string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return cursor != "" && !h.seen[cursor]
}

func (h *handedCursors) note(body []byte) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range nextCursor.FindAllSubmatch(body, -1) {
		h.seen[string(m[1])] = true
	}
	return body
}

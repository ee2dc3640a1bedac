package client

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/go-json-experiment/json/jsontext"
)

// Walks side by side share a pool of bodies, and each reads its own.
func TestWalksSideBySide(t *testing.T) {
	c, _ := newTestClient(t, func(_ int, r *http.Request) reply {
		q := r.URL.Query()
		n, _ := strconv.Atoi(q.Get("cursor"))
		row := strings.Repeat(q.Get("walk")+"-"+strconv.Itoa(n)+" ", 500)
		next := strconv.Quote(strconv.Itoa(n + 1))
		if n == 50 {
			next = "null"
		}
		return ok(`{"data":["` + row + `"],"meta":{"next_cursor":` + next + `}}`)
	}, Options{})
	var wg sync.WaitGroup
	for walk := range 8 {
		wg.Go(func() {
			got, err := collect(t.Context(), c.Cursor, List{Path: "/s", Params: url.Values{"walk": {strconv.Itoa(walk)}}})
			var want strings.Builder
			for n := range 51 {
				want.WriteString(`["` + strings.Repeat(fmt.Sprintf("%d-%d ", walk, n), 500) + `"]`)
			}
			if err != nil || got != want.String() {
				t.Errorf("walk %d: got %.40s, error %v", walk, got, err)
			}
		})
	}
	wg.Wait()
}

// An error of ReadRecords is a fault of the body: the page is requested again, and
// the error shows no text of the body.
func TestReadRecordsFails(t *testing.T) {
	tooMany := errors.New("more than 10 records")
	for _, tc := range []struct {
		name string
		read func(dec *jsontext.Decoder, body []byte) (int, error)
		why  string
		is   error
	}{
		{"plain error", func(*jsontext.Decoder, []byte) (int, error) { return 0, tooMany }, "more than 10 records", tooMany},
		{"syntax error", func(dec *jsontext.Decoder, _ []byte) (int, error) {
			return 0, fmt.Errorf("decode secret: %w", jsontext.NewDecoder(strings.NewReader(`{"secret":x`)).SkipValue())
		}, "not valid JSON at byte", nil},
		{"cut short", func(*jsontext.Decoder, []byte) (int, error) { return 0, io.ErrUnexpectedEOF }, "cut short", nil},
		{"nothing read", func(*jsontext.Decoder, []byte) (int, error) { return 0, nil }, "not read to their end", nil},
		{"half read", func(dec *jsontext.Decoder, _ []byte) (int, error) { _, err := dec.ReadToken(); return 0, err }, "not read to their end", nil},
		{"typed", func(*jsontext.Decoder, []byte) (int, error) { return 0, &BodyError{Why: "it is odd"} }, "it is odd", nil},
	} {
		for name, passes := range map[string]bool{"once": true, "for ever": false} {
			t.Run(tc.name+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, f := newTestClient(t, func(_ int, r *http.Request) reply { return cursorPage(r) }, Options{})
					var page records
					calls := 0
					read := func(dec *jsontext.Decoder, body []byte) (int, error) {
						if calls++; calls == 2 || calls > 2 && !passes {
							return tc.read(dec, body)
						}
						return page.read(dec, body)
					}
					got, failed := "", error(nil)
					for _, err := range c.Cursor(t.Context(), List{Path: "/subscribers"}, byDecoder(read)) {
						if failed = err; err == nil {
							got += page.raw
						}
					}
					if passes {
						if failed != nil || got != wholeList || len(f.requests()) != 4 {
							t.Errorf("got %s, error %v after %d requests", got, failed, len(f.requests()))
						}
						return
					}
					if !isBody(tc.why)(failed) || strings.Contains(failed.Error(), "secret") || tc.is != nil && !errors.Is(failed, tc.is) {
						t.Errorf("got error %v, want %q", failed, tc.why)
					}
					if got != wholeList[:len(wholeList)/3] || len(f.requests()) != 7 {
						t.Errorf("got %s after %d requests", got, len(f.requests()))
					}
				})
			})
		}
	}
}

// The records are where the offset says.
func TestReadRecordsBody(t *testing.T) {
	c, _ := newTestClient(t, func(_ int, r *http.Request) reply { return cursorPage(r) }, Options{})
	pages := 0
	for p, err := range c.Cursor(t.Context(), List{Path: "/s"}, byDecoder(func(dec *jsontext.Decoder, body []byte) (int, error) {
		v, err := dec.ReadValue()
		end := int(dec.InputOffset())
		if got := string(body[end-len(v) : end]); got != string(v) {
			t.Errorf("got %s in the body, read %s", got, v)
		}
		pages++
		return 7, err
	})) {
		if err != nil || p.Rows != 7 {
			t.Errorf("got %d rows, error %v, want what was returned", p.Rows, err)
		}
	}
	if pages != 3 {
		t.Errorf("read %d pages, want 3", pages)
	}
}

// ReadRecords is called only for a list, and once for each body.
func TestReadRecordsNotCalled(t *testing.T) {
	for body, want := range map[string]int{
		`{"data":null}`:           0,
		`{"data":{"0":{}}}`:       0,
		`{"data":x}`:              0,
		`{"meta":{}}`:             0,
		`{"data":[],"data":[{}]}`: 1,
	} {
		calls := 0
		_, err := newReader([]byte(body)).envelope(byDecoder(func(dec *jsontext.Decoder, _ []byte) (int, error) {
			calls++
			return 0, dec.SkipValue()
		}))
		if err == nil || calls != want {
			t.Errorf("%s: got error %v after %d calls, want %d", body, err, calls, want)
		}
	}
}

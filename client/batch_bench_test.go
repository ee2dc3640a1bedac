package client

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// benchPage is a page of an activity log of about 20 KB.
var benchPage = ok(`{"data":[` + strings.TrimSuffix(strings.Repeat(
	`{"id":"123456789012345678","log_name":"campaign_send","subject_id":"1","subject_type":"subscriber","properties":{"x":"y"},"created_at":"2025-01-01 00:00:00"},`, 130), ",") +
	`],"links":{"next":null},"meta":{"current_page":1,"last_page":1,"per_page":100,"total":130}}`)

// Lists of one page, read singly or in batches: CPU and requests for each.
func BenchmarkOnePageLists(b *testing.B) {
	part := `{"code":200,"body":` + benchPage.body + `}`
	answer := func(_ int, r *http.Request) reply {
		if r.Method == "GET" {
			return benchPage
		}
		request, _ := io.ReadAll(r.Body)
		n := strings.Count(string(request), `"GET"`)
		return reply{reader: func(*http.Request) io.Reader {
			parts := []io.Reader{strings.NewReader(`{"responses":[` + part)}
			for range n - 1 {
				parts = append(parts, strings.NewReader(","), strings.NewReader(part))
			}
			return io.MultiReader(append(parts, strings.NewReader(`]}`))...)
		}}
	}
	for name, client := range map[string]func(testing.TB, func(int, *http.Request) reply, Options) (*Client, *fake){
		"single": newTestClient, "batched": newBatchClient,
	} {
		b.Run(name, func(b *testing.B) {
			c, _ := client(b, answer, Options{})
			b.SetBytes(int64(len(benchPage.body)))
			b.ReportAllocs()
			numbers := make(chan int)
			var wg sync.WaitGroup
			for range 400 {
				wg.Go(func() {
					for i := range numbers {
						for _, err := range c.Pages(b.Context(), List{Path: fmt.Sprintf("/subscribers/%d/activity-log", i), Limits: []int{100}}, skip) {
							if err != nil {
								b.Error(err)
							}
						}
					}
				})
			}
			for i := range b.N {
				numbers <- i
			}
			close(numbers)
			wg.Wait()
			b.ReportMetric(float64(c.Stats().Requests)/float64(b.N), "requests/op")
		})
	}
}

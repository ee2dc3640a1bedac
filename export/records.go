package export

import (
	"context"
	"iter"

	"github.com/go-json-experiment/json/jsontext"

	"mailerlake/client"
)

// page is a page of a list with its records as raw JSON.
type page struct {
	*client.Page
	Data jsontext.Value
}

// rawPages walks a list by a walk of the client, and copies the records of each page.
func rawPages(ctx context.Context, walk func(context.Context, client.List, client.ReadRecords) iter.Seq2[*client.Page, error],
	list client.List) iter.Seq2[*page, error] {
	return func(yield func(*page, error) bool) {
		var data jsontext.Value
		read := func(dec *jsontext.Decoder, body []byte) (n int, err error) {
			if _, err := dec.ReadToken(); err != nil {
				return 0, err
			}
			start := dec.InputOffset() - 1
			for ; dec.PeekKind() != ']'; n++ {
				if _, err := dec.ReadValue(); err != nil {
					return 0, err
				}
			}
			_, err = dec.ReadToken()
			data = jsontext.Value(body[start:dec.InputOffset()]).Clone()
			return n, err
		}
		for p, err := range walk(ctx, list, read) {
			if !yield(&page{p, data}, err) {
				return
			}
		}
	}
}

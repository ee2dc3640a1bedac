//go:build !noclouds

package clouds_test

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mailerlake/export/publish/store/clouds"
)

// TestTrouble checks that a request is made again, and that the store says why.
func TestTrouble(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	s, err := clouds.Open(t.Context(), "s3://bucket/lake?region=us-east-1&endpoint="+server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Head(t.Context(), "manifest.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want no such object", err)
	}
	if got := s.Stats(); got.Requests != 2 || got.Retries != 1 || !strings.HasPrefix(got.Trouble, "the server answered 503") {
		t.Errorf("got %+v, want one request to be made again, and why", got)
	}
}

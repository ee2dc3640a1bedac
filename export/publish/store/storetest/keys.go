package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"mailerlake/export/publish/store"
)

func oddKeys(t *testing.T, p place) {
	s := p.open(t)
	odd := []string{"with space/a b", "ünïcödé/日本語", "plus+and&=", "a..b/c...", ".hidden/.file", "_changes/x=y/z", "it's(1),[2];{3}!@$~^`",
		"deep/" + strings.Repeat("d/", 30) + "end", "long/" + strings.Repeat("n", 200)}
	for _, key := range odd {
		object := put(t, s, key, key, store.IfAbsent())
		holds(t, s, key, key)
		put(t, s, key, key+"!", store.IfVersion(object.Version))
		holds(t, s, key, key+"!")
	}
	slices.Sort(odd)
	if got := keys(t, s, ""); !slices.Equal(got, odd) {
		t.Errorf("the list is\n%q, want\n%q", got, odd)
	}
	for _, key := range odd {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Error(err)
		}
	}
	if got := keys(t, s, ""); len(got) != 0 {
		t.Errorf("left is %q", got)
	}
}

func badKeys(t *testing.T, p place) {
	s := p.open(t)
	for _, key := range []string{"", ".", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", `a\b`, "a#b", "a?b", "a%20b", `a"b`, "a\nb", "a\x00b", "a\xffb"} {
		_, putErr := s.Put(t.Context(), key, store.BytesBody(nil), store.Always())
		_, headErr := s.Head(t.Context(), key)
		_, _, getErr := s.Get(t.Context(), key)
		if putErr == nil || headErr == nil || getErr == nil || s.Delete(t.Context(), key) == nil {
			t.Errorf("the key %q was taken", key)
		}
	}
	if got := keys(t, s, ""); len(got) != 0 {
		t.Errorf("there is %q", got)
	}
}

func list(t *testing.T, p place) {
	s := p.open(t)
	all := []string{"a", "a-b/c", "a.b", "ab", "b/a-b", "b/a.b", "b/a/b", "b/a/c/d", "b/ab", "b0", "c/a"}
	for _, key := range slices.Backward(all) {
		put(t, s, key, key, store.Always())
	}
	for _, prefix := range []string{"", "a", "a-", "b", "b/", "b/a", "b/a/", "b/a/c", "b/a/c/d", "b/a/c/de", "z", "c"} {
		want := slices.DeleteFunc(slices.Clone(all), func(key string) bool { return !strings.HasPrefix(key, prefix) })
		if got := keys(t, s, prefix); !slices.Equal(got, want) {
			t.Errorf("with prefix %q are %q, want %q", prefix, got, want)
		}
	}
	for object, err := range s.List(t.Context(), "b/") {
		if err != nil || object.Bytes != int64(len(object.Key)) || object.Modified.IsZero() {
			t.Errorf("listed %+v, %v", object, err)
		}
	}
	for range s.List(t.Context(), "") {
		break // a list that is not read to its end
	}
	ctx, cancel := cancelledHere(t)
	cancel()
	for _, err := range s.List(ctx, "") {
		if err == nil {
			t.Error("a cancelled list goes on")
		}
	}
}

// longList lists more objects than come in one answer.
func longList(t *testing.T, p place) {
	s, want := p.open(t), make([]string, p.Many)
	var writers sync.WaitGroup
	next := make(chan string)
	for range 8 {
		writers.Go(func() {
			for key := range next {
				if _, err := s.Put(t.Context(), key, store.BytesBody([]byte(key)), store.IfAbsent()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range want {
		want[i] = fmt.Sprintf("table%d/part-%05d.parquet", i%3, i)
		next <- want[i]
	}
	close(next)
	writers.Wait()
	slices.Sort(want)
	if got := keys(t, s, ""); !slices.Equal(got, want) {
		t.Errorf("%d objects are listed, want %d in order", len(got), len(want))
	}
}

// counts checks that the fewest requests are made: one for each call.
func counts(t *testing.T, p place) {
	s := p.open(t)
	for _, c := range []struct {
		name string
		do   func()
	}{
		{"put", func() { put(t, s, "a", "content", store.IfAbsent()) }},
		{"head", func() { _, _ = s.Head(t.Context(), "a") }},
		{"head of none", func() { _, _ = s.Head(t.Context(), "none") }},
		{"list", func() { keys(t, s, "") }},
		{"refused put", func() { refused(t, s, "a", "other", store.IfAbsent()) }},
	} {
		before := s.Stats()
		c.do()
		if n := s.Stats().Requests - before.Requests; n != 1 || s.Stats().Retries != 0 {
			t.Errorf("%s: %d requests, %d retries in all", c.name, n, s.Stats().Retries)
		}
	}
	before := s.Stats()
	holds(t, s, "a", "content")
	after := s.Stats()
	if after.Requests-before.Requests != 2 || after.Received-before.Received != 7 || after.Sent < 7 {
		t.Errorf("get and head: %+v, before %+v", after, before)
	}
}

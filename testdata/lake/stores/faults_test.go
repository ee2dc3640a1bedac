package stores

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"mailerlake/export/publish/store"
	"mailerlake/testdata/lake/proxy"
	"mailerlake/testdata/lake/servers"
)

// TestLostAnswers loses the answer to a conditional write, which the store then sends again: the server refuses that one.
func TestLostAnswers(t *testing.T) {
	eachKind(t, func(t *testing.T, server *servers.Server) {
		for name, fault := range map[string]proxy.Kind{"connection": proxy.Lost, "status 500": proxy.LostAs(500)} {
			t.Run(name, func(t *testing.T) { lostAnswers(t, server, fault) })
		}
	})
}

func lostAnswers(t *testing.T, server *servers.Server, fault proxy.Kind) {
	s, p, bucket := throughProxy(t, server)
	p.Arm(proxy.Fault{Kind: fault, At: 1})
	created := mustPut(t, s, "a", "one", store.IfAbsent())
	if n := len(p.Requests()); n != 3 || s.Stats().Retries != 1 { // put, put again, read back
		t.Errorf("creating it took %d requests and %d retries", n, s.Stats().Retries)
	}
	if head, err := s.Head(t.Context(), "a"); err != nil || head.Version != created.Version {
		t.Errorf("its version is %q, %v, put said %q", head.Version, err, created.Version)
	}
	p.Arm(proxy.Fault{Kind: fault, At: 1})
	replaced := mustPut(t, s, "a", "two", store.IfVersion(created.Version))
	mustPut(t, s, "a", "three", store.IfVersion(replaced.Version))

	// What somebody else wrote is not taken for ours, even if the answer that said so is lost.
	for _, condition := range []store.Condition{store.IfAbsent(), store.IfVersion(replaced.Version)} {
		p.Arm(proxy.Fault{Kind: fault, At: 1})
		if _, err := s.Put(t.Context(), "a", store.BytesBody([]byte("other")), condition); !errors.Is(err, store.ErrConflict) {
			t.Errorf("put: %v, want a conflict", err)
		}
	}
	if got := string(bucket.All(t)["a"]); got != "three" {
		t.Errorf("the object is %q", got)
	}
}

func mustPut(t *testing.T, s store.Store, key, content string, condition store.Condition) store.Object {
	t.Helper()
	object, err := s.Put(t.Context(), key, store.BytesBody([]byte(content)), condition)
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// passing are faults that pass when a request is sent again.
var passing = map[string]proxy.Kind{"refused": proxy.Refused, "lost": proxy.Lost, "truncated": proxy.Truncated, "500": proxy.Status(500),
	"503": proxy.Status(503), "429": proxy.Status(429)}

// TestFaultsPass makes each request of each operation fail once.
func TestFaultsPass(t *testing.T) {
	eachKind(t, func(t *testing.T, server *servers.Server) {
		for name, fault := range passing {
			t.Run(name, func(t *testing.T) { faultPasses(t, server, fault, name == "truncated") })
		}
	})
}

func faultPasses(t *testing.T, server *servers.Server, fault proxy.Kind, truncated bool) {
	var checks sync.WaitGroup
	defer checks.Wait()
	for name, do := range map[string]func(s store.Store) error{
		"put": func(s store.Store) error {
			_, err := s.Put(t.Context(), "a", store.BytesBody([]byte("a")), store.Always())
			return err
		},
		"get":          func(s store.Store) error { return hasContent(t, s, "dir/there", "content") },
		"get of none":  func(s store.Store) error { return wantMissing(hasContent(t, s, "none", "")) },
		"head":         func(s store.Store) error { _, err := s.Head(t.Context(), "dir/there"); return err },
		"head of none": func(s store.Store) error { _, err := s.Head(t.Context(), "none"); return wantMissing(err) },
		"list":         func(s store.Store) error { return lists(t, s, "dir/", "dir/there") },
		"delete":       func(s store.Store) error { return s.Delete(t.Context(), "dir/there") },
		"delete none":  func(s store.Store) error { return s.Delete(t.Context(), "none") },
	} {
		s, p, bucket := throughProxy(t, server)
		checks.Go(func() {
			for at := 1; at == 1 || len(p.Requests()) >= at-1; at++ {
				bucket.Put(t, "dir/there", []byte("content"))
				p.Arm(proxy.Fault{Kind: fault, At: at})
				if err := do(s); err != nil {
					t.Errorf("%s with its request %d gone wrong: %v", name, at, err)
				}
			}
			if s.Stats().Retries == 0 && !truncated { // an answer may be whole without its body, and one client goes on by itself
				t.Errorf("%s was not sent again", name)
			}
		})
	}
}

func hasContent(t *testing.T, s store.Store, key, content string) error {
	r, object, err := s.Get(t.Context(), key)
	if err != nil {
		return err
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err == nil && (string(got) != content || object.Bytes != int64(len(content))) {
		err = fmt.Errorf("%s is %.40q", key, got)
	}
	return err
}

func wantMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("%w, want no object", err)
}

func lists(t *testing.T, s store.Store, prefix string, want ...string) error {
	var got []string
	for object, err := range s.List(t.Context(), prefix) {
		if err != nil {
			return err
		}
		got = append(got, object.Key)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		return fmt.Errorf("listed are %q, want %q", got, want)
	}
	return nil
}

// TestReadingGoesOn breaks the connection in the middle of a large object.
func TestReadingGoesOn(t *testing.T) {
	eachKind(t, func(t *testing.T, server *servers.Server) {
		s, p, _ := throughProxy(t, server)
		content := strings.Repeat("0123456789abcdef", 1<<18)
		mustPut(t, s, "big", content, store.Always())
		p.Arm(proxy.Fault{Kind: proxy.Truncated, At: 1})
		if err := hasContent(t, s, "big", content); err != nil {
			t.Error(err)
		}
		requests := p.Requests()
		if len(requests) != 2 || s.Stats().Received > int64(len(content)) {
			t.Errorf("%d requests, %d bytes came for one of %d", len(requests), s.Stats().Received, len(content))
		}
	})
}

// TestReadingGivesUp breaks the connection in the middle of a large object, and the server is not there any more.
func TestReadingGivesUp(t *testing.T) {
	atOnce(t, func(s store.Store, p *proxy.Proxy) {
		content := strings.Repeat("0123456789abcdef", 1<<18)
		if _, err := s.Put(t.Context(), "big", store.BytesBody([]byte(content)), store.Always()); err != nil {
			t.Error(err)
		}
		p.Arm(proxy.Fault{Kind: proxy.Truncated, At: 1})
		r, _, err := s.Get(t.Context(), "big")
		if err != nil {
			t.Error(err)
			return
		}
		defer r.Close()
		p.Arm(proxy.Fault{Kind: proxy.Refused, At: 1, On: true})
		if n, err := io.Copy(io.Discard, r); err == nil || n >= int64(len(content)) || !strings.Contains(err.Error(), "/big: no answer") {
			t.Errorf("%d bytes were read: %v", n, err)
		}
	})
}

// TestReplacedWhileRead breaks the connection, and the rest is of another version.
func TestReplacedWhileRead(t *testing.T) {
	eachKind(t, func(t *testing.T, server *servers.Server) {
		s, p, bucket := throughProxy(t, server)
		direct := open(t, bucket.URL(p.Addr))
		content := strings.Repeat("first", 1<<20)
		mustPut(t, s, "big", content, store.Always())
		p.Arm(proxy.Fault{Kind: proxy.Truncated, At: 1})
		r, _, err := s.Get(t.Context(), "big")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		mustPut(t, direct, "big", strings.Repeat("other", 1<<20), store.Always())
		if got, err := io.ReadAll(r); err == nil && string(got) != content {
			t.Error("two versions were read as one")
		} else if err != nil && !strings.Contains(err.Error(), "replaced meanwhile") {
			t.Error(err)
		}
	})
}

// TestFaultsThatStay shows how a store gives up.
func TestFaultsThatStay(t *testing.T) {
	atOnce(t, func(s store.Store, p *proxy.Proxy) {
		p.Arm(proxy.Fault{Kind: proxy.Status(503), At: 1, On: true})
		_, err := s.Put(t.Context(), "a", store.BytesBody([]byte("a")), store.IfAbsent())
		if n := len(p.Requests()); err == nil || n != 6 || s.Stats().Retries != 5 || !strings.Contains(err.Error(), "503") {
			t.Errorf("%v after %d requests, want 6", err, n)
		}
	})
}

// atOnce runs a check for all kinds of stores at the same time, because it takes long and little work.
func atOnce(t *testing.T, check func(store.Store, *proxy.Proxy)) {
	var checks sync.WaitGroup
	defer checks.Wait()
	for _, kind := range servers.Kinds {
		s, p, _ := throughProxy(t, servers.Start(t, kind))
		checks.Go(func() { check(s, p) })
	}
}

// TestCancelledWhileWaiting cancels a request that has no answer, and one that waits to be sent again.
func TestCancelledWhileWaiting(t *testing.T) {
	eachKind(t, func(t *testing.T, server *servers.Server) {
		s, p, _ := throughProxy(t, server)
		for _, fault := range []proxy.Kind{proxy.Slow(time.Minute), proxy.Status(503)} {
			p.Arm(proxy.Fault{Kind: fault, At: 1, On: true})
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			start := time.Now()
			_, err := s.Put(ctx, "a", store.BytesBody([]byte("a")), store.IfAbsent())
			if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took > 10*time.Second {
				t.Errorf("%v after %v", err, took)
			}
			cancel()
		}
	})
}

// TestStalled waits for the store to give up on a connection from which nothing comes.
func TestStalled(t *testing.T) {
	if os.Getenv("LAKE") != "all" {
		t.Skip("takes a minute: set LAKE=all")
	}
	atOnce(t, func(s store.Store, p *proxy.Proxy) {
		p.Arm(proxy.Fault{Kind: proxy.Slow(5 * time.Minute), At: 1})
		_, err := s.Put(t.Context(), "a", store.BytesBody([]byte("a")), store.IfAbsent())
		if err != nil || s.Stats().Retries != 1 {
			t.Errorf("%v, %+v", err, s.Stats())
		}
	})
}

package proxy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// backend answers with the path that it got, and counts.
type backend struct{ handled atomic.Int64 }

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.handled.Add(1)
	body, _ := io.ReadAll(r.Body)
	io.WriteString(w, r.Method+" "+r.Host+r.RequestURI+" "+string(body))
}

// send sends a PUT through the proxy and returns the status and the body, or the error.
func send(t *testing.T, p *Proxy, path string) (int, string, error) {
	t.Helper()
	r, err := http.NewRequest("PUT", "http://"+p.Addr+path, strings.NewReader("content"))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

func TestForwards(t *testing.T) {
	server := httptest.NewServer(new(backend))
	defer server.Close()
	p := Start(t, server.Listener.Addr().String())
	const path = "/bucket/a%2Fb%20c/d+e?list-type=2&prefix=x%2Fy"
	status, body, err := send(t, p, path)
	if want := "PUT " + p.Addr + path + " content"; err != nil || status != 200 || body != want {
		t.Errorf("got %d %q %v, want %q", status, body, err, want)
	}
	if got, want := p.Requests()[0], (Request{"PUT", path, 7, 200}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

// TestFaults checks for each kind whether the server handles the second of three requests, and what the client gets.
func TestFaults(t *testing.T) {
	var killed atomic.Int64
	kill := func() { killed.Add(1) }
	for name, c := range map[string]struct {
		kind    Kind
		handled int64 // of three requests
		status  int   // of the second; 0 if the connection broke
		killed  int64
	}{
		"500":         {Status(500), 2, 500, 0},
		"412":         {Status(412), 2, 412, 0},
		"refused":     {Refused, 2, 0, 0},
		"lost":        {Lost, 3, 0, 0},
		"lost as 503": {LostAs(503), 3, 503, 0},
		"truncated":   {Truncated, 3, 0, 0},
		"slow":        {Slow(time.Millisecond), 3, 200, 0},
		"kill before": {KillBefore(kill), 2, 0, 1},
		"kill after":  {KillAfter(kill), 3, 0, 1},
		"late":        {Late(kill), 2, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := new(backend)
			server := httptest.NewServer(b)
			defer server.Close()
			p := Start(t, server.Listener.Addr().String())
			killed.Store(0)
			p.Arm(Fault{Kind: c.kind, At: 2})
			for i := range 3 {
				status, _, err := send(t, p, "/object")
				if want := []int{200, c.status, 200}[i]; status != want && (want != 0 || err == nil) {
					t.Errorf("request %d: got %d, %v; want %d", i+1, status, err, want)
				}
				if want := i == 1 && c.status == 0; (err != nil) != want {
					t.Errorf("request %d: got error %v", i+1, err)
				}
			}
			if b.handled.Load() != c.handled || killed.Load() != c.killed || !p.Happened() {
				t.Errorf("handled %d, killed %d, want %d and %d", b.handled.Load(), killed.Load(), c.handled, c.killed)
			}
			if p.DeliverLate(); name == "late" && b.handled.Load() != 3 {
				t.Errorf("the late request was not delivered")
			}
		})
	}
}

func TestFaultFromOneRequestOn(t *testing.T) {
	server := httptest.NewServer(new(backend))
	defer server.Close()
	p := Start(t, server.Listener.Addr().String())
	p.Arm(Fault{Kind: Status(503), At: 2, On: true})
	for i, want := range []int{200, 503, 503} {
		if status, _, err := send(t, p, "/object"); status != want || err != nil {
			t.Errorf("request %d: got %d, %v; want %d", i+1, status, err, want)
		}
	}
	p.Arm(Fault{})
	if status, _, _ := send(t, p, "/object"); status != 200 || p.Happened() || len(p.Requests()) != 1 {
		t.Errorf("without a fault: got %d after %d requests", status, len(p.Requests()))
	}
}

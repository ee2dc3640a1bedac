package readers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// page is what a browser made of a file.
type page struct {
	dom      string
	title    string
	sections map[string][][]string // the rows of all tables of a section, by its heading
	console  []string              // what was written to the console
	asked    []string              // hosts that the page wanted something from
}

// browsers are the names that Chromium goes by.
var browsers = []string{"chromium", "chromium-browser", "google-chrome"}

// browse opens a file in a headless browser, without a network but for a proxy that notes what is asked for.
func browse(t *testing.T, file string) *page {
	t.Helper()
	program := ""
	for _, name := range slices.Backward(browsers) {
		if found, err := exec.LookPath(name); err == nil {
			program = found
		}
	}
	if program == "" {
		t.Skipf("there is no browser; install one of %v", browsers)
	}
	proxy := newNotingProxy(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), "--proxy-server="+proxy.address,
		"--proxy-bypass-list=<-loopback>", "--enable-logging=stderr", "--virtual-time-budget=3000", "--dump-dom", "file://"+file)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, stderr.Bytes())
	}
	p := &page{dom: stdout.String(), asked: proxy.hosts()}
	for line := range strings.Lines(stderr.String()) {
		if strings.Contains(line, ":CONSOLE") {
			p.console = append(p.console, strings.TrimSpace(line))
		}
	}
	p.read(t)
	return p
}

// notingProxy refuses every request and notes the host that it was for.
type notingProxy struct {
	address string
	mu      sync.Mutex
	asked   []string
}

func newNotingProxy(t *testing.T) *notingProxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	p := &notingProxy{address: listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go p.refuse(conn)
		}
	}()
	return p
}

func (p *notingProxy) refuse(conn net.Conn) {
	defer conn.Close()
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, r.Host)
	fmt.Fprint(conn, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

// browsersOwn are the hosts that a browser asks by itself, whatever page it shows.
var browsersOwn = []string{".google.com", ".googleapis.com", ".gvt1.com", ".gstatic.com"}

// hosts returns the hosts that were asked for, but for the browser's own.
func (p *notingProxy) hosts() (hosts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, host := range p.asked {
		name, _, _ := strings.Cut(host, ":")
		if !slices.ContainsFunc(browsersOwn, func(own string) bool { return strings.HasSuffix("."+name, own) }) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// read takes the title and the tables from the document.
func (p *page) read(t *testing.T) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(p.dom))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	p.sections = map[string][][]string{}
	var heading string
	var text strings.Builder
	var row []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("the document cannot be read: %v", err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			switch x.Name.Local {
			case "h2", "h3", "th", "td", "tr", "title":
				text.Reset()
			}
		case xml.CharData:
			text.Write(x)
		case xml.EndElement:
			switch content := strings.TrimSpace(text.String()); x.Name.Local {
			case "title":
				if p.title == "" {
					p.title = content
				}
			case "h2":
				heading = content
			case "th", "td":
				row = append(row, content)
			case "tr":
				p.sections[heading] = append(p.sections[heading], row)
				row = nil
			}
		}
	}
}

// TestBrowseNotices checks that what the tests of the report look for would be seen: scripts that run, messages in the console
// and requests.
func TestBrowseNotices(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.html")
	html := `<!DOCTYPE html><html><head><title>before</title></head><body><img src="http://evil.example/a.png"><h2>T</h2>
		<table><tr><th>a</th><td>1</td></tr></table><script>document.title = "after"; console.error("seen")</script></body></html>`
	if err := os.WriteFile(file, []byte(html), 0o600); err != nil {
		t.Fatal(err)
	}
	p := browse(t, file)
	if p.title != "after" || len(p.console) == 0 || !strings.Contains(p.console[0], "seen") || !slices.Contains(p.asked, "evil.example") ||
		fmt.Sprint(p.sections) != "map[T:[[a 1]]]" {
		t.Errorf("got title %q, console %q, asked %q, sections %v", p.title, p.console, p.asked, p.sections)
	}
}

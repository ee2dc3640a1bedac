package page_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mailerlake/export/insights"
	"mailerlake/export/insights/page"
)

// hostile are names that must stay text.
var hostile = []string{
	`</script><img src=x onerror=alert(1)>`,
	`"><svg onload=alert(1)>`,
	`' onmouseover='alert(1)`,
	`</style><script>alert(1)</script>`,
	`<!--`, `]]>`, `&lt;b&gt;`, `javascript:alert(1)`, `{{.}}`, `url(http://evil.example/x)`,
	"\u202egnp.exe\u202c", "\x00\x07\x1b[31mred", "a\nb\tc\u2028d", "\xff\xfe broken", "\ufffe\uffff",
	"👩‍👩‍👧‍👦 family", "עברית וערבית العربية", strings.Repeat("very long ", 500), strings.Repeat("Ж", 3000), "", "   ",
}

var at = time.Date(2026, 4, 1, 5, 0, 0, 0, time.UTC)

func share(f float64) *float64 { return &f }

// full returns a report with all sections whose names are hostile.
func full() *insights.Report {
	audience := insights.Audience{Subscribers: 10, Active: 7, Sent: 100, OpenRate: share(0.5), ClickRate: share(0.25)}
	sending := insights.Sending{Sent: 1000, Opened: 400, Clicked: 100, Unsubscribed: 3, OpenRate: share(0.4), ClickRate: share(0.1)}
	month, many := insights.Month{Year: 2026, Month: time.March}, int64(7)
	r := &insights.Report{Account: hostile[1], AccountName: hostile[0], Snapshot: 12, CommittedAt: at, ReadAt: at.AddDate(0, 1, 0), AsOf: at,
		Subscribers: insights.Subscribers{Audience: audience},
		Growth:      insights.Growth{Months: []insights.MonthFlow{{Month: month, Flow: insights.Flow{Joined: 4, Unsubscribed: 1}}}, Earlier: insights.Flow{Joined: 5}},
		Sources:     insights.Ranking{Others: 3, Error: 2}, Domains: insights.Ranking{Others: 1},
		Groups:      insights.Groups{Groups: 99, Members: &many, Grouped: &many},
		Campaigns:   insights.Campaigns{Sent: 3, Unsent: 1, Total: sending, Months: []insights.MonthSending{{Month: month, Campaigns: 1, Sending: sending}}, Floor: 100},
		Ages:        insights.Ages{Steps: []insights.AgeStep{{Until: 30, Audience: audience, Silent: &many}, {From: 30, Audience: audience}}},
		Recency:     insights.Recency{Steps: []insights.RecencyStep{{Until: 30, Subscribers: 5}, {From: 30, Subscribers: 1}}, Never: 3, Unsent: 1, Followed: 10, Sampled: true},
		Automations: insights.Automations{Automations: 2, Enabled: 1},
		Revenue:     insights.Revenue{Shops: 2, Pending: 1}, Notes: hostile[:10]}
	for i, name := range hostile {
		id := fmt.Sprint(i)
		r.Subscribers.Statuses = append(r.Subscribers.Statuses, insights.Count{Name: name, Rows: 1})
		r.Sources.Top = append(r.Sources.Top, insights.Ranked{Name: name, Audience: audience})
		r.Domains.Top = append(r.Domains.Top, insights.Ranked{Name: name, Audience: audience})
		r.Groups.Top = append(r.Groups.Top, insights.Group{ID: id, Name: name, Active: 5, OpenRate: share(0.3)})
		r.Campaigns.Recent = append(r.Campaigns.Recent, insights.CampaignFacts{ID: id, Name: name, At: at, Sending: sending})
		r.Campaigns.Best = append(r.Campaigns.Best, insights.CampaignFacts{ID: id, Name: name, At: at, Sending: sending})
		r.Automations.Top = append(r.Automations.Top, insights.Automation{ID: id, Name: name, Enabled: i%2 == 0, Sent: 9, OpenRate: share(0.2)})
		r.Revenue.Currencies = append(r.Revenue.Currencies, insights.Currency{Currency: name, Orders: 2, Total: 1234.5,
			Months: []insights.MonthSales{{Month: month, Orders: 2, Total: 1234.5}}})
		r.Runs.Last = append(r.Runs.Last, insights.Run{Snapshot: int64(i + 2), At: at, Changes: insights.Changes{Added: 1, Changed: 2, Deleted: 3},
			Tables: []insights.TableChanges{{Table: name, Changes: insights.Changes{Added: 1, Changed: 2, Deleted: 3}}}})
	}
	return r
}

// elements and attributes are all that a page may have.
var (
	elements = strings.Fields(`html head meta title style body main header footer section div p span b bdi h1 h2 h3 ul li table thead tbody tr th td
		figure figcaption details summary svg g rect line circle path text title`)
	attributes = strings.Fields(`lang xmlns charset http-equiv content name class scope title viewBox preserveAspectRatio aria-hidden aria-label role
		width height x y x1 x2 y1 y2 rx cx cy r d text-anchor`)
)

// write writes a page and returns it with the text that it shows. It must be well-formed, and have nothing that could run, load
// or style.
func write(t *testing.T, r *insights.Report) (html, text string) {
	t.Helper()
	var b bytes.Buffer
	if err := page.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	html = b.String()
	var shown strings.Builder
	decoder, within := xml.NewDecoder(strings.NewReader(html)), ""
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			if within = x.Name.Local; !slices.Contains(elements, within) {
				t.Errorf("the page has an element %s", within)
			}
			for _, a := range x.Attr {
				if !slices.Contains(attributes, a.Name.Local) {
					t.Errorf("the page has an attribute %s of %s", a.Name.Local, within)
				}
			}
		case xml.CharData:
			if within != "style" {
				shown.Write(x)
			}
			shown.WriteByte(' ')
		}
	}
	return html, shown.String()
}

// TestHostileNames checks that names of any kind stay text, in every place.
func TestHostileNames(t *testing.T) {
	html, text := write(t, full())
	for _, want := range []string{hostile[0], hostile[1], hostile[3], `{{.}}`, "gnp.exe", "[31mred", "a b c d", "👩‍👩‍👧‍👦 family", "(no name)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if i := strings.IndexAny(html, "\u202e\u202c\x00\x07\x1b\u2028\ufffe"); i >= 0 {
		t.Errorf("the page has a control character: %q", html[i:min(len(html), i+20)])
	}
	if longest := slices.MaxFunc(strings.Fields(text), func(a, b string) int { return len(a) - len(b) }); len(longest) > 700 {
		t.Errorf("the page shows a word of %d bytes", len(longest))
	}
	if strings.Count(html, "<style>") != 1 || !strings.Contains(html, "default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;") {
		t.Error("the page has other styles, or no policy")
	}
	styles, _, _ := strings.Cut(html, "</style>") // the attributes that write admits refer to nothing
	styles = strings.Replace(styles, "http://www.w3.org/1999/xhtml", "", 1)
	if found := regexp.MustCompile(`(?i)https?://|@import|@font-face|\burl\(`).FindString(styles); found != "" {
		t.Errorf("the page refers to %q", found)
	}
}

// TestAbsentSections checks that each section says why it has no figures.
func TestAbsentSections(t *testing.T) {
	why := func(name string) insights.Section { return insights.Section{Absent: "No " + name + " <here>."} }
	r := &insights.Report{AsOf: at, ReadAt: at, CommittedAt: at, Subscribers: insights.Subscribers{Section: why("subscribers")}, Growth: insights.Growth{Section: why("growth")},
		Sources: insights.Ranking{Section: why("sources")}, Domains: insights.Ranking{Section: why("domains")}, Groups: insights.Groups{Section: why("groups")},
		Campaigns: insights.Campaigns{Section: why("campaigns")}, Ages: insights.Ages{Section: why("ages")}, Recency: insights.Recency{Section: why("recency")},
		Automations: insights.Automations{Section: why("automations")}, Revenue: insights.Revenue{Section: why("revenue")}, Runs: insights.Runs{Section: why("runs")}}
	_, text := write(t, r)
	for _, name := range strings.Fields("subscribers growth sources domains groups campaigns ages recency automations revenue runs") {
		if !strings.Contains(text, "No "+name+" <here>.") {
			t.Errorf("the page does not say why it has no %s", name)
		}
	}
}

// TestOddFigures checks that a page can show nothing, numbers that are not known, and very large ones.
func TestOddFigures(t *testing.T) {
	html, _ := write(t, &insights.Report{AsOf: at, ReadAt: at, CommittedAt: at, Revenue: insights.Revenue{Section: insights.Section{Absent: "none"}},
		Runs: insights.Runs{Last: []insights.Run{{Snapshot: 2, At: at}}}})
	r := full()
	r.Growth.Months[0].Joined, r.Growth.Months[0].Unsubscribed = math.MaxInt64, math.MaxInt64/2
	r.Revenue.Currencies[0].Months[0].Total, r.Campaigns.Months[0].OpenRate = -1e15, nil
	large, text := write(t, r)
	if !strings.Contains(text, "9,223,372,036,854,775,807") {
		t.Error("the page does not show the greatest number")
	}
	for _, h := range []string{html, large} {
		if found := regexp.MustCompile(`="[^"]*(NaN|Inf)[^"]*"`).FindString(h); found != "" {
			t.Errorf("a chart has the coordinate %s", found)
		}
	}
}

// TestSameReportSamePage checks that the page depends on the report alone.
func TestSameReportSamePage(t *testing.T) {
	first, _ := write(t, full())
	second, _ := write(t, full())
	if first != second {
		t.Error("two pages of the same report differ")
	}
}

// TestTitle checks the title with and without a name.
func TestTitle(t *testing.T) {
	r := &insights.Report{Account: "7", AccountName: "A & B", AsOf: at}
	if got := page.Title(r); got != "A & B · mailing report · 1 April 2026" {
		t.Errorf("got %q", got)
	}
	r.AccountName = " \x00"
	if got := page.Title(r); got != "Account 7 · mailing report · 1 April 2026" {
		t.Errorf("got %q", got)
	}
}

// failing fails after some bytes.
type failing struct{ left int }

func (f *failing) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errors.New("disk full")
	}
	return len(b), nil
}

// TestWriteFails checks that an error of the writer is returned, wherever it comes.
func TestWriteFails(t *testing.T) {
	for _, left := range []int{0, 5000, 30_000} {
		if err := page.Write(&failing{left}, full()); err == nil {
			t.Errorf("no error after %d bytes", left)
		}
	}
}

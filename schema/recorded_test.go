package schema

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// undeclared are the attributes of recorded rows that no table declares: only single GETs and answers to writes have
// them.
var undeclared = []string{"cannot_be_scheduled_reason", "location"}

// recordedRows returns the rows in the recorded answers whose file names match.
func recordedRows(t *testing.T, pattern string) map[string][]json.RawMessage {
	t.Helper()
	rows := map[string][]json.RawMessage{}
	for _, origin := range []string{"python-cassette", "node-tape"} {
		files, err := filepath.Glob(filepath.Join("../../shared/recorded", pattern+"*"+origin+"*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			rows[filepath.Base(file)] = readRows(t, file)
		}
	}
	if len(rows) == 0 {
		t.Skip("no recorded answers here")
	}
	return rows
}

func readRows(t *testing.T, file string) []json.RawMessage {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Body struct{ Data json.RawMessage }
	}
	if json.Unmarshal(text, &answer) != nil || len(answer.Body.Data) == 0 {
		return nil // an answer without rows
	}
	var rows []json.RawMessage
	if answer.Body.Data[0] == '{' {
		return append(rows, answer.Body.Data)
	}
	if err := json.Unmarshal(answer.Body.Data, &rows); err != nil {
		t.Fatal(file, err)
	}
	return rows
}

func TestRecordedRows(t *testing.T) {
	for table, pattern := range map[string]string{"subscriber": "subscribers_[lgu]", "group": "groups_", "field": "fields_", "campaign": "campaigns_"} {
		d, n := NewDecoder(Lookup(table)), 0
		for file, rows := range recordedRows(t, pattern) {
			data, err := json.Marshal(rows)
			if err != nil {
				t.Fatal(err)
			}
			if rows == nil {
				continue
			}
			p, err := d.Page(data)
			if err != nil {
				t.Fatal(file, err)
			}
			n += p.Rows.Rows
			checkRecorded(t, file, p, len(rows))
		}
		if n == 0 {
			t.Errorf("%s: no recorded row", table)
		}
	}
}

func checkRecorded(t *testing.T, file string, p *Page, rows int) {
	t.Helper()
	if p.Rows.Rows != rows || p.Dropped != 0 {
		t.Errorf("%s: %d rows, %d dropped, want %d", file, p.Rows.Rows, p.Dropped, rows)
	}
	if v := p.Rows.Vector(Rescued); v != nil {
		for i := range v.Len() {
			t.Errorf("%s: rescued %s", file, v.Text(i))
		}
	}
	for _, c := range p.Rows.Columns {
		if c.Kind == Raw && !strings.HasPrefix(c.Path, "fields.") && !slices.Contains(undeclared, c.Path) {
			t.Errorf("%s: attribute %s is not declared", file, c.Path)
		}
	}
}

// Values of recorded rows, read by other code, stand in their columns.
func TestRecordedValues(t *testing.T) {
	for file, rows := range recordedRows(t, "campaigns_list") {
		p, err := NewDecoder(Lookup("campaign")).Page(slices.Concat([]byte("["), rows[0], []byte("]")))
		if err != nil {
			t.Fatal(file, err)
		}
		var want struct {
			ID      string
			Name    string
			Created string `json:"created_at"`
			Stats   struct {
				Sent  int
				Opens struct {
					Float  float64
					String string
				} `json:"open_rate"`
			}
		}
		if err := json.Unmarshal(rows[0], &want); err != nil {
			t.Fatal(err)
		}
		if got := string(p.Rows.Vector("id").Text(0)); got != want.ID {
			t.Errorf("%s: id %s, want %s", file, got, want.ID)
		}
		if got := show(p.Rows.Vector("created_at"), 0); got != want.Created {
			t.Errorf("%s: created_at %s, want %s", file, got, want.Created)
		}
		if v := p.Rows.Vector("stats_open_rate_float"); v != nil && v.Float(0) != want.Stats.Opens.Float {
			t.Errorf("%s: open rate %v, want %v", file, v.Float(0), want.Stats.Opens.Float)
		}
		if v := p.Rows.Vector("stats_sent"); v != nil && v.Int(0) != int64(want.Stats.Sent) {
			t.Errorf("%s: sent %v, want %v", file, v.Int(0), want.Stats.Sent)
		}
	}
}

// The list and a single GET of the same campaign give the same e-mails, without their bodies.
func TestRecordedEmailsHaveNoBody(t *testing.T) {
	listed := recordedEmails(t, "campaigns_list")
	same := 0
	for id, emails := range recordedEmails(t, "campaigns_get") {
		if !strings.Contains(emails, `"subject"`) || strings.Contains(emails, `"content"`) || strings.Contains(emails, `"click_map"`) {
			t.Errorf("campaign %s: e-mails %s", id, emails)
		}
		if list, ok := listed[id]; ok {
			same++
			if list != emails {
				t.Errorf("campaign %s: e-mails in the list %s, alone %s", id, list, emails)
			}
		}
	}
	if same == 0 {
		t.Error("no campaign is recorded both ways")
	}
}

// recordedEmails returns the emails column of recorded campaigns by id.
func recordedEmails(t *testing.T, pattern string) map[string]string {
	t.Helper()
	emails := map[string]string{}
	for file, rows := range recordedRows(t, pattern) {
		for _, row := range rows {
			p, err := NewDecoder(Lookup("campaign")).Page(slices.Concat([]byte("["), row, []byte("]")))
			if err != nil {
				t.Fatal(file, err)
			}
			emails[string(p.Rows.Vector("id").Text(0))] = string(p.Rows.Vector("emails").Text(0))
		}
	}
	return emails
}

package command

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestProgressOffATerminal: a run that waits for its rate limit tells every 30 seconds how far it is, and nothing else.
func TestProgressOffATerminal(t *testing.T) {
	t.Chdir(t.TempDir())
	var text, lines outcome
	synctest.Test(t, func(t *testing.T) {
		text = run(t, "export", "--demo", "--tables", "core", "--rate", "4", "--out", "text")
		lines = run(t, "export", "--demo", "--tables", "core", "--rate", "4", "--out", "lines", "--log-format", "json")
	})
	if text.err != nil || lines.err != nil {
		t.Fatal(text.err, lines.err)
	}
	line := regexp.MustCompile(`time=\S+ level=INFO msg="(\d+) % read, (?:\d+ min )?\d+ s left; .*subscriber \d+ % \([\d,]+ of 2,0\d\d rows\).*; \d of 4 tables read; [0-4] of 4 requests in the last minute`)
	told := line.FindAllStringSubmatch(text.stderr, -1)
	all := strings.Split(strings.TrimSpace(text.stderr), "\n")
	if len(told) < 2 || len(all) > len(told)+5 {
		t.Errorf("got\n%s", text.stderr)
	}
	checkShares(t, lines.stderr)
}

// checkShares checks that the lines of a log come every 30 seconds, and that no share in them falls.
func checkShares(t *testing.T, log string) {
	var before struct {
		Time  time.Time
		Share float64
	}
	told := 0
	for text := range strings.Lines(log) {
		line := struct {
			Time   time.Time
			Msg    string
			Share  float64
			ETA    float64 `json:"eta_seconds"`
			Tables []struct{ Table string }
		}{Share: before.Share}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if line.Msg != "progress" {
			continue
		}
		if told++; told > 1 && line.Time.Sub(before.Time) != 30*time.Second {
			t.Errorf("%s after the line before: %s", line.Time.Sub(before.Time), text)
		}
		if line.Share < before.Share || line.Share > 1 {
			t.Errorf("a share of %v after %v", line.Share, before.Share)
		}
		before.Time, before.Share = line.Time, line.Share
	}
	if told < 2 {
		t.Errorf("got\n%s", log)
	}
}

package dataset_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
)

func encode(t *testing.T, m *dataset.Manifest) []byte {
	t.Helper()
	data, err := dataset.EncodeManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestManifestRoundTrip(t *testing.T) {
	want := fullManifest()
	data := encode(t, want)
	got, err := dataset.DecodeManifest("manifest.json", data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if again := encode(t, got); string(again) != string(data) {
		t.Errorf("written again:\n%s\nwant\n%s", again, data)
	}
	for _, text := range []string{"\n  \"snapshot\": 2,\n", `"type": "TIMESTAMP"`, `"greatest_updated_at": "2024-02-29T23:59:59.123456Z"`, `"Tést"`} {
		if !strings.Contains(string(data), text) {
			t.Errorf("no %q in\n%s", text, data)
		}
	}
	if strings.Contains(string(data), `"json": false`) || strings.Contains(string(data), "null") {
		t.Errorf("it says what goes without saying:\n%s", data)
	}
}

func TestManifestDamaged(t *testing.T) {
	text := string(encode(t, nextWorld().manifest))
	tests := map[string]struct{ data, reason string }{
		"empty":            {"", "invalid JSON"},
		"not JSON":         {"PAR1", "invalid JSON"},
		"truncated":        {text[:len(text)/2], "invalid JSON"},
		"trailing":         {text + "{}", "invalid JSON"},
		"no version":       {"{}", "no format version"},
		"unknown member":   {reseal(strings.Replace(text, `"snapshot"`, `"surprise": 1, "snapshot"`, 1)), `"/surprise"`},
		"unknown in part":  {reseal(strings.Replace(text, `"bytes"`, `"md5": "", "bytes"`, 1)), "md5"},
		"two checksums":    {reseal(strings.Replace(text, `"snapshot": 2`, `"snapshot": 2, "sha256": ""`, 1)), "invalid JSON"},
		"no checksum":      {strings.Replace(text, `"sha256"`, `"sha257"`, 1), "checksum"},
		"edited":           {strings.Replace(text, `"rows": 5`, `"rows": 6`, 1), "checksum"},
		"other blanks":     {strings.Replace(text, `"rows": 5`, `"rows":  5`, 1), "checksum"},
		"double member":    {strings.Replace(text, `"snapshot": 2`, `"snapshot": 2, "snapshot": 2`, 1), "invalid JSON"},
		"other case":       {reseal(strings.Replace(text, `"snapshot"`, `"Snapshot"`, 1)), "Snapshot"},
		"unknown type":     {reseal(strings.Replace(text, `"INT64"`, `"INT96"`, 1)), "/tables/0/columns/1/type"},
		"number too large": {reseal(strings.Replace(text, `"snapshot": 2`, `"snapshot": 99999999999999999999`, 1)), "/snapshot"},
		"number as text":   {reseal(strings.Replace(text, `"snapshot": 2`, `"snapshot": "2"`, 1)), "/snapshot"},
		"invalid UTF-8":    {strings.Replace(text, "Tést", "T\xffst", 1), "invalid JSON"},
		"an array":         {"[]", "invalid"},
		"wrong count":      {reseal(strings.Replace(text, `"rows": 5`, `"rows": 6`, 1)), "its parts have 5"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := dataset.DecodeManifest("lake/manifest.json", []byte(test.data))
			var damaged *dataset.DamagedError
			if !errors.As(err, &damaged) {
				t.Fatalf("error = %v, want a DamagedError", err)
			}
			if damaged.Path != "lake/manifest.json" || !strings.Contains(damaged.Reason, test.reason) || damaged.Hint == "" {
				t.Errorf("error = %+v, want reason %q", damaged, test.reason)
			}
		})
	}
}

// reseal gives a manifest the checksum that its text now has, as the documentation says.
func reseal(text string) string {
	sum, rest := sha256.New(), ""
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, `  "sha256"`) {
			io.WriteString(sum, line)
			rest += line
		}
	}
	lines := strings.SplitAfterN(rest, "\n", 3)
	return fmt.Sprintf("%s%s  \"sha256\": \"%x\",\n%s", lines[0], lines[1], sum.Sum(nil), lines[2])
}

func TestManifestChecksum(t *testing.T) {
	text := string(encode(t, fullManifest()))
	if again := reseal(text); again != text {
		t.Errorf("the checksum is not that of the other lines:\n%s\nwant\n%s", text, again)
	}
	if _, err := exec.LookPath("sha256sum"); err != nil {
		t.Skip("no sha256sum there")
	}
	name := filepath.Join(t.TempDir(), "manifest.json")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("sh", "-c", `grep -v '^  "sha256"' "$0" | sha256sum`, name).Output()
	if err != nil || !strings.Contains(text, string(out[:64])) {
		t.Errorf("the command that the documentation gives prints %q, %v", out, err)
	}
}

// TestManifestByteChanged changes every byte, and cuts at every byte: none of that is ever read.
func TestManifestByteChanged(t *testing.T) {
	data := encode(t, fullManifest())
	for i := range data {
		changed := bytes.Clone(data)
		changed[i] ^= 1
		for what, bad := range map[string][]byte{"changed": changed, "cut": data[:i]} {
			_, err := dataset.DecodeManifest("m", bad)
			var damaged *dataset.DamagedError
			var version *dataset.VersionError
			if !errors.As(err, &damaged) && !errors.As(err, &version) {
				t.Fatalf("%s at byte %d: error = %v", what, i, err)
			}
		}
	}
}

func TestManifestOfOtherVersion(t *testing.T) {
	for _, format := range []int{1, dataset.Format + 1} {
		_, err := dataset.DecodeManifest("m", fmt.Appendf(nil, `{"format": %d, "what_it_has": "nobody knows"}`, format))
		var version *dataset.VersionError
		if !errors.As(err, &version) || version.Found != format || version.Known != dataset.Format {
			t.Errorf("error = %v, want a VersionError for %d", err, format)
		}
		want := "a newer mailerlake is needed"
		if format < dataset.Format {
			want = "export into a new directory"
		}
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("error = %v, want the hint %q", err, want)
		}
	}
}

// TestManifestOfOlderVersion reads what versions wrote that had no word of changes: nothing is known of those before a table's
// last one.
func TestManifestOfOlderVersion(t *testing.T) {
	for _, format := range []int{2, 3} {
		want := newWorld(2).part("campaign", 0, "", "new", "1", "2").part("group", 0, "", "new").manifest
		want.Snapshot = 4 // the tables changed before
		want.Feed.Keep = dataset.DefaultKeep
		for i := range want.Tables {
			want.Tables[i].ChangesSince = 2
		}
		text := string(encode(t, want))
		for _, member := range []string{"feed", "keep_seconds", "changed_in", "changes_since"} {
			if !strings.Contains(text, member) {
				t.Fatalf("no %s to take out in\n%s", member, text)
			}
		}
		old := strings.Replace(text, fmt.Sprintf(`"format": %d`, dataset.Format), fmt.Sprintf(`"format": %d`, format), 1)
		old = regexp.MustCompile(`(?s)\n  "feed": \{[^}]*\},`).ReplaceAllString(old, "")
		old = regexp.MustCompile(`,\n      "changes_since": \d+`).ReplaceAllString(old, "")
		old = regexp.MustCompile(`,\n {10}"changed_in": \d+`).ReplaceAllString(old, "") // that of parts
		old = strings.NewReplacer(`"added": `, `"inserted": `, `"changed": `, `"updated": `).Replace(old)
		if got := strings.Count(old, "chang"); got != len(want.Tables) {
			t.Fatalf("%d members speak of changes in\n%s", got, old)
		}
		got, err := dataset.DecodeManifest("m", []byte(reseal(old)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("version %d (-want +got):\n%s", format, diff)
		}
		if again := string(encode(t, got)); again != text {
			t.Errorf("version %d is written as\n%s\nwant\n%s", format, again, text)
		}
	}
}

func FuzzManifest(f *testing.F) {
	for _, m := range []*dataset.Manifest{oldWorld().manifest, fullManifest()} {
		data, err := dataset.EncodeManifest(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("{\n  \"format\": 3,\n  \"snapshot\":1,\"committed_at\":\"2024-01-01T00:00:00Z\",\"tables\":[{\"changed_in\":1}],\"account\":{}}"))
	f.Add([]byte("{\n  \"format\": 2,\n  \"snapshot\":1,\"committed_at\":\"2024-01-01T00:00:00+00:00\",\"tables\":null,\"account\":null}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := dataset.DecodeManifest("m", []byte(reseal(string(data)+"\n\n"))) // so that what lies behind the checksum is tried
		if err != nil {
			return
		}
		again, err := dataset.DecodeManifest("m", encode(t, m))
		if err != nil {
			t.Fatalf("read back what was accepted: %v", err)
		}
		if diff := cmp.Diff(m, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("read back (-want +got):\n%s", diff)
		}
		for _, s := range m.Tables {
			for _, p := range s.Parts {
				if part.TableOf(p.Path) != s.Name || strings.Contains(p.Path, "..") {
					t.Errorf("accepted part %q of table %q", p.Path, s.Name)
				}
				if p.ChangedIn < 1 || p.ChangedIn > m.Snapshot {
					t.Errorf("accepted a part changed in %d of %d", p.ChangedIn, m.Snapshot)
				}
			}
			for _, c := range s.Changes {
				if path := dataset.ChangesPath(s.Name, c.Snapshot); dataset.ChangesOf(path) != s.Name || strings.Contains(path, "..") {
					t.Errorf("accepted change file %q of table %q", path, s.Name)
				}
			}
		}
	})
}

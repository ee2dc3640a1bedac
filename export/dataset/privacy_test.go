package dataset_test

import (
	"slices"
	"strings"
	"testing"

	"mailerlake/export/dataset"
)

func TestPrivacyRefused(t *testing.T) {
	sum := strings.Repeat("0a", 32)
	tests := map[string]dataset.Privacy{
		"no column":             {KeyCheck: sum},
		"no table":              {Drop: []string{"email"}},
		"no column name":        {Drop: []string{"subscriber."}},
		"column with space":     {Drop: []string{"subscriber.a b"}},
		"column with escape":    {Drop: []string{"subscriber.a\x1b[2J"}},
		"table of a path":       {Drop: []string{"../x.a"}},
		"out of order":          {Drop: []string{"subscriber.b", "subscriber.a"}},
		"double":                {Hash: []string{"subscriber.a", "subscriber.a"}, KeyCheck: sum},
		"dropped and hashed":    {Drop: []string{"subscriber.a"}, Hash: []string{"subscriber.a"}, KeyCheck: sum},
		"hash without a check":  {Hash: []string{"subscriber.a"}},
		"check that is none":    {Hash: []string{"subscriber.a"}, KeyCheck: "secret"},
		"check without a hash":  {Drop: []string{"subscriber.a"}, KeyCheck: sum},
		"no check nor checksum": {Drop: []string{"subscriber.a"}, KeyCheck: "secret"},
	}
	for name, privacy := range tests {
		m := nextWorld().manifest.Clone()
		m.Privacy = &privacy
		if err := m.Check(); err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: error = %v", name, err)
		}
	}
}

func TestPrivacyColumns(t *testing.T) {
	p := fullManifest().Privacy
	if got, want := p.Columns("subscriber"), []string{"ip_address", "email", "fields_größe"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := p.Columns("group"); got != nil {
		t.Errorf("columns of another table: %v", got)
	}
	if got := (*dataset.Privacy)(nil).Columns("subscriber"); got != nil {
		t.Errorf("columns of no privacy: %v", got)
	}
}

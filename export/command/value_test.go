package command

import (
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"mailerlake/client"
	"mailerlake/export"
)

// TestTimesByDefault: the help and the packages behind the flags name the same times.
func TestTimesByDefault(t *testing.T) {
	p := &program{}
	want := map[string]time.Duration{"timeout": client.DefaultTimeout, "max-wait": client.DefaultMaxWait, "lease": export.DefaultLease}
	for _, f := range append(runFlags(), p.publish().Flags...) {
		g, ok := f.(*cli.GenericFlag)
		if !ok || want[g.Name] == 0 {
			continue
		}
		if got := g.Value.(*span).value; got != want[g.Name] {
			t.Errorf("--%s: got %s, want %s", g.Name, got, want[g.Name])
		}
		delete(want, g.Name)
	}
	if len(want) > 0 {
		t.Errorf("there are no flags for %v", want)
	}
}

func TestChoice(t *testing.T) {
	v := &choice{"", []string{"parquet", "delta"}}
	if err := v.Set("delta"); err != nil || v.String() != "delta" {
		t.Errorf("got %q, %v", v, err)
	}
	for word, want := range map[string]string{
		"parqet": `"parqet" is not one of parquet, delta; did you mean parquet?`,
		"csv":    `"csv" is not one of parquet, delta`,
	} {
		if err := v.Set(word); err == nil || err.Error() != want || v.String() != "delta" {
			t.Errorf("%s: got %v, value %q; want %s", word, err, v, want)
		}
	}
}

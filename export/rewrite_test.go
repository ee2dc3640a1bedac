package export_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/part"
)

// rewriting makes small parts, so that there are several, and rewrites.
func rewriting(o *export.Options) {
	o.Sizes = part.Sizes{Group: 8, Part: 20}
	o.Rewrite = true
}

func columnNames(s *dataset.TableState) []string {
	var names []string
	for _, c := range s.Columns {
		names = append(names, c.Name)
	}
	return names
}

func TestRewriteTakesAnotherPrivacy(t *testing.T) {
	l := privateLake(t)
	l.exportPrivate(t, export.Privacy{}, rewriting) // of no dataset: a plain export
	l.account.Advance(1)
	l.exportPrivate(t, export.Privacy{}, func(o *export.Options) { rewriting(o); o.Rewrite = false; withHistory(true)(o) })
	plain := l.manifest(t)
	l.account.Advance(1)
	secrets := l.secrets(t)
	if found := strings.Join(l.find(t, secrets), " "); !strings.Contains(found, dataset.ChangesPath("subscriber", plain.Snapshot)) {
		t.Errorf("plain values before the rewrite in %s, not in the history", found)
	}
	protect := private()
	protect.Drop = append(protect.Drop, "subscriber.updated_at", "campaign.updated_at")
	r := l.exportPrivate(t, protect, rewriting)
	if found := l.find(t, secrets); len(found) > 0 {
		t.Errorf("after the rewrite: plain values in %v", found)
	}
	m := l.manifest(t)
	for _, s := range m.Tables {
		before := plain.Table(s.Name)
		for i, p := range before.Parts {
			if got := s.Part(p.Path); got == nil || got.SHA256 == p.SHA256 || cmp.Diff(p.From, got.From) != "" {
				t.Errorf("%s is part %d of the plain dataset: got %+v", p.Path, i, got)
			}
		}
		if n := s.Total.Added - s.Total.Deleted; s.ChangedIn != m.Snapshot || n != s.Rows {
			t.Errorf("%s: changed in %d of %d, %d rows, of which %d inserted and not deleted", s.Name, s.ChangedIn, m.Snapshot, s.Rows, n)
		}
	}
	if at := m.Table("subscriber").GreatestUpdatedAt; at != nil {
		t.Errorf("a dropped value stays in the manifest: %v", at)
	}
	if names := columnNames(m.Table("subscriber")); slices.Contains(names, "ip_address") || !slices.Contains(names, "email") {
		t.Errorf("columns: %v", names)
	}
	if got := r.Tables[0]; !got.Rewritten || got.Inserted == 0 || got.Updated == 0 || got.Deleted == 0 || len(got.NewColumns) > 0 {
		t.Errorf("report: %+v", got.TablePlan)
	}
	if r := l.exportPrivate(t, protect, func(o *export.Options) { rewriting(o); o.Rewrite = false }); !r.Empty() {
		t.Errorf("changes after the rewrite: %+v", r.Tables)
	}

	l.exportPrivate(t, export.Privacy{}, rewriting) // and back
	l.check(t)
	if m := l.manifest(t); m.Privacy != nil || m.Table("subscriber").GreatestUpdatedAt == nil {
		t.Errorf("privacy %+v, greatest updated_at %v", m.Privacy, m.Table("subscriber").GreatestUpdatedAt)
	}
	if v, err := export.Verify(context.Background(), disk.OS(false), l.dir, core()); err != nil || v.Damaged() {
		t.Errorf("verify: %v %+v", err, v)
	}
}

// An undeclared attribute can be protected once it is known, and stays so when its column is gone.
func TestRewriteProtectsWhatWasFound(t *testing.T) {
	l := privateLake(t)
	l.account.SetAttribute("subscriber", l.account.IDs("subscriber")[0], "phone", `"+49 30 901820"`)
	l.exportPrivate(t, export.Privacy{}, nil)
	p := export.Privacy{Drop: []string{"subscriber.phone"}}
	l.exportPrivate(t, p, rewriting)
	if r := l.exportPrivate(t, p, nil); !r.Empty() {
		t.Errorf("changes after the rewrite: %+v", r.Tables)
	}
	if found := l.find(t, [][]byte{[]byte("+49 30")}); len(found) > 0 {
		t.Errorf("plain values in %v", found)
	}
}

// A rewrite that cannot be whole changes nothing, and the next one can.
func TestRewriteIsGivenUp(t *testing.T) {
	gone := func(l *lake) {
		ids := l.account.IDs("subscriber")
		for _, id := range ids[:30] {
			l.account.DeleteSubscriber(id)
		}
	}
	tests := map[string]struct {
		disturb func(l *lake)
		options func(o *export.Options)
		table   string
	}{
		"table left out":    {func(*lake) {}, func(o *export.Options) { o.Tables = []string{"subscriber", "group", "group_subscriber"} }, "campaign"},
		"table that fails":  {faulty("/api/campaigns", mailerlitetest.Fault{Status: 404}), nil, "campaign"},
		"scan incomplete":   {faulty("/api/subscribers", mailerlitetest.Fault{RepeatCursor: true}), nil, "subscriber"},
		"too many deletes":  {gone, nil, "subscriber"},
		"attribute missing": {faulty("/api/subscribers", replace(`"source":`, `"ecruos":`)), nil, "subscriber"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := privateLake(t)
			l.exportPrivate(t, export.Privacy{}, nil)
			before := l.manifest(t)
			o := l.options(t)
			o.Privacy = private()
			rewriting(&o)
			if test.options != nil {
				test.options(&o)
			}
			test.disturb(l)
			_, err := export.Export(context.Background(), o)
			var given *export.RewriteError
			if !errors.As(err, &given) || given.Table != test.table {
				t.Fatalf("got %v, want a RewriteError of %s", err, test.table)
			}
			if d := cmp.Diff(before, l.manifest(t)); d != "" {
				t.Errorf("the dataset changed:\n%s", d)
			}
			l.account.Faults(nil)
			l.exportPrivate(t, private(), func(o *export.Options) { rewriting(o); o.Yes = true })
			if found := l.find(t, l.secrets(t)); len(found) > 0 {
				t.Errorf("plain values in %v", found)
			}
		})
	}
}

func faulty(path string, f mailerlitetest.Fault) func(l *lake) {
	return func(l *lake) {
		l.account.Faults(func(_ int, r *http.Request) *mailerlitetest.Fault {
			if r.URL.Path == path && r.URL.Query().Get("limit") != "0" {
				return &f
			}
			return nil
		})
	}
}

// A row that the scan does not meet and that is there by its id is not lost in a rewrite.
func TestRewriteKeepsWhatIsThere(t *testing.T) {
	l := privateLake(t)
	l.exportPrivate(t, export.Privacy{}, nil)
	id := l.account.IDs("subscriber")[20]
	l.account.AddSubscriber() // so that the count of rows is met without the hidden one
	l.account.Faults(func(_ int, r *http.Request) *mailerlitetest.Fault {
		if r.URL.Path != "/api/subscribers" || r.URL.Query().Get("limit") == "0" {
			return nil
		}
		return &mailerlitetest.Fault{Rewrite: func(b []byte) []byte {
			if r.URL.Query().Get("cursor") == "" {
				return b
			}
			return []byte(strings.Replace(string(b), `{"id":"`+id+`"`, `{"id":"1","was":"`+id+`"`, 1))
		}}
	})
	l.exportPrivate(t, private(), rewriting)
	if l.rows(t, "subscriber")[id] == nil {
		t.Error("the row is gone")
	}
	if found := l.find(t, l.secrets(t)); len(found) > 0 {
		t.Errorf("plain values in %v", found)
	}
}

func TestRewriteCannotBePlanned(t *testing.T) {
	l := privateLake(t)
	o := l.options(t)
	o.Rewrite = true
	for _, run := range []func(context.Context, export.Options) (*export.Report, error){export.Plan, export.ExportPlanned} {
		if _, err := run(context.Background(), o); err == nil || !strings.Contains(err.Error(), "export --rewrite") {
			t.Errorf("got %v", err)
		}
	}
}

// A rewrite that takes protection away and is cut off leaves page logs that the dataset's privacy forbids: the next run
// removes them, unless it resumes the rewrite.
func TestRewriteCutOff(t *testing.T) {
	for _, again := range []bool{false, true} {
		l := privateLake(t)
		l.exportPrivate(t, private(), nil)
		l.cutOff(t, rewriting)
		if found := l.find(t, l.secrets(t)); len(found) == 0 {
			t.Fatal("no page of the rewrite was logged")
		}
		if again {
			l.exportPrivate(t, export.Privacy{}, rewriting)
			l.check(t)
			continue
		}
		if r := l.exportPrivate(t, private(), nil); !r.Empty() {
			t.Errorf("changes: %+v", r.Tables)
		}
		if found := l.find(t, l.secrets(t)); len(found) > 0 {
			t.Errorf("plain values in %v", found)
		}
	}
}

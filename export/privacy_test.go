package export_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parquet-go/parquet-go"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

var hashKey = []byte("a key of more than 16 bytes")

// private is the privacy of most tests here: IP addresses are dropped, whatever has an e-mail address is hashed.
// Campaigns repeat the names of the groups that they go to.
func private() export.Privacy {
	return export.Privacy{Drop: []string{"subscriber.ip_address", "subscriber.optin_ip", "campaign.filter_for_humans"},
		Hash: []string{"subscriber.email", "group.name", "subscriber.fields_contact",
			"campaign.basic_filter_for_humans_included_groups", "campaign.basic_filter_for_humans_excluded_groups"}, Key: hashKey}
}

// privateLake is an account whose secrets are e-mail and IP addresses, some of them where they do not belong.
func privateLake(t testing.TB) *lake {
	l := newLake(t, mailerlitetest.Options{Seed: 3, Subscribers: 60, Groups: 4, Campaigns: 6, CustomFields: 3,
		Limits: map[string]mailerlitetest.Limit{"/subscribers": {Default: 25, Max: 25}}, ClampLimit: true})
	l.account.AddField("Contact", "text")
	ids := l.account.IDs("subscriber")
	for i, id := range ids[:40] {
		l.account.SetField(id, "contact", fmt.Sprintf(`"contact%d@secret.test"`, i))
	}
	l.account.SetAttribute("subscriber", ids[0], "Email", `["other@secret.test"]`)
	l.account.SetAttribute("subscriber", ids[1], "email", `{"nested":"nested@secret.test"}`)
	l.account.SetAttribute("subscriber", ids[2], "ip_address", `["192.0.2.250"]`)
	l.account.RenameGroup(l.account.IDs("group")[0], "contact7@secret.test")
	return l
}

// secrets returns all texts that must not be found.
func (l *lake) secrets(t testing.TB) [][]byte {
	list := [][]byte{[]byte("@secret.test"), []byte("192.0.2.250")}
	for _, row := range l.truth(t, "subscriber") {
		for _, name := range []string{"email", "ip_address", "optin_ip"} {
			if text, ok := row[name].(string); ok && len(text) > 6 {
				list = append(list, []byte(text))
			}
		}
	}
	return list
}

// find returns the files under the lake that hold one of the secrets, compressed or not.
func (l *lake) find(t testing.TB, secrets [][]byte) (found []string) {
	t.Helper()
	err := filepath.WalkDir(l.dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, text := range [][]byte{data, valuesOf(t, name, data)} {
			if slices.ContainsFunc(secrets, func(s []byte) bool { return bytes.Contains(text, s) }) {
				found = append(found, strings.TrimPrefix(name, l.dir))
				break
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return found
}

// valuesOf returns the texts that a part or a page log holds.
func valuesOf(t testing.TB, name string, data []byte) []byte {
	base := filepath.Base(name)
	if table, _, ok := strings.Cut(base, ".pages"); ok {
		return pagesOf(t, table, data)
	}
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil // no part, or not written to its end
	}
	var b bytes.Buffer
	rows := parquet.NewReader(file)
	defer rows.Close()
	for buf := make([]parquet.Row, 100); ; {
		n, err := rows.ReadRows(buf)
		for _, row := range buf[:n] {
			for _, v := range row {
				b.WriteString(v.String() + "\n")
			}
		}
		if err != nil {
			return b.Bytes()
		}
	}
}

// pagesOf reads a copy of a page log: opening it may cut it.
func pagesOf(t testing.TB, table string, data []byte) []byte {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, table+".pages"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return []byte(logText(t, dir, tables.All().Lookup(table)))
}

// inspector looks at the directory before every file operation that shows: what is there then is there after a kill.
type inspector struct {
	disk.FS
	mu   sync.Mutex
	look func()
}

func (f *inspector) inspect() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.look()
}

func (f *inspector) Rename(old, new string) error {
	f.inspect()
	return f.FS.Rename(old, new)
}

func (f *inspector) Remove(name string) error {
	f.inspect()
	return f.FS.Remove(name)
}

func (f *inspector) RemoveAll(name string) error {
	f.inspect()
	return f.FS.RemoveAll(name)
}

func (f *inspector) SyncDir(name string) error {
	f.inspect()
	return f.FS.SyncDir(name)
}

// exportPrivate runs an export that must go well.
func (l *lake) exportPrivate(t testing.TB, p export.Privacy, change func(*export.Options)) *export.Report {
	t.Helper()
	o := l.options(t)
	o.Privacy = p
	if change != nil {
		change(&o)
	}
	r, err := export.Export(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range r.Tables {
		if table.Err != nil || table.Withheld != "" {
			t.Fatalf("%s: error %v, %+v", table.Name, table.Err, table.TablePlan)
		}
	}
	return r
}

func TestNothingPrivateReachesTheDisk(t *testing.T) {
	l, looks := privateLake(t), 0
	for day := range 3 {
		secrets := l.secrets(t)
		watch := &inspector{FS: fastFS{disk.OS(false)}, look: func() {
			if looks++; looks%3 == 0 {
				if found := l.find(t, secrets); len(found) > 0 {
					t.Errorf("day %d, look %d: plain values in %v", day, looks, found)
				}
			}
		}}
		l.exportPrivate(t, private(), func(o *export.Options) { o.FS = watch; withHistory(true)(o) })
		if found := l.find(t, secrets); len(found) > 0 {
			t.Fatalf("day %d: plain values in %v", day, found)
		}
		if r := l.exportPrivate(t, private(), nil); !r.Empty() {
			t.Errorf("day %d: an unchanged account changes the dataset: %+v", day, r.Tables)
		}
		l.account.Advance(1)
	}
	if looks < 30 {
		t.Errorf("looked %d times only", looks)
	}
	if len(l.manifest(t).Table("subscriber").Changes) == 0 {
		t.Error("there is no history to look at")
	}
}

// The search finds what it looks for: without protection the secrets are everywhere.
func TestPlainValuesAreFound(t *testing.T) {
	l := privateLake(t)
	inLog := false
	watch := &inspector{FS: fastFS{disk.OS(false)}, look: func() {
		inLog = inLog || slices.Contains(l.find(t, l.secrets(t)), "/.mailerlake/scan/subscriber.pages")
	}}
	l.exportPrivate(t, export.Privacy{}, func(o *export.Options) { o.FS = watch })
	if found := l.find(t, l.secrets(t)); !inLog || !slices.Contains(found, "/subscriber/part-00000.parquet") {
		t.Errorf("found in %v; in the page log: %v", found, inLog)
	}
}

func TestSameTokenInEveryTable(t *testing.T) {
	l := privateLake(t)
	l.exportPrivate(t, private(), nil)
	subscribers, truth := l.rows(t, "subscriber"), l.truth(t, "subscriber")
	for id, row := range subscribers {
		if email, ok := truth[id]["email"].(string); ok && row["email"] != schema.Token(hashKey, []byte(email)) {
			t.Errorf("token of %s: got %v", id, row["email"])
		}
		if _, there := row["ip_address"]; there {
			t.Fatal("a dropped column is in the dataset")
		}
	}
	contact := subscribers[l.account.IDs("subscriber")[7]]["fields_contact"]
	if name := l.rows(t, "group")[l.account.IDs("group")[0]]["name"]; name != contact || contact == nil {
		t.Errorf("the same value is %v as a field and %v as a group's name", contact, name)
	}
	v, err := export.Verify(context.Background(), disk.OS(false), l.dir, core())
	if err != nil || v.Damaged() {
		t.Errorf("verify: %v %+v", err, v)
	}
}

func TestOtherPrivacyIsRefused(t *testing.T) {
	l := privateLake(t)
	l.exportPrivate(t, private(), nil)
	tests := map[string]struct {
		change func(*export.Privacy)
		want   string
	}{
		"none":          {func(p *export.Privacy) { *p = export.Privacy{} }, "group.name was hashed and is now kept"},
		"a drop more":   {func(p *export.Privacy) { p.Drop = append(p.Drop, "subscriber.source") }, "subscriber.source was kept and is now dropped"},
		"a hash less":   {func(p *export.Privacy) { p.Hash = p.Hash[1:] }, "subscriber.email was hashed and is now kept"},
		"hash for drop": {func(p *export.Privacy) { p.Hash, p.Drop = append(p.Hash, p.Drop[0]), p.Drop[1:] }, "subscriber.ip_address was dropped and is now hashed"},
		"another key":   {func(p *export.Privacy) { p.Key = []byte("another key of 16 bytes") }, "the key for --hash is a different one"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, requests := private(), l.account.Requests()
			test.change(&p)
			for _, run := range []func(context.Context, export.Options) (*export.Report, error){export.Export, export.Plan, export.ExportPlanned} {
				o := l.options(t)
				o.Privacy = p
				_, err := run(context.Background(), o)
				var refused *export.PrivacyError
				if !errors.As(err, &refused) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "16 bytes") {
					t.Errorf("got %v, want %q", err, test.want)
				}
			}
			if n := l.account.Requests(); n != requests {
				t.Errorf("%d requests before the refusal", n-requests)
			}
		})
	}
	same := private()
	same.Drop[0], same.Hash[0] = "subscriber.IP_Address", "subscriber.Email"
	slices.Reverse(same.Hash)
	if r := l.exportPrivate(t, same, nil); !r.Empty() {
		t.Errorf("the same columns in other words change the dataset: %+v", r.Tables)
	}
}

func TestPrivacyOfMistakesIsRefused(t *testing.T) {
	tests := map[string]export.Privacy{
		"hashing needs a key of at least 16 bytes": {Hash: []string{"subscriber.email"}, Key: []byte("too short")},
		"write it as table.column":                 {Drop: []string{"email"}},
		"there is no such table":                   {Drop: []string{"subscribers.email"}},
		"part of the key":                          {Drop: []string{"group.id"}},
		"did you mean subscriber.email?":           {Drop: []string{"subscriber.mail"}},
	}
	for want, p := range tests {
		l := newLake(t, mailerlitetest.Options{})
		o := l.options(t)
		o.Privacy = p
		_, err := export.Export(context.Background(), o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", p, err, want)
		}
		if _, err := os.Stat(l.dir); err == nil {
			t.Errorf("%v: the directory was made", p)
		}
		if early := p.Check(core()); (early == nil) != (want == "did you mean subscriber.email?") {
			t.Errorf("%v: Check: %v", p, early)
		}
	}
}

// Page logs of a plan, or of a run that was cut short, are removed as soon as another run has to protect what is in
// them.
func TestEarlierPageLogsAreRemoved(t *testing.T) {
	for _, later := range []string{"field", "subscriber"} {
		l := privateLake(t)
		if _, err := export.Plan(context.Background(), l.options(t)); err != nil {
			t.Fatal(err)
		}
		if found := l.find(t, l.secrets(t)); len(found) == 0 {
			t.Fatal("the plan left no page logs")
		}
		o := l.options(t)
		o.Privacy, o.Tables = private(), []string{later}
		if _, err := export.Export(context.Background(), o); err != nil {
			t.Fatal(err)
		}
		if found := l.find(t, l.secrets(t)); len(found) > 0 {
			t.Errorf("after an export of %s: plain values in %v", later, found)
		}
	}
}

func TestPlannedWithPrivacy(t *testing.T) {
	l := privateLake(t)
	o := l.options(t)
	o.Privacy = private()
	if _, err := export.Plan(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if found := l.find(t, l.secrets(t)); len(found) > 0 {
		t.Errorf("after the plan: plain values in %v", found)
	}
	if r, err := export.ExportPlanned(context.Background(), o); err != nil || r.Failed() || r.Empty() {
		t.Fatalf("planned export: %v %+v", err, r)
	}
	if r := l.exportPrivate(t, private(), nil); !r.Empty() {
		t.Errorf("changes after the planned export: %+v", r.Tables)
	}
}

// cutOff exports until the third page of subscribers is asked for; the first would be read again by the next run.
func (l *lake) cutOff(t testing.TB, change func(*export.Options)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	pages := 0
	l.account.OnRequest(func(_ int, r *http.Request) {
		if r.URL.Path != "/api/subscribers" || r.URL.Query().Get("limit") == "0" {
			return
		}
		if pages++; pages == 3 {
			cancel()
		}
	})
	defer l.account.OnRequest(nil)
	o := l.options(t)
	change(&o)
	if _, err := export.Export(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want it cancelled", err)
	}
}

// A scan is not resumed with another key, or if other custom fields are hashed: tokens would not match.
func TestScanIsOfOnePrivacy(t *testing.T) {
	contact := export.Privacy{Hash: []string{"subscriber.fields_contact"}, Key: hashKey}
	tests := map[string]export.Privacy{
		"other key":   {Hash: contact.Hash, Key: []byte("another key of 16 bytes")},
		"other field": {Hash: []string{"subscriber.fields_company"}, Key: hashKey},
		"dropped":     {Drop: contact.Hash},
	}
	for name, p := range tests {
		l := privateLake(t)
		l.cutOff(t, func(o *export.Options) { o.Privacy = contact })
		id := l.account.IDs("subscriber")[20]
		l.exportPrivate(t, p, nil)
		want := map[string]any{"other key": schema.Token(p.Key, []byte("contact20@secret.test")), "other field": "contact20@secret.test", "dropped": nil}[name]
		if got := l.rows(t, "subscriber")[id]["fields_contact"]; got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

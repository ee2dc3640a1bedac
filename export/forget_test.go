package export_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/feed"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// changed is a row of a change file: its values but for null, by column.
type changed map[string]any

// historyOf reads the change files of a table.
func (l *lake) historyOf(t testing.TB, table string) (rows []changed) {
	t.Helper()
	d, err := dataset.Open(disk.OS(false), l.dir)
	if err != nil {
		t.Fatal(err)
	}
	state := d.Manifest.Table(table)
	if state == nil {
		return nil
	}
	names := []string{feed.ChangeColumn, feed.SnapshotColumn}
	for _, c := range state.Columns {
		names = append(names, c.Name)
	}
	for i := range state.Changes {
		err := feed.Scan(context.Background(), d, state, i, names, func(b *schema.Batch) error {
			for row := range b.Rows {
				values := changed{}
				for c, v := range b.Vectors {
					if value := plainValue(v, row); value != nil {
						values[names[c]] = value
					}
				}
				rows = append(rows, values)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return rows
}

// exportedWithHistory is an account with shops that was exported with history for some days.
func exportedWithHistory(t testing.TB, change func(*export.Options)) *lake {
	l := newLake(t, smallDemo())
	for day := range 4 {
		if day > 0 {
			l.account.Advance(1)
		}
		o := l.historyOptions(t)
		o.Catalog = tables.All()
		change(&o)
		mustExport(t, o)
	}
	return l
}

// forget takes a person out.
func (l *lake) forget(o export.ForgetOptions) (*export.Forgotten, error) {
	o.FS, o.Dir, o.Catalog, o.Program, o.Now = disk.OS(false), l.dir, tables.All(), "mailerlake test", l.tick
	return export.Forget(context.Background(), o)
}

// TestForget: of the rows about a person only keys are left, in all tables that lead to the person; all others stay as they
// are. What loaders learn from the feed stays the same.
func TestForget(t *testing.T) {
	l := exportedWithHistory(t, func(*export.Options) {})
	before := map[string][]changed{}
	for _, table := range tables.All().Tables() {
		before[table.Name] = l.historyOf(t, table.Name)
	}
	known := map[string][]changed{} // also what did not change
	for _, name := range []string{"customer", "cart", "order"} {
		known[name] = before[name]
		for _, row := range l.list(t, name) {
			known[name] = append(known[name], row)
		}
	}
	id, email := customerInHistory(t, before, known)
	feedBefore, _, err := l.readChanges(1, "subscriber", "order")
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.forget(export.ForgetOptions{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	cleared := map[string]int64{}
	for _, table := range tables.All().Tables() {
		after := l.historyOf(t, table.Name)
		for i, was := range before[table.Name] {
			cleared[table.Name] += checkForgotten(t, table, was, after[i], about(table, was, id, known))
		}
	}
	if cleared["subscriber"] == 0 || cleared["order"]+cleared["cart"] == 0 {
		t.Errorf("too little to see: %v", cleared)
	}
	total := int64(0)
	for _, table := range f.Tables {
		if cleared[table.Name] != table.Rows || table.Files < 1 {
			t.Errorf("the report says %+v, want %d rows", table, cleared[table.Name])
		}
		total += table.Rows
	}
	if total != f.Rows || f.Snapshot != l.manifest(t).Snapshot || !f.Present() {
		t.Errorf("the report is %+v", f)
	}
	if feedAfter, c, err := l.readChanges(1, "subscriber", "order"); err != nil || c.Snapshot != f.Snapshot ||
		withoutSnapshots(feedAfter) != withoutSnapshots(feedBefore) {
		t.Errorf("loaders are told other changes: %v", err)
	}
	if v := l.verify(t); v.Damaged() {
		t.Errorf("damaged: %+v", v.Problems)
	}
	l.checkGone(t, email)
	if again, err := l.forget(export.ForgetOptions{ID: id}); err != nil || again.Rows != 0 || again.Snapshot != f.Snapshot {
		t.Errorf("a second time: %+v, %v", again, err)
	}
}

func withoutSnapshots(ndjson string) string {
	var b strings.Builder
	for line := range strings.Lines(ndjson) {
		head, tail, _ := strings.Cut(line, `"_snapshot":`)
		_, tail, _ = strings.Cut(tail, ",")
		b.WriteString(head + tail)
	}
	return b.String()
}

// customerInHistory returns a subscriber who is in history, with an order or cart.
func customerInHistory(t testing.TB, history, known map[string][]changed) (id, email string) {
	t.Helper()
	bought := map[[2]any]bool{}
	for _, row := range slices.Concat(history["order"], history["cart"]) {
		bought[[2]any{row["shop_id"], row["customer_id"]}] = true
	}
	for _, c := range known["customer"] {
		for _, s := range history["subscriber"] {
			if s["id"] == c["subscriber_id"] && s["email"] != nil && bought[[2]any{c["shop_id"], c["id"]}] {
				return s["id"].(string), s["email"].(string)
			}
		}
	}
	t.Fatal("no customer in history")
	return "", ""
}

// about reports whether a row is about a subscriber, by what is known of the tables here.
func about(table *schema.Table, row changed, id string, all map[string][]changed) bool {
	theirs := func(table string, key any) bool {
		return key != nil && slices.ContainsFunc(all[table], func(r changed) bool {
			return r["id"] == key && r["shop_id"] == row["shop_id"] && about(tables.All().Lookup(table), r, id, all)
		})
	}
	switch table.Name {
	case "subscriber":
		return row["id"] == id
	case "cart", "order":
		return theirs("customer", row["customer_id"])
	case "cart_item":
		return theirs("cart", row["cart_id"])
	case "order_item":
		return theirs("order", row["order_id"])
	}
	return row["subscriber_id"] == id
}

// checkForgotten checks what is left of a row, and returns 1 if that is less than before.
func checkForgotten(t testing.TB, table *schema.Table, was, is changed, gone bool) int64 {
	t.Helper()
	want := changed{}
	for name, v := range was {
		kept := slices.Contains(table.Key, name) || name == feed.ChangeColumn || name == feed.SnapshotColumn
		if kept || !gone {
			want[name] = v
		}
	}
	if len(want) != len(is) {
		t.Errorf("%s: about the person: %t; %d values are left of %d, want %d", table.Name, gone, len(is), len(was), len(want))
		return 0
	}
	for name, v := range want {
		if is[name] != v {
			t.Errorf("%s: %s is %v, want %v", table.Name, name, is[name], v)
		}
	}
	if len(is) < len(was) {
		return 1
	}
	return 0
}

// checkGone checks that no change file, unpacked, has a text. Imports list addresses that belong to no row of theirs: forget does
// not look into texts.
func (l *lake) checkGone(t testing.TB, text string) {
	t.Helper()
	for _, table := range tables.All().Tables() {
		if table.Name == "import" {
			continue
		}
		for _, row := range l.historyOf(t, table.Name) {
			for name, v := range row {
				if s, ok := v.(string); ok && strings.Contains(s, text) {
					t.Errorf("%s.%s still has it", table.Name, name)
				}
			}
		}
	}
	stale, err := filepath.Glob(filepath.Join(l.dir, ".mailerlake", "staged", "*"))
	if err != nil || len(stale) > 0 {
		t.Errorf("files are left: %q, %v", stale, err)
	}
}

// TestForgetByAddress finds who has or had an address, also where it is hashed.
func TestForgetByAddress(t *testing.T) {
	key := bytes.Repeat([]byte("k"), export.MinHashKey)
	for name, change := range map[string]func(*export.Options){
		"plain":   func(*export.Options) {},
		"hashed":  func(o *export.Options) { o.Privacy = export.Privacy{Hash: []string{"subscriber.email"}, Key: key} },
		"dropped": func(o *export.Options) { o.Privacy = export.Privacy{Drop: []string{"subscriber.email"}} },
	} {
		t.Run(name, func(t *testing.T) {
			l := exportedWithHistory(t, func(o *export.Options) { o.Catalog = core(); change(o) })
			var id string
			for _, row := range l.historyOf(t, "subscriber") {
				if row[feed.ChangeColumn] == "update_after" {
					id = row["id"].(string)
				}
			}
			email, _ := l.truth(t, "subscriber")[id]["email"].(string)
			if name == "plain" {
				email = strings.ToUpper(email)
			}
			f, err := l.forget(export.ForgetOptions{Email: email, Key: key})
			if name == "dropped" {
				if _, ok := errors.AsType[*export.ForgetError](err); !ok || !strings.Contains(err.Error(), "--id") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || f.Rows < 2 || len(f.People) != 1 || !slices.Equal(f.People[0].Key, schema.Key{id}) {
				t.Fatalf("got %+v, %v; want subscriber %s", f, err, id)
			}
			if _, err := l.forget(export.ForgetOptions{Email: "nobody@example.com", Key: key}); err == nil || strings.Contains(err.Error(), "nobody@") {
				t.Errorf("a stranger: %v", err)
			}
			if name == "hashed" {
				for _, wrong := range [][]byte{nil, []byte("another key of 32 bytes or more")} {
					if _, err := l.forget(export.ForgetOptions{Email: email, Key: wrong}); err == nil {
						t.Error("it is forgotten with another key or none")
					}
				}
			}
		})
	}
}

// TestForgetAddressOfTwo: an address leads to everybody who has or had it, deleted, made again, or under another address by now;
// none of their addresses is left in the history, and nobody else is touched.
func TestForgetAddressOfTwo(t *testing.T) {
	l := newLake(t, mailerlitetest.Options{Subscribers: 30, Groups: 2, CustomFields: 2})
	ids := l.account.IDs("subscriber")
	first, other := ids[3], ids[4]
	address := l.truth(t, "subscriber")[first]["email"].(string)
	exportDay := func() { mustExport(t, withYes(l.historyOptions(t))) }
	exportDay()
	for _, email := range []string{"second@example.com", "Third@Example.com"} {
		l.account.SetAttribute("subscriber", first, "email", fmt.Sprintf("%q", "1"+email))
		l.account.SetAttribute("subscriber", other, "email", fmt.Sprintf("%q", "other."+email))
		exportDay()
	}
	l.account.DeleteSubscriber(first)
	exportDay()
	again := l.account.AddSubscriber(func(s *mailerlitetest.Subscriber) { s.Email = strings.ToUpper(address) })
	exportDay()
	l.account.BumpCounters(again)
	exportDay()
	before := l.historyOf(t, "subscriber")
	f, err := l.forget(export.ForgetOptions{Email: "1SECOND@example.com"})
	if err != nil || len(f.People) != 1 || f.Present() {
		t.Errorf("of the second address: %+v, %v", f, err)
	}
	f, err = l.forget(export.ForgetOptions{Email: address})
	if err != nil || len(f.People) != 1 || !f.Present() || !slices.Equal(f.People[0].Key, schema.Key{again}) {
		t.Errorf("of the first address: %+v, %v", f, err)
	}
	for i, row := range l.historyOf(t, "subscriber") {
		about := row["id"] == first || row["id"] == again
		if about && len(row) > 3 || !about && len(row) != len(before[i]) {
			t.Errorf("about them: %t, and has %d of %d values", about, len(row), len(before[i]))
		}
	}
	for _, text := range []string{address, strings.ToUpper(address), "1second@example.com", "1Third@Example.com"} {
		l.checkGone(t, text)
	}
}

func withYes(o export.Options) export.Options {
	o.Yes = true
	return o
}

// TestForgetNobody: an empty address or id is that of nobody, not of all rows that have none.
func TestForgetNobody(t *testing.T) {
	l := exportedWithHistory(t, func(o *export.Options) { o.Catalog = core() })
	before := l.manifest(t).Snapshot
	for _, o := range []export.ForgetOptions{{}, {Email: "a@example.com", ID: "1"}} {
		if _, err := l.forget(o); err == nil || l.manifest(t).Snapshot != before {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// TestForgetWithoutDataset changes nothing on disk.
func TestForgetWithoutDataset(t *testing.T) {
	l := newLake(t, mailerlitetest.Options{})
	if _, err := l.forget(export.ForgetOptions{ID: "1"}); err == nil {
		t.Error("no error")
	}
	if _, err := os.Stat(l.dir); err == nil {
		t.Error("a directory is made")
	}
}

// TestForgetHashedReferences: rows that refer to the person by a token are found with the key, and nothing is forgotten by half
// without it.
func TestForgetHashedReferences(t *testing.T) {
	key := bytes.Repeat([]byte("k"), export.MinHashKey)
	l := exportedWithHistory(t, func(o *export.Options) {
		o.Privacy = export.Privacy{Hash: []string{"customer.subscriber_id", "campaign_activity.subscriber_id"}, Key: key}
	})
	id, activity := "", l.historyOf(t, "campaign_activity")
	for _, s := range l.historyOf(t, "subscriber") {
		for _, row := range activity {
			if row["subscriber_id"] == schema.Token(key, []byte(s["id"].(string))) {
				id = s["id"].(string)
			}
		}
	}
	if id == "" {
		t.Fatal("no recipient in history")
	}
	before := l.manifest(t).Snapshot
	for _, wrong := range [][]byte{nil, []byte("another key of 32 bytes or more")} {
		_, err := l.forget(export.ForgetOptions{ID: id, Key: wrong})
		if _, ok := errors.AsType[*export.ForgetError](err); !ok || l.manifest(t).Snapshot != before {
			t.Errorf("without the key: %v", err)
		}
	}
	f, err := l.forget(export.ForgetOptions{ID: id, Key: key})
	if err != nil || !slices.ContainsFunc(f.Tables, func(t export.ForgottenTable) bool { return t.Name == "campaign_activity" }) {
		t.Errorf("got %+v, %v", f, err)
	}
	for _, row := range l.historyOf(t, "campaign_activity") {
		if row["subscriber_id"] == schema.Token(key, []byte(id)) {
			t.Errorf("it is left: %v", row)
		}
	}
}

// TestForgetRemovesScans: no page log, which may have read the person, is left, and no plan.
func TestForgetRemovesScans(t *testing.T) {
	l := exportedWithHistory(t, func(o *export.Options) { o.Catalog = core() })
	o := l.historyOptions(t)
	l.account.Advance(1)
	if _, err := export.Plan(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	id := l.account.IDs("subscriber")[0]
	f, err := l.forget(export.ForgetOptions{ID: id})
	if err != nil || !f.Scans {
		t.Errorf("got %+v, %v", f, err)
	}
	for path := range readFiles(t, l.dir) {
		if strings.HasPrefix(path, ".mailerlake/") {
			t.Errorf("%s is left", path)
		}
	}
	if _, err := export.ExportPlanned(t.Context(), o); err == nil {
		t.Error("the plan is exported")
	}
	if again, err := l.forget(export.ForgetOptions{ID: id}); err != nil || again.Scans {
		t.Errorf("a second time: %+v, %v", again, err)
	}
	mustExport(t, l.historyOptions(t))
	l.check(t)
}

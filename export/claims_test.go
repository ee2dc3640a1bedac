package export_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/schema"
)

// tableOf returns the report of one table.
func tableOf(t testing.TB, r *export.Report, name string) export.TableReport {
	t.Helper()
	i := slices.IndexFunc(r.Tables, func(table export.TableReport) bool { return table.Name == name })
	if i < 0 {
		t.Fatalf("no report of %s", name)
	}
	table := r.Tables[i]
	if table.TablePlan == nil {
		table.TablePlan = &export.TablePlan{} // so that a test can go on after a table that failed
	}
	return table
}

// TestMatchesIsProved: a whole, fresh, complete scan of all tables matches; a plan does so only if nothing changes.
func TestMatchesIsProved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		x := newTrial(t, nil)
		if r := x.settle(t); !r.Matches {
			t.Error("a first export does not match")
		}
		some := x.options(t)
		some.Tables = []string{"group"}
		if r, err := export.Export(t.Context(), some); err != nil || r.Matches {
			t.Errorf("an export of one table: %v, matches %t", err, r.Matches)
		}
		plan := func() bool {
			r, err := export.Plan(t.Context(), x.options(t))
			if err != nil {
				t.Fatal(err)
			}
			return r.Matches
		}
		if !plan() {
			t.Error("a plan without changes does not match")
		}
		x.day(t)
		if plan() {
			t.Error("a plan with changes matches")
		}
		time.Sleep(time.Hour)
		r, err := export.ExportPlanned(t.Context(), x.options(t))
		if err != nil || r.Matches || !tableOf(t, r, "subscriber").AsOf.Before(r.Started) {
			t.Errorf("an old plan committed: %v, matches %t", err, r.Matches)
		}
	})
}

// TestFinishedScanIsCheckedAgain resumes a run whose subscribers were read to their end an hour ago.
func TestFinishedScanIsCheckedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		x := newTrial(t, nil)
		x.settle(t)
		began := time.Now().UTC()
		x.disturb(ever(1, list("/groups"), status(401))())
		if _, err := export.Export(t.Context(), x.options(t)); !errors.Is(err, client.ErrUnauthorized) {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		x.disturb(nil)
		var added []string
		for range 25 {
			added = append(added, x.account.AddSubscriber(func(*mailerlitetest.Subscriber) {}))
		}
		x.account.BumpCounters(x.account.IDs("subscriber")[3])
		r := x.healthy(t)
		subscriber := tableOf(t, r, "subscriber")
		if !subscriber.Resumed || subscriber.AsOf.Sub(began) > time.Minute || r.Matches {
			t.Errorf("resumed %t, as of %v, matches %t", subscriber.Resumed, subscriber.AsOf, r.Matches)
		}
		rows := x.rows(t, "subscriber")
		for _, id := range added {
			if rows[id] == nil {
				t.Fatalf("subscriber %s, added before the run, is missing", id)
			}
		}
		d, err := dataset.Open(fastFS{disk.OS(false)}, x.dir)
		if err != nil || !d.Manifest.Table("subscriber").Resumed {
			t.Errorf("%v: the manifest does not tell", err)
		}
		if r := x.settle(t); !r.Matches {
			t.Error("the next run does not match")
		}
	})
}

// TestGroupGoneMeanwhile: memberships that were read before their group was deleted go with the group.
func TestGroupGoneMeanwhile(t *testing.T) {
	for _, name := range []string{"first export", "later export"} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				x := newTrial(t, nil)
				if name == "later export" {
					x.settle(t)
				}
				x.disturb(ever(1, list("/groups"), status(401))())
				if _, err := export.Export(t.Context(), x.options(t)); !errors.Is(err, client.ErrUnauthorized) {
					t.Fatal(err)
				}
				x.disturb(nil)
				gone := x.account.IDs("group")[1]
				x.account.DeleteGroup(gone)
				x.healthy(t)
				for key, row := range x.rows(t, "group_subscriber") {
					if row["group_id"] == gone {
						t.Fatalf("membership %s is left, and its group is gone", key)
					}
				}
			})
		})
	}
}

// TestCutShort: rows that are missing because a scan was cut short are not deletes withheld.
func TestCutShort(t *testing.T) {
	bubble(t, func(t *testing.T) {
		x := newTrial(t, nil)
		x.disturb(once(4, list("/subscribers"), mailerlitetest.Fault{RepeatCursor: true})())
		r, err := export.Export(t.Context(), x.options(t))
		if err != nil {
			t.Fatal(err)
		}
		table := tableOf(t, r, "subscriber")
		if table.Withheld != "" || table.Incomplete == "" || r.Matches || !r.Failed() {
			t.Errorf("withheld %q, incomplete %q, matches %t", table.Withheld, table.Incomplete, r.Matches)
		}
		x.settle(t)

		x = newTrial(t, nil)
		x.disturb(ever(1, list("/groups"), replace(`{"id":`, `{"di":`))())
		if r, err = export.Export(t.Context(), x.options(t)); err != nil {
			t.Fatal(err)
		}
		if table := tableOf(t, r, "group"); table.Withheld != "" || table.Incomplete == "" {
			t.Errorf("groups without ids: withheld %q, incomplete %q", table.Withheld, table.Incomplete)
		}
		x.settle(t)
	})
}

// TestRowsReadTwiceCountOnce: what a report counts are rows, not records.
func TestRowsReadTwiceCountOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		x := newTrial(t, nil)
		x.disturb(doubleRows())
		r, err := export.Export(t.Context(), x.options(t))
		if err != nil {
			t.Fatal(err)
		}
		want := int64(len(x.account.IDs("subscriber")))
		if table := tableOf(t, r, "subscriber"); table.Inserted != want || table.Seen != want || table.Rows != want {
			t.Errorf("%d inserted, %d seen, %d rows, want %d", table.Inserted, table.Seen, table.Rows, want)
		}
	})
}

// TestVanishedAttribute: an attribute that no row has any more keeps its values, and the run says so.
func TestVanishedAttribute(t *testing.T) {
	bubble(t, func(t *testing.T) {
		x := newTrial(t, nil)
		x.settle(t)
		before := x.rows(t, "subscriber")
		gone := x.account.IDs("subscriber")[5]
		x.account.DeleteSubscriber(gone)
		x.disturb(ever(1, list("/subscribers"), replace(`"email":`, `"e_mail":`))())
		r, err := export.Export(t.Context(), x.options(t))
		if err != nil {
			t.Fatal(err)
		}
		table := tableOf(t, r, "subscriber")
		if !strings.Contains(table.Incomplete, "email") || table.Withheld == "" || table.Deleted != 0 || !r.Failed() || r.Matches {
			t.Errorf("incomplete %q, withheld %q, %d deleted", table.Incomplete, table.Withheld, table.Deleted)
		}
		after := x.rows(t, "subscriber")
		for id, row := range before {
			if after[id] == nil || after[id]["email"] != row["email"] {
				t.Errorf("subscriber %s: email %v became %v", id, row["email"], after[id]["email"])
			}
		}
	})
}

// TestTypesStay: definitions that come without their types change no column to text.
func TestTypesStay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		x := newTrial(t, nil)
		x.settle(t)
		columns := func() []schema.Column {
			d, err := dataset.Open(fastFS{disk.OS(false)}, x.dir)
			if err != nil {
				t.Fatal(err)
			}
			return d.Manifest.Table("subscriber").Columns
		}
		before := columns()
		if !slices.ContainsFunc(before, func(c schema.Column) bool { return strings.HasPrefix(c.Path, "fields.") && c.Kind != schema.String }) {
			t.Fatal("all custom fields are text")
		}
		x.disturb(ever(1, list("/fields"), replace(`"type":`, `"epyt":`))())
		r, err := export.Export(t.Context(), x.options(t))
		if err != nil {
			t.Fatal(err)
		}
		if table := tableOf(t, r, "field"); !strings.Contains(table.Incomplete, "type") {
			t.Errorf("incomplete %q", table.Incomplete)
		}
		if after := columns(); !slices.Equal(before, after) {
			t.Errorf("columns became %v", after)
		}
		x.settle(t)
	})
}

// TestRescuedValuesStay: a row that comes without its fields keeps what was rescued of them.
func TestRescuedValuesStay(t *testing.T) {
	for name, edit := range map[string]mailerlitetest.Fault{
		"missing": replace(`"fields":{`, `"sdleif":{`),
		"null":    {Rewrite: func(b []byte) []byte { return withoutFields(b, "null") }},
		"list":    {Rewrite: func(b []byte) []byte { return withoutFields(b, "[]") }},
		"empty":   {Rewrite: func(b []byte) []byte { return withoutFields(b, "{}") }},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				x := newTrial(t, nil)
				ids := x.account.IDs("subscriber")
				x.account.AddField("Size", "number")
				for _, id := range []string{ids[0], ids[20], ids[59]} {
					if !x.account.SetField(id, "size", `"not a number"`) {
						t.Fatal("no such field")
					}
				}
				x.settle(t)
				before := x.rows(t, "subscriber")
				x.disturb(ever(1, list("/subscribers"), edit)())
				r, err := export.Export(t.Context(), x.options(t))
				if err != nil {
					t.Fatal(err)
				}
				if table := tableOf(t, r, "subscriber"); table.Incomplete == "" {
					t.Errorf("the scan is taken for complete: %v", table.Err)
				}
				after, kept := x.rows(t, "subscriber"), 0
				for id, row := range before {
					if text, _ := row["_rescued"].(string); strings.Contains(text, "fields.size") {
						if after[id]["_rescued"] != row["_rescued"] {
							t.Errorf("subscriber %s: rescued %v became %v", id, row["_rescued"], after[id]["_rescued"])
						}
						kept++
					}
					if after[id]["fields_last_name"] != row["fields_last_name"] {
						t.Errorf("subscriber %s has lost a field", id)
					}
				}
				if kept != 3 {
					t.Fatalf("%d rows had rescued values, want 3", kept)
				}
			})
		})
	}
}

// withoutFields puts a value in the place of every row's fields.
func withoutFields(body []byte, value string) []byte {
	const member = `"fields":`
	for at := bytes.Index(body, []byte(member+"{")); at >= 0; {
		start := at + len(member)
		d := json.NewDecoder(bytes.NewReader(body[start:]))
		var fields json.RawMessage
		if err := d.Decode(&fields); err != nil {
			return body
		}
		end := start + int(d.InputOffset())
		body = append(append(bytes.Clone(body[:start]), value...), body[end:]...)
		next := bytes.Index(body[start:], []byte(member+"{"))
		if next < 0 {
			break
		}
		at = start + next
	}
	return body
}

// TestMemberListsMissing: a route that answers for no group proves nothing, and takes no membership away.
func TestMemberListsMissing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		x := newTrial(t, func(o *mailerlitetest.Options) { o.IgnoreInclude = true })
		x.settle(t)
		before := x.rows(t, "group_subscriber")
		members := func(r *http.Request) bool {
			return strings.HasPrefix(r.URL.Path, "/api/groups/") && strings.HasSuffix(r.URL.Path, "/subscribers")
		}
		x.disturb(ever(1, members, status(404))())
		r, err := export.Export(t.Context(), x.options(t))
		if err != nil {
			t.Fatal(err)
		}
		if table := tableOf(t, r, "group_subscriber"); table.Err == nil || r.Matches {
			t.Errorf("no error: %+v", table.TablePlan)
		}
		if after := x.rows(t, "group_subscriber"); !maps.EqualFunc(before, after, func(a, b map[string]any) bool { return true }) {
			t.Errorf("%d memberships of %d are left", len(after), len(before))
		}
		x.settle(t)
	})
}

// TestGoneGroupDoesNotMatch: a group that is deleted after the groups were listed stays until the next run, and so the
// dataset does not match the account.
func TestGoneGroupDoesNotMatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		x := newTrial(t, func(o *mailerlitetest.Options) { o.IgnoreInclude = true })
		gone := x.account.IDs("group")[1]
		x.account.OnRequest(func(_ int, r *http.Request) {
			if r.URL.Path == "/api/groups/"+gone+"/subscribers" {
				x.account.DeleteGroup(gone)
			}
		})
		r, err := export.Export(t.Context(), x.options(t))
		if err != nil {
			t.Fatal(err)
		}
		if x.rows(t, "group")[gone] == nil {
			t.Fatal("the group was not listed")
		}
		if r.Matches {
			t.Error("the dataset is said to match the account")
		}
		x.settle(t)
	})
}

// TestRowsThatDoNotTell: a subscriber that comes without groups, also when asked for, is no proof that a membership ended,
// nor that it did not.
func TestRowsThatDoNotTell(t *testing.T) {
	bubble(t, func(t *testing.T) {
		x := newTrial(t, func(o *mailerlitetest.Options) { o.IgnoreInclude = true })
		x.settle(t)
		for key := range x.rows(t, "group_subscriber") {
			group, subscriber, _ := strings.Cut(key, "/")
			if !x.account.Leave(subscriber, group) {
				t.Fatalf("no membership %s", key)
			}
			break
		}
		x.disturb(ever(1, lookups, replace(`"groups":`, `"spuorg":`))())
		r, err := export.Export(t.Context(), x.options(t))
		if err != nil {
			t.Fatal(err)
		}
		if table := tableOf(t, r, "group_subscriber"); table.Withheld != "a record of subscriber has no \"groups\"" || table.Deleted != 0 {
			t.Errorf("withheld %q, %d deleted", table.Withheld, table.Deleted)
		}
		x.disturb(nil)
		x.settle(t)
	})
}

// TestLeaveOut leaves out each table: it is not written, whatever else is, and the others equal the account.
func TestLeaveOut(t *testing.T) {
	for _, left := range mailerlitetest.CoreTables {
		bubble(t, func(t *testing.T) {
			x := newTrial(t, nil)
			others := slices.DeleteFunc(slices.Clone(mailerlitetest.CoreTables), func(name string) bool { return name == left })
			export := func() *export.Report {
				o := x.options(t)
				o.Tables = others
				r, err := export.Export(t.Context(), o)
				if err != nil || r.Failed() || r.Matches {
					t.Fatalf("without %s: %v %+v", left, err, r)
				}
				return r
			}
			export()
			x.day(t)
			export()
			if _, err := os.Stat(filepath.Join(x.dir, left)); err == nil {
				t.Errorf("%s was left out and is there", left)
			}
			want := x.existing()
			for _, name := range others {
				have := slices.Sorted(maps.Keys(x.rows(t, name)))
				if !slices.Equal(have, slices.Sorted(maps.Keys(want[name]))) {
					t.Errorf("without %s: %s has %d rows, want %d", left, name, len(have), len(want[name]))
				}
			}
		})
	}
}

// TestForeignFiles: a file beside a table's parts would join every query. The table is refused until it is out of the
// way.
func TestForeignFiles(t *testing.T) {
	bubble(t, func(t *testing.T) {
		x := newTrial(t, nil)
		x.settle(t)
		part, err := os.ReadFile(filepath.Join(x.dir, "group", "part-00000.parquet"))
		if err != nil {
			t.Fatal(err)
		}
		names := []string{"mine.parquet", "part-00001.parquet"}
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(x.dir, "group", name), part, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		x.day(t)
		r, err := export.Export(t.Context(), x.options(t))
		if err != nil {
			t.Fatal(err)
		}
		var foreign *dataset.ForeignFilesError
		if table := tableOf(t, r, "group"); !errors.As(table.Err, &foreign) || len(foreign.Files) != 2 || !strings.Contains(table.Error, "mine.parquet") || !strings.Contains(table.Error, filepath.Join(".mailerlake", "moved")) {
			t.Errorf("group: %v", table.Err)
		}
		if table := tableOf(t, r, "campaign"); table.Err != nil || table.Inserted == 0 {
			t.Errorf("campaign: %v", table.Err)
		}
		o := x.options(t)
		o.Repair = true
		if r, err = export.Export(t.Context(), o); err != nil || r.Failed() {
			t.Fatal(err)
		}
		x.check(t)
		moved := 0
		_ = filepath.WalkDir(filepath.Join(x.dir, ".mailerlake"), func(path string, _ os.DirEntry, _ error) error {
			if text, err := os.ReadFile(path); err == nil && slices.Contains(names, filepath.Base(path)) && bytes.Equal(text, part) {
				moved++
			}
			return nil
		})
		if moved != 2 {
			t.Errorf("%d of 2 files were moved", moved)
		}
	})
}

package schema

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestKeepRescued(t *testing.T) {
	fields := []string{"fields"}
	tests := []struct {
		name                  string
		scanned, stored, want string
		paths                 []string
	}{
		{"nothing at all", ``, ``, ``, fields},
		{"nothing stored", `{"sent":"x"}`, ``, `{"sent":"x"}`, fields},
		{"no path", `{"sent":"x"}`, `{"fields.z":1}`, `{"sent":"x"}`, nil},
		{"kept alone", ``, `{"fields.z":1}`, `{"fields.z":1}`, fields},
		{"kept beside a scanned one, in column order", `{"list":[],"new":7}`, `{"fields.z":1,"sent":"x"}`, `{"sent":"x","list":[],"fields.z":1,"new":7}`, []string{"fields", "sent"}},
		{"the path itself", ``, `{"fields":"none"}`, `{"fields":"none"}`, fields},
		{"other paths go", ``, `{"list":[1],"fields":"none","fields.z":1,"sent":"x"}`, `{"fields":"none","fields.z":1}`, fields},
		{"what was scanned counts", `{"fields":"none"}`, `{"fields":[1],"fields.z":1}`, `{"fields":"none","fields.z":1}`, fields},
		{"what was scanned stays as it is", `{"z":1,"fields":0,"sent":"x"}`, `{"fields":1,"sent":2,"z":3}`, `{"z":1,"fields":0,"sent":"x"}`, fields},
		{"deeper", ``, `{"fields.a.b":{"c":[1,{"d":null}]}}`, `{"fields.a.b":{"c":[1,{"d":null}]}}`, fields},
		{"a name that only starts the same", ``, `{"fields2":1,"fields_a":1,"field":1}`, ``, fields},
		{"a dot inside a name is no step down", ``, `{"fields\\.a":1,"fields.a\\.b":2}`, `{"fields.a\\.b":2}`, fields},
		{"a path with a dot in a name", ``, `{"a\\.b":1,"a.b":2,"a\\.b.c":3,"a\\.bc":4}`, `{"a\\.b":1,"a\\.b.c":3}`, []string{`a\.b`}},
		{"a path that ends in a backslash", ``, `{"a\\\\":1,"a\\\\.b":2,"a":3,"a.b":4}`, `{"a\\\\":1,"a\\\\.b":2}`, []string{`a\\`}},
		{"the name without a character", ``, `{"\\e":1,"\\e.x":2,"e":3}`, `{"\\e":1,"\\e.x":2}`, []string{`\e`}},
		{"a quote in a name", ``, `{"fields.say \"é\"":1}`, `{"fields.say \"é\"":1}`, fields},
		{"a quote in a path", ``, `{"say \"é\"":1}`, `{"say \"é\"":1}`, []string{`say "é"`}},
		{"null as a value", ``, `{"fields.a":null,"sent":null}`, `{"fields.a":null}`, fields},
		{"text as it was sent", ``, `{"fields.a":1.50,"fields.b":123456789012345678901,"fields.c":" \n"}`, `{"fields.a":1.50,"fields.b":123456789012345678901,"fields.c":" \n"}`, fields},
		{"damaged: no object", `{"sent":1}`, `["fields.a",1]`, `{"sent":1}`, fields},
		{"damaged: cut in a name", `{"sent":1}`, `{"fields`, `{"sent":1}`, fields},
		{"damaged: cut after a name", ``, `{"fields.a":1,"fields.b":`, `{"fields.a":1}`, fields},
		{"damaged: cut in a value", ``, `{"fields.a":1,"fields.b":[`, `{"fields.a":1}`, fields},
	}
	for _, test := range tests {
		got := small().KeepRescued([]byte(test.scanned), []byte(test.stored), test.paths)
		if string(got) != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
	if got := small().KeepRescued(nil, nil, nil); got != nil {
		t.Errorf("of nothing: got %q", got)
	}
}

// A value in the place of an object stands where the object's first column does; undeclared paths come last, by path.
func TestRescuedOrder(t *testing.T) {
	record := `[{"id":"1","zz":{},"winner_selected_manually_at":1,"stats":7,"settings":{"track_opens":9},"name":{},"language":8}]`
	p := decodeAs(t, Lookup("campaign"), record)
	if got, want := string(p.Rows.Vector(Rescued).Text(0)), `{"name":{},"settings.track_opens":9,"language":8,"stats":7,"winner_selected_manually_at":1}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	l, _ := Fix(Lookup("campaign"), []Column{{Name: "zz", Kind: Int64, Path: "zz"}, {Name: "aa", Kind: Int64, Path: "aa"}}, nil, nil)
	out, rescued := convert(l, decodeAs(t, Lookup("campaign"), `[{"id":"1","zz":{},"stats":7,"aa":"x"}]`).Rows)
	if got, want := string(out.Vector(Rescued).Text(0)), `{"stats":7,"aa":"x","zz":{}}`; got != want || rescued != 3 {
		t.Errorf("after Convert: %d rescued, got %s, want %s", rescued, got, want)
	}
	if v := rescuedColumn(NewVector(String), nil, nil, 3); v != nil {
		t.Errorf("nothing rescued: got %v", v)
	}
}

// What is kept and what was scanned stand in the order in which one scan rescues them, second paths included.
func TestKeepRescuedOrder(t *testing.T) {
	table := Lookup("campaign")
	members := []string{`"name":{}`, `"language_id":"1"`, `"language":{"id":"2","name":[]}`, `"stats":{"sent":"x","open_rate":1,"opens_count":"y"}`, `"warnings":1`, `"can":3`, `"settings":0`, `"created_at":"now"`}
	whole := decodeAs(t, table, `[{"id":"1",`+strings.Join(members, ",")+`}]`)
	want := string(whole.Rows.Vector(Rescued).Text(0))
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 11))
		var now []string
		var paths []string
		for _, member := range members {
			if name, _, _ := strings.Cut(member[1:], `"`); r.IntN(2) == 0 || strings.HasPrefix(name, "language") {
				now = append(now, member)
			} else {
				paths = append(paths, name)
			}
		}
		r.Shuffle(len(now), func(i, j int) { now[i], now[j] = now[j], now[i] })
		scanned := decodeAs(t, table, `[{"id":"1",`+strings.Join(now, ",")+`}]`).Rows.Vector(Rescued).Text(0)
		before := string(scanned)
		if got := string(table.KeepRescued(scanned, []byte(want), paths)); got != want || string(scanned) != before {
			t.Fatalf("seed %d, %v:\n got %s\nwant %s", seed, paths, got, want)
		}
	}
}

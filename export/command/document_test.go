package command

import (
	"encoding"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"mailerlake/export"
	"mailerlake/export/cost"
	"mailerlake/export/dataset"
	"mailerlake/export/insights"
	"mailerlake/export/merge"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// documents are the types of the JSON documents by command.
var documents = map[string]reflect.Type{
	"export": typeOf[reportDocument](), "export --config": typeOf[accountsDocument](), "plan": typeOf[reportDocument](), "check": typeOf[checkDocument](), "show": typeOf[showDocument](),
	"verify": typeOf[verificationDocument](), "changes": typeOf[changesDocument](), "forget": typeOf[forgottenDocument](),
	"publish": typeOf[publishedDocument](), "restore": typeOf[restoredDocument](), "schema": typeOf[schemaDocument](),
	"sql": typeOf[scriptDocument](), "dbt": typeOf[sourcesDocument](),
	"version": typeOf[versionDocument](),
	"report":  typeOf[figuresDocument](),
}

// described are the objects that have a table of their own in the README, by its mark. Others are part of the object that has
// them.
var described = map[string]reflect.Type{
	"every document": typeOf[head](), "run": typeOf[export.Report](), "accounts": typeOf[accountsDocument](), "table of a run": typeOf[export.TableReport](), "changes of a run": typeOf[merge.Plan](),
	"estimate": typeOf[cost.Estimate](), "publish": typeOf[export.Published](), "check": typeOf[checkDocument](), "cost": typeOf[export.Cost](),
	"show": typeOf[showDocument](), "verify": typeOf[verificationDocument](), "changes": typeOf[changesDocument](),
	"forget": typeOf[forgottenDocument](), "restore": typeOf[restoredDocument](), "schema": typeOf[schemaDocument](), "version": typeOf[versionDocument](), "sql": typeOf[scriptDocument](), "dbt": typeOf[sourcesDocument](), "column": typeOf[schema.Column](),
	"manifest": typeOf[dataset.Manifest](), "table of the manifest": typeOf[dataset.TableState](), "part": typeOf[part.Part](),
	"publication": typeOf[dataset.Publication](), "report": typeOf[figuresDocument](), "section": typeOf[insights.Section](),
	"audience": typeOf[insights.Audience](), "sending": typeOf[insights.Sending](),
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// TestMembersAreDocumented compares the members of every JSON document, and of manifest.json, with the README's tables of them:
// none can be added, renamed or lost without a word there.
func TestMembersAreDocumented(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := documented(string(readme))
	if d := cmp.Diff(slices.Sorted(maps.Keys(described)), slices.Sorted(maps.Keys(shown))); d != "" {
		t.Errorf("tables of members (-objects +README)\n%s", d)
	}
	reached := map[reflect.Type]bool{typeOf[dataset.Manifest](): true}
	for name, object := range described {
		want := membersOf(object, reached)
		if name == "manifest" {
			want = append(want, "sha256") // a line that is added to the encoded manifest
		}
		slices.Sort(want)
		slices.Sort(shown[name])
		if d := cmp.Diff(want, shown[name]); d != "" {
			t.Errorf("members of %q (-Go +README)\n%s", name, d)
		}
	}
	for _, document := range documents {
		reached[document] = true
	}
	for name, object := range described {
		if !reached[object] {
			t.Errorf("no document has %q", name)
		}
	}
}

// documented returns the members in the tables of the README that follow a mark, by the name in it.
func documented(readme string) map[string][]string {
	found := map[string][]string{}
	for _, m := range regexp.MustCompile(`(?m)^<!-- json: (.*) -->\n((?:\|.*\n)+)`).FindAllStringSubmatch(readme, -1) {
		for _, row := range strings.Split(strings.TrimSpace(m[2]), "\n")[2:] { // below the titles and the line under them
			cell := strings.Split(row, "|")[1]
			before := ""
			for _, code := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
				name := code[1]
				if strings.HasPrefix(name, ".") { // it has the object of the name before
					name = before + name
				} else {
					before = name[:max(0, strings.LastIndex(name, "."))]
				}
				found[m[1]] = append(found[m[1]], name)
			}
		}
	}
	return found
}

// membersOf returns the members of an object: "a" of each, "a[]" of a list, "a{}" of an object whose members are names from the
// account, "a?" of one that may be absent, "a.b" of an object without a table of its own. Those that have one are noted.
func membersOf(object reflect.Type, reached map[reflect.Type]bool) (names []string) {
	for f := range fieldsOf(object) {
		inner, suffix := elementOf(f.Type)
		own := slices.Contains(slices.Collect(maps.Values(described)), inner)
		if own {
			reached[inner] = true
		}
		switch {
		case f.Anonymous && f.name == "" && own:
		case f.Anonymous && f.name == "":
			names = append(names, membersOf(inner, reached)...)
		case isObject(inner) && !own:
			for _, name := range membersOf(inner, reached) {
				names = append(names, f.name+suffix+f.mayBeAbsent()+"."+name)
			}
		default:
			names = append(names, f.name+suffix+f.mayBeAbsent())
		}
	}
	return names
}

// field is a field of a struct and the name of its member.
type field struct {
	reflect.StructField
	name, options string
}

// fieldsOf yields the fields that become members.
func fieldsOf(object reflect.Type) func(func(field) bool) {
	return func(yield func(field) bool) {
		for i := range object.NumField() {
			f := object.Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "-" || !f.IsExported() && !f.Anonymous {
				continue
			}
			if !yield(field{f, name, options}) {
				return
			}
		}
	}
}

// mayBeAbsent returns "?" if the member is left out when it is empty. Of numbers and flags only omitzero does that; in the manifest
// omitempty as well, as is said there.
func (f field) mayBeAbsent() string {
	switch f.Type.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64:
		if !strings.Contains(f.options, "omitzero") {
			return ""
		}
	}
	if strings.Contains(f.options, "omit") {
		return "?"
	}
	return ""
}

// elementOf returns what a list, an object with names from the account, or a pointer holds, and how that is written.
func elementOf(t reflect.Type) (inner reflect.Type, suffix string) {
	for {
		switch {
		case t.Kind() == reflect.Pointer:
			t = t.Elem()
		case t.Kind() == reflect.Slice:
			t, suffix = t.Elem(), "[]"+suffix
		case t.Kind() == reflect.Map:
			t, suffix = t.Elem(), "{}"+suffix
		default:
			return t, suffix
		}
	}
}

// isObject reports whether values of a type are objects, and not text as times and months are.
func isObject(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !t.Implements(typeOf[encoding.TextMarshaler]())
}

// TestDocumentsAreOfTheirTypes runs every command and compares the members that it prints with those of its type, which are
// documented.
func TestDocumentsAreOfTheirTypes(t *testing.T) {
	t.Chdir(t.TempDir())
	to := "file://" + filepath.ToSlash(t.TempDir())
	write(t, "accounts.json", `{"demo": true, "tables": "core", "accounts": [{"name": "a", "out": "a"}, {"name": "b", "out": "b", "demo": false}]}`)
	met := map[string]bool{}
	for _, args := range []string{
		"export --demo --out lake --tables core,form_subscriber --history --publish " + to,
		"plan --demo-day 2 --out lake --tables core,form_subscriber",
		"export --demo-day 2 --out lake --tables core,form_subscriber",
		"check --demo", "show", "verify", "schema", "sql", "sql -o lake.sql", "dbt", "version",
		"changes --since 1 --tables group -o group.csv",
		"report", "report -o report.html",
		"forget --id 22177977773853",
		"publish --to " + to,
		"restore --out back --from " + to,
		"verify --at " + to,
		"show --out nowhere",
		"export --config accounts.json",
	} {
		o := run(t, append(strings.Fields(args), "--json")...)
		_, members := o.failure(t)
		command := strings.Fields(args)[0]
		document := command
		if strings.HasPrefix(args, "export --config") {
			document = "export --config"
		}
		met[document] = true
		if members["format"] != 1.0 || members["command"] != command || members["exit_code"] != float64(ExitCode(o.err)) || !strings.HasPrefix(o.stdout, "{\n  \"format\": 1,\n") {
			t.Errorf("%s: %v; the document begins with %.100q", args, o.err, o.stdout)
		}
		if o.err != nil && !strings.Contains(args, "nowhere") && !strings.Contains(args, "accounts") {
			t.Errorf("%s: %v", args, o.err)
		}
		if strings.Contains(o.stdout, ": null") {
			t.Errorf("%s: a member is null", args)
		}
		checkMembers(t, args, members, documents[document])
	}
	for _, c := range (&program{getenv: func(string) string { return "" }}).app(nil).Commands {
		if slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return f.Names()[0] == "json" }) && documents[c.Name] == nil {
			t.Errorf("the document of %s has no type", c.Name)
		}
	}
	for command := range documents {
		if !met[command] {
			t.Errorf("%s --json was not tried", command)
		}
	}
}

// checkMembers reports members that a type does not have, and those that it always has and that are not there.
func checkMembers(t *testing.T, where string, value any, object reflect.Type) {
	t.Helper()
	switch value := value.(type) {
	case []any:
		for _, v := range value {
			checkMembers(t, where+"[]", v, object)
		}
	case map[string]any:
		if !isObject(object) { // its names are from the account
			return
		}
		checkWhole(t, where, value, object)
		members := map[string]reflect.Type{}
		allMembers(object, members)
		for name, v := range value {
			inner, known := members[name]
			if !known {
				t.Errorf("%s: member %s is in no table", where, name)
				continue
			}
			checkMembers(t, where+"."+name, v, inner)
		}
	}
}

// checkWhole reports members that an object lacks, of those that are always there. A result that a command has not come to lacks all.
func checkWhole(t *testing.T, where string, value map[string]any, object reflect.Type) {
	t.Helper()
	for f := range fieldsOf(object) {
		inner, _ := elementOf(f.Type)
		_, there := value[f.name]
		switch {
		case !f.Anonymous || f.name != "":
			if !there && !strings.Contains(f.options, "omit") {
				t.Errorf("%s: member %s is missing", where, f.name)
			}
		case f.Type.Kind() != reflect.Pointer || hasAny(value, inner):
			checkWhole(t, where, value, inner)
		}
	}
}

// hasAny reports whether a value has a member of an object.
func hasAny(value map[string]any, object reflect.Type) bool {
	members := map[string]reflect.Type{}
	allMembers(object, members)
	delete(members, "error") // every document may have it
	for name := range members {
		if _, there := value[name]; there {
			return true
		}
	}
	return false
}

// allMembers collects the members of an object, embedded ones included, with the types of what they hold.
func allMembers(object reflect.Type, members map[string]reflect.Type) {
	for f := range fieldsOf(object) {
		inner, _ := elementOf(f.Type)
		if f.Anonymous && f.name == "" {
			allMembers(inner, members)
			continue
		}
		members[f.name] = inner
	}
}

// TestManifestIsDocumented: the members of a manifest on disk are those of its type.
func TestManifestIsDocumented(t *testing.T) {
	t.Chdir(t.TempDir())
	if o := run(t, "export", "--demo", "--quiet", "--tables", "core,form_subscriber"); o.err != nil {
		t.Fatal(o.err)
	}
	data, err := os.ReadFile(filepath.Join(defaultDemoDir, dataset.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(data, &members); err != nil {
		t.Fatal(err)
	}
	delete(members, "sha256")
	checkMembers(t, "manifest.json", members, typeOf[dataset.Manifest]())
}

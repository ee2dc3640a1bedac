package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers lists which of our packages each package may import. Imports run one way: main, command, export; the phases scan,
// merge and dataset, which do not know each other; page logs and parts; schema. Only a scan, and what steers it, knows the
// client.
var layers = map[string][]string{
	"mailerlake": {"mailerlake/export/command"},
	"mailerlake/export/command": {"mailerlake/client", "mailerlake/client/mailerlitetest", "mailerlake/export", "mailerlake/export/command/config", "mailerlake/export/command/manual",
		"mailerlake/export/dataset", "mailerlake/export/disk", "mailerlake/export/feed/encode", "mailerlake/export/insights",
		"mailerlake/export/insights/page", "mailerlake/export/publish/store",
		"mailerlake/export/publish/store/clouds", "mailerlake/export/command/shell", "mailerlake/export/metrics", "mailerlake/export/query", "mailerlake/export/terminal", "mailerlake/schema", "mailerlake/schema/spelling", "mailerlake/schema/tables"},
	"mailerlake/export/command/manual": {},
	"mailerlake/export/command/config": {"mailerlake/schema/spelling"},
	"mailerlake/export/query":          {"mailerlake/export/dataset", "mailerlake/schema"},
	"mailerlake/export/terminal": {"mailerlake/client", "mailerlake/export", "mailerlake/export/cost", "mailerlake/export/dataset",
		"mailerlake/export/feed", "mailerlake/export/insights", "mailerlake/export/progress", "mailerlake/schema"},
	"mailerlake/export/progress":      {"mailerlake/client", "mailerlake/export"},
	"mailerlake/export/command/shell": {},
	"mailerlake/export/metrics":       {"mailerlake/export", "mailerlake/export/dataset"},
	"mailerlake/export": {"mailerlake/client", "mailerlake/export/cost", "mailerlake/export/dataset", "mailerlake/export/disk",
		"mailerlake/export/feed", "mailerlake/export/insights", "mailerlake/export/merge", "mailerlake/export/pagelog", "mailerlake/export/part",
		"mailerlake/export/publish", "mailerlake/export/publish/store", "mailerlake/export/scan", "mailerlake/schema"},
	"mailerlake/export/cost":  {"mailerlake/client", "mailerlake/export/dataset", "mailerlake/schema"},
	"mailerlake/export/scan":  {"mailerlake/client", "mailerlake/export/pagelog", "mailerlake/schema"},
	"mailerlake/export/merge": {"mailerlake/export/pagelog", "mailerlake/export/part", "mailerlake/schema"},
	"mailerlake/export/dataset": {"mailerlake/export/disk", "mailerlake/export/pagelog", "mailerlake/export/part",
		"mailerlake/schema"},
	"mailerlake/export/pagelog": {"mailerlake/export/disk", "mailerlake/schema"},
	"mailerlake/export/part":    {"mailerlake/export/disk", "mailerlake/schema"},
	"mailerlake/export/feed":    {"mailerlake/export/dataset", "mailerlake/export/disk", "mailerlake/export/part", "mailerlake/schema"},
	"mailerlake/export/feed/encode": {"mailerlake/export/dataset", "mailerlake/export/feed", "mailerlake/export/part",
		"mailerlake/schema"},
	"mailerlake/export/insights":                {"mailerlake/export/dataset", "mailerlake/export/feed", "mailerlake/schema"},
	"mailerlake/export/insights/page":           {"mailerlake/export/insights"},
	"mailerlake/export/disk":                    {},
	"mailerlake/export/disk/disktest":           {},
	"mailerlake/export/disk/faultfs":            {"mailerlake/export/disk"},
	"mailerlake/schema":                         {"mailerlake/schema/spelling"},
	"mailerlake/schema/spelling":                {},
	"mailerlake/schema/tables":                  {"mailerlake/schema"},
	"mailerlake/schema/schematest":              {"mailerlake/schema", "mailerlake/schema/tables"},
	"mailerlake/client":                         {},
	"mailerlake/client/mailerlitetest":          {},
	"mailerlake/client/mailerlitetest/serve":    {"mailerlake/client/mailerlitetest"},
	"mailerlake/export/publish/store":           {"mailerlake/export/disk"},
	"mailerlake/export/publish/store/storetest": {"mailerlake/export/publish/store"},
	"mailerlake/export/publish": {"mailerlake/export/dataset", "mailerlake/export/disk", "mailerlake/export/part",
		"mailerlake/export/publish/delta", "mailerlake/export/publish/store"},
	"mailerlake/export/publish/delta": {"mailerlake/export/dataset", "mailerlake/export/disk", "mailerlake/export/feed",
		"mailerlake/export/part", "mailerlake/export/publish/store", "mailerlake/schema"},
	"mailerlake/export/publish/store/clouds": {"mailerlake/export/publish/store"},
}

// dependencies says which packages import each module of others. A new one gets a line here, and a reason in its commit.
var dependencies = map[string][]string{
	"cloud.google.com/go/storage":       {"mailerlake/export/publish/store/clouds"},
	"github.com/Azure/azure-sdk-for-go": {"mailerlake/export/publish/store/clouds"},
	"github.com/aws/aws-sdk-go-v2":      {"mailerlake/export/publish/store/clouds"},
	"github.com/aws/smithy-go":          {"mailerlake/export/publish/store/clouds"},
	"github.com/gofrs/flock":            {"mailerlake/export/dataset", "mailerlake/export/publish/store"},
	"github.com/klauspost/compress":     {"mailerlake/export/pagelog", "mailerlake/export/part"},
	"github.com/parquet-go/parquet-go":  {"mailerlake/export/part", "mailerlake/export/publish/delta"},
	"github.com/sethvargo/go-retry":     {"mailerlake/client", "mailerlake/export/publish/store/clouds"},
	"github.com/urfave/cli":             {"mailerlake/export/command"},
	"gocloud.dev":                       {"mailerlake/export/publish/store/clouds"},
	"golang.org/x/oauth2":               {"mailerlake/export/publish/store/clouds"},
	"golang.org/x/sys":                  {"mailerlake/export/terminal"},
	"golang.org/x/term":                 {"mailerlake/export/terminal"},
	"google.golang.org/api":             {"mailerlake/export/publish/store/clouds"},
}

// basic modules are used like the standard library, wherever they are needed.
var basic = []string{"github.com/go-json-experiment/json", "golang.org/x/sync"}

func TestLayers(t *testing.T) {
	packages, modules := map[string]bool{}, map[string]bool{}
	for _, f := range sources(t) {
		packages[f.pkg] = true
		if _, known := layers[f.pkg]; !known {
			t.Errorf("%s: package %s has no place among the layers", f.name, f.pkg)
		}
		for _, imported := range f.imports {
			module := moduleOf(imported)
			modules[module] = true
			switch {
			case module == "" || slices.Contains(basic, module):
			case module == "mailerlake" && !slices.Contains(layers[f.pkg], imported):
				t.Errorf("%s: package %s must not import %s", f.name, f.pkg, imported)
			case module != "mailerlake" && !slices.Contains(dependencies[module], f.pkg):
				t.Errorf("%s: package %s must not import %s; that is for %q", f.name, f.pkg, imported, dependencies[module])
			}
		}
	}
	for pkg := range layers {
		if !packages[pkg] {
			t.Errorf("there is no package %s", pkg)
		}
	}
	for module := range dependencies {
		if !modules[module] {
			t.Errorf("nothing imports %s", module)
		}
	}
}

// source is a Go file that is part of the program.
type source struct {
	name, pkg string
	imports   []string
}

// sources returns the files of this module but for its tests.
func sources(t *testing.T) []source {
	t.Helper()
	var found []source
	err := filepath.WalkDir(".", func(name string, e fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(e.Name(), ".") && name != "."
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == "testdata" || hidden):
			return filepath.SkipDir
		case e.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		s := source{name: name, pkg: path.Join("mailerlake", filepath.ToSlash(filepath.Dir(name)))}
		for _, i := range f.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, imported)
		}
		found = append(found, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// moduleOf returns the module of a package without its version, empty for the standard library.
func moduleOf(imported string) string {
	for module := range dependencies {
		if imported == module || strings.HasPrefix(imported, module+"/") {
			return module
		}
	}
	parts := strings.Split(imported, "/")
	switch {
	case parts[0] == "mailerlake":
		return "mailerlake"
	case !strings.Contains(parts[0], "."):
		return ""
	}
	return strings.Join(parts[:min(3, len(parts))], "/")
}

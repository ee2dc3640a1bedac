package readers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client/mailerlitetest"
)

// profile is what a reader found in a table; read.py prints it.
type profile struct {
	Rows, Keys int64
	Columns    map[string]columnProfile
}

type columnProfile struct {
	Count int64
	Types []string
	Sum   json.Number
}

// TestPythonReaders has pyarrow and polars read every table, and compares what they find with what DuckDB finds. If PYTHON
// names the interpreter, it must have both; otherwise a reader that is not installed is skipped.
func TestPythonReaders(t *testing.T) {
	for _, reader := range []string{"pyarrow", "polars"} {
		t.Run(reader, func(t *testing.T) { testReader(t, reader, os.Getenv("PYTHON") != "") })
	}
}

// TestSpark does the same with Spark. It runs only with SPARK=1, as it needs Java and half a minute.
func TestSpark(t *testing.T) {
	if os.Getenv("SPARK") == "" {
		t.Skip("set SPARK=1 and install requirements-spark.txt")
	}
	testReader(t, "spark", true)
}

func testReader(t *testing.T, reader string, required bool) {
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	module := map[string]string{"spark": "pyspark"}[reader]
	if module == "" {
		module = reader
	}
	if out, err := exec.Command(python, "-c", "import "+module).CombinedOutput(); err != nil {
		if required {
			t.Fatalf("%s cannot import %s: %v\n%s", python, module, err, out)
		}
		t.Skipf("%s cannot import %s; run testdata/lake/install readers, and set PYTHON", python, module)
	}
	l, w := newLake(t, demo(3000)), newWarehouse(t)
	l.sizes.Group, l.sizes.Part = 500, 1000
	l.export(t)
	for range 2 {
		l.account.Advance(1)
		l.export(t)
	}
	gots := l.readWith(t, python, reader)
	for _, table := range mailerlitetest.Tables {
		want := l.profile(t, w, table)
		if d := cmp.Diff(want, gots[table], cmp.Comparer(sameSum)); d != "" {
			t.Errorf("%s (-DuckDB +%s)\n%s", table, reader, d)
		}
	}
}

// readWith has a Python reader read every table, and returns what it found.
func (l *lake) readWith(t testing.TB, python, reader string) map[string]profile {
	t.Helper()
	args := []string{"read.py", reader, l.dir}
	for _, table := range mailerlitetest.Tables {
		args = append(args, table+"="+strings.Join(keys[table], ","))
	}
	var stderr bytes.Buffer
	cmd := exec.Command(python, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("read.py %s: %v\n%s", reader, err, stderr.Bytes())
	}
	var found map[string]profile
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatalf("read.py %s printed %.200q: %v", reader, out, err)
	}
	return found
}

// sameSum reports whether two sums are equal, or nearly equal if they have fractions.
func sameSum(a, b json.Number) bool {
	if strings.ContainsAny(string(a+b), ".eE") {
		x, errX := a.Float64()
		y, errY := b.Float64()
		return errX == nil && errY == nil && math.Abs(x-y) <= 1e-9*max(1, math.Abs(x))
	}
	x, okX := new(big.Int).SetString(string(a), 10)
	y, okY := new(big.Int).SetString(string(b), 10)
	return okX && okY && x.Cmp(y) == 0
}

// kinds maps the types of columns to the Python type of their values, and to the SQL of the number that a value adds to
// the sum of its column, as in read.py.
var kinds = map[string]struct{ python, number string }{
	"VARCHAR":                  {"str", "CAST(CAST('0x' || md5(%s)[:8] AS BIGINT) AS HUGEINT)"},
	"BIGINT":                   {"int", "CAST(%s AS HUGEINT)"},
	"DOUBLE":                   {"float", "%s"},
	"BOOLEAN":                  {"bool", "CAST(%s AS HUGEINT)"},
	"DATE":                     {"date", "CAST(%s - DATE '1970-01-01' AS HUGEINT)"},
	"TIMESTAMP WITH TIME ZONE": {"datetime", "CAST(epoch_us(%s) AS HUGEINT)"},
}

// profile describes a table as DuckDB reads it.
func (l *lake) profile(t testing.TB, w *warehouse, table string) profile {
	t.Helper()
	names, types := w.describe(t, l.glob(table))
	list := []string{"count(*)", "count(DISTINCT row(" + keyList(table) + "))"}
	for i, column := range names {
		number := fmt.Sprintf(kinds[types[i]].number, name(column))
		list = append(list, "count("+name(column)+")", "CAST(coalesce(sum("+number+"), 0) AS VARCHAR)")
	}
	row := w.table(t, "SELECT "+strings.Join(list, ", ")+" FROM "+l.glob(table))[0]
	p := profile{Rows: row[0].(int64), Keys: row[1].(int64), Columns: map[string]columnProfile{}}
	for i, values := range slices.Collect(slices.Chunk(row[2:], 2)) {
		c := columnProfile{Count: values[0].(int64), Types: []string{}, Sum: json.Number(values[1].(string))}
		if c.Count > 0 {
			c.Types = []string{kinds[types[i]].python}
		}
		p.Columns[names[i]] = c
	}
	return p
}

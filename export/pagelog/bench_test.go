package pagelog_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"mailerlake/export/disk/disktest"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

const wideRows = 1000

// widePage is a page of subscribers as the list sends it: 80 columns, 50 of them custom fields, and their groups.
func widePage(r *rand.Rand, newest int) *schema.Page {
	b := &schema.Batch{Rows: wideRows}
	add := func(c schema.Column, fill func(v *schema.Vector, row int)) {
		v := schema.NewVector(c.Kind)
		for row := range wideRows {
			fill(v, row)
		}
		b.Columns, b.Vectors = append(b.Columns, c), append(b.Vectors, v)
	}
	id := func(row int) []byte { return fmt.Append(nil, 100_000_000_000_000_000+977*(newest-wideRows+row)) }
	add(schematest.KeyColumn("id"), func(v *schema.Vector, row int) { v.AppendText(id(row)) })
	for i := range 29 {
		name := fmt.Sprint("c", i)
		k := []schema.Kind{schema.String, schema.Int64, schema.Timestamp, schema.Double, schema.Bool, schema.String}[i%6]
		add(schema.Column{Name: name, Path: name, Kind: k}, func(v *schema.Vector, row int) { appendUsual(r, v, row, i) })
	}
	for i := range 50 {
		path := fmt.Sprint("fields.custom_field_", i)
		add(schema.Column{Name: path, Path: path, Kind: schema.Raw}, func(v *schema.Vector, row int) { appendUsual(r, v, row, i) })
	}
	return &schema.Page{Rows: b, Children: []schema.Children{groupsOf(r)}}
}

// appendUsual appends a value as accounts have them: constants, few values, many values, and nulls.
func appendUsual(r *rand.Rand, v *schema.Vector, row, column int) {
	switch {
	case column%5 == 4 || column%5 == 3 && r.IntN(2) == 0:
		v.AppendNull(1)
	case v.Kind == schema.String && column%2 == 0:
		v.AppendText(fmt.Appendf(nil, "user%d@example.com", r.IntN(1_000_000)))
	case v.Kind == schema.String:
		v.AppendText([]byte("active"))
	case v.Kind == schema.Raw:
		v.AppendText(fmt.Appendf(nil, `"value %d of %d"`, r.IntN(1000), column))
	case v.Kind == schema.Timestamp:
		v.AppendInt(1_700_000_000_000_000 + int64(r.IntN(10_000_000))*1_000_000)
	case v.Kind == schema.Double:
		v.AppendFloat(float64(r.IntN(10_000)) / 100)
	default:
		v.AppendInt(int64(r.IntN(2 + column)))
	}
}

func groupsOf(r *rand.Rand) schema.Children {
	ids, offsets := schema.NewVector(schema.String), []uint32{0}
	for range wideRows {
		for range r.IntN(4) {
			ids.AppendText(fmt.Append(nil, 129_543_796_681_606_183+r.IntN(40)*1013))
		}
		offsets = append(offsets, uint32(ids.Len()))
	}
	columns := []schema.Column{schematest.KeyColumn("group_id"), schematest.KeyColumn("subscriber_id")}
	return schema.Children{Rows: &schema.Batch{Rows: ids.Len(), Columns: columns, Vectors: []*schema.Vector{ids, nil}}, Offsets: offsets}
}

// reportMillion reports the time that a million rows take.
func reportMillion(b *testing.B, rows int) {
	b.ReportMetric(b.Elapsed().Seconds()/float64(rows)*1e6, "s/Mrow")
}

func BenchmarkAppend(b *testing.B) {
	page := widePage(rand.New(rand.NewPCG(1, 1)), wideRows)
	l, file := createLog(b)
	empty := len(file.Data)
	b.ReportAllocs()
	for b.Loop() {
		file.Data = file.Data[:empty]
		if err := l.Append(page, pagelog.Mark{Walk: "main", Cursor: "next"}); err != nil {
			b.Fatal(err)
		}
	}
	reportMillion(b, b.N*wideRows)
	b.ReportMetric(float64(len(file.Data)-empty)/wideRows, "B/row")
}

// wideLog is a log of pages as a list sends them, newest first.
func wideLog(b *testing.B, pages int) *pagelog.Log {
	r := rand.New(rand.NewPCG(1, 1))
	l, _ := createLog(b)
	for i := range pages {
		if err := l.Append(widePage(r, (pages-i)*wideRows), pagelog.Mark{Walk: "main"}); err != nil {
			b.Fatal(err)
		}
	}
	return l
}

func BenchmarkCursor(b *testing.B) {
	const pages = 50
	l := wideLog(b, pages)
	for _, bench := range []struct {
		name  string
		want  pagelog.Select
		reuse bool
	}{{"all", nil, false}, {"reuse", nil, true}, {"keys", pagelog.KeysOnly, true}} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c := pagelog.NewCursor(b.Context(), l, bench.want, nil)
				if bench.reuse {
					c.Reuse()
				}
				for ok := true; ok; {
					var err error
					if _, ok, err = c.Next(); err != nil {
						b.Fatal(err)
					}
				}
			}
			reportMillion(b, b.N*pages*wideRows)
		})
	}
	b.Run("count", func(b *testing.B) {
		for b.Loop() {
			if n, err := l.Count(b.Context()); err != nil || n != pages*wideRows {
				b.Fatal(n, err)
			}
		}
		reportMillion(b, b.N*pages*wideRows)
	})
}

// BenchmarkSmallPages appends, opens and reads pages of three rows.
func BenchmarkSmallPages(b *testing.B) {
	const pages, rows = 20_000, 3
	small := make([]*schema.Page, pages)
	for i := range small {
		small[i] = logPage(rand.New(rand.NewPCG(1, 1)), fmt.Sprint(1_000_000+10*i), fmt.Sprint(1_000_001+10*i), fmt.Sprint(1_000_002+10*i))
	}
	appended := func(b *testing.B) (*pagelog.Log, *disktest.File) {
		l, file := createLog(b)
		for i, page := range small {
			if err := l.Append(page, pagelog.Mark{Walk: fmt.Sprint(i), Parent: true, End: true}); err != nil {
				b.Fatal(err)
			}
		}
		return l, file
	}
	l, file := appended(b)
	for name, run := range map[string]func(b *testing.B){
		"append": func(b *testing.B) { appended(b) },
		"open": func(b *testing.B) {
			if _, _, err := openLog(file.Data); err != nil {
				b.Fatal(err)
			}
		},
		"read": func(b *testing.B) {
			if err := readAll(b, l, nil); err != nil {
				b.Fatal(err)
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				run(b)
			}
			reportMillion(b, b.N*pages*rows)
		})
	}
}

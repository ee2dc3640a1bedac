package scan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// rowsIn returns the rows in a log by their keys.
func rowsIn(t testing.TB, log *pagelog.Log, keysOnly bool) map[string]string {
	t.Helper()
	rows, want := map[string]string{}, pagelog.Select(nil)
	if keysOnly {
		want = pagelog.KeysOnly
	}
	eachRow(t, log, want, func(key string, page *schema.Batch, i int) {
		if rows[key] = ""; !keysOnly {
			rows[key] = rowText(page, i)
		}
	})
	return rows
}

// rowText writes the values of a row, by the names of their columns.
func rowText(b *schema.Batch, i int) string {
	var values []string
	for c, column := range b.Columns {
		v := b.Vectors[c]
		switch {
		case v == nil || v.Null(i):
		case v.Kind == schema.String || v.Kind == schema.Raw:
			values = append(values, fmt.Sprintf("%s=%s", column.Name, v.Text(i)))
		default:
			values = append(values, fmt.Sprintf("%s=%d", column.Name, v.Int(i)))
		}
	}
	slices.Sort(values)
	return strings.Join(values, "\n")
}

// sentCampaigns returns the ids of the campaigns that were sent, in key order.
func sentCampaigns(t testing.TB, a *mailerlitetest.Account) (ids []string) {
	t.Helper()
	var text strings.Builder
	if err := a.Truth("campaign", &text); err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(strings.NewReader(text.String())); d.More(); {
		var c struct{ ID, Status string }
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		if c.Status == "sent" {
			ids = append(ids, c.ID)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return schema.Key{a}.Compare(schema.Key{b}) })
	return ids
}

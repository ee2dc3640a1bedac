package insights_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/insights"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// lake is a dataset of tables that a test makes up.
type lake struct {
	t        testing.TB
	dir      string
	manifest *dataset.Manifest
}

// now is when the datasets of the tests were read. The account dates no change, so that it is what ages are counted from.
var now = time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)

func newLake(t testing.TB) *lake {
	return &lake{t: t, dir: t.TempDir(), manifest: &dataset.Manifest{Format: dataset.Format, Program: "mailerlake 1",
		Account: dataset.Account{ID: "1", Name: "Test"}, Snapshot: 1, CommittedAt: now, Feed: dataset.Feed{Keep: 86400}}}
}

// columns makes columns of one kind.
func columns(k schema.Kind, names ...string) (list []schema.Column) {
	for _, name := range names {
		list = append(list, schema.Column{Name: name, Kind: k, Path: name})
	}
	return list
}

// put adds a table whose first columns are its key, in row order. values returns those of a row: nil, or of the Go type that
// goes with the column.
func (l *lake) put(name string, key int, columns []schema.Column, rows int, values func(row int) []any) {
	l.t.Helper()
	columns = slices.Clone(columns)
	state := dataset.TableState{Name: name, ScanStarted: now, ScanEnded: now, Complete: true, ChangedIn: 1, CreatedIn: 1, ChangesSince: 1, Rows: int64(rows)}
	for i := range columns[:key] {
		columns[i].Required = true
		state.Key = append(state.Key, columns[i].Name)
	}
	state.Columns = columns
	perPart := int(part.DefaultSizes.Part)
	for from := 0; from == 0 || from < rows; from += perPart {
		state.Parts = append(state.Parts, l.part(&state, len(state.Parts), from, min(rows, from+perPart), values))
	}
	l.manifest.Put(state)
	data, err := dataset.EncodeManifest(l.manifest)
	if err == nil {
		err = os.WriteFile(filepath.Join(l.dir, dataset.ManifestName), data, 0o600)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *lake) part(state *dataset.TableState, number, from, to int, values func(row int) []any) part.Part {
	l.t.Helper()
	b := &schema.Batch{Columns: state.Columns, Rows: to - from}
	for _, c := range state.Columns {
		b.Vectors = append(b.Vectors, schema.NewVector(c.Kind))
	}
	for row := from; row < to; row++ {
		for i, x := range values(row) {
			add(b.Vectors[i], x)
		}
	}
	var file bytes.Buffer
	w := part.NewWriter(&file, state.Name, state.Columns, state.RowOrder(), "mailerlake 1", part.DefaultSizes)
	if to > from {
		if err := w.Write(part.Rows{Batch: b, To: b.Rows}); err != nil {
			l.t.Fatal(err)
		}
	}
	p, err := w.Close()
	if err != nil {
		l.t.Fatal(err)
	}
	p.Bytes = int64(file.Len())
	p.Path, p.ChangedIn, p.SHA256 = part.Path(state.Name, number), 1, fmt.Sprintf("%x", sha256.Sum256(file.Bytes()))
	if number > 0 {
		p.From = p.RowGroups[0].First
	}
	name := filepath.Join(l.dir, filepath.FromSlash(p.Path))
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(name, file.Bytes(), 0o600); err != nil {
		l.t.Fatal(err)
	}
	return p
}

func add(v *schema.Vector, x any) {
	switch x := x.(type) {
	case nil:
		v.AppendNull(1)
	case string:
		v.AppendText([]byte(x))
	case int:
		v.AppendInt(int64(x))
	case bool:
		v.AppendInt(map[bool]int64{true: 1}[x])
	case float64:
		v.AppendFloat(x)
	case time.Time:
		v.AppendInt(x.UnixMicro())
	default:
		panic(x)
	}
}

// read computes the figures.
func (l *lake) read() *insights.Report {
	l.t.Helper()
	d, err := dataset.Open(disk.OS(false), l.dir)
	if err != nil {
		l.t.Fatal(err)
	}
	r, err := insights.Read(l.t.Context(), d)
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

// The columns of the tables that figures come from.
var (
	subscriberColumns = slices.Concat(columns(schema.String, "id", "email", "status", "source"), columns(schema.Int64, "sent", "opens_count"),
		columns(schema.Double, "open_rate", "click_rate"), columns(schema.Timestamp, "subscribed_at", "created_at", "unsubscribed_at"))
	campaignColumns = slices.Concat(columns(schema.String, "id", "name", "status"), columns(schema.Timestamp, "started_at", "finished_at"),
		columns(schema.Int64, "stats_sent", "stats_unique_opens_count", "stats_unique_clicks_count", "stats_unsubscribes_count"))
	activityColumns = slices.Concat(columns(schema.String, "campaign_id", "id", "subscriber_id"), columns(schema.Bool, "opened"))
	groupColumns    = slices.Concat(columns(schema.String, "id", "name"), columns(schema.Int64, "active_count", "unsubscribed_count", "sent_count"),
		columns(schema.Double, "open_rate_float", "click_rate_float"))
	memberColumns     = columns(schema.String, "subscriber_id", "group_id")
	automationColumns = slices.Concat(columns(schema.String, "id", "name"), columns(schema.Bool, "enabled"), columns(schema.Int64, "emails_count",
		"stats_completed_subscribers_count", "stats_subscribers_in_queue_count", "stats_sent", "stats_unique_opens_count"), columns(schema.Double, "stats_open_rate_float"))
	shopColumns  = columns(schema.String, "id", "currency")
	orderColumns = slices.Concat(columns(schema.String, "shop_id", "id", "status"), columns(schema.Double, "total_price"), columns(schema.Timestamp, "created_at"))
)

// allTables are these tables with their keys.
var allTables = []struct {
	name    string
	key     int
	columns []schema.Column
}{{"subscriber", 1, subscriberColumns}, {"campaign", 1, campaignColumns}, {"campaign_activity", 2, activityColumns}, {"group", 1, groupColumns},
	{"group_subscriber", 2, memberColumns}, {"automation", 1, automationColumns}, {"shop", 1, shopColumns}, {"order", 2, orderColumns}}

package delta

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"mailerlake/export/dataset"
	"mailerlake/export/publish/store"
	"mailerlake/schema"
)

// The features that a writer of our tables must know. There is none that a reader must.
const (
	changeDataFeed  = "changeDataFeed"
	commitTimestamp = "inCommitTimestamp"
)

// Table properties.
const (
	enableChanges    = "delta.enableChangeDataFeed"
	enableTimestamps = "delta.enableInCommitTimestamps"
	stampedVersion   = "delta.inCommitTimestampEnablementVersion"
	stampedTime      = "delta.inCommitTimestampEnablementTimestamp"
	retainFiles      = "delta.deletedFileRetentionDuration"
	retainLog        = "delta.logRetentionDuration"
)

// changeType is the column that change data has after those of the table. A table with a column of this name, or of the two
// that readers add, cannot have a change data feed.
const changeType = "_change_type"

var feedColumns = []string{changeType, "_commit_version", "_commit_timestamp"}

// feedable reports whether a table of these columns can have a change data feed.
func feedable(columns []schema.Column) bool {
	return !slices.ContainsFunc(columns, func(c schema.Column) bool { return slices.Contains(feedColumns, strings.ToLower(c.Name)) })
}

// typeNames are Delta's types of our columns.
var typeNames = map[schema.Kind]string{schema.String: "string", schema.Int64: "long", schema.Double: "double", schema.Bool: "boolean",
	schema.Timestamp: "timestamp", schema.Date: "date"}

type structType struct {
	Type   string        `json:"type"`
	Fields []structField `json:"fields"`
}

type structField struct {
	Name string `json:"name"`
	Type string `json:"type"`
	// Nullable is always true. That a key is never null would be an invariant, which is one feature more for writers.
	Nullable bool              `json:"nullable"`
	Metadata map[string]string `json:"metadata"`
}

// schemaString returns Delta's description of columns.
func schemaString(columns []schema.Column) (string, error) {
	s := structType{Type: "struct", Fields: []structField{}}
	for _, c := range columns {
		name, ok := typeNames[c.Kind]
		if !ok {
			return "", fmt.Errorf("column %q: Delta has no type for %v", c.Name, c.Kind)
		}
		s.Fields = append(s.Fields, structField{c.Name, name, true, map[string]string{}})
	}
	text, err := json.Marshal(&s, json.Deterministic(true))
	return string(text), err
}

// metadataOf returns the metaData that a table should have. Its identity, and where its timestamps begin, are those of was.
func metadataOf(was *dataset.DeltaTable, columns []schema.Column, feed bool, retain time.Duration) (*metaData, error) {
	text, err := schemaString(columns)
	if err != nil {
		return nil, err
	}
	properties := map[string]string{enableTimestamps: "true", retainFiles: interval(retain), retainLog: interval(retain)}
	if feed {
		properties[enableChanges] = "true"
	}
	if s := was.Stamped; s != nil {
		properties[stampedVersion], properties[stampedTime] = strconv.FormatInt(s.Version, 10), strconv.FormatInt(s.At.UnixMilli(), 10)
	}
	return &metaData{ID: was.ID, Name: was.Name, Format: fileFormat{"parquet", map[string]string{}}, Schema: text,
		PartitionColumns: []string{}, Configuration: properties, Created: was.Created.UnixMilli()}, nil
}

// sum returns what tells one metaData from another.
func (m *metaData) sum() (string, error) {
	data, err := json.Marshal(m, json.Deterministic(true))
	return store.Sum(data), err
}

// interval writes a duration as the table properties have it, in whole seconds.
func interval(d time.Duration) string {
	if day := 24 * time.Hour; d >= day && d%day == 0 {
		return fmt.Sprintf("interval %d days", d/day)
	}
	return fmt.Sprintf("interval %d seconds", d/time.Second)
}

// newID makes an identifier, which has the form of a UUID, of a token and a table's name.
func newID(token, table string) string {
	sum := sha256.Sum256([]byte(token + "\x00" + table))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // a UUID of version 8: of one's own making
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

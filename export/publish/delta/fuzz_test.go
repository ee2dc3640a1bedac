package delta

import (
	"path"
	"strings"
	"testing"

	"mailerlake/export/dataset"
)

// FuzzEntry reads a log entry that any program may have written. What is read and applied leaves a state that can be recorded.
func FuzzEntry(f *testing.F) {
	f.Add([]byte(`{"commitInfo":{"timestamp":1,"operation":"OPTIMIZE","engineInfo":"other","inCommitTimestamp":2}}` + "\n" +
		`{"add":{"path":"a%20b.parquet","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true,"stats":"{\"numRecords\":1}"}}` + "\n" +
		`{"remove":{"path":"a%20b.parquet","deletionTimestamp":3,"dataChange":true}}`))
	f.Add([]byte(`{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors"]}}`))
	f.Add([]byte(`{"metaData":{"id":"1","format":{"provider":"parquet"},"schemaString":"{}","partitionColumns":["a"],"configuration":{"a":"b"}}}`))
	f.Add([]byte(`{"txn":{"appId":"spark","version":9}}` + "\n" + `{"domainMetadata":{"domain":"d"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		actions, err := decodeEntry(data)
		if err != nil {
			return
		}
		s := newState(&dataset.DeltaTable{Name: "table"}, "1")
		s.apply(&entry{actions: actions})
		for _, file := range s.record().Files {
			if key, ours := fileKey("table", file.Path); ours && !strings.HasPrefix(path.Clean(key), "table/") {
				t.Errorf("%q leads to %q, out of the table", file.Path, key)
			}
		}
	})
}

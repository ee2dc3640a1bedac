package dataset

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// What older format versions lacked, or had otherwise:
//
//	1  had no checksum in the manifest, and nothing in the parts to compare it with: it is not read
//	2  said nothing of lists that are read for each row of another table
//	3  had no change feed
//	4  had other names for counts of changes, and no checksum of a row group's pages, without which nothing of a damaged part is kept
//
// Manifests, those of destinations too, and journals are read as if they were of the present version, and written as such
// by the next commit or publish. Parts need no migration: their form has stayed the same since version 2.
const oldestFormat = 2

// olderCounts is Counts before version 5.
type olderCounts struct {
	Inserted int64 `json:"inserted"`
	Updated  int64 `json:"updated"`
	Deleted  int64 `json:"deleted"`
}

// readOptions returns how manifests of a format version are read.
func readOptions(format int) json.Options {
	if format >= 5 {
		return decodeOptions
	}
	counts := func(in *jsontext.Decoder, c *Counts) error {
		var old olderCounts
		err := json.UnmarshalDecode(in, &old)
		*c = Counts{Added: old.Inserted, Changed: old.Updated, Deleted: old.Deleted}
		return err
	}
	return json.JoinOptions(decodeOptions, json.WithUnmarshalers(json.UnmarshalFromFunc(counts)))
}

// upgrade fills in what a manifest of an older format version lacked.
func (m *Manifest) upgrade(format int) {
	if format < 4 {
		m.fillFeed()
	}
	m.Format = Format
}

package delta

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// action is a line of a log entry, or a row of a checkpoint: one of its members is set. Times are in milliseconds since
// 1970, paths are URL-encoded.
type action struct {
	CommitInfo *commitInfo `json:"commitInfo,omitempty" parquet:"-"`
	Protocol   *protocol   `json:"protocol,omitempty" parquet:"protocol,optional"`
	MetaData   *metaData   `json:"metaData,omitempty" parquet:"metaData,optional"`
	Txn        *txn        `json:"txn,omitempty" parquet:"txn,optional"`
	Remove     *remove     `json:"remove,omitempty" parquet:"remove,optional"`
	Add        *add        `json:"add,omitempty" parquet:"add,optional"`
	CDC        *cdc        `json:"cdc,omitempty" parquet:"-"`
}

// commitInfo says who made a version, and when.
type commitInfo struct {
	Timestamp         int64             `json:"timestamp"`
	InCommitTimestamp int64             `json:"inCommitTimestamp"`
	Operation         string            `json:"operation"`
	Parameters        map[string]string `json:"operationParameters"`
	Metrics           map[string]string `json:"operationMetrics"`
	BlindAppend       bool              `json:"isBlindAppend"`
	Engine            string            `json:"engineInfo"`
	UserMetadata      string            `json:"userMetadata"`
	TxnID             string            `json:"txnId"`
	// Marks are in our versions alone.
	Marks *marks `json:"mailerlake,omitempty"`
}

// marks name the snapshot that a version was made from.
type marks struct {
	Snapshot int64  `json:"snapshot"`
	ID       string `json:"snapshot_id"`
}

// UnmarshalJSON takes what another program may say in any form: a member of another type counts as missing.
func (c *commitInfo) UnmarshalJSON(data []byte) error {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(data, &members, jsontext.AllowDuplicateNames(true)); err != nil {
		return err
	}
	for name, into := range map[string]any{"timestamp": &c.Timestamp, "inCommitTimestamp": &c.InCommitTimestamp, "operation": &c.Operation,
		"engineInfo": &c.Engine, "txnId": &c.TxnID, "mailerlake": &c.Marks} {
		if value, ok := members[name]; ok {
			_ = json.Unmarshal(value, into)
		}
	}
	return nil
}

type protocol struct {
	Reader         int32    `json:"minReaderVersion" parquet:"minReaderVersion"`
	Writer         int32    `json:"minWriterVersion" parquet:"minWriterVersion"`
	ReaderFeatures []string `json:"readerFeatures,omitempty" parquet:"readerFeatures,optional,list"`
	WriterFeatures []string `json:"writerFeatures,omitempty" parquet:"writerFeatures,optional,list"`
}

type metaData struct {
	ID               string            `json:"id" parquet:"id"`
	Name             string            `json:"name,omitempty" parquet:"name,optional"`
	Description      string            `json:"description,omitempty" parquet:"description,optional"`
	Format           fileFormat        `json:"format" parquet:"format"`
	Schema           string            `json:"schemaString" parquet:"schemaString"`
	PartitionColumns []string          `json:"partitionColumns" parquet:"partitionColumns,list"`
	Configuration    map[string]string `json:"configuration" parquet:"configuration"`
	Created          int64             `json:"createdTime,omitzero" parquet:"createdTime,optional"`
}

type fileFormat struct {
	Provider string            `json:"provider" parquet:"provider"`
	Options  map[string]string `json:"options" parquet:"options"`
}

type txn struct {
	App     string `json:"appId" parquet:"appId"`
	Version int64  `json:"version" parquet:"version"`
	Updated int64  `json:"lastUpdated,omitzero" parquet:"lastUpdated,optional"`
}

type add struct {
	Path            string            `json:"path" parquet:"path"`
	PartitionValues map[string]string `json:"partitionValues" parquet:"partitionValues"`
	Size            int64             `json:"size" parquet:"size"`
	Modified        int64             `json:"modificationTime" parquet:"modificationTime"`
	DataChange      bool              `json:"dataChange" parquet:"dataChange"`
	Stats           string            `json:"stats,omitempty" parquet:"stats,optional"`
}

type remove struct {
	Path            string            `json:"path" parquet:"path"`
	Deleted         int64             `json:"deletionTimestamp,omitzero" parquet:"deletionTimestamp,optional"`
	DataChange      bool              `json:"dataChange" parquet:"dataChange"`
	Extended        bool              `json:"extendedFileMetadata,omitempty" parquet:"extendedFileMetadata,optional"`
	PartitionValues map[string]string `json:"partitionValues,omitzero" parquet:"partitionValues,optional"`
	Size            int64             `json:"size,omitzero" parquet:"size,optional"`
}

type cdc struct {
	Path            string            `json:"path"`
	PartitionValues map[string]string `json:"partitionValues"`
	Size            int64             `json:"size"`
	DataChange      bool              `json:"dataChange"`
}

// encodeEntry returns a log entry: an action a line, the same bytes for the same actions.
func encodeEntry(actions []action) ([]byte, error) {
	var out bytes.Buffer
	for i := range actions {
		if err := json.MarshalWrite(&out, &actions[i], json.Deterministic(true)); err != nil {
			return nil, fmt.Errorf("write log entry: %w", err)
		}
		out.WriteByte('\n')
	}
	return out.Bytes(), nil
}

// decodeEntry reads a log entry. Actions and members that are not known do not count, as the protocol demands.
func decodeEntry(data []byte) ([]action, error) {
	var actions []action
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var a action
		if err := json.Unmarshal(line, &a, jsontext.AllowDuplicateNames(true)); err != nil {
			return nil, fmt.Errorf("line %d is not an action", len(actions)+1)
		}
		actions = append(actions, a)
	}
	return actions, nil
}

package metrics

import (
	"time"

	"mailerlake/export"
)

// gauge is a metric, and its value for each thing that it is about.
type gauge[T any] struct {
	name, help string
	value      func(T) (value float64, known bool)
}

// ofRun are the metrics of a run.
var ofRun = []gauge[Run]{
	{"mailerlake_last_run_timestamp_seconds", "When the last export ended.", func(r Run) (float64, bool) { return seconds(r.Ended) }},
	{"mailerlake_last_success_timestamp_seconds", "When an export last ended with exit code 0.", func(r Run) (float64, bool) { return r.Succeeded, r.Succeeded > 0 }},
	{"mailerlake_last_commit_timestamp_seconds", "When the dataset last got a snapshot.", func(r Run) (float64, bool) {
		if r.Manifest == nil {
			return 0, false
		}
		return seconds(r.Manifest.CommittedAt)
	}},
	{"mailerlake_snapshot", "The number of the dataset's last snapshot.", func(r Run) (float64, bool) {
		if r.Manifest == nil {
			return 0, false
		}
		return float64(r.Manifest.Snapshot), true
	}},
	{"mailerlake_last_run_exit_code", "The exit code of the last export: 0 done, 3 done in part, others failed.", func(r Run) (float64, bool) { return float64(r.ExitCode), true }},
	{"mailerlake_last_run_duration_seconds", "How long the last export took.", func(r Run) (float64, bool) { return r.Seconds, true }},
	{"mailerlake_last_run_requests", "Requests to the API in the last export; a batch is one.", reported(func(r *export.Report) float64 { return float64(r.Requests) })},
	{"mailerlake_last_run_retries", "Requests that the last export made again.", reported(func(r *export.Report) float64 { return float64(r.Retries) })},
	{"mailerlake_last_run_waited_seconds", "How long the last export waited for the rate limit and between retries.", reported(func(r *export.Report) float64 { return r.Waited })},
	{"mailerlake_last_run_written_bytes", "Size of the parts that the last export committed.", reported(func(r *export.Report) float64 { return float64(r.BytesWritten) })},
	{"mailerlake_last_run_matches_account", "1 if the last export proved that the dataset matches the account.", reported(func(r *export.Report) float64 { return flag(r.Matches) })},
	{"mailerlake_last_run_estimated_units", "Units of the rate limit that the last export was said to take.", estimated(func(r *export.Report) float64 { return float64(r.Estimate.Units) })},
	{"mailerlake_last_run_estimated_duration_seconds", "How long the last export was said to take.", estimated(func(r *export.Report) float64 { return r.Estimate.Seconds })},
}

// ofTable are the metrics of a table.
var ofTable = []gauge[table]{
	{"mailerlake_table_rows", "Rows in the table.", stored(func(t table) float64 { return float64(t.state.Rows) })},
	{"mailerlake_table_bytes", "Size of the table's Parquet files.", stored(func(t table) (bytes float64) {
		for _, p := range t.state.Parts {
			bytes += float64(p.Bytes)
		}
		return bytes
	})},
	{"mailerlake_table_as_of_timestamp_seconds", "The rows are as the account had them then.", func(t table) (float64, bool) {
		if t.state == nil {
			return 0, false
		}
		return seconds(t.state.ScanStarted)
	}},
	{"mailerlake_table_complete", "1 if the table's last scan met every row and deletes were applied.", stored(func(t table) float64 { return flag(t.state.Complete) })},
	{"mailerlake_table_last_run_written_bytes", "Size of the table's parts that the last export committed.", always(func(t table) float64 { return float64(t.report.BytesWritten) })},
	{"mailerlake_table_last_run_failed", "1 if the last export failed for the table, which keeps its old state.", always(func(t table) float64 { return flag(t.report.Status == export.Failed) })},
	{"mailerlake_table_last_run_incomplete", "1 if the last export did not meet every row.", always(func(t table) float64 { return flag(t.changes().Incomplete != "") })},
	{"mailerlake_table_last_run_deletes_withheld", "1 if the last export did not delete rows that may be gone.", always(func(t table) float64 { return flag(t.changes().Withheld != "") })},
	{"mailerlake_table_last_run_unavailable", "1 if the account did not have the table in the last export.", always(func(t table) float64 { return flag(t.report.Unavailable != "") })},
}

// ofDestination are the metrics of a destination.
var ofDestination = []gauge[destination]{
	{"mailerlake_destination_published", "1 if the last export published to the destination, or had nothing to publish.", func(d destination) (float64, bool) {
		return flag(d.report.Destination != "" && d.report.Err == nil), true
	}},
	{"mailerlake_destination_snapshot", "The number of the snapshot that the destination has, if the last export got to know it.", func(d destination) (float64, bool) {
		return float64(d.report.Snapshot), d.report.Snapshot > 0
	}},
}

// reported takes a value from the report of a run.
func reported(value func(*export.Report) float64) func(Run) (float64, bool) {
	return func(r Run) (float64, bool) {
		if r.Report == nil {
			return 0, true
		}
		return value(r.Report), true
	}
}

// estimated takes a value from what a run was said to cost.
func estimated(value func(*export.Report) float64) func(Run) (float64, bool) {
	return func(r Run) (float64, bool) {
		if r.Report == nil || r.Report.Estimate == nil {
			return 0, false
		}
		return value(r.Report), true
	}
}

// stored takes a value from the dataset.
func stored(value func(table) float64) func(table) (float64, bool) {
	return func(t table) (float64, bool) {
		if t.state == nil {
			return 0, false
		}
		return value(t), true
	}
}

func always(value func(table) float64) func(table) (float64, bool) {
	return func(t table) (float64, bool) { return value(t), true }
}

func flag(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// seconds returns an instant as Prometheus has it, unless it is zero.
func seconds(at time.Time) (float64, bool) {
	return float64(at.UnixMilli()) / 1000, !at.IsZero()
}

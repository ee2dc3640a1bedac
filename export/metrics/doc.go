// Package metrics says in Prometheus' text format how the runs of a call ended and what their datasets hold now, for the textfile
// collector of node_exporter. It is pure: Text makes the text, and Successes reads from the text of an earlier call what has to
// outlive a call that fails.
//
// Every metric is a gauge with the labels account and dataset. What is not known has no sample; what a run did is 0 if it did
// nothing.
package metrics

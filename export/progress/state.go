package progress

import (
	"time"

	"mailerlake/client"
	"mailerlake/export"
)

// Unknown is a share, or a time left, that nobody knows.
const Unknown = -1

// State is how a run is going.
type State struct {
	Elapsed time.Duration
	Phase   export.Phase // empty until the run has one
	// Table is the one that the phase is at, after Step of Steps others; empty if it is at none.
	Table       string
	Step, Steps int

	Tables []Table // that are read, in their order
	// Share is the share of the requests that are done, and Left the time until all are; each may be Unknown.
	Share float64
	Left  time.Duration
	// Requests were sent, and those that are expected in all; 0 if nobody knows.
	Requests, Expected int64
	Usage              client.Usage
	Wait               *Wait // nil while no request waits

	Transfers []Transfer // to and from destinations
}

// Read counts the tables that were read to their end.
func (s *State) Read() (tables int) {
	for _, t := range s.Tables {
		if t.Stage == Read {
			tables++
		}
	}
	return tables
}

// Stage is how far the reading of a table is.
type Stage int

// The stages of a table.
const (
	Waiting Stage = iota
	Reading
	Read
)

// Table is how the reading of a table is going.
type Table struct {
	Name  string
	Stage Stage
	// Rows were read of Of that there are, 0 if that is not known. If Rough is set, Of is an estimate.
	Rows, Of int64
	Rough    bool
	Pages    int
	// Lists is how many lists the table has, and ListsRead how many were read; 0 for a table of one list.
	Lists, ListsRead int64
	Share            float64 // may be Unknown
	RowsPerSecond    float64 // in the last minute; 0 if it is too early to know
	Left             time.Duration
}

// Wait is a wait of requests.
type Wait struct {
	Reason client.Reason
	Left   time.Duration
}

// Transfer is how a publish or a restore is going.
type Transfer struct {
	export.Transfer
	Share          float64
	BytesPerSecond float64
	Left           time.Duration
}

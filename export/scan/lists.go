package scan

import (
	"time"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// Lists says which lists of a table are read, of those that it has for each row of another table.
type Lists struct {
	// Of holds the keys of the rows whose lists are read; nil for all rows that were scanned.
	Of *pagelog.Log
	// From leaves out the rows below a key.
	From schema.Key
	// First are read before the others: their lists could not be read in an earlier run. They are in key order.
	First []schema.Key
	// Until is when no further list is begun, so that what was read can be committed; the zero time never comes.
	Until time.Time
}

// parentLists are lists that are read for each row of a parent.
type parentLists struct {
	Lists
	list   *schema.List
	parent *Result
	pages  int // of the parent's log, when its rows were walked
}

package pagelog

import (
	"encoding/json"
	"fmt"
	"slices"

	"mailerlake/schema"
)

// columnID identifies a column of a log: its description, and the batch that has it.
type columnID struct {
	Batch int `json:"in,omitempty"` // 0 for Page.Rows, i+1 for Page.Children[i]
	schema.Column
}

// column is a column of a log and what its frames say about it.
type column struct {
	columnID
	key     bool // in the section of keys
	met     bool // some record had the attribute
	missing bool // in some page with rows no record had it
	frame   int  // columns.frame when it was met last
}

// columns are all columns that a log has met, by number, in order of first appearance.
type columns struct {
	all    []column
	number map[columnID]int
	order  []string // of the table's rows
	known  int      // columns that are described in the file
	frame  int      // counts the frames whose columns were met
}

// intern returns the number of a column, a new one if it is met for the first time.
func (c *columns) intern(id columnID) int {
	n, ok := c.number[id]
	if !ok {
		n = len(c.all)
		c.number[id] = n
		c.all = append(c.all, column{columnID: id, key: inKeys(id, c.order)})
	}
	return n
}

// forget removes the columns from number n on, because their descriptions were not written after all.
func (c *columns) forget(n int) {
	for _, column := range c.all[n:] {
		delete(c.number, column.columnID)
	}
	c.all = c.all[:n]
}

// describe returns the descriptions of the columns that have none yet; nil if there are no such columns.
func (c *columns) describe() ([]byte, error) {
	if c.known == len(c.all) {
		return nil, nil
	}
	ids := make([]columnID, 0, len(c.all)-c.known)
	for _, column := range c.all[c.known:] {
		ids = append(ids, column.columnID)
	}
	return json.Marshal(ids)
}

// define adds the columns that describe wrote.
func (c *columns) define(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	var ids []columnID
	if err := json.Unmarshal(text, &ids); err != nil {
		return fmt.Errorf("a page's columns are damaged: %w", err)
	}
	for _, id := range ids {
		if n := len(c.all); id.Kind < schema.String || id.Batch < 0 || c.intern(id) != n {
			return errHead
		}
	}
	c.known = len(c.all)
	return nil
}

// meet notes that the current frame has the column with a number; false if it has it twice.
func (c *columns) meet(number int) bool {
	column := &c.all[number]
	again := column.frame == c.frame
	column.frame = c.frame
	return !again
}

// note records what a frame with rows says about one of its columns.
func (c *column) note(missing bool) {
	c.met = c.met || !missing
	c.missing = c.missing || missing
}

// rawPaths returns the API paths of a batch's raw columns, in order of first appearance.
func (c *columns) rawPaths(batch int) []string {
	var paths []string
	for _, column := range c.all {
		if column.Batch == batch && column.Kind == schema.Raw && !slices.Contains(paths, column.Path) {
			paths = append(paths, column.Path)
		}
	}
	return paths
}

// neverSent returns the API paths of a batch's declared columns that no record had.
func (c *columns) neverSent(batch int) map[string]bool {
	paths := map[string]bool{}
	for _, column := range c.all {
		if column.Batch == batch && column.Kind != schema.Raw && column.Path != "" && column.missing {
			paths[column.Path] = true
		}
	}
	for _, column := range c.all {
		if column.Batch == batch && column.met {
			delete(paths, column.Path)
		}
	}
	return paths
}

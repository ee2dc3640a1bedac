package pagelog

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"mailerlake/schema"
)

// checkSizes makes sure that what is appended can be read again.
func checkSizes(page *schema.Page) error {
	if page == nil {
		return nil
	}
	vectors := page.Rows.Vectors
	if page.Child != nil {
		vectors = slices.Concat(vectors, page.Child.Vectors)
	}
	for _, v := range vectors {
		if v != nil && v.Size() > maxColumn {
			return fmt.Errorf("page has a column of %d bytes, the limit is %d", v.Size(), maxColumn)
		}
	}
	return nil
}

// frameText is the head of a frame as it is written.
type frameText struct {
	Mark
	Rows    int          `json:"rows"`
	Child   int          `json:"child,omitempty"`
	Dropped int          `json:"dropped,omitempty"`
	Lacking []int        `json:"lacking,omitempty"`
	First   schema.Key   `json:"first,omitempty"`
	Last    schema.Key   `json:"last,omitempty"`
	Columns []columnText `json:"columns,omitempty"` // in the order of their blocks
}

type columnText struct {
	schema.Column
	Section int `json:"in,omitempty"`
	Bytes   int `json:"bytes"`
}

// Sections of a frame.
const (
	inRows = iota
	inChild
	inOffsets
	inAbsent
)

func (l *Log) describe(page *schema.Page, mark Mark) (Frame, frameText, []byte) {
	head, blocks := frameText{Mark: mark}, l.blocks[:0]
	if page != nil {
		head.Rows, head.Dropped = page.Rows.Rows, page.Dropped
		if head.Rows > 0 {
			keys := page.Rows.Keys(l.order)
			head.First, head.Last = keys.At(0), keys.At(head.Rows-1)
		}
		add := func(section int, c schema.Column, v *schema.Vector) {
			n := len(blocks)
			if v != nil { // a column of nulls takes no block
				blocks = appendVector(blocks, v)
			}
			head.Columns = append(head.Columns, columnText{c, section, len(blocks) - n})
		}
		for i, c := range page.Rows.Columns {
			add(inRows, c, page.Rows.Vectors[i])
		}
		if page.Child != nil {
			head.Child = page.Child.Rows
			for i, c := range page.Child.Columns {
				add(inChild, c, page.Child.Vectors[i])
			}
			add(inOffsets, schema.Column{Kind: schema.Int64}, numbers(page.Offsets))
		}
		if page.Absent != nil {
			head.Lacking = lacking(page.Absent)
			add(inAbsent, schema.Column{Kind: schema.Int64}, numbers(page.Absent))
		}
	}
	return frameOf(head), head, blocks
}

func frameOf(h frameText) Frame {
	return Frame{Mark: h.Mark, Rows: h.Rows, Dropped: h.Dropped, Lacking: h.Lacking, First: h.First, Last: h.Last}
}

// lacking counts the rows that lack each of the objects.
func lacking(absent []uint8) []int {
	n := make([]int, 8)
	for _, bits := range absent {
		for b := range n {
			n[b] += int(bits >> b & 1)
		}
	}
	return n
}

func splitFrame(payload []byte) (frameText, []byte, error) {
	var head frameText
	if len(payload) < 4 {
		return head, nil, errDamagedPage
	}
	n := binary.LittleEndian.Uint32(payload)
	if int64(n) > int64(len(payload)-4) {
		return head, nil, errDamagedPage
	}
	err := json.Unmarshal(payload[4:4+n], &head)
	return head, payload[4+n:], err
}

// check makes sure that a frame's head is plausible before anything is allocated by it.
func (h *frameText) check(blocks int, order []string) error {
	var keyed int
	for _, c := range h.Columns {
		if c.Bytes < 0 || c.Bytes > blocks || c.Kind < schema.String || c.Kind > schema.Raw || c.Section > inAbsent {
			return errors.New("a page's columns are damaged")
		}
		blocks -= c.Bytes
		if c.Section == inRows && c.Kind == schema.String && c.Bytes > 0 && slices.Contains(order, c.Name) {
			keyed++
		}
	}
	counts := min(h.Rows, h.Child, h.Dropped) >= 0 && max(h.Rows, h.Child) < maxColumn
	keys := h.Rows == 0 || keyed == len(order) && len(h.First) == keyed && len(h.Last) == keyed && h.First.Compare(h.Last) <= 0
	if blocks != 0 || !counts || !keys || len(h.Lacking) != 0 && len(h.Lacking) != 8 {
		return errors.New("a page's head is damaged")
	}
	return nil
}

func (h *frameText) page(blocks []byte, want Select) (*schema.Page, error) {
	page := &schema.Page{Rows: &schema.Batch{Rows: h.Rows}, Dropped: h.Dropped}
	for _, c := range h.Columns {
		if c.Bytes < 0 || c.Bytes > len(blocks) {
			return nil, errors.New("column is cut short")
		}
		block := blocks[:c.Bytes]
		blocks = blocks[c.Bytes:]
		if err := h.column(page, c, block, want); err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
	}
	if !offsetsFit(page) {
		return nil, errors.New("child rows are damaged")
	}
	return page, nil
}

// offsetsFit reports whether the offsets divide the child rows among the rows.
func offsetsFit(page *schema.Page) bool {
	if page.Child == nil || page.Offsets == nil {
		return page.Child == nil && page.Offsets == nil
	}
	return page.Offsets[0] == 0 && slices.IsSorted(page.Offsets) && page.Offsets[len(page.Offsets)-1] == uint32(page.Child.Rows)
}

func (h *frameText) column(page *schema.Page, c columnText, block []byte, want Select) (err error) {
	batch := page.Rows
	switch c.Section {
	case inOffsets:
		page.Offsets, err = decodeNumbers[uint32](block, h.Rows+1)
		return err
	case inAbsent:
		page.Absent, err = decodeNumbers[uint8](block, h.Rows)
		return err
	case inChild:
		if page.Child == nil {
			page.Child = &schema.Batch{Rows: h.Child}
		}
		batch = page.Child
	}
	var v *schema.Vector
	if len(block) > 0 && (want == nil || want(c.Section == inChild, c.Column)) {
		if v, err = decodeVector(block, c.Kind, batch.Rows); err != nil {
			return err
		}
	}
	batch.Columns = append(batch.Columns, c.Column)
	batch.Vectors = append(batch.Vectors, v)
	return nil
}

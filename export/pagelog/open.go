package pagelog

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"mailerlake/export/disk"
)

// resume opens the log in a file that begin started. It cuts off a torn tail; damage elsewhere is an error.
func resume(ctx context.Context, f disk.File, shape Shape) (*Log, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	x := indexing{log: newLog(f, shape), size: info.Size()}
	x.in = bufio.NewReaderSize(io.NewSectionReader(f, 0, x.size), 256<<10)
	if err := x.header(); err != nil {
		return nil, err
	}
	for x.log.end < x.size {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		err := x.frame()
		if errors.Is(err, errTorn) {
			return x.log, f.Truncate(x.log.end)
		}
		if err != nil {
			return nil, err
		}
	}
	return x.log, nil
}

// indexing reads a log from its start to its end.
type indexing struct {
	log  *Log
	in   *bufio.Reader
	size int64 // of the file
	head head
}

func (x *indexing) header() error {
	magic := make([]byte, len(logMagic))
	_, err := io.ReadFull(x.in, magic)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if err != nil || string(magic) != logMagic {
		return errors.New("not a page log of this version")
	}
	x.log.end = int64(len(magic))
	keys, _, err := x.read()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(keys, &x.log.Header); err != nil {
		return err
	}
	if x.log.Header.Table == "" {
		return errors.New("header is missing")
	}
	x.log.end += int64(len(x.log.buf))
	return nil
}

// frame adds the next frame to the index.
func (x *indexing) frame() error {
	keys, rest, err := x.read()
	if err != nil {
		return err
	}
	l, h := x.log, &x.head
	blocks, err := h.parse(keys, len(l.shape.Order))
	if err == nil {
		err = l.columns.define(h.defines)
	}
	if err == nil && h.note == nil {
		err = h.check(&l.columns, len(blocks), len(rest))
	}
	if err != nil {
		return fmt.Errorf("frame at byte %d: %w", l.end, err)
	}
	l.note(h, segment{offset: l.end, length: int64(len(l.buf)), keys: frameHead + len(keys)})
	l.end += int64(len(l.buf))
	return nil
}

// read returns the sections of the next frame. They are in the log's buffer until the next read.
func (x *indexing) read() (keys, rest []byte, err error) {
	l := x.log
	left := x.size - l.end
	if left < frameHead {
		return nil, nil, errTorn
	}
	head, err := x.in.Peek(frameHead)
	if err != nil {
		return nil, nil, err
	}
	keysLength, restLength := frameLengths(head)
	length := frameHead + keysLength + restLength
	if length > left {
		return nil, nil, errTorn
	}
	if length > frameHead+maxFrame {
		return nil, nil, errDamagedPage
	}
	l.buf = slices.Grow(l.buf[:0], int(length))[:length]
	if _, err := io.ReadFull(x.in, l.buf); err != nil {
		return nil, nil, err
	}
	if keys, err = keysOf(l.buf); err == nil {
		rest, err = restOf(l.buf)
	}
	if err != nil && x.zeros(l.end+length) {
		err = errTorn
	}
	return keys, rest, err
}

// zeros reports whether the file holds only zeros, or nothing, from offset on, as a power loss may leave it.
func (x *indexing) zeros(offset int64) bool {
	buf := make([]byte, 64<<10)
	for offset < x.size {
		n, err := x.log.file.ReadAt(buf[:min(int64(len(buf)), x.size-offset)], offset)
		for _, b := range buf[:n] {
			if b != 0 {
				return false
			}
		}
		if err != nil {
			return false
		}
		offset += int64(n)
	}
	return true
}

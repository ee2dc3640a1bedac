package part

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
)

// pageHeads sees a part as it is written, and takes down for each row group what finds and proves its pages again if the file is
// damaged: how long they are, and a checksum of their headers. Each header has the checksum of its page.
type pageHeads struct {
	out   io.Writer
	bytes int64  // of the row group
	skip  int64  // bytes before the next header
	head  []byte // what there is of that
	sum   hash.Hash
	ended bool // what follows are no pages
}

func newPageHeads(out io.Writer) *pageHeads {
	return &pageHeads{out: out, skip: int64(len(magic)), bytes: -int64(len(magic)), sum: sha256.New()}
}

func (p *pageHeads) Write(data []byte) (int, error) {
	n, err := p.out.Write(data)
	p.bytes += int64(n)
	for data = data[:n]; len(data) > 0 && !p.ended; {
		n := min(p.skip, int64(len(data)))
		p.skip, data = p.skip-n, data[n:]
		if len(data) > 0 {
			data = data[p.header(data):]
		}
	}
	return n, err
}

// header takes the next bytes of a header, and returns how many these are.
func (p *pageHeads) header(data []byte) int {
	before := len(p.head)
	p.head = append(p.head, data[:min(len(data), maxPageHead)]...)
	w := thriftSkipper{data: p.head, structs: maxNested}
	if !w.skip(thrift.STRUCT, 0) {
		p.ended = len(p.head) > 2*maxPageHead
		return len(p.head) - before
	}
	head := p.head[:len(p.head)-len(w.data)]
	h, err := decodePageHead(head)
	if p.ended = err != nil; p.ended {
		return 0
	}
	p.sum.Write(head)
	p.skip, p.head = int64(h.CompressedPageSize), p.head[:0]
	return len(head) - before
}

// next returns what is known of the row group that has been written, and begins the next one.
func (p *pageHeads) next() (bytes int64, sum string) {
	bytes, sum = p.bytes, headSum(p.sum)
	p.bytes = 0
	p.sum.Reset()
	return bytes, sum
}

// headSum returns the checksum of a row group's headers, as in manifests.
func headSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:8]) }

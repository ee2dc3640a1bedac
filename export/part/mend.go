package part

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"io"

	"mailerlake/export/disk"
)

// A byte that has changed in a page is found again: the difference between the page's checksum and the one that it should have
// says which byte at which place would make it. That is a guess until the checksum of the whole file is the manifest's, which
// proves it.

// maxMended bounds the pages of a part that are mended: each may have several guesses, and all of them together are tried.
const maxMended = 3

// mended is a file with some bytes replaced.
type mended struct {
	disk.File
	bytes map[int64]byte // by offset
}

func (m *mended) ReadAt(p []byte, off int64) (int, error) {
	n, err := m.File.ReadAt(p, off)
	for at, b := range m.bytes {
		if at >= off && at < off+int64(n) {
			p[at-off] = b
		}
	}
	return n, err
}

// mend returns a damaged file as it was, if a changed byte in a page or a few is all that is wrong with it; else nil.
func mend(f disk.File, part *Part, damaged []pageHead, ok bool) *mended {
	if !ok || len(damaged) == 0 || len(damaged) > maxMended {
		return nil
	}
	m := &mended{f, map[int64]byte{}}
	if m.try(damaged, part) {
		return m
	}
	return nil
}

// try tries the guesses for each page, and reports whether the file is then the one that the manifest describes.
func (m *mended) try(damaged []pageHead, part *Part) bool {
	if len(damaged) == 0 {
		sum := sha256.New()
		n, err := io.Copy(sum, io.NewSectionReader(m, 0, part.Bytes))
		return err == nil && n == part.Bytes && hex.EncodeToString(sum.Sum(nil)) == part.SHA256
	}
	p := damaged[0]
	data := make([]byte, p.end-p.data)
	if _, err := m.File.ReadAt(data, p.data); err != nil {
		return false
	}
	for at, difference := range changedBytes(crc32.ChecksumIEEE(data)^p.sum, len(data)) {
		m.bytes[p.data+int64(at)] = data[at] ^ difference
		if m.try(damaged[1:], part) {
			return true
		}
		delete(m.bytes, p.data+int64(at))
	}
	return false
}

// damagedPages returns the pages of a part whose checksums do not match. It is not ok if the pages do not follow each other as
// they were written.
func damagedPages(f io.ReaderAt, part *Part, columns int) (damaged []pageHead, ok bool) {
	at := int64(len(magic))
	for _, g := range part.RowGroups {
		for range columns {
			chunk, err := walkChunk(f, at, part.Bytes, g.Rows)
			if err != nil {
				return nil, false
			}
			for end := at + chunk.TotalCompressedSize; at < end; {
				p, err := readPageHead(f, at, end)
				if err != nil {
					return nil, false
				}
				if sum, err := sumOfPage(f, p); err != nil || sum != p.sum {
					damaged = append(damaged, p)
				}
				at = p.end
			}
		}
	}
	return damaged, true
}

// sumOfPage returns the checksum that a page has.
func sumOfPage(f io.ReaderAt, p pageHead) (uint32, error) {
	sum := crc32.NewIEEE()
	_, err := io.Copy(sum, io.NewSectionReader(f, p.data, p.end-p.data))
	return sum.Sum32(), err
}

// changedBytes returns which changes of a single byte, by its place in data of so many bytes, change its CRC-32 by a difference.
// A byte at the end changes it by an entry of the table; one before that by what becomes of that entry as the bytes behind it
// pass through the checksum. So the difference is followed back from the end.
func changedBytes(difference uint32, n int) map[int]byte {
	found := map[int]byte{}
	for at := n - 1; at >= 0; at-- {
		i := byTop[difference>>24]
		entry := crc32.IEEETable[i]
		if entry == difference && i != 0 {
			found[at] = i
		}
		difference = (difference^entry)<<8 | uint32(i)
	}
	return found
}

// byTop has the numbers of the entries of CRC-32's table by their first byte, which differs in all of them.
var byTop = func() (numbers [256]byte) {
	for i, entry := range crc32.IEEETable {
		numbers[entry>>24] = byte(i)
	}
	return numbers
}()

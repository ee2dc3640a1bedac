package pagelog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

const (
	// frameHead is the size of what comes before a frame's sections: the length and the checksum of each. The checksum
	// of the keys' section covers the lengths too.
	frameHead = 16
	// maxFrame bounds the bytes of one frame.
	maxFrame = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errDamagedPage = errors.New("a page is damaged")
	// errTorn says that a frame is not whole and nothing follows it.
	errTorn = errors.New("last page is not whole")
)

// seal fills in the head of a frame whose section of keys ends at rest.
func seal(frame []byte, rest int) error {
	if len(frame)-frameHead > maxFrame {
		return fmt.Errorf("page of %d bytes is too large", len(frame))
	}
	binary.LittleEndian.PutUint32(frame, uint32(rest-frameHead))
	binary.LittleEndian.PutUint32(frame[4:], uint32(len(frame)-rest))
	binary.LittleEndian.PutUint32(frame[8:], keysChecksum(frame[:8], frame[frameHead:rest]))
	binary.LittleEndian.PutUint32(frame[12:], crc32.Checksum(frame[rest:], castagnoli))
	return nil
}

func keysChecksum(lengths, keys []byte) uint32 {
	return crc32.Update(crc32.Checksum(lengths, castagnoli), castagnoli, keys)
}

// frameLengths returns the lengths of a frame's sections.
func frameLengths(frame []byte) (keys, rest int64) {
	return int64(binary.LittleEndian.Uint32(frame)), int64(binary.LittleEndian.Uint32(frame[4:]))
}

// keysOf returns the section of keys of a frame that may be cut after it.
func keysOf(frame []byte) ([]byte, error) {
	if len(frame) < frameHead {
		return nil, errDamagedPage
	}
	length, _ := frameLengths(frame)
	if length == 0 || length > int64(len(frame)-frameHead) {
		return nil, errDamagedPage
	}
	keys := frame[frameHead : frameHead+length]
	if keysChecksum(frame[:8], keys) != binary.LittleEndian.Uint32(frame[8:]) {
		return nil, errDamagedPage
	}
	return keys, nil
}

// restOf returns the other section of a frame whose section of keys was checked.
func restOf(frame []byte) ([]byte, error) {
	keys, length := frameLengths(frame)
	start := frameHead + keys
	if start+length > int64(len(frame)) {
		return nil, errDamagedPage
	}
	rest := frame[start : start+length]
	if crc32.Checksum(rest, castagnoli) != binary.LittleEndian.Uint32(frame[12:]) {
		return nil, errDamagedPage
	}
	return rest, nil
}

package part

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"mailerlake/export/disk"
)

// FileError says that a file is not the one that the manifest describes.
type FileError struct{ Reason string }

func (e *FileError) Error() string { return e.Reason }

// checkBytes is how much of a file is read between two checks of the context.
const checkBytes = 256 << 10

// CheckFile compares the size and checksum of a file with a part's; a difference is a *FileError.
func CheckFile(ctx context.Context, f disk.File, p *Part) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != p.Bytes {
		return &FileError{fmt.Sprintf("file has %d bytes, the manifest says %d", info.Size(), p.Bytes)}
	}
	sum, buf := sha256.New(), make([]byte, min(checkBytes, max(1, p.Bytes)))
	for at := int64(0); at < p.Bytes; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := f.ReadAt(buf[:min(int64(len(buf)), p.Bytes-at)], at)
		sum.Write(buf[:n])
		at += int64(n)
		if n == 0 && err != nil || err != nil && err != io.EOF {
			return err
		}
	}
	if hex.EncodeToString(sum.Sum(nil)) != p.SHA256 {
		return &FileError{"checksum differs from the manifest's"}
	}
	return nil
}

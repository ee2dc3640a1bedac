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
	return CheckContent(ctx, f, p.Bytes, p.SHA256)
}

// CheckContent compares a file with the size and SHA-256, in lower-case hexadecimal, that the manifest says it has; a
// difference is a *FileError.
func CheckContent(ctx context.Context, f disk.File, size int64, want string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != size {
		return &FileError{fmt.Sprintf("file has %d bytes, the manifest says %d", info.Size(), size)}
	}
	sum, buf := sha256.New(), make([]byte, min(checkBytes, max(1, size)))
	for at := int64(0); at < size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := f.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		sum.Write(buf[:n])
		at += int64(n)
		if n == 0 && err != nil || err != nil && err != io.EOF {
			return err
		}
	}
	if hex.EncodeToString(sum.Sum(nil)) != want {
		return &FileError{"checksum differs from the manifest's"}
	}
	return nil
}

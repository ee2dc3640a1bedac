package readers

import (
	"io/fs"
	"reflect"
)

// inodeOf returns the inode of a file, 0 if the platform has none.
func inodeOf(info fs.FileInfo) uint64 {
	stat := reflect.ValueOf(info.Sys())
	if stat.Kind() != reflect.Pointer || stat.Elem().Kind() != reflect.Struct {
		return 0
	}
	if inode := stat.Elem().FieldByName("Ino"); inode.IsValid() && inode.CanUint() {
		return inode.Uint()
	}
	return 0
}

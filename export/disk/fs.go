// Package disk is the file system as the program uses it: FS, through which every file operation of a dataset goes; OS,
// the operating system's; and functions that change files so that the change survives a crash (WriteFile, ReplaceFile,
// MakeDir).
package disk

import (
	"io"
	"io/fs"
)

// FS is a file system. Names are paths of the operating system. Errors are those of package os, so errors.Is with
// fs.ErrNotExist and the like works. There are two implementations: OS, and the one in package faultfs that fails,
// kills and loses power in tests.
type FS interface {
	// Create opens an empty file for writing. The access is for a new file; an existing one keeps its own.
	Create(name string, access Access) (File, error)
	// OpenAppend opens a file for reading and for writing at its end, and creates it if there is none.
	OpenAppend(name string, access Access) (File, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// Rename moves a file and replaces whatever has the new name, in one step.
	Rename(oldName, newName string) error
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// RemoveAll removes a file, or a directory with everything in it. It is not an error if there is none.
	RemoveAll(name string) error
	// MkdirAll creates a directory and those above it. It is not an error if it exists.
	MkdirAll(name string, access Access) error
	// Restrict makes a file or directory accessible to its owner only. On a platform without file modes, it does
	// nothing.
	Restrict(name string) error
	// Admit lets those pass through a directory, without listing it, who may read a file. On a platform without file modes,
	// and where Shared files are Private, it does nothing.
	Admit(dir, file string) error
	// ReadDir lists a directory, sorted by name.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Stat describes what has a name, following symbolic links.
	Stat(name string) (fs.FileInfo, error)
	// SyncDir makes the entries of a directory durable: files created, renamed and removed in it. On a platform that
	// cannot do that, it does nothing.
	SyncDir(name string) error
}

// Access says who may access a new file or directory.
type Access uint8

const (
	// Private is for the owner alone: 0600, and 0700 for directories.
	Private Access = iota
	// Shared is for others to read: 0644, and 0755 for directories, both under the umask.
	Shared
	// Passable is, for directories, for others to reach what they know the name of: 0711 under the umask. Files are Private.
	Passable
)

// File is an open file. Read reads from the beginning; Write appends at the end, whatever was read or cut.
type File interface {
	io.Reader
	io.ReaderAt // safe for concurrent use
	io.Writer
	io.Closer
	// Sync makes the file's content durable, not its name: see FS.SyncDir.
	Sync() error
	// Truncate cuts the file to a size in bytes.
	Truncate(size int64) error
	// Stat describes the file.
	Stat() (fs.FileInfo, error)
}

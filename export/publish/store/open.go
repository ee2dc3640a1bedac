package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// FileScheme is that of the URLs that Open takes.
const FileScheme = "file"

// Open opens a directory: file:///lake is /lake, file://./lake and file://../lake are relative to the working directory, and
// file:///C:/lake is a directory of Windows. It is created by the first Put. The file system must have hard links.
func Open(_ context.Context, location string) (Store, error) {
	dir, err := directoryOf(location)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(dir)
	switch {
	case err == nil && !info.IsDir():
		return nil, fmt.Errorf("%s is not a directory", dir)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("open destination: %w", err)
	}
	return newDirectory(dir), nil
}

// directoryOf returns the absolute path of the directory that a URL names. Another URL is a *URLError.
func directoryOf(location string) (string, error) {
	u, err := url.Parse(location)
	if err != nil {
		return "", &URLError{"the destination is not a URL; write file:///path/of/the/directory"} // err would show all of it
	}
	switch {
	case u.Scheme != FileScheme:
		return "", &URLError{(&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String() +
			" is not the URL of a destination; write s3://bucket/prefix, gs://bucket/prefix, azblob://container/prefix or file:///directory"}
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return "", &URLError{"the URL of a directory is file:// and its path alone; write ? and # in it as %3F and %23"}
	case u.Host == "" && filepath.IsAbs(hostPath(u.Path)):
		return filepath.Clean(hostPath(u.Path)), nil
	case u.Host == "." || u.Host == "..":
		return filepath.Abs(filepath.FromSlash(u.Host + u.Path))
	}
	return "", &URLError{location + " does not say where the directory is; write file:///absolute/path or file://./relative/path"}
}

// hostPath returns the path of a URL as the operating system writes it: on Windows /C:/lake is C:\lake.
func hostPath(p string) string {
	if trimmed := filepath.FromSlash(strings.TrimPrefix(p, "/")); filepath.VolumeName(trimmed) != "" {
		return trimmed
	}
	return filepath.FromSlash(p)
}

// Overlaps reports whether a destination and a directory are the same or one lies in the other, through symbolic links too. A
// bucket never overlaps. location is the destination's URL.
func Overlaps(location, dir string) (bool, error) {
	if !strings.HasPrefix(strings.ToLower(location), FileScheme+":") {
		return false, nil
	}
	destination, err := directoryOf(location)
	if err != nil {
		return false, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return false, err
	}
	in, err := within(destination, dir)
	if err != nil || in {
		return in, err
	}
	return within(dir, destination)
}

// within reports whether a directory is another or lies in it. Neither has to exist.
func within(dir, outer string) (bool, error) {
	dir, err := resolve(dir)
	if err != nil {
		return false, err
	}
	if outer, err = resolve(outer); err != nil {
		return false, err
	}
	there, statErr := os.Stat(outer)
	for {
		if dir == outer {
			return true, nil
		}
		if here, err := os.Stat(dir); err == nil && statErr == nil && os.SameFile(here, there) {
			return true, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return false, nil
		}
		dir = parent
	}
}

// resolve follows the symbolic links of a path as far as it exists.
func resolve(dir string) (string, error) {
	resolved, err := filepath.EvalSymlinks(dir)
	if err == nil || !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir {
		return resolved, err
	}
	parent, err := resolve(filepath.Dir(dir))
	return filepath.Join(parent, filepath.Base(dir)), err
}

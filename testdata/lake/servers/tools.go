package servers

import (
	"os"
	"path/filepath"
	"testing"
)

// Tools returns the directory of what the script install has installed: LAKE_TOOLS, or one in the user's cache directory.
func Tools() string {
	if dir := os.Getenv("LAKE_TOOLS"); dir != "" {
		return dir
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	return filepath.Join(cache, "mailerlake-tools")
}

// Need checks that a file is there, which the script installs with an argument. Without it the test fails if LAKE_TOOLS is
// set, and is skipped otherwise.
func Need(t testing.TB, file, argument string) {
	t.Helper()
	if _, err := os.Stat(file); err == nil {
		return
	}
	missing := t.Skipf
	if os.Getenv("LAKE_TOOLS") != "" {
		missing = t.Fatalf
	}
	missing("%s is missing: run testdata/lake/install %s", file, argument)
}

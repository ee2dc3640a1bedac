package deploy

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"mailerlake/testdata/lake/servers"
)

// systems are those that a release is for.
var systems = []string{"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64", "windows_arm64"}

// checkout copies the project, as it is now, into a repository of its own, whose last tag is v1.2.3.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	script(t, "../..", `git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
	[ ! -e "$file" ] || printf '%s\0' "$file"
done | tar --null -T - -c | tar -x -C "$1"
cd "$1"
git init -q .
git add -A
git -c user.name=test -c user.email=test@example.com commit -q -m "A release"
git tag v1.2.3
git remote add origin https://github.com/me/mailerlake.git`, dir)
	return dir
}

// script runs a shell script in a directory, with the release's tools, and returns what it prints.
func script(t *testing.T, dir, text string, args ...string) string {
	t.Helper()
	cmd := exec.Command("bash", append([]string{"-euo", "pipefail", "-c", text, "script"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(servers.Tools(), "bin")+":"+os.Getenv("PATH"), "IMAGE=registry.example/me/mailerlake", "GIT_CONFIG_GLOBAL=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", text, err, out)
	}
	return string(out)
}

// TestRelease builds a release that is not published, and looks into it: what is in the archives, if the checksums and the bills
// of materials are right, if the program runs, and in the image too. It takes six builds; without LAKE=all only this
// system's is made.
func TestRelease(t *testing.T) {
	for _, tool := range []string{"goreleaser", "cyclonedx-gomod"} {
		servers.Need(t, filepath.Join(servers.Tools(), "bin", tool), "release")
	}
	dir := checkout(t)
	script(t, dir, "goreleaser check")
	made := systems
	if os.Getenv("LAKE") != "all" {
		made = []string{"linux_" + runtime.GOARCH}
		config := recipe(t, filepath.Join(dir, ".goreleaser.yaml"))
		config = replaced(t, config, "goos: [linux, darwin, windows]", "goos: [linux]")
		config = replaced(t, config, "goarch: [amd64, arm64]", "goarch: ["+runtime.GOARCH+"]")
		if err := os.WriteFile(filepath.Join(dir, ".goreleaser.yaml"), []byte(config), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Log(script(t, dir, "goreleaser release --snapshot --clean --skip=docker"))
	dist := filepath.Join(dir, "dist")
	checkSums(t, dist, 2*len(made))
	for _, system := range made {
		t.Run(system, func(t *testing.T) { checkArchive(t, dist, system) })
	}
	t.Run("image", func(t *testing.T) { checkImage(t, dir) })
}

// version is that of the snapshot.
const version = "1.2.4-snapshot"

// checkSums compares every file of a release with its checksum.
func checkSums(t *testing.T, dist string, files int) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(recipe(t, filepath.Join(dist, "checksums.txt"))), "\n")
	if len(lines) != files {
		t.Errorf("%d checksums, want %d: %q", len(lines), files, lines)
	}
	for _, line := range lines {
		sum, name, _ := strings.Cut(line, "  ")
		if got := sha256.Sum256([]byte(recipe(t, filepath.Join(dist, name)))); hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s has another checksum", name)
		}
	}
}

// checkArchive looks into the archive of a system, and into its bill of materials.
func checkArchive(t *testing.T, dist, system string) {
	base := filepath.Join(dist, "mailerlake_"+version+"_"+system)
	program, open := "mailerlake", untar
	if strings.HasPrefix(system, "windows") {
		program, open = "mailerlake.exe", unzip
	}
	files := open(t, base)
	for name, atLeast := range map[string]int{program: 40 << 20, "README.md": 10 << 10, "CHANGELOG.md": 1 << 10,
		"mailerlake.1": 1 << 10, "completions/mailerlake.bash": 100, "completions/mailerlake.zsh": 100, "completions/mailerlake.fish": 100,
		"completions/mailerlake.powershell": 100} {
		if len(files[name]) < atLeast {
			t.Errorf("%s has %d bytes, want %d or more", name, len(files[name]), atLeast)
		}
	}
	checkBill(t, base+".cdx.json")
	path := filepath.Join(t.TempDir(), program)
	if err := os.WriteFile(path, files[program], 0o755); err != nil {
		t.Fatal(err)
	}
	goos, goarch, _ := strings.Cut(system, "_")
	info := script(t, ".", "go version -m "+path)
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath=true", "GOOS=" + goos, "GOARCH=" + goarch} {
		if !strings.Contains(info, want) {
			t.Errorf("%s is not built with %s", program, want)
		}
	}
	if system == runtime.GOOS+"_"+runtime.GOARCH {
		if got := script(t, ".", path+" --version"); !strings.Contains(got, "v"+version) {
			t.Errorf("the version is %q, want v%s", got, version)
		}
	}
}

// checkBill looks for the modules of the program in its bill of materials.
func checkBill(t *testing.T, file string) {
	t.Helper()
	var bill struct {
		Format   string `json:"bomFormat"`
		Metadata struct {
			Component struct{ Name, Version string }
		}
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal([]byte(recipe(t, file)), &bill); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range bill.Components {
		names = append(names, c.Name)
	}
	m := bill.Metadata.Component
	if bill.Format != "CycloneDX" || m.Name != "mailerlake" || m.Version != "v"+version || !slices.Contains(names, "github.com/parquet-go/parquet-go") || len(names) < 20 {
		t.Errorf("%s: %q of %q %q lists %q", filepath.Base(file), bill.Format, m.Name, m.Version, names)
	}
}

func untar(t *testing.T, base string) map[string][]byte {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(recipe(t, base+".tar.gz")))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

func unzip(t *testing.T, base string) map[string][]byte {
	t.Helper()
	data := recipe(t, base+".zip")
	z, err := zip.NewReader(strings.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// checkImage builds the container image of what goreleaser built, looks at its files, and exports in it.
func checkImage(t *testing.T, dir string) {
	needCommand(t, "buildah")
	if os.Getuid() != 0 {
		t.Skip("the test builds images as root")
	}
	built, err := filepath.Glob(filepath.Join(dir, "dist", "mailerlake_linux_"+runtime.GOARCH+"*", "mailerlake"))
	if err != nil || len(built) != 1 {
		t.Fatalf("programs for the image: %q, %v", built, err)
	}
	context := t.TempDir()
	platform := "linux/" + runtime.GOARCH
	// As goreleaser does: a directory with the programs by platform, the extra files, and the Dockerfile.
	script(t, dir, `mkdir -p "$1/$2" "$1/.github/release/made"
cp "$3" "$1/$2/"
cp .github/release/made/root.tar "$1/.github/release/made/"
cp .github/release/Dockerfile "$1/"`, context, platform, built[0])
	storage := t.TempDir()
	buildah := fmt.Sprintf("buildah --storage-driver vfs --root %s/root --runroot %s/run ", storage, storage)
	script(t, context, buildah+`bud --isolation chroot --platform "$1" -t mailerlake . && `+buildah+`from --name c mailerlake`, platform)
	t.Cleanup(func() { script(t, context, buildah+"rm c; "+buildah+"rmi mailerlake") })
	config := strings.TrimSpace(script(t, context, buildah+"inspect --type image --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Volumes}}' mailerlake"))
	if want := "65532:65532 [/usr/bin/mailerlake] map[/lake:{}]"; config != want {
		t.Errorf("the image is made to run as %q, want %q", config, want)
	}
	root := strings.TrimSpace(script(t, context, buildah+"mount c"))
	if files := script(t, root, `find . -type f ! -path './proc/*' ! -path './sys/*' ! -path './dev/*' ! -path './run/*' | sort | tr '\n' ' '`); files != "./etc/group ./etc/passwd ./etc/ssl/certs/ca-certificates.crt ./usr/bin/mailerlake " {
		t.Errorf("the image has the files %q", files)
	}
	if pool := x509.NewCertPool(); !pool.AppendCertsFromPEM([]byte(recipe(t, filepath.Join(root, "etc/ssl/certs/ca-certificates.crt")))) {
		t.Error("the image has no certificates")
	}
	out := script(t, root, `chroot --userspec=65532:65532 . /usr/bin/mailerlake export --demo --out /lake/demo --tables group`)
	if info, err := os.Stat(filepath.Join(root, "lake/demo/manifest.json")); err != nil || info.Size() == 0 || !strings.Contains(out, "12 rows added") {
		t.Errorf("the export in the image left no manifest (%v) and printed %q", err, out)
	}
}

// TestNotes takes the notes of a release from the changelog.
func TestNotes(t *testing.T) {
	dir := t.TempDir()
	changelog := "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-11-27\n\n### Added\n\n- This.\n\n## [1.2.30] - 2026-11-26\n\n- That.\n\n[1.2.3]: https://example.com\n"
	script(t, "../../.github/release", `mkdir "$1/release"; cp notes "$1/release/"; printf %s "$2" >"$1/CHANGELOG.md"`, dir, changelog)
	if got, want := strings.TrimSpace(script(t, dir, "release/notes v1.2.3")), "### Added\n\n- This."; got != want {
		t.Errorf("the notes are %q, want %q", got, want)
	}
	if got, want := strings.TrimSpace(script(t, dir, "release/notes v1.2.30")), "- That."; got != want {
		t.Errorf("the notes are %q, want %q", got, want)
	}
	for _, version := range []string{"Unreleased", "v1.2", "v9.9.9"} {
		if out, err := exec.Command(filepath.Join(dir, "release/notes"), version).Output(); err == nil || len(bytes.TrimSpace(out)) > 0 {
			t.Errorf("there are notes of %s: %q", version, out)
		}
	}
	workflow := recipe(t, "../../.github/workflows/release.yml")
	for _, want := range []string{`.github/release/notes "$GITHUB_REF_NAME" >"$RUNNER_TEMP/notes.md"`, `--release-notes "$RUNNER_TEMP/notes.md"`} {
		if !strings.Contains(workflow, want) {
			t.Errorf("the release workflow lacks %s", want)
		}
	}
	if unreleased := script(t, "../../.github/release", "./notes Unreleased"); !strings.Contains(unreleased, "- ") {
		t.Errorf("the changelog says nothing of what is not released yet: %q", unreleased)
	}
}

// TestGoInstall installs the program as the README says, from a checkout.
func TestGoInstall(t *testing.T) {
	dir, bin := checkout(t), t.TempDir()
	script(t, dir, `GOBIN="$1" go install -buildvcs=true .`, bin)
	if got := script(t, dir, `"$1/mailerlake" --version`, bin); !strings.Contains(got, "v1.2.3") {
		t.Errorf("the version is %q, want v1.2.3", got)
	}
}

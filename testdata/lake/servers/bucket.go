package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// The S3 server takes these credentials.
const (
	s3Key    = "testkey"
	s3Secret = "testsecret"
)

// Bucket is a bucket of a server, or a container, as Azure says. It can be read and changed behind the back of a client.
type Bucket struct {
	server *Server
	Name   string
	objects
}

// objects are those of one bucket, by key. A failure fails the test.
type objects interface {
	create(t testing.TB)
	// All returns the objects' bytes by their keys.
	All(t testing.TB) map[string][]byte
	Put(t testing.TB, key string, content []byte)
	Delete(t testing.TB, key string)
}

// buckets counts the buckets of this test binary.
var buckets atomic.Int64

// Bucket makes a new bucket without objects.
func (s *Server) Bucket(t testing.TB) *Bucket {
	t.Helper()
	b := &Bucket{server: s, Name: fmt.Sprintf("lake-%d", buckets.Add(1))}
	switch s.Kind {
	case S3:
		b.objects = s3Objects{filepath.Join(s.buckets(), b.Name), filepath.Join(s.meta(), b.Name)}
	case GCS:
		b.objects = gcsObjects{s.Addr, b.Name}
	default:
		b.objects = azureObjects{s.Addr, b.Name}
	}
	b.create(t)
	return b
}

// Kind returns the kind of the bucket's server.
func (b *Bucket) Kind() Kind { return b.server.Kind }

// URL returns the bucket's URL for a client that reaches the server by an address: its own, or that of a proxy.
func (b *Bucket) URL(addr string) string {
	switch b.server.Kind {
	case S3:
		return fmt.Sprintf("s3://%s?endpoint=http://%s&region=us-east-1&use_path_style=true", b.Name, addr)
	case GCS:
		return "gs://" + b.Name
	default:
		return fmt.Sprintf("azblob://%s?protocol=http&domain=%s&localemu=true", b.Name, addr)
	}
}

// Env returns the environment that a client needs beside the URL: credentials, and for GCS the address.
func (b *Bucket) Env(addr string) []string {
	switch b.server.Kind {
	case S3:
		return []string{"AWS_ACCESS_KEY_ID=" + s3Key, "AWS_SECRET_ACCESS_KEY=" + s3Secret, "AWS_EC2_METADATA_DISABLED=true"}
	case GCS:
		return []string{"STORAGE_EMULATOR_HOST=" + addr}
	default:
		return []string{"AZURE_STORAGE_ACCOUNT=" + azureAccount, "AZURE_STORAGE_KEY=" + azureKey}
	}
}

// DuckDBSecret returns what a secret of DuckDB says of the S3 server, for SQL.
func DuckDBSecret(addr string) string {
	return fmt.Sprintf("KEY_ID '%s', SECRET '%s', REGION 'us-east-1', ENDPOINT '%s', URL_STYLE 'path', USE_SSL false", s3Key, s3Secret, addr)
}

// SetEnv sets Env for the rest of a test, for a client in the test's own process.
func (b *Bucket) SetEnv(t *testing.T, addr string) {
	t.Helper()
	for _, pair := range b.Env(addr) {
		for i := range pair {
			if pair[i] == '=' {
				t.Setenv(pair[:i], pair[i+1:])
				break
			}
		}
	}
}

// s3Objects are the files in a directory: the server keeps its buckets so, and what it knows of an object in a directory
// meta/<bucket>/<key>/meta. An object that is changed here keeps the checksum that the server has of it, as one whose disk
// decays.
type s3Objects struct{ dir, meta string }

func (o s3Objects) create(t testing.TB) {
	t.Helper()
	must(t, os.Mkdir(o.dir, 0o755))
}

func (o s3Objects) All(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	must(t, filepath.WalkDir(o.dir, func(name string, e os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && e.Name() == ".sgwtmp": // of uploads under way
			return filepath.SkipDir
		case e.IsDir():
			return nil
		}
		key, err := filepath.Rel(o.dir, name)
		if err != nil {
			return err
		}
		all[filepath.ToSlash(key)], err = os.ReadFile(name)
		return err
	}))
	return all
}

func (o s3Objects) Put(t testing.TB, key string, content []byte) {
	t.Helper()
	name := filepath.Join(o.dir, filepath.FromSlash(key))
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(t, os.WriteFile(name, content, 0o644))
}

func (o s3Objects) Delete(t testing.TB, key string) {
	t.Helper()
	must(t, os.Remove(filepath.Join(o.dir, filepath.FromSlash(key))))
	must(t, os.RemoveAll(filepath.Join(o.meta, filepath.FromSlash(key), "meta")))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

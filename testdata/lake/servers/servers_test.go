package servers

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMain(m *testing.M) {
	code := m.Run()
	Stop()
	os.Exit(code)
}

// TestBuckets writes, lists and deletes objects of each server behind its clients' backs.
func TestBuckets(t *testing.T) {
	for _, kind := range Kinds {
		t.Run(string(kind), func(t *testing.T) {
			b := Start(t, kind).Bucket(t)
			b.Put(t, "manifest.json", []byte("{}"))
			b.Put(t, "group/part-00000.parquet", []byte("PAR1"))
			b.Put(t, "group/part-00000.parquet", []byte("PAR1PAR1"))
			b.Put(t, "group/part-00001.parquet", nil)
			b.Delete(t, "group/part-00001.parquet")
			want := map[string][]byte{"manifest.json": []byte("{}"), "group/part-00000.parquet": []byte("PAR1PAR1")}
			if d := cmp.Diff(want, b.All(t)); d != "" {
				t.Errorf("objects (-want +got)\n%s", d)
			}
			if other := Start(t, kind).Bucket(t).All(t); len(other) != 0 {
				t.Errorf("another bucket has objects: %v", other)
			}
		})
	}
}

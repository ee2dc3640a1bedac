// Package stores proves that the clouds' stores do what package store promises, before servers that others wrote.
package stores

import (
	"os"
	"testing"

	"mailerlake/export/publish/store"
	"mailerlake/export/publish/store/clouds"
	"mailerlake/export/publish/store/storetest"
	"mailerlake/testdata/lake/proxy"
	"mailerlake/testdata/lake/servers"
)

func TestMain(m *testing.M) {
	code := m.Run()
	servers.Stop()
	os.Exit(code)
}

func TestStores(t *testing.T) {
	eachKind(t, func(t *testing.T, server *servers.Server) {
		storetest.Run(t, storetest.Options{New: func(t *testing.T) func(*testing.T) store.Store {
			bucket := server.Bucket(t)
			bucket.SetEnv(t, server.Addr)
			return func(t *testing.T) store.Store { return open(t, bucket.URL(server.Addr)) }
		}})
	})
}

// eachKind runs a test for each kind of server.
func eachKind(t *testing.T, test func(*testing.T, *servers.Server)) {
	for _, kind := range servers.Kinds {
		t.Run(string(kind), func(t *testing.T) { test(t, servers.Start(t, kind)) })
	}
}

func open(t *testing.T, location string) store.Store {
	t.Helper()
	s, err := clouds.Open(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// throughProxy returns a store in a new bucket behind a proxy.
func throughProxy(t *testing.T, server *servers.Server) (store.Store, *proxy.Proxy, *servers.Bucket) {
	p, bucket := proxy.Start(t, server.Addr), server.Bucket(t)
	bucket.SetEnv(t, p.Addr)
	return open(t, bucket.URL(p.Addr)), p, bucket
}

package stores

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"mailerlake/export/publish/store"
	"mailerlake/export/publish/store/clouds"
	"mailerlake/export/publish/store/storetest"
	"mailerlake/testdata/lake/servers"
)

// TestPrefix checks a store below a prefix, beside objects that it must neither see nor touch.
func TestPrefix(t *testing.T) {
	eachKind(t, func(t *testing.T, server *servers.Server) {
		beside := map[string][]byte{"some/new dir0/x": []byte("x"), "some/new-dir/a": []byte("y"), "a": []byte("z")}
		var buckets []*servers.Bucket
		storetest.Run(t, storetest.Options{Many: 20, Big: 3 << 20, New: func(t *testing.T) func(*testing.T) store.Store {
			bucket := server.Bucket(t)
			bucket.SetEnv(t, server.Addr)
			for key, content := range beside {
				bucket.Put(t, key, content)
			}
			buckets = append(buckets, bucket)
			name, query, _ := strings.Cut(bucket.URL(server.Addr), "?")
			return func(t *testing.T) store.Store {
				s := open(t, name+"/some/new%20dir/?"+query)
				if want := name + "/some/new%20dir"; s.String() != want {
					t.Errorf("the store is %s, want %s", s, want)
				}
				return s
			}
		}})
		for _, bucket := range buckets {
			all := bucket.All(t)
			maps.DeleteFunc(all, func(key string, _ []byte) bool { return strings.HasPrefix(key, "some/new dir/") })
			if !maps.EqualFunc(all, beside, func(a, b []byte) bool { return string(a) == string(b) }) {
				t.Errorf("beside the prefix is %q", slices.Collect(maps.Keys(all)))
			}
		}
	})
}

// TestPrefixAsParameter says the same as TestPrefix in gocloud's way.
func TestPrefixAsParameter(t *testing.T) {
	eachKind(t, func(t *testing.T, server *servers.Server) {
		bucket := server.Bucket(t)
		bucket.SetEnv(t, server.Addr)
		name, query, _ := strings.Cut(bucket.URL(server.Addr), "?")
		mustPut(t, open(t, name+"?prefix=some/dir&"+query), "a", "content", store.IfAbsent())
		if got := string(bucket.All(t)["some/dir/a"]); got != "content" {
			t.Errorf("some/dir/a is %q", got)
		}
		if s, err := clouds.Open(t.Context(), name+"/path?prefix=some/dir&"+query); err == nil {
			t.Errorf("two prefixes are %s", s)
		}
	})
}

func TestURLs(t *testing.T) {
	for _, location := range []string{"", "bucket", "s3:", "s3://", "s3:bucket", "gs:///prefix", "http://bucket", "s3://me:sekret@bucket?region=x",
		"s3://bucket/a#b?region=sekret", "s3://bucket//a//b?region=x", "s3://bucket/../a?region=x", "s3://bucket?secret_key=sekret&region=x",
		"gs://bucket?key=sekret", "gs://bucket?anonymous=sekret", "gs://bucket?access_id=sekret",
		"azblob://c?storage_account=x&sas=sekret", "azblob://c?storage_account=x&protocol=sekret2", "s3://bucket/%zz?sekret"} {
		t.Setenv("AWS_ACCESS_KEY_ID", "x")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
		t.Setenv("AZURE_STORAGE_KEY", "eA==")
		s, err := clouds.Open(t.Context(), location)
		switch {
		case err == nil:
			t.Errorf("%s is %s", location, s)
		case strings.Contains(err.Error(), "sekret") && !strings.Contains(location, "=sekret2"):
			t.Errorf("%s: the error shows a value: %v", location, err)
		}
	}
}

// TestMissing checks what users are told, of each cloud, of what they may forget.
func TestMissing(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AZURE_STORAGE_ACCOUNT",
		"AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_CONNECTION_STRING", "GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for location, want := range map[string]string{
		"s3://bucket":                "AWS_REGION",
		"s3://bucket?region=x":       "AWS_ACCESS_KEY_ID",
		"azblob://container":         "AZURE_STORAGE_ACCOUNT",
		"s3://bucket?profile=nobody": "nobody",
	} {
		if _, err := clouds.Open(t.Context(), location); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", location, err, want)
		}
	}
}

func TestNoBucket(t *testing.T) {
	eachKind(t, func(t *testing.T, server *servers.Server) {
		bucket := server.Bucket(t)
		bucket.SetEnv(t, server.Addr)
		s := open(t, strings.Replace(bucket.URL(server.Addr), bucket.Name, "none-such", 1))
		_, putErr := s.Put(t.Context(), "a", store.BytesBody(nil), store.IfAbsent())
		listErr := lists(t, s, "")
		for _, err := range []error{putErr, listErr} {
			if err == nil || !strings.Contains(err.Error(), `no bucket "none-such"`) {
				t.Errorf("%v", err)
			}
		}
		if _, _, err := s.Get(t.Context(), "a"); err == nil {
			t.Error("there is an object in no bucket")
		}
	})
}

// TestWrongCredentials has the server refuse them. The simulator of Google Cloud Storage knows none.
func TestWrongCredentials(t *testing.T) {
	const secret = "c2VrcmV0LXNla3JldC1zZWtyZXQ="
	for _, kind := range []servers.Kind{servers.S3, servers.Azure} {
		for _, name := range []string{"AWS_SECRET_ACCESS_KEY", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN"} {
			t.Run(string(kind)+" "+name, func(t *testing.T) { wrongCredentials(t, kind, name, secret) })
		}
	}
}

func wrongCredentials(t *testing.T, kind servers.Kind, name, secret string) {
	if strings.HasPrefix(name, "AWS") != (kind == servers.S3) {
		t.Skip("of another cloud")
	}
	server := servers.Start(t, kind)
	bucket := server.Bucket(t)
	bucket.SetEnv(t, server.Addr)
	t.Setenv(name, secret)
	if name == "AZURE_STORAGE_SAS_TOKEN" {
		t.Setenv("AZURE_STORAGE_KEY", "")
		t.Setenv(name, "sv=2024-11-04&ss=b&srt=sco&sp=rwdlac&se=2099-01-01T00:00:00Z&sig="+secret)
	}
	addresses := []string{server.Addr}
	if name == "AZURE_STORAGE_SAS_TOKEN" { // which is part of the requests' URLs
		addresses = append(addresses, "127.0.0.1:1")
	}
	for _, addr := range addresses {
		s := open(t, bucket.URL(addr))
		_, putErr := s.Put(t.Context(), "a", store.BytesBody(nil), store.Always())
		errs := []error{putErr}
		if addr == server.Addr {
			errs = append(errs, hasContent(t, s, "a", ""), lists(t, s, ""))
		}
		for _, err := range errs {
			t.Log(err)
			if err == nil || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "sig=") {
				t.Errorf("%v", err)
			}
			if addr == server.Addr && !strings.Contains(err.Error(), "permission denied") {
				t.Errorf("%v", err)
			}
		}
	}
}

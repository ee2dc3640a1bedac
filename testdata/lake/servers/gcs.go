package servers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
)

// gcsObjects are the objects of a bucket by the JSON API of Google Cloud Storage.
type gcsObjects struct{ addr, bucket string }

func (o gcsObjects) create(t testing.TB) {
	t.Helper()
	o.do(t, "POST", "/storage/v1/b?project=test", fmt.Appendf(nil, `{"name":%q}`, o.bucket))
}

func (o gcsObjects) All(t testing.TB) map[string][]byte {
	t.Helper()
	var list struct {
		Items         []struct{ Name string }
		NextPageToken string
	}
	must(t, json.Unmarshal(o.do(t, "GET", o.path("?maxResults=100000"), nil), &list))
	if list.NextPageToken != "" {
		t.Fatal("the list of objects has a second page")
	}
	all := map[string][]byte{}
	for _, item := range list.Items {
		all[item.Name] = o.do(t, "GET", o.path("/"+url.PathEscape(item.Name)+"?alt=media"), nil)
	}
	return all
}

func (o gcsObjects) Put(t testing.TB, key string, content []byte) {
	t.Helper()
	o.do(t, "POST", "/upload"+o.path("?uploadType=media&name="+url.QueryEscape(key)), content)
}

func (o gcsObjects) Delete(t testing.TB, key string) {
	t.Helper()
	o.do(t, "DELETE", o.path("/"+url.PathEscape(key)), nil)
}

// path returns the path of the bucket's objects and what follows it.
func (o gcsObjects) path(rest string) string { return "/storage/v1/b/" + o.bucket + "/o" + rest }

// do sends a request, which must succeed, and returns the body of the answer.
func (o gcsObjects) do(t testing.TB, method, path string, body []byte) []byte {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+o.addr+path, bytes.NewReader(body))
	must(t, err)
	resp, err := http.DefaultClient.Do(r)
	must(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %s\n%s", method, path, resp.Status, answer)
	}
	return answer
}

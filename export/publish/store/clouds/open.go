//go:build !noclouds

package clouds

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"mailerlake/export/publish/store"
)

// Built returns the schemes that this build can open: all.
func Built() []string { return Schemes }

// Open opens a bucket, or the part of it below a prefix: s3://bucket/prefix, gs://bucket/prefix or azblob://container/prefix. The
// query parameters are those of gocloud.dev: region, endpoint, profile, use_path_style and others for s3; anonymous and
// universe_domain for gs; storage_account, domain, protocol, cdn and localemu for azblob; prefix for all. Credentials come from where
// each cloud's tools look for them. The bucket must exist.
func Open(ctx context.Context, location string) (store.Store, error) {
	place, err := parse(location)
	if err != nil {
		return nil, err
	}
	b := &bucket{place: place}
	open := map[string]func(context.Context, *bucket) error{"s3": openS3, "gs": openGCS, "azblob": openAzure}[place.scheme]
	if err := open(ctx, b); err != nil {
		return nil, fmt.Errorf("open %s: %s", place, place.hide(err))
	}
	return b, nil
}

// location is what a URL says.
type location struct {
	scheme, bucket string
	prefix         string // empty, or ends with a slash
	query          url.Values
	raw            *url.URL
}

func parse(text string) (location, error) {
	u, err := url.Parse(text)
	if err != nil {
		return location{}, &store.URLError{Reason: "the destination is not a URL; write s3://bucket/prefix?region=..."} // err would show all of it
	}
	l := location{scheme: u.Scheme, bucket: u.Host, query: u.Query()}
	example := fmt.Sprintf("write %s://bucket/prefix", u.Scheme)
	switch {
	case u.Scheme != "s3" && u.Scheme != "gs" && u.Scheme != "azblob":
		return location{}, &store.URLError{Reason: fmt.Sprintf("%q is not the scheme of an object store; there are s3, gs and azblob", u.Scheme)}
	case u.Host == "" || u.Opaque != "":
		return location{}, &store.URLError{Reason: fmt.Sprintf("the URL names no bucket; %s", example)}
	case u.User != nil:
		return location{}, &store.URLError{Reason: fmt.Sprintf("a URL holds no credentials: they come from the environment; %s", example)}
	case u.Fragment != "":
		return location{}, &store.URLError{Reason: fmt.Sprintf("a # has no meaning in a destination; %s", example)}
	}
	if l.prefix, err = prefix(u.Path, l.query); err != nil {
		return location{}, err
	}
	l.query.Del("prefix")
	l.raw = &url.URL{Scheme: u.Scheme, Host: u.Host, RawQuery: l.query.Encode()}
	return l, nil
}

// prefix returns what all keys begin with, from the path or from the parameter of that name.
func prefix(path string, query url.Values) (string, error) {
	p := strings.Trim(path, "/")
	if other := strings.Trim(query.Get("prefix"), "/"); other != "" {
		if p != "" {
			return "", &store.URLError{Reason: "the URL has a path and the parameter prefix, which mean the same; write one of them"}
		}
		p = other
	}
	if p == "" {
		return "", nil
	}
	if err := store.CheckKey(p); err != nil {
		return "", &store.URLError{Reason: "prefix of the bucket: " + err.Error()}
	}
	return p + "/", nil
}

// String returns the URL without its query, which may hold what is nobody's business.
func (l location) String() string {
	return strings.TrimSuffix((&url.URL{Scheme: l.scheme, Host: l.bucket, Path: "/" + l.prefix}).String(), "/")
}

// hide returns the text of an error that came with the URL in it.
func (l location) hide(err error) string {
	return strings.ReplaceAll(plain(err), l.raw.String(), l.String())
}

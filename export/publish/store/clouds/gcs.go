//go:build !noclouds

package clouds

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	"cloud.google.com/go/storage"
	"gocloud.dev/blob/gcsblob"
	"gocloud.dev/gcp"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"mailerlake/export/publish/store"
)

type gcsCloud struct{ bucket *storage.BucketHandle }

// openGCS makes the client itself: gocloud's own opener writes to stdout what it misses.
func openGCS(ctx context.Context, b *bucket) error {
	options, err := gcsOptions(ctx, b)
	if err != nil {
		return err
	}
	client, err := storage.NewClient(ctx, options...)
	if err != nil {
		return err
	}
	client.SetRetry(storage.WithPolicy(storage.RetryNever))
	b.cloud = &gcsCloud{client.Bucket(b.place.bucket)}
	b.blobs, err = gcsblob.OpenBucket(ctx, nil, b.place.bucket, &gcsblob.Options{Client: client})
	return err
}

func gcsOptions(ctx context.Context, b *bucket) ([]option.ClientOption, error) {
	anonymous := os.Getenv("STORAGE_EMULATOR_HOST") != ""
	var params google.CredentialsParams
	for name, values := range b.place.query {
		switch value := values[0]; name {
		case "anonymous":
			is, err := strconv.ParseBool(value)
			if err != nil {
				return nil, errors.New("anonymous is true or false")
			}
			anonymous = anonymous || is
		case "access_id":
			if value != "-" {
				return nil, errors.New("access_id is only known as -, which means anonymous: nothing is signed here")
			}
			anonymous = true
		case "universe_domain":
			params.UniverseDomain = value
		default:
			return nil, fmt.Errorf("unknown query parameter %q", name)
		}
	}
	client := b.client()
	if anonymous {
		return []option.ClientOption{option.WithoutAuthentication(), option.WithHTTPClient(client)}, nil
	}
	credentials, err := gcp.DefaultCredentialsWithParams(ctx, params)
	if err != nil {
		return nil, fmt.Errorf("no credentials: set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account, run "+
			"\"gcloud auth application-default login\", or run where a service account is attached (%s)", plain(err))
	}
	client = &http.Client{Transport: &oauth2.Transport{Base: client.Transport, Source: credentials.TokenSource}}
	options := []option.ClientOption{option.WithHTTPClient(client)}
	if params.UniverseDomain != "" {
		options = append(options, option.WithUniverseDomain(params.UniverseDomain))
	}
	return options, nil
}

func (c *gcsCloud) send(ctx context.Context, key string, body *content, condition store.Condition) (string, error) {
	object := c.bucket.Object(key)
	if condition.Absent() {
		object = object.If(storage.Conditions{DoesNotExist: true})
	}
	if version, must := condition.Version(); must {
		generation, err := strconv.ParseInt(version, 10, 64)
		if err != nil || generation <= 0 {
			return "", permanent{fmt.Errorf("%w: %q is no version of it", store.ErrConflict, version)}
		}
		object = object.If(storage.Conditions{GenerationMatch: generation})
	}
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	defer body.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := object.NewWriter(ctx)
	w.ChunkSize = 0 // one request, without a buffer
	w.ContentType, w.Metadata, w.MD5 = mediaType(key), body.metadata(), body.md5[:]
	if _, err := io.Copy(w, body); err != nil {
		cancel() // so that what has come is not taken for all
		return "", errors.Join(err, w.Close())
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return strconv.FormatInt(w.Attrs().Generation, 10), nil
}

func (c *gcsCloud) details(as func(any) bool) (string, map[string]string) {
	var attributes storage.ObjectAttrs
	if as(&attributes) {
		return strconv.FormatInt(attributes.Generation, 10), attributes.Metadata
	}
	var reader *storage.Reader
	if !as(&reader) {
		return "", nil
	}
	return strconv.FormatInt(reader.Attrs.Generation, 10), reader.Metadata()
}

func (c *gcsCloud) answer(err error) (a answer) {
	var response *googleapi.Error
	switch {
	case errors.Is(err, storage.ErrBucketNotExist):
		return answer{http.StatusNotFound, "NoSuchBucket"}
	case errors.As(err, &response):
		a.status = response.Code
		for _, item := range response.Errors {
			a.code = item.Reason
		}
	case errors.Is(err, storage.ErrObjectNotExist):
		a.status = http.StatusNotFound
	}
	return a
}

func (c *gcsCloud) help() string {
	return "check the credentials (GOOGLE_APPLICATION_CREDENTIALS, \"gcloud auth application-default login\" or the service account), and that " +
		"they have the role Storage Object User on the bucket"
}

//go:build !noclouds

package clouds

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"gocloud.dev/blob/s3blob"

	"mailerlake/export/publish/store"
)

type s3Cloud struct {
	client     *s3.Client
	bucket     string
	encryption types.ServerSideEncryption // as the parameter ssetype says, which gocloud applies to what it writes itself
	key        *string                    // kmskeyid
}

func openS3(ctx context.Context, b *bucket) error {
	opened, err := new(s3blob.URLOpener).OpenBucketURL(ctx, b.place.raw)
	if err != nil {
		return err
	}
	var client *s3.Client
	if !opened.As(&client) {
		return errors.New("gocloud has no client")
	}
	options := client.Options()
	if err := quietCredentials(ctx, &options, b.place.query); err != nil {
		return err
	}
	if err := s3Ready(ctx, options); err != nil {
		return err
	}
	options.HTTPClient = b.client()
	options.Logger = logging.Nop{} // stderr is not its own to write to
	// Whoever reads an object compares its SHA-256, and says which object is damaged.
	options.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	if ownServer := options.BaseEndpoint != nil || b.place.query.Has("endpoint"); ownServer && !b.saysPathStyle() {
		options.UsePathStyle = true // few servers but the cloud's own have a host name for each bucket
	}
	options.Retryer, options.RetryMaxAttempts = aws.NopRetryer{}, 0
	client = s3.New(options)
	c := &s3Cloud{client: client, bucket: b.place.bucket, encryption: encryption(b.place.query.Get("ssetype"))}
	if id := b.place.query.Get("kmskeyid"); id != "" {
		c.key = &id
	}
	b.cloud = c
	b.blobs, err = s3blob.OpenBucket(ctx, client, b.place.bucket, nil)
	return err
}

func (b *bucket) saysPathStyle() bool {
	return b.place.query.Has("use_path_style") || b.place.query.Has("s3ForcePathStyle")
}

// quietCredentials looks for credentials where gocloud does, without the SDK's warnings on stderr.
func quietCredentials(ctx context.Context, o *s3.Options, query url.Values) error {
	if o.Credentials == nil || query.Has("anonymous") || query.Has("role") {
		return nil
	}
	quiet, err := config.LoadDefaultConfig(ctx, config.WithLogger(logging.Nop{}), config.WithSharedConfigProfile(query.Get("profile")))
	if err == nil {
		o.Credentials = quiet.Credentials
	}
	return err
}

// s3Ready reports what is missing before the first request.
func s3Ready(ctx context.Context, o s3.Options) error {
	if o.Region == "" {
		return errors.New("no region is known; set AWS_REGION, or write ?region=... in the URL")
	}
	if o.Credentials == nil { // anonymous
		return nil
	}
	if _, err := o.Credentials.Retrieve(ctx); err != nil {
		return fmt.Errorf("no credentials: %s (%s)", awsKeys, plain(err))
	}
	return nil
}

const awsKeys = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where a role is attached"

// encryption returns the kind of encryption that a parameter names, in whatever case: gocloud has checked it.
func encryption(name string) types.ServerSideEncryption {
	for _, known := range types.ServerSideEncryption("").Values() {
		if strings.EqualFold(name, string(known)) {
			return known
		}
	}
	return ""
}

func (c *s3Cloud) send(ctx context.Context, key string, body *content, condition store.Condition) (string, error) {
	in := &s3.PutObjectInput{
		Bucket: &c.bucket, Key: &key, Body: body, ContentLength: &body.size,
		ContentType: aws.String(mediaType(key)), Metadata: body.metadata(),
		ChecksumSHA256:       aws.String(base64.StdEncoding.EncodeToString(body.sha256[:])),
		ServerSideEncryption: c.encryption, SSEKMSKeyId: c.key,
	}
	if condition.Absent() {
		in.IfNoneMatch = aws.String("*")
	}
	if version, must := condition.Version(); must {
		in.IfMatch = &version
	}
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	defer body.Close()
	out, err := c.client.PutObject(ctx, in)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.ETag), nil
}

func (c *s3Cloud) details(as func(any) bool) (string, map[string]string) {
	var head s3.HeadObjectOutput
	var get s3.GetObjectOutput
	if as(&head) {
		return aws.ToString(head.ETag), head.Metadata
	}
	as(&get)
	return aws.ToString(get.ETag), get.Metadata
}

func (c *s3Cloud) answer(err error) (a answer) {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		a.status = response.HTTPStatusCode()
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		a.code = api.ErrorCode()
	}
	return a
}

func (c *s3Cloud) help() string {
	return "check the credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the role), the clock, and that they allow " +
		"s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject there"
}

//go:build !noclouds

package clouds

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"gocloud.dev/blob/azureblob"

	"mailerlake/export/publish/store"
)

type azureCloud struct{ container *container.Client }

func openAzure(ctx context.Context, b *bucket) error {
	opener := azureblob.URLOpener{
		ServiceURLOptions: *azureblob.NewDefaultServiceURLOptions(),
		MakeClient: func(service azureblob.ServiceURL, name azureblob.ContainerName) (*container.Client, error) {
			return azureClient(service, name, b.client())
		},
	}
	if opener.ServiceURLOptions.AccountName == "" && b.place.query.Get("storage_account") == "" {
		return errors.New("no storage account is known; set AZURE_STORAGE_ACCOUNT, or write ?storage_account=... in the URL")
	}
	opened, err := opener.OpenBucketURL(ctx, b.place.raw)
	if err != nil {
		return err
	}
	c := &azureCloud{}
	if !opened.As(&c.container) {
		return errors.New("gocloud has no client")
	}
	b.cloud, b.blobs = c, opened
	return nil
}

// azureClient takes the credentials that gocloud takes, in its order. gocloud's own client cannot be told which HTTP client to use.
func azureClient(service azureblob.ServiceURL, name azureblob.ContainerName, h *http.Client) (*container.Client, error) {
	options := &container.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: h,
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{ApplicationID: "mailerlake"},
	}}
	address, err := url.JoinPath(string(service), string(name))
	if err != nil {
		return nil, err
	}
	account, key := os.Getenv("AZURE_STORAGE_ACCOUNT"), os.Getenv("AZURE_STORAGE_KEY")
	switch connection := azureConnection(); {
	case account != "" && key != "":
		credential, err := container.NewSharedKeyCredential(account, key)
		if err != nil {
			return nil, errors.New("AZURE_STORAGE_KEY is not a key of a storage account")
		}
		return container.NewClientWithSharedKeyCredential(address, credential, options)
	case os.Getenv("AZURE_STORAGE_SAS_TOKEN") != "":
		return container.NewClientWithNoCredential(address, options)
	case connection != "":
		client, err := container.NewClientFromConnectionString(connection, string(name), options)
		if err != nil {
			return nil, errors.New("AZURE_STORAGE_CONNECTION_STRING is not one of a storage account")
		}
		return client, nil
	}
	credential, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return nil, fmt.Errorf("no credentials: %s (%s)", azureKeys, plain(err))
	}
	return container.NewClient(address, credential, options)
}

const azureKeys = "set AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING, run " +
	"\"az login\", or run where an identity is attached"

func azureConnection() string {
	if s := os.Getenv("AZURE_STORAGE_CONNECTION_STRING"); s != "" {
		return s
	}
	return os.Getenv("AZURE_STORAGEBLOB_CONNECTIONSTRING")
}

func (c *azureCloud) send(ctx context.Context, key string, body *content, condition store.Condition) (string, error) {
	kind, metadata := mediaType(key), map[string]*string{}
	for name, value := range body.metadata() {
		metadata[name] = &value
	}
	options := &blockblob.UploadOptions{
		Metadata:                metadata,
		HTTPHeaders:             &blob.HTTPHeaders{BlobContentType: &kind, BlobContentMD5: body.md5[:]},
		TransactionalValidation: blob.TransferValidationTypeMD5(body.md5[:]),
	}
	changed := &blob.ModifiedAccessConditions{}
	if condition.Absent() {
		anything := azcore.ETagAny
		changed.IfNoneMatch = &anything
	}
	if version, must := condition.Version(); must {
		tag := azcore.ETag(version)
		changed.IfMatch = &tag
	}
	options.AccessConditions = &blob.AccessConditions{ModifiedAccessConditions: changed}
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	defer body.Close()
	response, err := c.container.NewBlockBlobClient(key).Upload(ctx, body, options)
	if err != nil || response.ETag == nil {
		return "", err
	}
	return string(*response.ETag), nil
}

func (c *azureCloud) details(as func(any) bool) (string, map[string]string) {
	var head blob.GetPropertiesResponse
	var get blob.DownloadStreamResponse
	tag, found := (*azcore.ETag)(nil), map[string]*string(nil)
	if as(&head) {
		tag, found = head.ETag, head.Metadata
	} else if as(&get) {
		tag, found = get.ETag, get.Metadata
	}
	metadata := map[string]string{}
	for name, value := range found {
		if value != nil {
			metadata[name] = *value
		}
	}
	if tag == nil {
		return "", metadata
	}
	return string(*tag), metadata
}

func (c *azureCloud) answer(err error) (a answer) {
	var response *azcore.ResponseError
	if errors.As(err, &response) {
		return answer{response.StatusCode, response.ErrorCode}
	}
	var identity *azidentity.AuthenticationFailedError
	if errors.As(err, &identity) {
		return answer{http.StatusUnauthorized, "no token"}
	}
	return a
}

func (c *azureCloud) help() string {
	return azureKeys + "; they need the role Storage Blob Data Contributor"
}

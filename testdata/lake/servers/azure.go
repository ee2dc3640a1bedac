package servers

import (
	"io"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// The Azure server has this account, whose key is in its documentation.
const (
	azureAccount = "devstoreaccount1"
	azureKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// azureObjects are the blobs of a container.
type azureObjects struct{ addr, container string }

func (o azureObjects) create(t testing.TB) {
	t.Helper()
	_, err := o.client(t).Create(t.Context(), nil)
	must(t, err)
}

func (o azureObjects) All(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	client := o.client(t)
	for pages := client.NewListBlobsFlatPager(nil); pages.More(); {
		page, err := pages.NextPage(t.Context())
		must(t, err)
		for _, blob := range page.Segment.BlobItems {
			answer, err := client.NewBlobClient(*blob.Name).DownloadStream(t.Context(), nil)
			must(t, err)
			content, err := io.ReadAll(answer.Body)
			must(t, err)
			must(t, answer.Body.Close())
			all[*blob.Name] = content
		}
	}
	return all
}

func (o azureObjects) Put(t testing.TB, key string, content []byte) {
	t.Helper()
	_, err := o.client(t).NewBlockBlobClient(key).UploadBuffer(t.Context(), content, nil)
	must(t, err)
}

func (o azureObjects) Delete(t testing.TB, key string) {
	t.Helper()
	_, err := o.client(t).NewBlobClient(key).Delete(t.Context(), nil)
	must(t, err)
}

func (o azureObjects) client(t testing.TB) *container.Client {
	t.Helper()
	key, err := azblob.NewSharedKeyCredential(azureAccount, azureKey)
	must(t, err)
	c, err := container.NewClientWithSharedKeyCredential("http://"+o.addr+"/"+azureAccount+"/"+o.container, key, nil)
	must(t, err)
	return c
}

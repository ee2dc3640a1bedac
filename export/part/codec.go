package part

import (
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
	parquetzstd "github.com/parquet-go/parquet-go/compress/zstd"
)

// windowBytes is how far back compression looks for repeated text; most pages are smaller.
const windowBytes = 4 * pageBytes

// codec compresses pages as the library's own codec does at its fastest level, but with one encoder for all parts and a
// small window. The library's codec takes 8 MiB per processor, again for each part.
type codec struct{ parquetzstd.Codec }

// encoder returns the one encoder, which is safe for concurrent use.
var encoder = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(windowBytes), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithZeroFrames(true), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // an option is wrong
	}
	return e
})

// Encode implements the library's compress.Codec.
func (c *codec) Encode(dst, src []byte) ([]byte, error) {
	return encoder().EncodeAll(src, dst[:0]), nil
}

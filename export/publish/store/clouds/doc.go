// Package clouds opens the buckets of S3, Google Cloud Storage and Azure Blob Storage, and of what speaks their protocols. Open is
// its door. A program that is built with the tag noclouds has none and is less than half as large.
//
// Buckets are opened, described, read and listed through gocloud.dev/blob. They are written through the client of each cloud, which
// gocloud hands out: an object is one request, sent from the file that it is in without a copy in memory, with a sum that the
// server checks, under a condition, and the answer says which version was written. gocloud's own writer buffers up to 16 MiB of
// each object and does not tell the version.
//
// The clouds' clients do not retry: bucket does, so that it knows whether an answer was lost.
package clouds

// Schemes are those of the URLs that Open takes, or refuses because this build has no object stores.
var Schemes = []string{"s3", "gs", "azblob"}

package schema

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// subscriberPage writes a page as the API would: newest first, 19 custom fields, two or three full groups a row.
func subscriberPage(rows int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	b.WriteByte('[')
	for i := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		writeSubscriber(&b, r, 165968862226941797-i*977)
	}
	b.WriteByte(']')
	return b.Bytes()
}

func writeSubscriber(b *bytes.Buffer, r *rand.Rand, id int) {
	fmt.Fprintf(b, `{"id":"%d","email":"user%d@example.com","status":"active","source":"import","sent":%d,"opens_count":%d,"clicks_count":%d,`,
		id, id, r.IntN(300), r.IntN(200), r.IntN(50))
	fmt.Fprintf(b, `"open_rate":%v,"click_rate":%d,"ip_address":"192.0.2.%d","subscribed_at":"2024-12-19 16:25:%02d","unsubscribed_at":null,`,
		float64(r.IntN(10000))/100, r.IntN(100), r.IntN(255), r.IntN(60))
	b.WriteString(`"created_at":"2024-12-19 16:25:00","updated_at":"2025-08-29 10:23:06","fields":{`)
	for f := range 19 {
		if f > 0 {
			b.WriteByte(',')
		}
		value := "null"
		switch {
		case f == 3:
			value = `"Vilni\u0173s"`
		case f < 8:
			value = strconv.Quote("value " + strconv.Itoa(r.IntN(1000)))
		case f < 11:
			value = `"2024-05-06"`
		case f < 14:
			value = strconv.Itoa(r.IntN(100000))
		}
		fmt.Fprintf(b, `"custom_field_%d":%s`, f, value)
	}
	b.WriteString(`},"opted_in_at":null,"optin_ip":null,"groups":[`)
	for g := range 2 + id%2 {
		if g > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, `{"id":"%d","name":"Group %d","active_count":%d,"sent_count":%d,"opens_count":12,"open_rate":{"float":0.77777777777778,"string":"77.78%%"},"clicks_count":2,"click_rate":{"float":0.25,"string":"25%%"},"unsubscribed_count":0,"unconfirmed_count":3,"bounced_count":1,"junk_count":0,"created_at":"2023-09-23 08:12:28"}`,
			129543796681606183+r.IntN(40)*1013, g, r.IntN(1000), r.IntN(1000))
	}
	b.WriteString(`]}`)
}

func BenchmarkDecodeSubscribers(b *testing.B) {
	data := subscriberPage(1000)
	b.Run("page", func(b *testing.B) {
		d := NewDecoder(Lookup("subscriber"))
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			p, err := d.Page(data)
			if err != nil || p.Rows.Rows != 1000 {
				b.Fatal(p, err)
			}
			d.Recycle(p)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/row")
	})
	b.Run("bare", func(b *testing.B) {
		in := new(jsontext.Decoder)
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			in.Reset(bytes.NewBuffer(data), lenient...)
			for {
				if _, err := in.ReadToken(); err == io.EOF {
					break
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/row")
	})
}

func BenchmarkConvert(b *testing.B) {
	data := subscriberPage(1000)
	p, err := NewDecoder(Lookup("subscriber")).Page(data)
	if err != nil {
		b.Fatal(err)
	}
	var seen []string
	fields := map[string]Kind{}
	for i := range 19 {
		key := "custom_field_" + strconv.Itoa(i)
		seen = append(seen, "fields."+key)
		switch {
		case i >= 8 && i < 11:
			fields[key] = Date
		case i >= 11 && i < 14:
			fields[key] = Double
		}
	}
	l, _ := Fix(Lookup("subscriber"), nil, seen, fields)
	b.ReportAllocs()
	for b.Loop() {
		if _, rescued := convert(l, p.Rows); rescued != 0 {
			b.Fatal(rescued)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/row")
}

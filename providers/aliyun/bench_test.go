package aliyun_test

import (
	"testing"

	"github.com/notifykit/notify/providers/aliyun"
)

// One Send without a network: what the SDK's signing and decoding cost, and ours
// around it.
func BenchmarkSend(b *testing.B) {
	p := open(b, aliyun.Options{Transport: stub{status: 200, body: acceptedBody}})
	m := loginCode()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Send(b.Context(), m); err != nil {
			b.Fatal(err)
		}
	}
}

// A message that is refused before the call.
func BenchmarkSend_refused(b *testing.B) {
	p := open(b, aliyun.Options{Transport: stub{status: 500}})
	m := loginCode()
	m.Params["code"] = "123"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Send(b.Context(), m); err == nil {
			b.Fatal("accepted")
		}
	}
}

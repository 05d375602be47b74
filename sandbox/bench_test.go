package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/notifykit/notify/sandbox"
)

// BenchmarkServeHTTP is what a sandbox costs beside the client that is measured
// against it; making and signing the request is left out.
func BenchmarkServeHTTP(b *testing.B) {
	for name, request := range map[string]func() *http.Request{
		"aliyun": func() *http.Request {
			return aliyunRequest("POST body", sandbox.AliyunKeySecret, aliyunParams("SendSms"))
		},
		"twilio": func() *http.Request {
			return twilioRequest("POST", "Messages.json", "To", "+12025550123", "From", sandbox.TwilioSender, "Body", "hello")
		},
	} {
		b.Run(name, func(b *testing.B) {
			sb := sandbox.New(sandbox.Options{})
			defer sb.Close()
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				r := request()
				b.StartTimer()
				sb.ServeHTTP(httptest.NewRecorder(), r)
			}
			if len(sb.Messages("")) == 0 {
				b.Error("nothing was taken")
			}
		})
	}
}

package aliyun_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sms"
)

func TestAnswers_thatCannotBeRead(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":                "",
		"null":                   "null",
		"an empty object":        "{}",
		"a null code":            `{"Code":null,"BizId":"1"}`,
		"an empty code":          `{"Code":"","BizId":"1"}`,
		"an array":               `[{"Code":"OK"}]`,
		"a code in an object":    `{"Code":{"Code":"OK"}}`,
		"a page":                 "<html>OK</html>",
		"a cut object":           `{"Code":"OK","BizId":"9006197469`,
		"two objects":            `{"Code":"OK"}{"Code":"OK"}`,
		"a code of another case": `{"code":"OK"}`,
		"a text":                 `"OK"`,
		"too many bytes":         `{"Code":"OK","Message":"` + strings.Repeat("x", 5<<20) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			e := refusal(t, loginCode(), 200, body)
			if e.Reason != sms.Internal || e.Outcome != sms.Unknown {
				t.Errorf("%s, %v, want internal, unknown", string(e.Reason), e.Outcome)
			}
		})
	}
}

func TestAnswers_byStatusAlone(t *testing.T) {
	for _, body := range []string{"", "<html>no</html>", "null", "[]", `{"Code":17}`, `{"Code":{"a":1},"Message":[],"RequestId":{}}`, `{"Code":"isv.OUT_OF_SERVICE"`} {
		for status, want := range map[int]struct {
			reason  sms.Reason
			outcome sms.Outcome
		}{
			302: {sms.Unavailable, sms.Unknown},
			400: {sms.Unsupported, sms.Rejected},
			401: {sms.Unauthorized, sms.Rejected},
			404: {sms.Unsupported, sms.Rejected},
			408: {sms.Unavailable, sms.Unknown},
			429: {sms.Throttled, sms.Rejected},
			500: {sms.Unavailable, sms.Unknown},
			502: {sms.Unavailable, sms.Unknown},
			503: {sms.Unavailable, sms.Unknown},
		} {
			e := refusal(t, loginCode(), status, body)
			if e.Reason != want.reason || e.Outcome != want.outcome || !strings.Contains(e.Error(), fmt.Sprint(status)) {
				t.Errorf("%d with %q: %v (%s, %v), want %s, %v", status, body, e, string(e.Reason), e.Outcome, string(want.reason), want.outcome)
			}
		}
	}
}

// The gateway's fields as numbers make the SDK's own reader panic.
func TestAnswers_withNumbersForWords(t *testing.T) {
	e := refusal(t, loginCode(), 400, `{"Code":4001,"Message":17,"RequestId":18}`)
	if e.Code != "4001" || e.Message != "17" || e.RequestID != "18" || e.Outcome != sms.Rejected {
		t.Errorf("%+v", e)
	}
}

func TestAnswers_takeTheRequestIDFromTheHeader(t *testing.T) {
	v := serveFunc(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Acs-Request-Id", "H-1")
		w.WriteHeader(503)
	})
	_, err := open(t, aliyun.Options{Endpoint: v.URL}).Send(t.Context(), loginCode())
	if got := sms.AsError(err).RequestID; got != "H-1" {
		t.Errorf("the request is told as %q", got)
	}
}

// OK is the vendor's word for taken, also where the ID is missing.
func TestAnswers_acceptedWithoutAnID(t *testing.T) {
	p := open(t, aliyun.Options{Endpoint: serve(t, 200, `{"Code":"OK","Message":"OK","RequestId":"R-1"}`).URL})
	receipt, err := p.Send(t.Context(), loginCode())
	if err != nil || receipt.ID != "" || receipt.Key != "order-17" || receipt.RequestID != "R-1" {
		t.Errorf("%+v, %v", receipt, err)
	}
}

// A cut answer is what arrives when the connection ends early, in the framing of
// HTTP that cannot tell: by the connection's end alone.
func TestAnswers_cutAtEveryByte(t *testing.T) {
	for size := range len(acceptedBody) {
		p := open(t, aliyun.Options{Transport: stub{status: 200, body: acceptedBody[:size]}})
		_, err := p.Send(t.Context(), loginCode())
		if sms.OutcomeOf(err) != sms.Unknown {
			t.Errorf("%d bytes of %d: %v is %v", size, len(acceptedBody), err, sms.OutcomeOf(err))
		}
	}
}

func TestAnswers_cutWithinContentLength(t *testing.T) {
	server := hangUp(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(acceptedBody)+1, acceptedBody))
	_, err := open(t, aliyun.Options{Endpoint: server}).Send(t.Context(), loginCode())
	if sms.OutcomeOf(err) != sms.Unknown || sms.ReasonOf(err) != sms.Unavailable {
		t.Errorf("a whole body one byte short of its length: %v", err)
	}
	server = hangUp(t, "HTTP/1.1 403 Forbidden\r\nContent-Length: 900\r\n\r\n{\"Code\":\"isp.SYSTEM_ERROR\"}")
	_, err = open(t, aliyun.Options{Endpoint: server}).Send(t.Context(), loginCode())
	if e := sms.AsError(err); e.Outcome != sms.Rejected || e.Code != "" {
		t.Errorf("a cut refusal: %v", err)
	}
}

// A caller who leaves while a body stalls: the status line of a 4xx has refused
// already, after a 5xx nobody can know.
func TestAnswers_callerLeavesWithinTheBody(t *testing.T) {
	for status, want := range map[int]struct {
		reason  sms.Reason
		outcome sms.Outcome
	}{
		200: {sms.Canceled, sms.Unknown},
		400: {sms.Unsupported, sms.Rejected},
		503: {sms.Canceled, sms.Unknown},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		v := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "900")
			w.WriteHeader(status)
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
		p := open(t, aliyun.Options{Transport: leaving{v.Client().Transport, cancel}, Endpoint: v.URL})
		_, err := p.Send(ctx, loginCode())
		if sms.ReasonOf(err) != want.reason || sms.OutcomeOf(err) != want.outcome {
			t.Errorf("%d: %v is %s, %v, want %s, %v", status, err, string(sms.ReasonOf(err)), sms.OutcomeOf(err), string(want.reason), want.outcome)
		}
		cancel()
	}
}

// leaving ends the caller's context once the answer's status has arrived.
type leaving struct {
	http.RoundTripper
	leave context.CancelFunc
}

func (l leaving) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.RoundTripper.RoundTrip(r)
	l.leave()
	return response, err
}

// hangUp starts a server that reads a request, writes answer as it is and closes.
func hangUp(t *testing.T, answer string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err == nil {
			io.Copy(io.Discard, r.Body)
		}
		io.WriteString(c, answer)
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "http://" + l.Addr().String()
}

// No answer may make the provider panic or say more than the answer does.
func FuzzAnswer(f *testing.F) {
	f.Add(200, acceptedBody)
	f.Add(200, `{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"触发天级流控Permits:10"}`)
	f.Add(200, `{"Code":"OK"`)
	f.Add(200, `{"Code":{"a":[1,2]},"BizId":1e400}`)
	f.Add(400, `{"Code":17,"Message":{"a":1}}`)
	f.Add(503, "<html>")
	f.Add(302, "")
	registry := registry(f)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			status = 200
		}
		p, err := aliyun.New(aliyun.Options{AccessKeyID: keyID, AccessKeySecret: secret, From: "云通信", Templates: registry, Transport: stub{status: status, body: body}})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		_, err = p.Send(context.Background(), loginCode())
		whole := json.Valid([]byte(body))
		if status < 300 && !whole && sms.OutcomeOf(err) != sms.Unknown {
			t.Errorf("%d %q is no JSON, and %v (%v)", status, body, err, sms.OutcomeOf(err))
		}
		if err == nil {
			var answer struct{ Code any }
			if status >= 300 || json.Unmarshal([]byte(body), &answer) != nil {
				t.Errorf("%d %q was accepted", status, body)
			}
			return
		}
		e, ok := errors.AsType[*sms.Error](err)
		if !ok || e.Reason == "" || e.Outcome == sms.Accepted {
			t.Fatalf("%d %q: %#v", status, body, err)
		}
		if status >= 400 && status < 500 && status != 408 && !whole && e.Outcome != sms.Rejected {
			t.Errorf("%d %q: %v is %v", status, body, err, e.Outcome)
		}
		if strings.Contains(err.Error(), "482913") || strings.Contains(err.Error(), "13812345678") {
			t.Errorf("%d %q: %v shows what it must not", status, body, err)
		}
	})
}

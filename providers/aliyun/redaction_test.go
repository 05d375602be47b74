package aliyun_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sms"
)

// shown prints v in every way that a program prints things.
func shown(v any) string {
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3v"} {
		fmt.Fprintf(&b, verb+"\n", v)
	}
	fmt.Fprintln(&b, v)
	slog.New(slog.NewTextHandler(&b, nil)).Info("a", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("a", "v", v)
	return b.String()
}

func TestErrors_showNothingPersonal(t *testing.T) {
	m := sms.Message{To: mainland, Template: "shipped", Params: sms.Params{"name": "欧阳修文", "order": "A1027-482913"}, Key: "k"}
	never := []string{"13812345678", "482913", "欧阳修文", secret, "CAIS-token", url.QueryEscape("欧阳修文"), url.QueryEscape(url.QueryEscape("欧阳修文"))}
	echo := "13812345678 +86 138-1234-5678 欧阳修文 A1027-482913 " + secret + " CAIS-token " + url.QueryEscape("name=欧阳修文")
	answers := map[string]http.HandlerFunc{}
	for _, status := range []int{200, 302, 400, 403, 408, 500, 503} {
		for name, body := range map[string]string{
			"the gateway's words":    object("Code", "Forbidden", "Message", echo, "RequestId", echo),
			"a code that is words":   object("Code", echo, "Message", echo),
			"a page that echoes":     "<html>" + echo,
			"an object in its place": `{"Code":{"a":"` + "482913" + `"},"Message":["13812345678"]}`,
		} {
			answers[fmt.Sprint(status, " ", name)] = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Acs-Request-Id", "13812345678")
				w.WriteHeader(status)
				io.WriteString(w, body)
			}
		}
	}
	answers["the request itself, said back"] = func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		io.WriteString(w, gatewayBody("SignatureDoesNotMatch", "server string to sign is:POST&%2F&"+url.QueryEscape(url.QueryEscape(echo))))
	}
	answers["no answer"] = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			v := serveFunc(t, answer)
			_, err := open(t, aliyun.Options{Endpoint: v.URL, SecurityToken: "CAIS-token"}).Send(t.Context(), m)
			if err == nil {
				t.Fatal("it was accepted")
			}
			text := shown(err) + shown(fmt.Errorf("wrapped: %w", err))
			for _, secret := range never {
				if strings.Contains(text, secret) {
					t.Errorf("%q shows in %v", secret, err)
				}
			}
			if e, ok := errors.AsType[*sms.Error](err); !ok || strings.Contains(e.Message+e.Code+e.RequestID, "482913") {
				t.Errorf("a field holds the code: %v", err)
			}
		})
	}
}

func TestTransport_neverSeesANumberInTheURL(t *testing.T) {
	var line string
	p := open(t, aliyun.Options{Transport: stub{status: 200, body: acceptedBody, seen: func(r *http.Request) {
		line = r.URL.String() + fmt.Sprint(r.Header)
	}}})
	if _, err := p.Send(t.Context(), loginCode()); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"13812345678", "482913", keyID} {
		if strings.Contains(line, secret) {
			t.Errorf("%q stands in URL or header: %s", secret, line)
		}
	}
}

func TestPrinting_showsNoKey(t *testing.T) {
	o := aliyun.Options{AccessKeyID: keyID, AccessKeySecret: secret, SecurityToken: "CAIS-token", From: "云通信", Templates: registry(t)}
	p := open(t, o)
	c := aliyun.Credentials{AccessKeyID: keyID, AccessKeySecret: secret, SecurityToken: "CAIS-token", Expires: time.Unix(0, 0)}
	for _, v := range []any{o, &o, p, c, &c, []aliyun.Credentials{c}, map[string]any{"p": p}} {
		var b bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			fmt.Fprintf(&b, verb+"\n", v)
		}
		for _, hidden := range []string{secret, keyID, "CAIS-token", fmt.Sprintf("%x", secret)} {
			if strings.Contains(b.String(), hidden) {
				t.Errorf("%T shows %q: %s", v, hidden, b.String())
			}
		}
	}
	for _, v := range []any{o, c} {
		if text := shown(v); strings.Contains(text, secret) || strings.Contains(text, "CAIS-token") {
			t.Errorf("slog shows a key: %s", text)
		}
	}
}

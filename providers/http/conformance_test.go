package http_test

import (
	"bytes"
	"io"
	nethttp "net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/providers/http/recipe"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

// shapes are recipes of different shapes: a form, JSON with a list, a signed body,
// sorted fields in a query, an answer in text, and a template. The others are run with
// NOTIFY_LONG=1.
var shapes = []string{"yunpian", "infobip", "qiniu", "ucloud", "budgetsms", "yuntongxun"}

// The suite that every provider passes, for each recipe over its gateway read
// backwards.
func TestConformance_recipes(t *testing.T) {
	run := shapes
	if testing.Short() {
		run = shapes[:2]
	}
	for _, r := range load(t) {
		if os.Getenv("NOTIFY_LONG") != "1" && !slices.Contains(run, r.Name) {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			smstest.Run(t, conformance(r))
		})
	}
}

// secretsOf are secrets that are no sandbox's.
func secretsOf(r *recipe.Recipe) map[string]string {
	secrets := map[string]string{}
	for _, name := range r.Secrets {
		secrets[name] = "s3cr3t-0123-" + name
	}
	return secrets
}

func settingsOf(r *recipe.Recipe) map[string]string {
	settings := map[string]string{}
	for _, s := range r.Settings {
		if !s.HasDefault {
			settings[s.Name] = s.Example
		}
	}
	return settings
}

func conformance(r *recipe.Recipe) smstest.Provider {
	secrets := secretsOf(r)
	open := func(tb testing.TB, endpoint string, registry *sms.Registry, timeout time.Duration) sms.Sender {
		p, err := http.New(http.Options{Name: smstest.Name, Recipe: r.Name, Endpoint: endpoint, Templates: registry, Timeout: timeout, Secrets: secrets,
			Settings: settingsOf(r), From: "12025550199", AllowNumberInURL: true})
		if err != nil {
			tb.Fatal(err)
		}
		return p
	}
	read := func(q *nethttp.Request) recipe.Seen {
		body, _ := io.ReadAll(q.Body)
		q.Body = io.NopCloser(bytes.NewReader(body))
		seen, _ := r.Read(q, body, secrets)
		return seen
	}
	write := func(w nethttp.ResponseWriter, a recipe.Response) {
		for name, list := range a.Header {
			w.Header()[name] = list
		}
		w.WriteHeader(a.Status)
		_, _ = w.Write(a.Body)
	}
	var n atomic.Uint64
	p := smstest.Provider{
		New: func(tb testing.TB, endpoint string, registry *sms.Registry) sms.Sender {
			return open(tb, endpoint, registry, 0)
		},
		NewTimeout: open,
		Accept: func(w nethttp.ResponseWriter, q *nethttp.Request) {
			a, _ := r.Accept(read(q).Input, r.NewID(n.Add(1)))
			write(w, a)
		},
		Refuse: func(w nethttp.ResponseWriter, q *nethttp.Request) {
			write(w, r.Refuse(r.CodeFor(sms.Unauthorized), "", 0))
		},
		Answer: func(w nethttp.ResponseWriter, _ *nethttp.Request, code, words string) {
			write(w, r.Refuse(code, words, 0))
		},
		Read: func(q *nethttp.Request) (to, text string) {
			in := read(q).Input
			text = in.Text
			for _, v := range in.Values {
				text += " " + v.Value
			}
			return string(in.To), strings.TrimPrefix(text, " ")
		},
		Bindings:      map[string]sms.Binding{smstest.LoginCode: {ID: "1001"}, smstest.Notice: {ID: "1002"}},
		TemplatesOnly: !r.Needs("text"), NoID: !r.HasID(),
	}
	if r.Name == "ucpaas" {
		p.NotInValues = ";" // by which it tells values apart
	}
	if slices.Contains(r.Regions, "TR") {
		p.To = "+905051234567"
	}
	p.Codes = map[string]sms.Reason{}
	for _, info := range r.Codes() {
		plain, ok := r.Row(info.Code)
		if info.Late || !ok || plain.Outcome == sms.Accepted || strings.HasPrefix(info.Code, "HTTP ") {
			continue
		}
		p.Codes[info.Code] = plain.Reason
		if plain.Outcome == sms.Unknown {
			p.UnknownCodes = append(p.UnknownCodes, info.Code)
		}
	}
	for _, v := range secrets {
		p.Secrets = append(p.Secrets, v)
	}
	return p
}

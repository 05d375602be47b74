package http_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	nethttp "net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/providers/http/recipe"
	"github.com/notifykit/notify/sms"
)

// A wire is a recipe's gateway without a network.
type wire struct {
	recipe  *recipe.Recipe
	secrets map[string]string
	spoil   func(recipe.Response) (recipe.Response, error) // nil: answers as they are

	mu   sync.Mutex
	seen []recipe.Seen
}

func (w *wire) RoundTrip(q *nethttp.Request) (*nethttp.Response, error) {
	var body []byte
	if q.Body != nil {
		body, _ = io.ReadAll(q.Body)
		q.Body.Close()
	}
	in, known := w.recipe.Read(q, body, w.secrets)
	if !known {
		return nil, errors.New("the gateway has no such request")
	}
	w.mu.Lock()
	w.seen = append(w.seen, in)
	id := w.recipe.NewID(uint64(len(w.seen)))
	w.mu.Unlock()
	answer, _ := w.recipe.Accept(in.Input, id)
	if in.Reason != "" {
		answer = w.recipe.Refuse(w.recipe.CodeFor(in.Reason), "", 0)
	}
	var cut error
	if w.spoil != nil {
		answer, cut = w.spoil(answer)
	}
	h := nethttp.Header{}
	for name, list := range answer.Header {
		h[name] = list
	}
	return &nethttp.Response{StatusCode: answer.Status, Status: nethttp.StatusText(answer.Status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h,
		ContentLength: int64(len(answer.Body)), Body: io.NopCloser(io.MultiReader(bytes.NewReader(answer.Body), failing{cut})), Request: q}, nil
}

// failing is a body that breaks off.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

// hostile opens a recipe's provider on a wire. The template's variables are called as
// fields of requests are.
func hostile(t *testing.T, r *recipe.Recipe) (*http.Provider, *wire) {
	t.Helper()
	registry, err := sms.NewRegistry(sms.Template{Name: "notice", Kind: sms.Notification, Text: "${to} ${template_id} ${signature}",
		Bindings: map[string]sms.Binding{r.Name: {ID: "1001"}}})
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{recipe: r, secrets: secretsOf(r)}
	p := open(t, http.Options{Recipe: r.Name, Endpoint: "http://127.0.0.1:1", Templates: registry, Secrets: w.secrets, Settings: settingsOf(r), From: "12025550199",
		AllowNumberInURL: true, Transport: w})
	return p, w
}

func hostileMessage(r *recipe.Recipe, text string) sms.Message {
	m := sms.Message{To: "+12025550123", Body: text}
	for region, n := range map[string]sms.Number{"CN": "+8613812345678", "TR": "+905051234567"} {
		if len(r.Regions) > 0 && r.Regions[0] == region {
			m.To = n
		}
	}
	if !r.Needs("text") {
		m.Body, m.Template, m.Params = "", "notice", sms.Params{"to": text, "template_id": "2", "signature": "3"}
	}
	return m
}

// What a message holds never changes the shape of a request: it arrives as it is, or is
// refused before any call.
func TestHostile_texts(t *testing.T) {
	texts := []string{`a "quote"`, "it's", "a\nline", "{to}", "${HOME}", "{{text}}", "a&b=c", "]]>", "%s%00", "喂 😀", " blanks ", `\u0000`, "<to>+1</to>",
		`","to":"+1`, "a;b,c|d#e", "a\x00b", "a\xffb", "a\u2028b", strings.Repeat("x", 1<<20)}
	for _, r := range load(t) {
		t.Run(r.Name, func(t *testing.T) {
			p, w := hostile(t, r)
			for _, text := range texts {
				w.seen = nil
				m := hostileMessage(r, text)
				_, err := p.Send(t.Context(), m)
				short := fmt.Sprintf("%.20q", text)
				switch {
				case err != nil:
					if len(w.seen) != 0 || sms.OutcomeOf(err) != sms.Rejected {
						t.Errorf("%s: %d calls, and then: %.200v", short, len(w.seen), err)
					}
				case len(w.seen) != 1:
					t.Errorf("%s: %d calls", short, len(w.seen))
				default:
					in := w.seen[0]
					got := in.Input.Text
					if m.Template != "" {
						got = in.Input.Values[0].Value
					}
					if got != text || in.Input.To != m.To || in.Reason != "" || m.Template != "" && (len(in.Input.Values) != 3 || in.Input.Template != "1001") {
						t.Errorf("%s arrived as %.40q for another message: %s", short, got, in.Wrong)
					}
				}
			}
		})
	}
}

// 64 senders at once: each message arrives once, with its own text.
func TestHostile_atOnce(t *testing.T) {
	for _, r := range load(t) {
		t.Run(r.Name, func(t *testing.T) {
			p, w := hostile(t, r)
			var wait sync.WaitGroup
			for i := range 64 {
				wait.Go(func() {
					if _, err := p.Send(t.Context(), hostileMessage(r, fmt.Sprintf("text%dend", i))); err != nil {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			got := map[string]int{}
			for _, in := range w.seen {
				text := in.Input.Text
				if len(in.Input.Values) > 0 {
					text = in.Input.Values[0].Value
				}
				got[text]++
			}
			for i := range 64 {
				if n := got[fmt.Sprintf("text%dend", i)]; n != 1 {
					t.Errorf("text %d arrived %d times", i, n)
				}
			}
		})
	}
}

// inWords are recipes whose answers are a text that ends in words of any kind.
var inWords = []string{"budgetsms", "kannel", "playsms"}

// An answer that is not the documented one never counts as an acceptance, and what is
// reported of it shows no secret.
func TestHostile_answers(t *testing.T) {
	page := "<html><body>" + strings.Repeat("x", 200) + "</body></html>"
	spoils := map[string]func(a recipe.Response) (recipe.Response, error){
		"empty":  func(a recipe.Response) (recipe.Response, error) { a.Body = nil; return a, nil },
		"a page": func(a recipe.Response) (recipe.Response, error) { a.Body = []byte(page); return a, nil },
		"cut": func(a recipe.Response) (recipe.Response, error) {
			a.Body = a.Body[:len(a.Body)/2]
			return a, io.ErrUnexpectedEOF
		},
		"more behind": func(a recipe.Response) (recipe.Response, error) {
			a.Body = append(bytes.Clone(a.Body), "}]x"...)
			return a, nil
		},
		"deep": func(a recipe.Response) (recipe.Response, error) {
			a.Body = []byte(strings.Repeat(`{"a":`, 10_000))
			return a, nil
		},
		"deep lists": func(a recipe.Response) (recipe.Response, error) {
			a.Body = []byte(strings.Repeat(`[`, 10_000))
			return a, nil
		},
		"deep XML": func(a recipe.Response) (recipe.Response, error) {
			a.Body = []byte(strings.Repeat(`<a>`, 10_000))
			return a, nil
		},
		"DOCTYPE": func(a recipe.Response) (recipe.Response, error) {
			a.Body = []byte(`<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>`)
			return a, nil
		},
		"UTF-16": func(a recipe.Response) (recipe.Response, error) {
			a.Body = []byte("\xff\xfe" + strings.Join(strings.Split(string(a.Body), ""), "\x00"))
			return a, nil
		},
		"10 MB": func(a recipe.Response) (recipe.Response, error) {
			a.Body = bytes.Repeat([]byte("x"), 10<<20)
			return a, nil
		},
		"every name twice": func(a recipe.Response) (recipe.Response, error) {
			inner := strings.Trim(string(a.Body), "{}")
			a.Body = []byte("{" + inner + "," + inner + "}")
			return a, nil
		},
		"a server's fault": func(a recipe.Response) (recipe.Response, error) { a.Status = 500; return a, nil },
	}
	for _, r := range load(t) {
		t.Run(r.Name, func(t *testing.T) {
			p, w := hostile(t, r)
			for name, spoil := range spoils {
				w.spoil = spoil
				_, err := p.Send(t.Context(), hostileMessage(r, "482913"))
				if err == nil && !(name == "more behind" && slices.Contains(inWords, r.Name)) {
					t.Errorf("%s: it is taken for an acceptance", name)
					continue
				}
				if err == nil {
					continue
				}
				for _, secret := range w.secrets {
					if strings.Contains(err.Error(), secret) {
						t.Errorf("%s: a secret is shown", name)
					}
				}
				if sms.OutcomeOf(err) != sms.Unknown {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

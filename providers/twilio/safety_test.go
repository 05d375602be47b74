package twilio_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/notifykit/notify/sms"
)

func TestErrorsShowNoNumberCodeOrSecret(t *testing.T) {
	basic := func(r *http.Request) string { return r.Header.Get("Authorization") }
	vendors := map[string]http.HandlerFunc{
		"words that repeat everything": func(w http.ResponseWriter, r *http.Request) {
			words := "The 'To' number +1 (555) 123-4567 / +15551234567, Body 'Your code is 482913.', code 482913, " + token + " " + basic(r) +
				" https://example.com/r?team=tag-value"
			answer(http.StatusBadRequest, `{"code":21211,"message":`+jsonString(words)+`,"status":400}`)(w, r)
		},
		"a failed message": func(w http.ResponseWriter, r *http.Request) {
			answer(http.StatusCreated, `{"sid":"`+messageSID+`","status":"failed","error_message":"to +15551234567: Your code is 482913."}`)(w, r)
		},
		"a request ID with the number": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Twilio-Request-Id", "trace-15551234567")
			w.WriteHeader(http.StatusBadGateway)
		},
		"a page that repeats the request": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			fmt.Fprintf(w, "<p>+15551234567 482913 %s</p>", basic(r))
		},
		"a 201 that cannot be read": answer(http.StatusCreated, `{"sid":7,"to":"+15551234567","body":"482913"}`),
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/?To=%2B15551234567&Body=482913", http.StatusTemporaryRedirect)
		},
		"no HTTP": func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			io.WriteString(c, "482913 +15551234567 "+token+"\r\n\r\n")
			c.Close()
		},
		"a hang-up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, vendor := range vendors {
		t.Run(name, func(t *testing.T) {
			o := options(t, serve(t, vendor).URL)
			o.StatusCallback = "https://example.com/r?team={tag:team}"
			m := login()
			m.Tags = map[string]string{"team": "tag-value"}
			_, err := open(t, o).Send(t.Context(), m)
			if err == nil {
				t.Fatal("it was accepted")
			}
			var log strings.Builder
			e, _ := errors.AsType[*sms.Error](err)
			slog.New(slog.NewJSONHandler(&log, nil)).Info("failed", "error", e, "cause", e.Err)
			texts := []string{log.String(), e.Message, e.RequestID}
			for _, verb := range verbs {
				texts = append(texts, fmt.Sprintf(verb, err), fmt.Sprintf("wrapped: "+verb, fmt.Errorf("%w", err)))
			}
			credentials := base64.StdEncoding.EncodeToString([]byte(account + ":" + token))
			for _, text := range texts {
				for _, hidden := range []string{"5551234567", "123-4567", code, token, credentials, "tag-value"} {
					if strings.Contains(text, hidden) || strings.Contains(text, fmt.Sprintf("%x", hidden)) {
						t.Errorf("it shows %q: %s", hidden, text)
					}
				}
			}
		})
	}
}

func TestManyGoroutinesSendAtOnce(t *testing.T) {
	v := serve(t, answer(http.StatusCreated, accepted))
	p := open(t, options(t, v.URL))
	const goroutines, each = 32, 20
	var wait sync.WaitGroup
	for g := range goroutines {
		wait.Go(func() {
			for i := range each {
				text := strconv.Itoa(1000*g + i)
				m := sms.Message{To: sms.Number("+1555" + fmt.Sprintf("%07d", 1000*g+i)), Body: text, Key: text}
				if r, err := p.Send(t.Context(), m); err != nil || r.Key != text {
					t.Errorf("key %q, %v", r.Key, err)
				}
				if _, err := p.Preview(m); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	seen := map[string]bool{}
	for _, c := range v.taken() {
		text := c.form.Get("Body")
		n, _ := strconv.Atoi(text)
		if c.form.Get("To") != "+1555"+fmt.Sprintf("%07d", n) {
			t.Fatalf("the text %q went to %q", text, c.form.Get("To"))
		}
		seen[text] = true
	}
	if len(seen) != goroutines*each {
		t.Errorf("%d messages arrived, want %d", len(seen), goroutines*each)
	}
}

// The SDK's own client keeps a goroutine and a connection for each failed call.
func TestFailedCallsLeaveNothingBehind(t *testing.T) {
	page := strings.Repeat("<p>bad gateway</p>", 16<<10)
	failures := []http.HandlerFunc{
		answer(http.StatusBadRequest, `{"code":21211,"message":"x","status":400}`),
		answer(http.StatusBadGateway, page),
		answer(http.StatusCreated, accepted[:40]),
		answer(http.StatusTooManyRequests, ""),
	}
	next := 0
	v := serve(t, func(w http.ResponseWriter, r *http.Request) { failures[next%len(failures)](w, r) })
	p := open(t, options(t, v.URL))
	send := func() {
		if _, err := p.Send(t.Context(), login()); err == nil {
			t.Fatal("it was accepted")
		}
		next++
	}
	for range len(failures) {
		send()
	}
	before := runtime.NumGoroutine()
	ports := map[string]bool{}
	calls := len(v.taken())
	for range 200 {
		send()
	}
	if after := runtime.NumGoroutine(); after > before+4 {
		t.Errorf("%d goroutines before 200 failed calls, %d after", before, after)
	}
	for _, c := range v.taken()[calls:] {
		ports[c.remote] = true
	}
	if len(ports) != 1 {
		t.Errorf("200 failed calls took %d connections, want 1", len(ports))
	}
}

// The root package of the SDK links 67 packages for what two of its packages do.
func TestWhatIsLinked(t *testing.T) {
	var complaint strings.Builder
	list := exec.Command("go", "list", "-deps", ".")
	list.Stderr = &complaint
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, complaint.String())
	}
	sdk := map[string]bool{}
	for path := range strings.FieldsSeq(string(out)) {
		switch {
		case strings.Contains(path, "aliyun"):
			t.Errorf("it links %s", path)
		case path == "github.com/twilio/twilio-go":
			t.Error("it links the root package of the SDK")
		case strings.HasPrefix(path, "github.com/twilio/twilio-go/"):
			sdk[strings.TrimPrefix(path, "github.com/twilio/twilio-go/")] = true
		case strings.Contains(path, "jwt"), strings.HasSuffix(path, "/testing"), path == "testing":
			t.Errorf("it links %s", path)
		}
	}
	for path := range sdk {
		if path != "client" && !strings.HasPrefix(path, "client/") && path != "rest/api/v2010" {
			t.Errorf("it links %s of the SDK", path)
		}
	}
	if !sdk["client"] || !sdk["rest/api/v2010"] {
		t.Errorf("it does not link the SDK: %v", sdk)
	}
}

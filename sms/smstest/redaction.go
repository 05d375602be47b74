package smstest

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/notifykit/notify/sms"
)

func checkRedaction(t *trial) {
	words := fmt.Sprintf("no: %s %s %s %q", t.To.E164(), t.national(), codeValue, t.Secrets)
	codes := []string{t.anyCode()}
	for code := range t.Codes {
		codes = append(codes, code)
		break
	}
	for _, code := range codes {
		if t.Local == nil && t.Session == nil && t.Answer == nil || t.Local != nil && (t.Local.Fail == nil || t.Codes[code] == "") {
			continue
		}
		_, err := t.send(t.answering(code, words), t.code())
		t.shows(err, "the vendor's words")
	}
	t.showsOfWrongMessages()
	switch {
	case t.Session != nil:
		t.showsOfTheSession()
	case t.Local == nil:
		t.showsOfTheNetwork()
	}
}

func (t *trial) showsOfWrongMessages() {
	p := t.accepting()
	for what, change := range map[string]func(*sms.Message){
		"two numbers":            func(m *sms.Message) { m.To += "," + m.To },
		"a number without +":     func(m *sms.Message) { m.To = m.To[1:] },
		"a code with a blank":    func(m *sms.Message) { m.Params["code"] += " " },
		"a value too many":       func(m *sms.Message) { m.Params["other"] = codeValue },
		"a template and a body":  func(m *sms.Message) { m.Body = codeValue },
		"a body":                 func(m *sms.Message) { m.Template, m.Body = "", codeValue },
		"no such template":       func(m *sms.Message) { m.Template = "none" },
		"a sender nobody set up": func(m *sms.Message) { m.From = "none" },
	} {
		m := t.code()
		change(&m)
		_, err := t.send(p, m)
		t.shows(err, what)
	}
}

func (t *trial) showsOfTheNetwork() {
	echo := func(status int, location bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			sent, _ := httputil.DumpRequest(r, true)
			if location {
				w.Header().Set("Location", "http://127.0.0.1:1/?"+url.Values{"to": {t.To.E164()}, "code": {codeValue}}.Encode())
			}
			w.WriteHeader(status)
			w.Write(sent)
			fmt.Fprintf(w, "%s %s %q", t.To.E164(), codeValue, t.Secrets)
		}
	}
	ends := hangUps()
	for _, status := range []int{200, 201, 400, 401, 404, 429, 500, 503} {
		ends[fmt.Sprintf("the status %d with the whole request", status)] = echo(status, false)
	}
	ends["a redirect with the whole request"] = echo(307, true)
	ends["an answer that is the request and not HTTP"] = func(w http.ResponseWriter, r *http.Request) {
		sent, _ := httputil.DumpRequest(r, true)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		io.WriteString(conn, t.To.E164()+" "+codeValue+" ")
		conn.Write(sent)
	}
	for what, h := range ends {
		_, err := t.send(t.open(t.serve(h).URL), t.code())
		t.shows(err, what)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.tb.Fatal(err)
	}
	l.Close()
	_, err = t.send(t.open("http://"+l.Addr().String()), t.code())
	t.shows(err, "a connection that is refused")
	_, err = t.interrupt(nil, context.Canceled)
	t.shows(err, "a context that ends")
}

// showsOfTheSession looks at what the ends of sessions show.
func (t *trial) showsOfTheSession() {
	for when, s := range map[string]step{
		"a connection that ends":             {do: closesConn},
		"garbage with number, code, secrets": {do: saysGarbage, garbage: fmt.Sprintf("%s %s %q", t.To.E164(), codeValue, t.Secrets)},
	} {
		sender, _ := t.sessionFor(s)
		_, err := t.send(sender, t.code())
		t.shows(err, when)
	}
	t.shows(t.sessionContext(context.Canceled), "a context that ends")
}

// national gives the number without its country code, as near as one can say
// without a table: what people look for in a log.
func (t *trial) national() string { return t.To.E164()[max(1, len(t.To)-11):] }

// shows makes a fault of each secret, number or code in err's text, in that of
// its causes, and in its fields.
func (t *trial) shows(err error, when string) {
	if err == nil {
		return
	}
	texts := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%T"} {
		texts[verb] = fmt.Sprintf(verb, err)
	}
	causes(err, func(cause error) {
		texts[fmt.Sprintf("the cause, a %T", cause)] = cause.Error()
	})
	if e, ok := errors.AsType[*sms.Error](err); ok {
		texts["Error.Message"], texts["Error.Code"], texts["Error.RequestID"] = e.Message, e.Code, e.RequestID
	}
	hidden := map[string]string{"the number": t.To.E164()[len(t.To)-7:], "the code": codeValue}
	for i, secret := range t.Secrets {
		hidden[fmt.Sprintf("secret %d", i+1)] = secret
	}
	for where, text := range texts {
		for what, value := range hidden {
			for _, form := range []string{value, hex.EncodeToString([]byte(value)), strings.ToUpper(hex.EncodeToString([]byte(value))), url.QueryEscape(value)} {
				if strings.Contains(strings.ReplaceAll(text, " ", ""), strings.ReplaceAll(form, " ", "")) {
					t.faultf("%s: %s shows under %s: %s", when, what, where, text)
					return
				}
			}
		}
	}
}

// causes calls f for err and all that it wraps.
func causes(err error, f func(error)) {
	f(err)
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		if next := u.Unwrap(); next != nil {
			causes(next, f)
		}
	case interface{ Unwrap() []error }:
		for _, next := range u.Unwrap() {
			if next != nil {
				causes(next, f)
			}
		}
	}
}

// Package recipes imitates the gateway of a recipe in the sandbox, by reading the
// recipe backwards. There is no code for a gateway.
//
//	r, err := nhttp.Load("yunpian")
//	…
//	sb, err := sandbox.Listen("", sandbox.Options{Vendors: []kernel.Opener{recipes.New(r, recipes.Options{})}})
//	// endpoint: sb.URL + "/yunpian"
//
// A request must be the one that the recipe describes: a missing number, text or
// field, a wrong credential and a wrong signature are refused with codes of the
// recipe's table. Answers, refusals, lists and reports are those of the recipe's
// examples, with other IDs, codes and words, and with what repeats the request.
//
// Every secret is "sandbox" and its name, letters and digits only. A setting and a
// template may have any value.
//
// What is not guaranteed: that the gateway accepts what the sandbox accepts. The
// sandbox knows of it what the recipe says. Reports that only the gateway can sign,
// by Ed25519 or a JWT, are not sent.
package recipes

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/providers/http/recipe"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// Options say where the gateway of a recipe is.
type Options struct {
	// AtRoot takes the recipe's requests at their own path too, and not only those under
	// "/NAME/". It is for clients that let only the host be chosen. Only a request that
	// has all that the recipe's has is taken for one.
	AtRoot bool
}

// New returns the opener of a recipe's gateway. The recipe must have an example of an
// acceptance.
func New(r *recipe.Recipe, o Options) kernel.Opener {
	return func(d *kernel.Desk) (kernel.Vendor, error) {
		if _, ok := r.Accept(recipe.Input{}, "id"); !ok {
			return kernel.Vendor{}, fmt.Errorf("sandbox: the recipe %q has no example of an acceptance: write one, so that the sandbox knows the answer", r.Name)
		}
		return newGateway(r, d).vendor(o), nil
	}
}

// Secret returns the value of a secret at every gateway of this package: "sandbox" and
// its name, letters and digits only.
func Secret(name string) string { return "sandbox" + notAlphanumeric.ReplaceAllString(name, "") }

var notAlphanumeric = regexp.MustCompile("[^A-Za-z0-9]")

// A gateway is one recipe read backwards.
type gateway struct {
	recipe  *recipe.Recipe
	desk    *kernel.Desk
	secrets map[string]string
	last    atomic.Uint64 // the number of the last message
}

func newGateway(r *recipe.Recipe, d *kernel.Desk) *gateway {
	g := &gateway{recipe: r, desk: d, secrets: map[string]string{}}
	for _, name := range r.Secrets {
		g.secrets[name] = Secret(name)
	}
	return g
}

func (g *gateway) vendor(o Options) kernel.Vendor {
	v := kernel.Vendor{
		Name: g.recipe.Name, Where: `under "/` + g.recipe.Name + `/"`, Call: g.call, Show: show, CheckCode: g.checkCode,
		ThrottleCode: g.recipe.CodeFor(sms.Throttled),
	}
	if o.AtRoot {
		v.Match = func(r *http.Request, body []byte) bool {
			seen, _ := g.recipe.Read(r, body, g.secrets)
			return seen.Fits
		}
	}
	if g.recipe.Reports() {
		v.Report = g.report
	}
	if g.recipe.Replies() {
		v.Reply = g.reply
	}
	return v
}

// show leaves the kernel's word: the recipe has words for reports only.
func show(m *kernel.Message, _ *kernel.Record, s kernel.Status) { m.Status = s.State.String() }

func (g *gateway) checkCode(code string) error {
	status, isStatus := strings.CutPrefix(code, "HTTP ")
	if n, err := strconv.Atoi(status); isStatus && err == nil && n >= 300 && n <= 599 {
		return nil
	}
	var known []string
	for _, info := range g.recipe.Codes() {
		if info.Code == code && !info.Late {
			return nil
		}
		known = append(known, info.Code)
	}
	return fmt.Errorf("%s has no code %q: it has %s, and \"HTTP 503\" and so on", g.recipe.Name, code, strings.Join(known, ", "))
}

// call reads a request. A path that the recipe does not have is answered with 404.
func (g *gateway) call(r *http.Request, body []byte) kernel.Call {
	seen, known := g.recipe.Read(r, body, g.secrets)
	c := kernel.Call{Operation: "send", Kind: kernel.Send, Refuse: g.refuse}
	if seen.Input.To != "" {
		c.Numbers = []sms.Number{seen.Input.To}
	}
	switch {
	case !known:
		c.Operation, c.Kind, c.Numbers = "unknown", "", nil
		c.Carry = func(kernel.Order) kernel.Answer {
			return kernel.Answer{Status: http.StatusNotFound, ContentType: "text/plain; charset=utf-8", Body: []byte("the recipe " + g.recipe.Name + " has no such request\n")}
		}
	case seen.Find:
		c.Operation, c.Kind, c.Numbers = "find", kernel.List, nil
		c.Carry = func(o kernel.Order) kernel.Answer {
			return g.refusedOr(seen, c.Operation, func() kernel.Answer { return g.list(seen, o) })
		}
	default:
		c.Carry = func(kernel.Order) kernel.Answer {
			return g.refusedOr(seen, c.Operation, func() kernel.Answer { return g.take(seen) })
		}
	}
	return c
}

// refusedOr refuses what the gateway would refuse, unless the sandbox is lenient.
func (g *gateway) refusedOr(seen recipe.Seen, operation string, carry func() kernel.Answer) kernel.Answer {
	if seen.Reason == "" {
		return carry()
	}
	code := g.recipe.CodeFor(seen.Reason)
	if seen.Reason == sms.Unauthorized && g.desk.LetPass(operation, code, seen.Wrong) {
		return carry()
	}
	a := g.refuse(code, seen.Wrong, 0)
	a.Code, a.Words = code, seen.Wrong
	return a
}

func (g *gateway) refuse(code, words string, status int) kernel.Answer {
	a := answer(g.recipe.Refuse(code, words, status))
	a.Code, a.Words = code, words
	return a
}

func answer(r recipe.Response) kernel.Answer {
	a := kernel.Answer{Status: r.Status, ContentType: r.Header.Get("Content-Type"), Header: http.Header{}, Body: r.Body}
	for name, list := range r.Header {
		if name != "Content-Type" {
			a.Header[name] = slices.Clone(list)
		}
	}
	return a
}

// take accepts a message.
func (g *gateway) take(seen recipe.Seen) kernel.Answer {
	in := seen.Input
	id := g.recipe.NewID(g.last.Add(1))
	response, ok := g.recipe.Accept(in, id)
	if !ok {
		return kernel.Answer{Status: http.StatusInternalServerError, ContentType: "text/plain", Body: []byte("the recipe has no example of an acceptance")}
	}
	if said := g.recipe.Judge(kit.Answer{Status: response.Status, Header: response.Header, Body: response.Body}, nil).ID; said != "" {
		id = said // a gateway may take the sender's key for its ID
	}
	a := answer(response)
	params := sms.Params{}
	for _, v := range in.Values {
		params[v.Name] = v.Value
	}
	a.Taken = []kernel.Record{{
		ReportTo: in.ReportURL,
		Message: kernel.Message{ID: id, Account: g.recipe.Name, To: in.To, From: in.From, Template: in.Template, Params: params,
			Text: cmp.Or(in.Text, filled(in)), Key: in.Key, At: time.Now()},
	}}
	return a
}

// filled is what the inbox shows for a template, whose text the sandbox does not know.
func filled(in recipe.Input) string {
	var values []string
	for _, v := range in.Values {
		values = append(values, v.Name+" = "+v.Value)
	}
	return strings.TrimSuffix("template "+in.Template+": "+strings.Join(values, ", "), ": ")
}

// list answers a request for messages: with those of its key, or of its number.
func (g *gateway) list(seen recipe.Seen, o kernel.Order) kernel.Answer {
	now, in := time.Now(), seen.Input
	var found []recipe.Pushed
	g.desk.Newest(now, func(r *kernel.Record, _ kernel.Status) bool {
		fits := in.Key == "" || r.Key == in.Key
		fits = fits && (in.To == "" || r.To == in.To) && (in.Since.IsZero() || !r.At.Before(in.Since.Truncate(time.Second)))
		if fits && now.Sub(r.At) >= o.ListAfter {
			found = append(found, recipe.Pushed{ID: r.ID, Key: r.Key, To: string(r.To), Text: r.Text, At: r.At})
		}
		return len(found) < maxListed
	})
	response, ok := g.recipe.Listing(found)
	if !ok {
		return kernel.Answer{Status: http.StatusNotFound, ContentType: "text/plain", Body: []byte("nothing was found\n")}
	}
	return answer(response)
}

// maxListed is how many messages one answer lists.
const maxListed = 50

// states are the sms states of what the kernel reports.
var states = map[kernel.State][]sms.DeliveryState{
	kernel.Sent:      {sms.StateSent},
	kernel.Delivered: {sms.StateDelivered},
	kernel.Failed:    {sms.StateUndelivered, sms.StateBlocked, sms.StateExpired},
}

func (g *gateway) report(to string, messages []kernel.Record, s kernel.State) ([]*http.Request, error) {
	for _, state := range states[s] {
		m := messages[0]
		n, _ := sms.CountSegments(m.Text)
		q, err := g.recipe.Push(to, recipe.Pushed{ID: m.ID, Key: m.Key, To: string(m.To), From: m.From, State: state, Code: m.Fails, Segments: n, At: time.Now()}, g.secrets)
		if err == nil {
			return []*http.Request{q}, nil
		}
		if !errors.Is(err, recipe.ErrNoPush) {
			return nil, err
		}
	}
	return nil, nil
}

func (g *gateway) reply(r kernel.Reply) ([]*http.Request, error) {
	q, err := g.recipe.PushReply(r.URL, recipe.Pushed{ID: g.recipe.NewID(g.last.Add(1)), From: string(r.From), To: r.To, Text: r.Text, At: time.Now()}, g.secrets)
	if err != nil {
		return nil, err
	}
	return []*http.Request{q}, nil
}

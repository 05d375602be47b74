package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/notifykit/notify/sms"
)

// A Reply is a text that a person sends to one of Twilio's senders.
type Reply struct {
	// From is the person, To the sender; To defaults to TwilioSender.
	From sms.Number `json:"from"`
	To   string     `json:"to"`
	Text string     `json:"text"`
	// URL is the webhook that is told, as it is configured at the vendor's. It is
	// signed exactly so. Its host has to be one that callbacks may go to.
	URL string `json:"url"`
	// Account is whose sender it is, and whose token signs; defaults to
	// TwilioAccountSID.
	Account string `json:"account,omitempty"`
}

// String shows no number in full and no text.
func (r Reply) String() string { return "{from " + r.From.String() + "}" }

// Format prints r masked under every verb.
func (r Reply) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, r.String()) }

// The words by which a person opts out, and in again, as the vendor reads them.
var (
	stopWords  = []string{"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"}
	startWords = []string{"START", "YES", "UNSTOP"}
)

// maxOptOuts bounds how many are remembered; past it somebody is forgotten.
const maxOptOuts = 100_000

// optOuts holds who wants nothing more from whom.
type optOuts struct {
	mu  sync.Mutex
	out map[optOut]struct{}
}

type optOut struct {
	account, sender string
	to              sms.Number
}

func (o *optOuts) has(who optOut) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, out := o.out[who]
	return out
}

// read takes what a person has written for an opt-out, an opt-in, or neither.
func (o *optOuts) read(who optOut, text string) {
	word := strings.ToUpper(strings.TrimSpace(text))
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case slices.Contains(startWords, word):
		delete(o.out, who)
	case slices.Contains(stopWords, word):
		for other := range o.out {
			if len(o.out) < maxOptOuts {
				break
			}
			delete(o.out, other)
		}
		o.out[who] = struct{}{}
	}
}

// Reply sends the vendor's webhook for a reply, signed as the vendor signs, and
// gives the HTTP status that the receiver answered. A STOP opts its sender out:
// what goes to them by that sender is refused with 21610 until they write START.
func (s *Sandbox) Reply(ctx context.Context, r Reply) (status int, err error) {
	r.To, r.Account = cmp.Or(r.To, TwilioSender), cmp.Or(r.Account, TwilioAccountSID)
	target, parseErr := url.Parse(r.URL)
	switch {
	case !r.From.Valid():
		return 0, errors.New("sandbox: from is no number: write it in E.164, as +12025550123")
	case s.twilio.accounts[r.Account] == nil:
		return 0, fmt.Errorf("sandbox: there is no account %q", r.Account)
	case parseErr != nil || target.Scheme != "http" && target.Scheme != "https" || !s.callbacks.allowed(target.Hostname()):
		return 0, errors.New("sandbox: the URL is none, or its host is neither a loopback one nor among CallbackHosts")
	}
	s.twilio.optOuts.read(optOut{r.Account, r.To, r.From}, r.Text)
	sid := newSID("SM")
	segments, _ := sms.CountSegments(r.Text)
	return s.callbacks.post(ctx, sid, r.Account, r.URL, url.Values{
		"MessageSid": {sid}, "SmsSid": {sid}, "SmsMessageSid": {sid}, "AccountSid": {r.Account}, "ApiVersion": {"2010-04-01"},
		"From": {string(r.From)}, "To": {r.To}, "Body": {r.Text}, "NumMedia": {"0"}, "NumSegments": {strconv.Itoa(segments)},
		"SmsStatus": {"received"}, "FromCountry": {r.From.Region()}, "ToCountry": {sms.Number(r.To).Region()},
	})
}

// serveReplies makes a Reply of a JSON object.
func (s *Sandbox) serveReplies(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		notAllowed(w, "POST")
		return
	}
	body, err := readBody(r)
	if err != nil {
		http.Error(w, "the body is too long, or was cut", http.StatusRequestEntityTooLarge)
		return
	}
	var reply Reply
	if err := decodeStrictly(body, &reply); err != nil {
		http.Error(w, "replies: "+err.Error(), http.StatusBadRequest)
		return
	}
	status, err := s.Reply(r.Context(), reply)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	jsonReply(http.StatusOK, "application/json", map[string]int{"status": status}).write(w)
}

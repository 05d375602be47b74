package twilio

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// The words by which a person opts out, and in again, as the vendor reads them.
var (
	stopWords  = []string{"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"}
	startWords = []string{"START", "YES", "UNSTOP"}
)

const (
	// maxOptOuts bounds how many are remembered. If there are more, one is forgotten.
	maxOptOuts = 20_000
	maxSender  = 64 // characters; the vendor's longest is a Messaging Service SID
)

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

// reply builds the webhook of a reply, signed with the account's token. A STOP
// opts its sender out: what is sent to them by that sender is refused with 21610
// until they write START.
func (v *vendor) reply(r kernel.Reply) ([]*http.Request, error) {
	r.To, r.Account = cmp.Or(r.To, Sender), cmp.Or(r.Account, AccountSID)
	if v.accounts[r.Account] == nil {
		return nil, fmt.Errorf("there is no account %q", r.Account)
	}
	if len(r.To) > maxSender {
		return nil, fmt.Errorf("to: a sender has at most %d characters", maxSender)
	}
	v.optOuts.read(optOut{r.Account, r.To, r.From}, r.Text)
	sid := newSID("SM")
	segments, _ := sms.CountSegments(r.Text)
	return v.post(r.Account, r.URL, url.Values{
		"MessageSid": {sid}, "SmsSid": {sid}, "SmsMessageSid": {sid}, "AccountSid": {r.Account}, "ApiVersion": {"2010-04-01"},
		"From": {string(r.From)}, "To": {r.To}, "Body": {r.Text}, "NumMedia": {"0"}, "NumSegments": {strconv.Itoa(segments)},
		"SmsStatus": {"received"}, "FromCountry": {r.From.Region()}, "ToCountry": {sms.Number(r.To).Region()},
	})
}

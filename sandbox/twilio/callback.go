package twilio

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
)

// report builds a status callback: the vendor sends one for sent, and one for the
// end.
func (v *vendor) report(to string, messages []kernel.Record, s kernel.State) ([]*http.Request, error) {
	r := &messages[0]
	word, from := stateOf(r, kernel.Status{State: s})
	form := url.Values{
		"AccountSid": {r.Account}, "ApiVersion": {"2010-04-01"}, "From": {from}, "To": {string(r.To)},
		"MessageSid": {r.ID}, "MessageStatus": {word}, "SmsSid": {r.ID}, "SmsStatus": {word},
	}
	if service := r.Facts.(*facts).service; service != "" {
		form.Set("MessagingServiceSid", service)
	}
	if s == kernel.Delivered {
		form.Set("RawDlrDoneDate", time.Now().UTC().Format("0601021504"))
	}
	if code := errorCode(r, kernel.Status{State: s}); code != nil {
		form.Set("ErrorCode", fmt.Sprint(code))
	}
	return v.post(r.Account, to, form)
}

// post builds one signed form.
func (v *vendor) post(account, target string, form url.Values) ([]*http.Request, error) {
	r, err := http.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, errors.New("the address of a callback is none")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("User-Agent", "TwilioProxy/1.1")
	r.Header.Set("I-Twilio-Idempotency-Token", rand.Text())
	token := ""
	if a := v.accounts[account]; a != nil { // none of a lenient sandbox's
		token = a.Token
	}
	r.Header.Set("X-Twilio-Signature", signCallback(token, target, form))
	return []*http.Request{r}, nil
}

// signCallback signs as Twilio does: the address exactly as it was given but for its
// fragment, which a receiver does not see, then each name and value, sorted by name; of a name that occurs several times its
// distinct values, sorted.
func signCallback(token, target string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(token))
	address, _, _ := strings.Cut(target, "#")
	_, _ = io.WriteString(mac, address)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		values := slices.Compact(slices.Sorted(slices.Values(form[name])))
		for _, value := range values {
			_, _ = io.WriteString(mac, name+value)
		}
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

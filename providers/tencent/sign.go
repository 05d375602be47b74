package tencent

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const (
	version     = "2021-01-11"
	contentType = "application/json"
)

type credentials struct{ id, secret, token string }

// sign adds the signature TC3-HMAC-SHA256 to a POST of body to "/". It covers the
// content type, the host, the body and the time.
func (c credentials) sign(r *http.Request, body string, now time.Time) {
	stamp, date := strconv.FormatInt(now.Unix(), 10), now.UTC().Format(time.DateOnly)
	canonical := "POST\n/\n\ncontent-type:" + contentType + "\nhost:" + r.URL.Host + "\n\ncontent-type;host\n" + hexSum(body)
	scope := date + "/sms/tc3_request"
	key := mac(mac(mac([]byte("TC3"+c.secret), date), "sms"), "tc3_request")
	signature := hex.EncodeToString(mac(key, "TC3-HMAC-SHA256\n"+stamp+"\n"+scope+"\n"+hexSum(canonical)))
	r.Header.Set("X-TC-Timestamp", stamp)
	r.Header.Set("Authorization", "TC3-HMAC-SHA256 Credential="+c.id+"/"+scope+", SignedHeaders=content-type;host, Signature="+signature)
	if c.token != "" {
		r.Header.Set("X-TC-Token", c.token)
	}
}

func hexSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// call makes one call and decodes Response into answer. Tencent answers HTTP 200 to
// refusals too.
func (v *vendor) call(ctx context.Context, action string, request, answer any) (kit.Answer, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return kit.Answer{}, &kit.Failure{Reason: sms.Internal, Outcome: sms.Rejected, Err: fmt.Errorf("the request of %s cannot be written as JSON", action)}
	}
	r, err := v.Request(http.MethodPost, "/", contentType, string(body))
	if err != nil {
		return kit.Answer{}, err
	}
	v.key().sign(r, string(body), time.Now())
	r.Header.Set("X-TC-Action", action)
	r.Header.Set("X-TC-Version", version)
	r.Header.Set("X-TC-Region", v.region)
	r.Header.Set("X-TC-Language", "en-US")
	a, err := v.Do(ctx, r)
	if err != nil {
		return a, err
	}
	var said struct {
		Response *struct {
			Error     *struct{ Code, Message string }
			RequestID string `json:"RequestId"`
		}
	}
	whole := a.JSON(&said) == nil && said.Response != nil
	switch {
	case whole && said.Response.Error != nil:
		return a, refusal(a, said.Response.Error.Code, said.Response.Error.Message, said.Response.RequestID)
	case !a.OK():
		return a, a.Refused("", "")
	case !whole || a.JSON(&struct{ Response any }{answer}) != nil:
		return a, a.Unreadable("the answer has no Response")
	}
	return a, nil
}

// refusal returns what a code means, beyond the table: how long a limit lasts.
func refusal(a kit.Answer, code, words, requestID string) error {
	e := a.Refusal(code, words)
	e.RequestID, e.RetryAfter = requestID, retryAfter(code, time.Now())
	return e
}

package twilio

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	openapi "github.com/twilio/twilio-go/rest/api/v2010"
)

// The calls that look at an account. Those of the API that sends are the SDK's.
// Messaging Services and content templates are two other packages of the SDK,
// which would be linked into every program that sends; their answers, of which
// two fields are read, are read here.

// fetchAccount gives the account's status: "active", "suspended", "closed".
func (v *vendor) fetchAccount(ctx context.Context) (status string, c *call, ok bool) {
	c = &call{ctx: ctx, v: v}
	a, err := openapi.NewApiServiceWithClient(c).FetchAccount(v.account)
	if err != nil || a == nil {
		return "", c, false
	}
	return value(a.Status), c, true
}

// listOne asks for the newest message, which any credentials that send may do.
func (v *vendor) listOne(ctx context.Context) (c *call, ok bool) {
	c = &call{ctx: ctx, v: v}
	_, err := openapi.NewApiServiceWithClient(c).PageMessage(&openapi.ListMessageParams{PageSize: new(1)}, "", "")
	return c, err == nil
}

// ownsNumber tells whether the account has a number, and whether that can send
// text messages.
func (v *vendor) ownsNumber(ctx context.Context, number string) (owns, texts bool, c *call, ok bool) {
	c = &call{ctx: ctx, v: v}
	said, err := openapi.NewApiServiceWithClient(c).PageIncomingPhoneNumber(&openapi.ListIncomingPhoneNumberParams{PhoneNumber: &number}, "", "")
	if err != nil || said == nil {
		return false, false, c, false
	}
	for _, n := range said.IncomingPhoneNumbers {
		if value(n.PhoneNumber) == number {
			return true, n.Capabilities == nil || n.Capabilities.Sms, c, true
		}
	}
	return false, false, c, true
}

// A content is a content template as the vendor's API for them answers it.
type content struct {
	SID   string `json:"sid"`
	Name  string `json:"friendly_name"`
	Types map[string]struct {
		Body string `json:"body"`
	} `json:"types"`
}

// text is what is sent as a text message.
func (c content) text() string { return c.Types["twilio/text"].Body }

// A contentPage is a part of the list of content templates.
type contentPage struct {
	Contents []content `json:"contents"`
	Meta     struct {
		Next string `json:"next_page_url"`
	} `json:"meta"`
}

// get asks another of the vendor's APIs, whose host begins with service where
// ours begins with "api".
func (v *vendor) get(ctx context.Context, service, path string, query url.Values, into any) (c *call, ok bool) {
	c = &call{ctx: ctx, v: v, base: v.at(service)}
	r, err := c.SendRequest(http.MethodGet, path, query, nil)
	if err != nil {
		return c, false
	}
	return c, json.NewDecoder(r.Body).Decode(into) == nil
}

// at returns the address of another API. A sandbox and a proxy have all of them at
// one place.
func (v *vendor) at(service string) string {
	scheme, host, _ := strings.Cut(v.URL, "://")
	rest, isAPI := strings.CutPrefix(host, "api.")
	if !isAPI || !strings.HasSuffix(host, ".twilio.com") {
		return v.URL
	}
	return scheme + "://" + service + "." + rest
}

package twilio

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/notifykit/notify/sandbox/kernel"
)

// isInspection reports whether a path shows an account, its numbers, Messaging
// Services or content templates. The vendor has the last two on hosts of their
// own.
func isInspection(path string) bool {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) >= 2 && parts[0] == "v1" && (parts[1] == "Services" || parts[1] == "Content"):
		return true
	case len(parts) == 3 && parts[0] == "2010-04-01" && parts[1] == "Accounts" && strings.HasSuffix(parts[2], ".json"):
		return true
	}
	return len(parts) == 4 && parts[1] == "Accounts" && parts[3] == "IncomingPhoneNumbers.json"
}

// inspect shows what the path names. Lenient is for messages only: what is shown
// here is what the sandbox knows.
func (v *vendor) inspect(c *call) kernel.Answer {
	r := c.request
	if r.Method != http.MethodGet {
		return refuse(http.StatusMethodNotAllowed, 20004, "Method not allowed").answer()
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	c.form = r.URL.Query()
	if parts[0] == "v1" {
		c.accountID = v.accountOf(r)
	} else {
		c.accountID = strings.TrimSuffix(parts[2], ".json")
	}
	if !v.authorize(c) {
		return refuse(http.StatusUnauthorized, 20003, "Authenticate").answer()
	}
	c.account = v.accounts[c.accountID]
	body, refusal := c.account.inspect(c, parts)
	if refusal != nil {
		return refusal.answer()
	}
	return kernel.JSON(http.StatusOK, "application/json", body)
}

// accountOf returns the account whose credentials a request has.
func (v *vendor) accountOf(r *http.Request) string {
	user, _, _ := r.BasicAuth()
	for _, sid := range slices.Sorted(maps.Keys(v.accounts)) {
		if slices.ContainsFunc(v.accounts[sid].APIKeys, func(k kernel.Key) bool { return k.ID == user }) {
			return sid
		}
	}
	return user
}

// inspect returns what the path names.
func (a *account) inspect(c *call, parts []string) (map[string]any, *apiError) {
	notFound := refuse(http.StatusNotFound, 20404, "The requested resource %s was not found", c.request.URL.Path)
	switch {
	case len(parts) == 3 && parts[1] == "Accounts":
		return map[string]any{"sid": a.SID, "friendly_name": "Sandbox", "status": "active", "type": "Full"}, nil
	case len(parts) == 4:
		return a.numbers(c), nil
	case len(parts) == 3 && parts[1] == "Services":
		if _, ok := a.services[parts[2]]; ok {
			return map[string]any{"sid": parts[2], "account_sid": a.SID, "friendly_name": "Sandbox"}, nil
		}
	case len(parts) == 3:
		if content, ok := a.contents[parts[2]]; ok {
			return content.resource(a.SID), nil
		}
	case parts[1] == "Content":
		list := []map[string]any{}
		for _, sid := range slices.Sorted(maps.Keys(a.contents)) {
			list = append(list, a.contents[sid].resource(a.SID))
		}
		return map[string]any{"contents": list, "meta": map[string]any{"page": 0, "page_size": 50, "next_page_url": nil, "key": "contents"}}, nil
	}
	return nil, notFound
}

// numbers lists the account's numbers; sender IDs are in no list.
func (a *account) numbers(c *call) map[string]any {
	list := []map[string]any{}
	for _, s := range a.Senders {
		asked := c.form.Get("PhoneNumber")
		if strings.HasPrefix(s, "+") && (asked == "" || asked == s) {
			list = append(list, map[string]any{"account_sid": a.SID, "phone_number": s,
				"capabilities": map[string]bool{"sms": true, "mms": false, "voice": false, "fax": false}})
		}
	}
	return map[string]any{"incoming_phone_numbers": list, "page": 0, "page_size": 50, "next_page_uri": nil}
}

func (c Content) resource(account string) map[string]any {
	return map[string]any{"sid": c.SID, "account_sid": account, "friendly_name": c.SID, "language": "en",
		"types": map[string]any{"twilio/text": map[string]string{"body": c.Text}}}
}

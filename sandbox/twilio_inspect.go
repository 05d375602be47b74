package sandbox

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// looksAtTwilio tells whether a path is one of those that show an account, its
// numbers, Messaging Services and content templates. The vendor has the last two
// on hosts of their own.
func looksAtTwilio(path string) bool {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) >= 2 && parts[0] == "v1" && (parts[1] == "Services" || parts[1] == "Content"):
		return true
	case len(parts) == 3 && parts[0] == "2010-04-01" && parts[1] == "Accounts" && strings.HasSuffix(parts[2], ".json"):
		return true
	}
	return len(parts) == 4 && parts[1] == "Accounts" && parts[3] == "IncomingPhoneNumbers.json"
}

// serveLook answers a look at an account. Faults and Lenient are for messages
// only: what is looked at here is what the sandbox knows.
func (v *twilioVendor) serveLook(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Twilio-Request-Id", newSID("RQ"))
	if r.Method != http.MethodGet {
		twilioRefuse(http.StatusMethodNotAllowed, 20004, "Method not allowed").reply().write(w)
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	c := &twilioCall{request: r, now: time.Now(), form: r.URL.Query()}
	if parts[0] == "v1" {
		c.accountID = v.accountOf(r)
	} else {
		c.accountID = strings.TrimSuffix(parts[2], ".json")
	}
	if !v.authorize(c) {
		twilioRefuse(http.StatusUnauthorized, 20003, "Authenticate").reply().write(w)
		return
	}
	c.account = v.accounts[c.accountID]
	body, refusal := c.account.look(c, parts)
	if refusal != nil {
		refusal.reply().write(w)
		return
	}
	jsonReply(http.StatusOK, "application/json", body).write(w)
}

// accountOf gives the account whose credentials a request has, where its path
// names none.
func (v *twilioVendor) accountOf(r *http.Request) string {
	user, _, _ := r.BasicAuth()
	for _, sid := range slices.Sorted(maps.Keys(v.accounts)) {
		if slices.ContainsFunc(v.accounts[sid].APIKeys, func(k Key) bool { return k.ID == user }) {
			return sid
		}
	}
	return user
}

// look gives what the path names.
func (a *twilioAccount) look(c *twilioCall, parts []string) (map[string]any, *twilioError) {
	notFound := twilioRefuse(http.StatusNotFound, 20404, "The requested resource %s was not found", c.request.URL.Path)
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
func (a *twilioAccount) numbers(c *twilioCall) map[string]any {
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

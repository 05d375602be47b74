package twilio

import "github.com/notifykit/notify/internal/smartencoding"

// counted returns the text that Twilio encodes. Content templates are Twilio's own: what
// they hold is counted as it is.
func (r request) counted() string {
	if r.content != "" || r.extra.smartEncoded == nil || !*r.extra.smartEncoded {
		return r.text
	}
	return smartencoding.Apply(r.text)
}

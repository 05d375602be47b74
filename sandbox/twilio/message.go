package twilio

import (
	"net/http"
	"strconv"
	"time"

	"github.com/notifykit/notify/internal/smartencoding"
	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// stateOf returns the vendor's word for a status, and the sender, which is empty
// while none is chosen.
func stateOf(r *kernel.Record, s kernel.Status) (word, from string) {
	f := r.Facts.(*facts)
	switch s.State {
	case kernel.Canceled:
		return "canceled", r.From
	case kernel.Scheduled:
		return "scheduled", r.From
	case kernel.Sent:
		return "sent", f.sender
	case kernel.Delivered:
		return "delivered", f.sender
	case kernel.Failed:
		return "undelivered", f.sender
	}
	if f.service != "" {
		return "accepted", r.From
	}
	return "queued", f.sender
}

// resource is a message as the vendor shows it. num_segments and num_media are
// texts there, and error_code is a number.
func resource(r *kernel.Record, s kernel.Status) map[string]any {
	f := r.Facts.(*facts)
	word, from := stateOf(r, s)
	uri := "/2010-04-01/Accounts/" + r.Account + "/Messages/" + r.ID
	changed := s.Since
	if f.updated.After(changed) {
		changed = f.updated
	}
	segments, _ := sms.CountSegments(counted(r, f))
	if from == "" || f.service != "" && s.Sent.IsZero() {
		segments = 0 // it is not split yet
	}
	body := r.Text
	if f.redacted {
		body = ""
	}
	return map[string]any{
		"account_sid": r.Account, "api_version": "2010-04-01", "body": body,
		"date_created": rfc2822(r.At), "date_sent": orNull(rfc2822(s.Sent)), "date_updated": rfc2822(changed),
		"direction": "outbound-api", "error_code": errorCode(r, s), "error_message": nil,
		"from": orNull(from), "messaging_service_sid": orNull(f.service), "num_media": strconv.Itoa(f.media),
		"num_segments": strconv.Itoa(segments), "price": nil, "price_unit": "USD", "sid": r.ID,
		"status": word, "subresource_uris": map[string]any{"media": uri + "/Media.json"},
		"to": r.To, "uri": uri + ".json",
	}
}

// counted returns the text whose segments are billed. Text keeps what the account sent:
// no document says whether Twilio shows a text with its characters replaced.
func counted(r *kernel.Record, f *facts) string {
	if f.smart {
		return smartencoding.Apply(r.Text)
	}
	return r.Text
}

// errorCode is why a message was not delivered: what a fault's fails says, if that
// is a number.
func errorCode(r *kernel.Record, s kernel.Status) any {
	if s.State != kernel.Failed {
		return nil
	}
	if n, err := strconv.Atoi(r.Fails); err == nil {
		return n
	}
	return 30008 // unknown error
}

// rfc2822 writes a time as the vendor does; the zero time is empty.
func rfc2822(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC1123Z)
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// mine runs do on the message of the path, under the kernel's lock. Messages of
// another account are not found.
func (v *vendor) mine(c *call, do func(*kernel.Record, kernel.Status, *facts) *apiError) *apiError {
	refusal := refuse(http.StatusNotFound, 20404, "The requested resource %s was not found", c.request.URL.Path)
	v.desk.Update(c.sid, c.now, func(r *kernel.Record, s kernel.Status) {
		if f := r.Facts.(*facts); r.Account == c.accountID && !f.deleted {
			refusal = do(r, s, f)
		}
	})
	return refusal
}

func (v *vendor) fetch(c *call) (p kernel.Answer, refusal *apiError) {
	refusal = v.mine(c, func(r *kernel.Record, s kernel.Status, _ *facts) *apiError {
		p = kernel.JSON(http.StatusOK, "application/json", resource(r, s))
		return nil
	})
	return p, refusal
}

// change redacts (an empty Body) or cancels (Status). There are no other changes.
func (v *vendor) change(c *call) (p kernel.Answer, refusal *apiError) {
	status, redact := c.form.Get("Status"), c.form.Has("Body")
	if status != "" && status != "canceled" || c.form.Get("Body") != "" || status == "" && !redact {
		return kernel.Answer{}, refuse(400, 20001, "A message can be redacted, by an empty Body, or canceled, by the Status 'canceled'; nothing else of it changes.")
	}
	refusal = v.mine(c, func(r *kernel.Record, s kernel.Status, f *facts) *apiError {
		if status != "" && s.State != kernel.Scheduled {
			word, _ := stateOf(r, s)
			return refuse(http.StatusConflict, 20009, "The message is %s: only a scheduled message can be canceled.", word)
		}
		if redact && status == "" && !s.State.Final() {
			return notOver(r, s)
		}
		if status != "" {
			r.Canceled = c.now
		}
		f.redacted = f.redacted || redact
		f.updated = c.now
		p = kernel.JSON(http.StatusOK, "application/json", resource(r, v.desk.Status(r, c.now)))
		return nil
	})
	return p, refusal
}

func (v *vendor) remove(c *call) (p kernel.Answer, refusal *apiError) {
	refusal = v.mine(c, func(r *kernel.Record, s kernel.Status, f *facts) *apiError {
		if !s.State.Final() {
			return notOver(r, s)
		}
		f.deleted = true
		p = kernel.Answer{Status: http.StatusNoContent}
		return nil
	})
	return p, refusal
}

func notOver(r *kernel.Record, s kernel.Status) *apiError {
	word, _ := stateOf(r, s)
	return refuse(http.StatusConflict, 20009, "The message is %s: it cannot be changed before it has come to its end.", word)
}

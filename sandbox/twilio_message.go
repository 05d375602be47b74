package sandbox

import (
	"net/http"
	"strconv"
	"time"

	"github.com/notifykit/notify/sms"
)

// A twilioState is what follows from the time: no message needs anything to run.
type twilioState struct {
	status  string
	from    string    // empty: no sender chosen yet
	sent    time.Time // zero: not sent
	changed time.Time
}

// departure is when the message goes from the vendor's first status on.
func (e *entry) departure() time.Time {
	if !e.twilio.sendAt.IsZero() {
		return e.twilio.sendAt
	}
	return e.At
}

// sentAt and deliveredAt are when the message will be there, at this pace.
func (e *entry) sentAt(pace time.Duration) time.Time      { return e.departure().Add(pace) }
func (e *entry) deliveredAt(pace time.Duration) time.Time { return e.departure().Add(2 * pace) }

func (e *entry) twilioState(now time.Time, pace time.Duration) twilioState {
	f := e.twilio
	s := twilioState{status: "queued", from: f.sender, changed: e.At}
	switch {
	case !f.canceled.IsZero():
		return twilioState{status: "canceled", from: e.From, changed: f.canceled}
	case now.Before(e.departure()):
		return twilioState{status: "scheduled", from: e.From, changed: e.At}
	case pace < 0 || now.Before(e.sentAt(pace)):
		if f.service != "" {
			s.status, s.from = "accepted", e.From
		}
		return s
	}
	s.status, s.sent, s.changed = "sent", e.sentAt(pace), e.sentAt(pace)
	if !now.Before(e.deliveredAt(pace)) {
		s.status, s.changed = "delivered", e.deliveredAt(pace)
	}
	return s
}

// over tells whether a message has come to its end.
func (s twilioState) over() bool { return s.status == "delivered" || s.status == "canceled" }

// resource is a message as the vendor shows it. num_segments and num_media are
// strings there, and error_code would be a number.
func (e *entry) resource(now time.Time, pace time.Duration) map[string]any {
	s, f := e.twilioState(now, pace), e.twilio
	uri := "/2010-04-01/Accounts/" + e.Account + "/Messages/" + e.ID
	changed := s.changed
	if f.updated.After(changed) {
		changed = f.updated
	}
	segments, _ := sms.CountSegments(e.Text)
	if s.from == "" || f.service != "" && s.sent.IsZero() {
		segments = 0 // nobody has cut it yet
	}
	return map[string]any{
		"account_sid": e.Account, "api_version": "2010-04-01", "body": f.body,
		"date_created": rfc2822(e.At), "date_sent": orNull(rfc2822(s.sent)), "date_updated": rfc2822(changed),
		"direction": "outbound-api", "error_code": nil, "error_message": nil,
		"from": orNull(s.from), "messaging_service_sid": orNull(f.service), "num_media": strconv.Itoa(f.media),
		"num_segments": strconv.Itoa(segments), "price": nil, "price_unit": "USD", "sid": e.ID,
		"status": s.status, "subresource_uris": map[string]any{"media": uri + "/Media.json"},
		"to": e.To, "uri": uri + ".json",
	}
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

// mine runs do on the message of the path, under the store's lock. Messages of
// another account are not found.
func (v *twilioVendor) mine(c *twilioCall, do func(*entry) *twilioError) *twilioError {
	refusal := twilioRefuse(http.StatusNotFound, 20404, "The requested resource %s was not found", c.request.URL.Path)
	v.store.update(Twilio, c.sid, func(e *entry) {
		if e.Account == c.accountID && !e.twilio.deleted {
			refusal = do(e)
		}
	})
	return refusal
}

func (v *twilioVendor) fetch(c *twilioCall) (p reply, refusal *twilioError) {
	refusal = v.mine(c, func(e *entry) *twilioError {
		p = jsonReply(http.StatusOK, "application/json", e.resource(c.now, v.options.Pace))
		return nil
	})
	return p, refusal
}

// change redacts (an empty Body) or cancels (Status): the two changes there are.
func (v *twilioVendor) change(c *twilioCall) (p reply, refusal *twilioError) {
	status, redact := c.form.Get("Status"), c.form.Has("Body")
	if status != "" && status != "canceled" || c.form.Get("Body") != "" || status == "" && !redact {
		return reply{}, twilioRefuse(400, 20001, "A message can be redacted, by an empty Body, or canceled, by the Status 'canceled'; nothing else of it changes.")
	}
	refusal = v.mine(c, func(e *entry) *twilioError {
		state := e.twilioState(c.now, v.options.Pace)
		if status != "" && state.status != "scheduled" {
			return twilioRefuse(http.StatusConflict, 20009, "The message is %s: only a scheduled message can be canceled.", state.status)
		}
		if redact && status == "" && !state.over() {
			return notOver(state)
		}
		if status != "" {
			e.twilio.canceled = c.now
		}
		if redact {
			e.twilio.body = ""
		}
		e.twilio.updated = c.now
		p = jsonReply(http.StatusOK, "application/json", e.resource(c.now, v.options.Pace))
		return nil
	})
	return p, refusal
}

func (v *twilioVendor) remove(c *twilioCall) (p reply, refusal *twilioError) {
	refusal = v.mine(c, func(e *entry) *twilioError {
		if state := e.twilioState(c.now, v.options.Pace); !state.over() {
			return notOver(state)
		}
		e.twilio.deleted = true
		p = reply{status: http.StatusNoContent}
		return nil
	})
	return p, refusal
}

func notOver(s twilioState) *twilioError {
	return twilioRefuse(http.StatusConflict, 20009, "The message is %s: it cannot be changed before it has come to its end.", s.status)
}

package kernel

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/notifykit/notify/sms"
)

// maxReply is the longest text of a reply, in bytes.
const maxReply = 10_000

// A Reply is a text that a person sends to a sender of a vendor's. It prints with
// the number masked and without the text.
type Reply struct {
	// Vendor brings the reply. Empty is the first vendor that brings replies.
	Vendor string `json:"vendor,omitempty"`
	// From is the person. To is the sender; empty is the vendor's well-known one.
	From sms.Number `json:"from"`
	To   string     `json:"to"`
	Text string     `json:"text"`
	// URL is the webhook that gets the reply. Empty is the address of the vendor in
	// PUT /_sandbox/webhooks. Its host must be one that callbacks may go to.
	URL string `json:"url"`
	// Account is whose sender it is; empty is the vendor's well-known one.
	Account string `json:"account,omitempty"`
}

// String shows no number in full and no text.
func (r Reply) String() string { return "{from " + r.From.String() + "}" }

// Format prints r masked under every verb.
func (r Reply) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, r.String()) }

// Reply sends the vendor's webhook for a reply, signed as the vendor signs, and
// returns the HTTP status of the receiver's answer. A vendor that handles opt-outs
// itself refuses messages to who has written STOP, until they write START.
func (s *Sandbox) Reply(ctx context.Context, r Reply) (status int, err error) {
	d, err := s.replier(r.Vendor)
	if err != nil {
		return 0, err
	}
	r.Vendor = d.vendor.Name
	if r.URL == "" {
		r.URL = s.webhook(r.Vendor).Replies
	}
	if len(r.Text) > maxReply {
		return 0, fmt.Errorf("sandbox: text: %d bytes are too long for a reply: at most %d", len(r.Text), maxReply)
	}
	if !r.From.Valid() {
		return 0, errors.New("sandbox: from is no number: write it in E.164, as +12025550123")
	}
	if d.vendor.DeliverReply != nil {
		if err := d.vendor.DeliverReply(ctx, r); err != nil {
			return 0, fmt.Errorf("sandbox: %w", err)
		}
		return http.StatusOK, nil
	}
	if err := s.reports.allowedURL(r.URL); err != nil {
		return 0, fmt.Errorf("sandbox: %w", err)
	}
	requests, err := d.vendor.Reply(r)
	if err != nil {
		return 0, fmt.Errorf("sandbox: %w", err)
	}
	select {
	case s.reports.posts <- struct{}{}:
		defer func() { <-s.reports.posts }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	for _, request := range requests {
		taken := false
		if status, taken = s.reports.send(ctx, d.vendor, request); status == 0 {
			return 0, errors.New("sandbox: the receiver of the reply did not answer")
		} else if !taken {
			break
		}
	}
	return status, nil
}

// replier returns the vendor of a name, or the first that brings replies.
func (s *Sandbox) replier(name string) (*Desk, error) {
	var names []string
	for _, d := range s.vendors {
		if d.vendor.Reply == nil && d.vendor.DeliverReply == nil {
			continue
		}
		if name == "" || name == d.vendor.Name {
			return d, nil
		}
		names = append(names, d.vendor.Name)
	}
	return nil, fmt.Errorf("sandbox: vendor: %q brings no replies: write %s", name, strings.Join(names, " or "))
}

// serveReplies makes a Reply of a JSON object.
func (s *Sandbox) serveReplies(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		notAllowed(w, "POST")
		return
	}
	var reply Reply
	if !s.readJSON(w, r, "replies", &reply) {
		return
	}
	status, err := s.Reply(r.Context(), reply)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	JSON(http.StatusOK, "application/json", map[string]int{"status": status}).write(w)
}

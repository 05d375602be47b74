package kernel

import (
	_ "embed"
	"html/template"
	"net/http"
	"time"
)

var (
	//go:embed inbox.html
	inboxPage string
	//go:embed inbox.js
	inboxScript []byte
)

// inbox is parsed once; a test renders it, so Must cannot fail in a program.
var inbox = template.Must(template.New("inbox").Parse(inboxPage))

// maxShown is how many messages the page shows.
const maxShown = 200

// serveInboxScript serves what brings new messages into an open page.
func serveInboxScript(w http.ResponseWriter, _ *http.Request) {
	Answer{Status: http.StatusOK, ContentType: "text/javascript; charset=utf-8", Body: inboxScript}.write(w)
}

// serveInbox shows what was taken to a person, the newest first. The page runs
// the script of this folder and no other.
func (s *Sandbox) serveInbox(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		notAllowed(w, "GET")
		return
	}
	to, ok := readTo(w, r)
	if !ok {
		return
	}
	release, ok := s.claim(r, listBytes)
	defer release()
	if !ok {
		return
	}
	messages, total := s.store.latest(to, maxShown, s.show(time.Now()))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	_ = inbox.Execute(w, map[string]any{ // only a client that has gone can make it fail
		"To": string(to), "Total": total, "Messages": inboxRows(messages),
	})
}

// An inboxRow is a message in words for people.
type inboxRow struct{ Time, Vendor, To, From, Template, Text, Status, ID, Key string }

func inboxRows(messages []Message) []inboxRow {
	rows := make([]inboxRow, len(messages))
	for i, m := range messages {
		rows[i] = inboxRow{Time: m.At.Local().Format(time.TimeOnly), Vendor: m.Vendor, To: string(m.To), From: m.From,
			Template: m.Template, Text: m.Text, Status: m.Status, ID: m.ID, Key: m.Key}
	}
	return rows
}

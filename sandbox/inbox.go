package sandbox

import (
	_ "embed"
	"html/template"
	"net/http"
	"slices"
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

// serveInboxScript is what brings new messages into an open page.
func serveInboxScript(w http.ResponseWriter) {
	reply{status: http.StatusOK, contentType: "text/javascript; charset=utf-8", body: inboxScript}.write(w)
}

// serveInbox shows what was taken, the newest first, to a person. The page runs
// the script of this folder and no other.
func (s *Sandbox) serveInbox(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		notAllowed(w, "GET")
		return
	}
	to, ok := readTo(r.URL.Query().Get("to"))
	if !ok {
		http.Error(w, "to: write a number in E.164, as %2B8613800000000", http.StatusBadRequest)
		return
	}
	messages := s.Messages(to)
	total := len(messages)
	slices.Reverse(messages)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	_ = inbox.Execute(w, map[string]any{ // a client that has gone is all that can fail
		"To": string(to), "Total": total, "Messages": inboxRows(messages[:min(total, maxShown)]),
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

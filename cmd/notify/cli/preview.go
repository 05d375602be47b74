package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/sms"
)

// A shown preview is what one provider would send, or why it would not. It holds
// the text in full, for the person who asked.
type shownPreview struct {
	Provider   string            `json:"provider"`
	Text       string            `json:"text,omitempty"`
	Segments   int               `json:"segments,omitempty"`
	Encoding   string            `json:"encoding,omitempty"`
	Because    []string          `json:"ucs2_because,omitempty"` // the characters that GSM-7 does not have
	Parameters map[string]string `json:"parameters,omitempty"`
	Reason     sms.Reason        `json:"reason,omitempty"`
	Error      string            `json:"error,omitempty"`
}

// preview asks each of the providers what it would send for a message.
func (o *opened) preview(r notify.Resolved, providers []string) []shownPreview {
	all := make([]shownPreview, 0, len(providers))
	for _, name := range providers {
		s := shownPreview{Provider: name}
		provider, _ := o.client.Provider(name)
		p, err := provider.Preview(r)
		if errors.Is(err, errors.ErrUnsupported) {
			err = sms.Refuse(r.Message, sms.Unsupported, errors.New("this provider cannot show what it would send"))
		}
		if err != nil {
			s.Reason, s.Error = sms.ReasonOf(err), err.Error()
		} else {
			s.Text, s.Segments, s.Encoding, s.Parameters = p.Text, p.Segments, p.Encoding, p.Parameters
			if p.Encoding == "UCS-2" {
				s.Because = outsideGSM(p.Text)
			}
		}
		all = append(all, s)
	}
	return all
}

// outsideGSM lists the characters of text that the GSM 7-bit alphabet lacks, each
// once, in order.
func outsideGSM(text string) (list []string) {
	for _, c := range text {
		if _, unicode := sms.CountSegments(string(c)); unicode && !slices.Contains(list, string(c)) {
			list = append(list, string(c))
		}
	}
	return list
}

// because names the first few of the characters.
func because(characters []string) string {
	const most = 5
	if len(characters) == 0 {
		return ""
	}
	quoted := make([]string, 0, most)
	for _, c := range characters[:min(most, len(characters))] {
		quoted = append(quoted, fmt.Sprintf("%q", c))
	}
	text := ", because of " + strings.Join(quoted, ", ")
	if rest := len(characters) - most; rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}

// writePreviews shows them one below the other.
func (a *app) writePreviews(all []shownPreview) {
	p := a.colours()
	for i, s := range all {
		if i > 0 {
			a.out.println()
		}
		a.out.println(p.paint(bold, s.Provider))
		var t table
		if s.Error != "" {
			t.cells([]cell{{"  refused", red}, {s.Error, 0}})
			t.write(a.out, p)
			continue
		}
		t.row("  text", s.Text)
		t.row("  segments", fmt.Sprintf("%d, %s%s", s.Segments, s.Encoding, because(s.Because)))
		for _, name := range slices.Sorted(maps.Keys(s.Parameters)) {
			t.row("  "+name, s.Parameters[name])
		}
		t.write(a.out, p)
	}
}

// exampleNumber is a number of the sandbox's that a template of this kind may go to.
func exampleNumber(t sms.Template) sms.Number {
	if t.Kind == sms.International {
		return "+12025550123"
	}
	return "+8613800000000"
}

// refusedByAll tells whether nobody would send it.
func refusedByAll(all []shownPreview) bool {
	return !slices.ContainsFunc(all, func(s shownPreview) bool { return s.Error == "" })
}

// kindName names a kind, an unset one as what it is treated as.
func kindName(k sms.Kind) string { return k.OrDefault().String() }

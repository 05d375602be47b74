package delivery

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/notifykit/notify/sms"
)

// An OptOut is a person's decision about messages, from a reply or from a report.
type OptOut struct {
	// To is the person's number, in full.
	To sms.Number
	// On reports that nothing more may be sent; false: messages are welcome again.
	On bool
	// Provider is the configured provider that brought it.
	Provider string
	// By is "reply" or "report".
	By string
}

// Reply handles a reply: it finds out what the person asks for, calls OnOptOut for STOP
// and START, and then OnReply. It returns nil once both have. A reply may be handled
// more than once, because vendors repeat what is not answered.
func (t *Tracker) Reply(ctx context.Context, r sms.Reply) error {
	if r.Keyword == 0 {
		r.Keyword = Keyword(r.Text, r.From.Region())
	}
	if on := r.Keyword == sms.KeywordStop; t.o.OnOptOut != nil && r.From.Valid() && (on || r.Keyword == sms.KeywordStart) {
		if err := t.o.OnOptOut(ctx, OptOut{To: r.From, On: on, Provider: r.Provider, By: "reply"}); err != nil {
			return fmt.Errorf("delivery: OnOptOut: %w", err)
		}
	}
	if t.o.OnReply == nil {
		return nil
	}
	if err := t.o.OnReply(ctx, r); err != nil {
		return fmt.Errorf("delivery: OnReply: %w", err)
	}
	return nil
}

// optedOut calls OnOptOut for the reports that say so.
func (t *Tracker) optedOut(ctx context.Context, reports []sms.Report) error {
	for _, r := range reports {
		if !r.OptedOut || !r.To.Valid() || t.o.OnOptOut == nil {
			continue
		}
		if err := t.o.OnOptOut(ctx, OptOut{To: r.To, On: true, Provider: r.Provider, By: "report"}); err != nil {
			return fmt.Errorf("delivery: OnOptOut: %w", err)
		}
	}
	return nil
}

// words are the keywords that hold everywhere, folded.
var words = map[string]sms.Keyword{
	"stop": sms.KeywordStop, "stopall": sms.KeywordStop, "stop all": sms.KeywordStop, "unsubscribe": sms.KeywordStop, "quit": sms.KeywordStop,
	"revoke": sms.KeywordStop, "optout": sms.KeywordStop, "opt out": sms.KeywordStop, "opt-out": sms.KeywordStop, "remove": sms.KeywordStop,
	"arret": sms.KeywordStop, "baja": sms.KeywordStop, "parar": sms.KeywordStop, "halt": sms.KeywordStop, "stopp": sms.KeywordStop,
	"ferma": sms.KeywordStop, "unsub": sms.KeywordStop, "detener": sms.KeywordStop, "остановить": sms.KeywordStop, "zatrzymaj": sms.KeywordStop,
	"退订": sms.KeywordStop, "退訂": sms.KeywordStop, "拒收": sms.KeywordStop, "取消订阅": sms.KeywordStop, "取消訂閱": sms.KeywordStop,
	"start": sms.KeywordStart, "unstop": sms.KeywordStart, "nonarret": sms.KeywordStart,
	"help": sms.KeywordHelp, "info": sms.KeywordHelp, "aide": sms.KeywordHelp, "hilfe": sms.KeywordHelp, "ayuda": sms.KeywordHelp,
	"ajuda": sms.KeywordHelp, "aiuto": sms.KeywordHelp, "hulp": sms.KeywordHelp, "помощь": sms.KeywordHelp, "帮助": sms.KeywordHelp,
}

// regional are words that are everyday ones elsewhere.
var regional = map[string]map[string]sms.Keyword{
	"US": {"cancel": sms.KeywordStop, "end": sms.KeywordStop},
	"CA": {"cancel": sms.KeywordStop, "end": sms.KeywordStop},
	"CN": {"t": sms.KeywordStop, "td": sms.KeywordStop, "r": sms.KeywordStop, "n": sms.KeywordStop},
}

// Keyword returns what a reply asks for: KeywordStop, KeywordStart, KeywordHelp, or zero.
// The whole text must be the word. Case, accents, blanks and punctuation around it do
// not matter. region is the sender's, as in Number.Region: "T" and "R" mean STOP in
// mainland China, "END" and "CANCEL" in the United States and Canada only.
func Keyword(text, region string) sms.Keyword {
	if len(text) > 64 {
		return 0
	}
	word := fold(text)
	if k, ok := words[word]; ok {
		return k
	}
	return regional[region][word]
}

// accents maps letters with accents to those without, for the languages of the words.
var accents = strings.NewReplacer("à", "a", "á", "a", "â", "a", "ã", "a", "ä", "a", "ç", "c", "è", "e", "é", "e", "ê", "e", "ë", "e",
	"ì", "i", "í", "i", "î", "i", "ï", "i", "ñ", "n", "ò", "o", "ó", "o", "ô", "o", "õ", "o", "ö", "o", "ù", "u", "ú", "u", "û", "u", "ü", "u")

// fold returns text in lower case, without accents, in narrow letters, and with single
// blanks.
func fold(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Mn, r): // an accent by itself
		case '！' <= r && r <= '～': // a wide form, as Chinese keyboards write it
			b.WriteRune(unicode.ToLower(r - '！' + '!'))
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	word := strings.TrimFunc(b.String(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return accents.Replace(strings.Join(strings.Fields(word), " "))
}

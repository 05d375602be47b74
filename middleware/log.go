package middleware

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/notifykit/notify/internal/redact"
	"github.com/notifykit/notify/sms"
)

// LogOptions set up a [LogWith].
type LogOptions struct {
	// Logger gets a record for each message. Nil: none.
	Logger *slog.Logger
	// OnAccount is told that a vendor refuses the credentials or has stopped the
	// account, once an hour at most for each provider: with a Failover messages
	// still go out, and nobody would notice until the next account is empty too.
	// It is called by the goroutine that sends, before Send returns. Nil: nobody is.
	OnAccount func(context.Context, AccountFault)
}

// An AccountFault is a vendor's account that needs a person.
type AccountFault struct {
	Provider string
	Reason   sms.Reason // Unauthorized or AccountBlocked
	Err      error      // the vendor's words
}

// accountEvery is how often OnAccount is told of one provider at most.
const accountEvery = time.Hour

// Log writes one record for each message: "sms accepted" at Info, "sms rejected"
// at Warn, "sms outcome unknown" at Error; a vendor's account that is refused or
// stopped, whatever became of the message, "sms account fault" at Error, once an
// hour at most for each provider.
//
// The attributes are key, to (masked), region, template, kind, outcome, took, and
// where there are such provider, id, request_id, segments, attempts (how many,
// where several), reason, code, error. No number in full, no value, no body.
func Log(l *slog.Logger) sms.Middleware { return LogWith(LogOptions{Logger: l}) }

// LogWith is [Log] with options.
func LogWith(o LogOptions) sms.Middleware {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return func(next sms.Sender) sms.Sender {
		return &logging{next: next, o: o, told: map[string]time.Time{}}
	}
}

type logging struct {
	next sms.Sender
	o    LogOptions

	mu   sync.Mutex
	told map[string]time.Time // by provider: when OnAccount was told last
}

func (l *logging) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	began := clock()
	receipt, err := l.next.Send(ctx, m)
	took := clock() - began
	level, text := slog.LevelInfo, "sms accepted"
	switch sms.OutcomeOf(err) {
	case sms.Rejected:
		level, text = slog.LevelWarn, "sms rejected"
	case sms.Unknown:
		level, text = slog.LevelError, "sms outcome unknown"
	}
	if l.o.Logger.Enabled(ctx, level) {
		l.o.Logger.LogAttrs(ctx, level, text, attributes(m, receipt, err, took)...)
	}
	if err != nil || len(receipt.Attempts) > 0 {
		for _, a := range sms.AppendAttempts(nil, receipt, err, took) {
			l.account(ctx, m, a)
		}
	}
	return receipt, err
}

// account tells of a's account, where it is at fault and nobody was told lately.
func (l *logging) account(ctx context.Context, m sms.Message, a sms.Attempt) {
	reason := sms.ReasonOf(a.Err)
	if reason != sms.Unauthorized && reason != sms.AccountBlocked || !l.due(a.Provider) {
		return
	}
	l.o.Logger.LogAttrs(ctx, slog.LevelError, "sms account fault",
		slog.String("provider", a.Provider), slog.String("reason", string(reason)), slog.String("error", redact.Words(a.Err.Error(), m)))
	if l.o.OnAccount != nil {
		l.o.OnAccount(ctx, AccountFault{Provider: a.Provider, Reason: reason, Err: a.Err})
	}
}

func (l *logging) due(provider string) bool {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, ok := l.told[provider]; ok && now.Sub(last) < accountEvery {
		return false
	}
	l.told[provider] = now
	return true
}

func attributes(m sms.Message, r sms.Receipt, err error, took time.Duration) []slog.Attr {
	list := make([]slog.Attr, 0, 14)
	add := func(name, value string) {
		if value != "" {
			list = append(list, slog.String(name, value))
		}
	}
	e := sms.AsError(err)
	if e == nil {
		e = &sms.Error{Provider: r.Provider, Key: r.Key, RequestID: r.RequestID, Attempts: r.Attempts}
	}
	add("key", cmp.Or(e.Key, m.Key))
	add("to", m.To.String())
	add("region", m.To.Region())
	add("template", m.Template)
	add("kind", cmp.Or(m.Kind, sms.KindOf(err)).String())
	add("outcome", sms.OutcomeOf(err).String())
	list = append(list, slog.Duration("took", took))
	add("provider", e.Provider)
	add("id", r.ID)
	add("request_id", e.RequestID)
	if r.Segments > 0 {
		list = append(list, slog.Int("segments", r.Segments))
	}
	if len(e.Attempts) > 0 {
		list = append(list, slog.Int("attempts", len(e.Attempts)))
	}
	if err != nil {
		add("reason", string(sms.ReasonOf(err)))
		add("code", e.Code)
		add("error", redact.Words(err.Error(), m)) // providers have masked theirs; others may not have
	}
	return list
}

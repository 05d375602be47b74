package middleware

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/notifykit/notify/internal/redact"
	"github.com/notifykit/notify/sms"
)

// LogOptions configure [LogWith].
type LogOptions struct {
	// Logger receives a record for each message. Nil discards them.
	Logger *slog.Logger
	// OnAccount is called if a vendor refuses the credentials or has stopped the
	// account, at most once an hour for each provider. With a Failover messages are
	// still sent, so the fault could stay unnoticed until the next account is empty
	// too. It is called by the goroutine that sends, before Send returns. Nil is not
	// called.
	OnAccount func(context.Context, AccountFault)
}

// An AccountFault reports a vendor's account that a person must look at.
type AccountFault struct {
	Provider string
	Reason   sms.Reason // Unauthorized or AccountBlocked
	Err      error      // the vendor's words
}

// accountEvery is the shortest time between two calls of OnAccount for one provider.
const accountEvery = time.Hour

// Log writes one record for each message: "sms accepted" at Info, "sms rejected" at
// Warn, "sms outcome unknown" at Error. A message that an outbox keeps until its turn
// ([sms.ErrTurn]) is "sms waits for its turn" at Debug. If a vendor refuses the
// credentials or has stopped the account, Log also writes "sms account fault" at
// Error, at most once an hour for each provider, whatever the outcome of the message.
//
// The attributes are key, to (masked), region, template, kind, outcome and took, and,
// if known, provider, id, request_id, segments, attempts (their number, if there are
// several), reason, code and error. A record holds no number in full, no value of a
// template and no body.
func Log(l *slog.Logger) sms.Middleware { return LogWith(LogOptions{Logger: l}) }

// LogWith is [Log] with options.
func LogWith(o LogOptions) sms.Middleware {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return func(next sms.Sender) sms.Sender {
		return &logging{next: next, o: o, reported: map[string]time.Time{}}
	}
}

type logging struct {
	next sms.Sender
	o    LogOptions

	mu       sync.Mutex
	reported map[string]time.Time // by provider: when its account was reported last
}

func (l *logging) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	began := clock()
	receipt, err := l.next.Send(ctx, m)
	took := clock() - began
	level, text := slog.LevelInfo, "sms accepted"
	switch outcome := sms.OutcomeOf(err); {
	case errors.Is(err, sms.ErrTurn) && outcome == sms.Rejected: // a queue keeps it and sends it at its turn
		level, text = slog.LevelDebug, "sms waits for its turn"
	case outcome == sms.Rejected:
		level, text = slog.LevelWarn, "sms rejected"
	case outcome == sms.Unknown:
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

// account reports the account of a if it is at fault and was not reported lately.
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
	if last, ok := l.reported[provider]; ok && now.Sub(last) < accountEvery {
		return false
	}
	l.reported[provider] = now
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

package middleware_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// A message that an outbox keeps until its turn is no refusal that a person must see.
func TestLog_turn(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{sms.Refuse(sms.Message{}, sms.Canceled, sms.ErrTurn), "level=DEBUG msg=\"sms waits for its turn\""},
		{sms.Refuse(sms.Message{}, sms.Canceled, context.Canceled), "level=WARN msg=\"sms rejected\""},
		{&sms.Error{Reason: sms.Canceled, Outcome: sms.Unknown, Err: fmt.Errorf("first try lost: %w", sms.ErrTurn)}, "level=ERROR msg=\"sms outcome unknown\""},
	} {
		var out bytes.Buffer
		l := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		s := sms.Chain(sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) { return sms.Receipt{}, c.err }), middleware.Log(l))
		if _, err := s.Send(t.Context(), sms.Message{To: "+8613800000000", Body: "x"}); err == nil {
			t.Fatal("no error")
		}
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%v: %s, want %s", c.err, out.String(), c.want)
		}
	}
}

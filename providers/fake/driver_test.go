package fake_test

import (
	"errors"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

func TestDriver(t *testing.T) {
	open := func(decode func(any) error) (sms.Sender, error) {
		return fake.Driver().Open(sms.DriverConfig{Name: "local", Decode: decode})
	}
	s, err := open(func(into any) error { into.(*fake.Options).Latency = time.Nanosecond; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.Send(t.Context(), hello(ann)); err != nil || r.Provider != "local" {
		t.Errorf("the configured name is local, and the receipt is of %q, %v", r.Provider, err)
	}
	s, err = open(func(into any) error { into.(*fake.Options).Latency = -1; return nil })
	if f, ok := errors.AsType[*sms.FieldError](err); !ok || f.Path != "latency" || s != nil {
		t.Errorf("a negative latency: %v, %v", s, err)
	}
	wrong := errors.New("no such key")
	if s, err = open(func(any) error { return wrong }); !errors.Is(err, wrong) || s != nil {
		t.Errorf("settings that cannot be read: %v, %v", s, err)
	}
}

func TestInTheDriversPlace(t *testing.T) {
	p := newFake(t, fake.Options{})
	open := func(driver, name string) sms.Sender {
		s, err := p.Driver(driver).Open(sms.DriverConfig{Name: name, Decode: func(any) error {
			return errors.New("settings of another driver")
		}})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if name := p.Driver("aliyun").Name; name != "aliyun" {
		t.Errorf("the driver is called %q", name)
	}
	first, second := open("aliyun", "mainland"), open("twilio", "abroad")
	for s, name := range map[sms.Sender]string{first: "mainland", second: "abroad"} {
		m := hello(ann)
		m.Key = name
		if r, err := s.Send(t.Context(), m); err != nil || r.Provider != name {
			t.Errorf("configured as %q, the receipt is of %q, %v", name, r.Provider, err)
		}
	}
	if n := len(p.Sent()); n != 2 {
		t.Errorf("the fake behind both has %d messages", n)
	}
	// Each vendor is asked for its own messages alone.
	finder := first.(sms.Finder)
	m := hello(ann)
	m.Key = "abroad"
	if _, err := finder.Ask(t.Context(), sms.Question{Message: m, Since: time.Now()}); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("the message of abroad was asked for at mainland: %v", err)
	}
	// A client that closes its provider does not close the fake of the test.
	first.(interface{ Close() error }).Close()
	if _, err := first.Send(t.Context(), hello(ann)); !errors.Is(err, sms.ErrClosed) {
		t.Errorf("a call of a closed provider: %v", err)
	}
	if _, err := second.Send(t.Context(), hello(ann)); err != nil {
		t.Errorf("closing one provider closed the other: %v", err)
	}
}

func TestAbilities(t *testing.T) {
	registry, err := sms.NewRegistry(sms.Template{Name: "notice", Text: "Hello ${name}", Bindings: map[string]sms.Binding{"fake": {Text: "你好 ${name}"}}})
	if err != nil {
		t.Fatal(err)
	}
	p := newFake(t, fake.Options{Templates: registry})
	if err := p.CheckTemplate("notice", sms.Params{"name": "Ann"}); err != nil {
		t.Errorf("values that are right: %v", err)
	}
	if err := p.CheckTemplate("notice", nil); !errors.Is(err, sms.InvalidMessage) || sms.AsError(err).Provider != "fake" {
		t.Errorf("a missing value: %v", err)
	}
	got, err := p.Preview(sms.Message{To: ann, Template: "notice", Params: sms.Params{"name": "Ann"}, From: "acme"})
	if err != nil || got.Text != "你好 Ann" || got.Encoding != "UCS-2" || got.Segments != 1 || got.Provider != "fake" {
		t.Errorf("the preview is %+v, %v", got, err)
	}
	if got.Parameters["to"] != ann.E164() || got.Parameters["from"] != "acme" || got.Parameters["template"] != "notice" {
		t.Errorf("the parameters are %v", got.Parameters)
	}
	if _, err := p.Preview(sms.Message{To: "123", Body: "Hello"}); !errors.Is(err, sms.InvalidNumber) {
		t.Errorf("the preview of a wrong number: %v", err)
	}
	if got, err := p.Preview(hello(ann)); err != nil || got.Encoding != "GSM-7" {
		t.Errorf("the preview of a body: %+v, %v", got, err)
	}
	if len(p.Calls()) != 0 {
		t.Error("a preview was sent")
	}
}

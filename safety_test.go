package notify_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

const (
	person   = sms.Number("+8613800000001")
	stranger = sms.Number("+8613800000002")
)

// Outside of production a real vendor is given the allowed numbers only; what is
// held back is a refusal that says so, never a receipt.
func TestNew_outside_of_production_holds_back(t *testing.T) {
	for name, c := range map[string]struct {
		config notify.Config
		to     sms.Number
		sent   bool
	}{
		"a stranger":              {notify.Config{Environment: "staging", AllowedNumbers: []sms.Number{person}}, stranger, false},
		"one that is allowed":     {notify.Config{Environment: "staging", AllowedNumbers: []sms.Number{person}}, person, true},
		"any number":              {notify.Config{Environment: "staging", Allow: []string{notify.AllowAnyNumber}}, stranger, true},
		"redirected":              {notify.Config{Environment: "staging", Redirect: person}, stranger, true},
		"production":              {notify.Config{Environment: "production"}, stranger, true},
		"no environment is named": {notify.Config{}, stranger, true},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor("a")
			c.config.Providers = map[string]notify.ProviderConfig{"a": {Sender: v}}
			client, err := notify.New(c.config)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			_, err = client.Send(t.Context(), sms.Message{To: c.to, Body: "Hello"})
			if c.sent != (err == nil) || c.sent != (len(v.calls) == 1) {
				t.Fatalf("%d calls, %v", len(v.calls), err)
			}
			if !c.sent && (sms.OutcomeOf(err) != sms.Rejected || sms.ReasonOf(err) != sms.Unsupported ||
				!strings.Contains(err.Error(), "allowed_numbers") || strings.Contains(err.Error(), string(c.to))) {
				t.Errorf("it is not told as held back: %v", err)
			}
		})
	}
}

// A fake rings no telephone: it takes every number, and what a vendor is not
// given goes on to it.
func TestNew_outside_of_production_a_fake_takes_every_number(t *testing.T) {
	v, f := newVendor("a"), fakeOf(t)
	client, err := notify.New(notify.Config{Environment: "development",
		Providers: map[string]notify.ProviderConfig{"a": {Sender: v}, "b": {Driver: "fake"}},
		Routes:    []notify.Route{{Providers: []string{"a", "b"}}},
	}, f.Driver("fake"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	receipt, err := client.Send(t.Context(), sms.Message{To: stranger, Body: "Hello"})
	if err != nil || receipt.Provider != "b" || len(v.calls) != 0 {
		t.Errorf("%+v, %v, %d calls of the vendor", receipt, err, len(v.calls))
	}
}

func fakeOf(t *testing.T) *fake.Provider {
	t.Helper()
	f, err := fake.New(fake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestNew_refuses_what_is_no_number_and_no_allowance(t *testing.T) {
	_, err := notify.New(notify.Config{
		Providers: map[string]notify.ProviderConfig{"a": {Sender: newVendor("a")}},
		Redirect:  "138", AllowedNumbers: []sms.Number{"139"}, Allow: []string{"fakes"},
	})
	if err == nil {
		t.Fatal("it was opened")
	}
	for _, want := range []string{"redirect: it is no number", "allowed_numbers[0]: it is no number", `allow[0]: there is no allowance "fakes": did you mean "fake"?`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
}

// A secret written plainly in the file is a warning, and in production a fault.
func TestOpen_a_secret_in_the_file(t *testing.T) {
	text := "providers: {a: {driver: vendor, access_key_id: i, access_key_secret: s3cr3t-v4lue}}\n"
	load := func(environment string) (notify.Config, *bytes.Buffer) {
		c, err := notify.LoadConfig(write(t, text), notify.LoadOptions{Environment: environment, Getenv: env(nil)})
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		return c, &log
	}
	c, _ := load("production")
	_, err := notify.New(c, vendorDriver(nil))
	if err == nil || !strings.Contains(err.Error(), ":1:51: providers.a.access_key_secret: a secret stands in the file") || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("production: %v", err)
	}
	c, log := load("staging")
	client, err := notify.New(c, vendorDriver(nil))
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	if !strings.Contains(log.String(), "level=WARN msg=\"secrets stand in the file") || !strings.Contains(log.String(), "providers.a.access_key_secret") || strings.Contains(log.String(), "s3cr3t") {
		t.Errorf("staging: %s", log)
	}
}

// In production everything that counts in this process only is named.
func TestNew_in_production_names_what_holds_per_process(t *testing.T) {
	var log bytes.Buffer
	client, err := notify.New(notify.Config{
		Environment: "production", Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Providers:   map[string]notify.ProviderConfig{"a": {Sender: newVendor("a")}},
		Deduplicate: time.Hour,
		Limits: notify.Limits{
			PerNumber:   []middleware.Window{{Count: 5, Per: time.Hour}},
			PerProvider: map[string]float64{"a": 10},
			Budget:      []middleware.BudgetLimit{{Name: "daily", Segments: 1000, Per: 24 * time.Hour}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	for _, want := range []string{"limits.per_number 5 in 1h0m0s", "limits.per_provider.a", "limits.budget.daily", "policies.deduplicate for 1h0m0s"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in:\n%s", want, &log)
		}
	}
}

// Find, Preview and the route are of the number that a message really goes to.
func TestNew_redirect(t *testing.T) {
	a, b := newVendor("a"), newVendor("b")
	client, err := notify.New(notify.Config{
		Redirect: "+15005550006", Providers: map[string]notify.ProviderConfig{"a": {Sender: a}, "b": {Sender: b}},
		Routes: []notify.Route{{Regions: []string{"CN"}, Providers: []string{"a"}}, {Providers: []string{"b"}}},
		Limits: notify.Limits{PerNumber: []middleware.Window{{Count: 1, Per: time.Hour}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, to := range []sms.Number{person, stranger} { // each has a limit of its own
		if receipt, err := client.Send(t.Context(), sms.Message{To: to, Body: "Hello"}); err != nil || receipt.Provider != "b" {
			t.Errorf("%v: %+v, %v", to, receipt, err)
		}
	}
	if _, err := client.Send(t.Context(), sms.Message{To: person, Body: "Hello"}); sms.ReasonOf(err) != sms.RecipientLimited {
		t.Errorf("its own number was not counted: %v", err)
	}
	if len(a.calls) != 0 || len(b.calls) != 2 || b.calls[0].To != "+15005550006" {
		t.Errorf("calls: %v, %v", a.calls, b.calls)
	}
}

func TestNew_dry_run_deduplicate_and_budget(t *testing.T) {
	v := newVendor("a")
	config := notify.Config{Providers: map[string]notify.ProviderConfig{"a": {Sender: v}}, DryRun: true}
	send := func(c notify.Config, messages ...sms.Message) (receipts []sms.Receipt, errs []error) {
		client, err := notify.New(c)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		for _, m := range messages {
			receipt, err := client.Send(t.Context(), m)
			receipts, errs = append(receipts, receipt), append(errs, err)
		}
		return receipts, errs
	}
	hello := sms.Message{To: person, Body: "Hello", Key: "k"}
	if receipts, errs := send(config, hello); errs[0] != nil || receipts[0].Provider != notify.DryRunProvider || len(v.calls) != 0 {
		t.Errorf("dry run: %+v, %v, %d calls", receipts, errs, len(v.calls))
	}
	config.DryRun, config.Deduplicate = false, time.Hour
	if receipts, errs := send(config, hello, hello); errs[1] != nil || receipts[0].ID != receipts[1].ID || len(v.calls) != 1 {
		t.Errorf("deduplicate: %+v, %v, %d calls", receipts, errs, len(v.calls))
	}
	config.Deduplicate, config.Limits.Budget = 0, []middleware.BudgetLimit{{Name: "daily", Segments: 1, Per: 24 * time.Hour}}
	if _, errs := send(config, hello, hello); errs[0] != nil || sms.ReasonOf(errs[1]) != sms.OverBudget || len(v.calls) != 2 {
		t.Errorf("budget: %v, %d calls", errs, len(v.calls))
	}
	config.Limits.Budget = append(config.Limits.Budget, config.Limits.Budget[0])
	if _, err := notify.New(config); err == nil || !strings.Contains(err.Error(), "limits.budget.daily: there are two of this name") {
		t.Errorf("two budgets of one name: %v", err)
	}
}

package twilio_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sms"
)

// An expectation says what a code has to allow, by its meaning and not by the
// table: whether another vendor may try, which is what costs a message or money
// where it is wrong.
type expectation struct {
	codes   string
	another bool // another vendor may try
	status  int  // with which Twilio answers it; 0: it does not, it comes in reports
}

var expectations = []expectation{
	// The account, its credentials, its senders: other vendors have their own.
	{"10001 20005", true, 403},
	{"20003 21222 21224", true, 401},
	{"20006 20008 20403", true, 403},
	{"20404", true, 404}, {"20410", true, 410},
	{"21212 21408 21601 21603 21606 21607 21608 21609 21612 21616 21657 21660", true, 400},
	{"21703 21704 21705 21708 21709 21711 21621 21622 21654 21655", true, 400},
	{"60204 60220 60223 60238", true, 400},
	// Too many calls.
	{"20429 21611", true, 429},
	// The message or the recipient: no vendor could do it, or none may.
	{"21211 21214 21604 21614 60205", false, 400},
	{"21610", false, 400},
	{"21602 21605 21617 21618 21619 21620 21623 21656 60200", false, 400},
	{"20422", false, 422},
	// A loop or a fraud, which would move on with the message.
	{"14107 60202 60203 60207 60212 60410 60605", false, 429},
	// Requests that we have built wrongly.
	{"20409", false, 409}, {"21624", false, 400},
	// The service itself, about which nobody knows.
	{"20500", true, 500}, {"20503", true, 503},
	// Reports.
	{"30001 30002 30003 30008 30010 30017 30018 30020 30021 30022 30023 30024 30027 30032 30033 30034 30035 30410", true, 0},
	{"63002 63016 63018 63038 30025 30026", true, 0},
	{"30004 30005 30006 30007 30009 30019 30036 30038 30450 63003 63024 11200", false, 0},
}

func TestEveryCodeThroughTheSDK(t *testing.T) {
	seen := map[string]bool{}
	table := twilio.Codes()
	for _, want := range expectations {
		for code := range strings.FieldsSeq(want.codes) {
			t.Run(code, func(t *testing.T) {
				if seen[code] {
					t.Fatal("it is expected twice")
				}
				seen[code] = true
				i := slices.IndexFunc(table, func(c sms.CodeInfo) bool { return c.Code == code })
				if i < 0 {
					t.Fatal("it is not in the table")
				}
				row := table[i]
				if row.Reason.AnotherVendor() != want.another {
					t.Errorf("%s: another vendor may try: %v, want %v", string(row.Reason), !want.another, want.another)
				}
				if row.Late != (want.status == 0) {
					t.Errorf("Late is %v", row.Late)
				}
				if want.status != 0 {
					sendsTo(t, row, want.status)
				}
			})
		}
	}
	for _, row := range table {
		if !seen[row.Code] {
			t.Errorf("%s is in the table, and nothing is expected of it", row.Code)
		}
	}
}

// sendsTo sends to a vendor that answers with the code of row.
func sendsTo(t *testing.T, row sms.CodeInfo, status int) {
	words := "Twilio's words about it"
	v := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		answer(status, fmt.Sprintf(`{"code":%s,"message":%q,"more_info":"https://www.twilio.com/docs/errors/%[1]s","status":%[3]d}`, row.Code, words, status))(w, r)
	})
	_, err := open(t, options(t, v.URL)).Send(t.Context(), login())
	e := refused(t, err, row.Reason, row.Outcome)
	if e.Code != row.Code || e.Message != words || e.RequestID != requestID || e.RetryAfter.Seconds() != 7 {
		t.Errorf("code %q, message %q, request %q, retry after %v", e.Code, e.Message, e.RequestID, e.RetryAfter)
	}
	v.only(t)
}

func TestCodesThatMatterMost(t *testing.T) {
	want := map[string]sms.Reason{
		"21610": sms.RecipientBlocked, "30004": sms.RecipientBlocked,
		"20003": sms.Unauthorized, "20005": sms.AccountBlocked, "30002": sms.AccountBlocked,
		"20429": sms.Throttled, "21611": sms.Throttled, "30001": sms.Throttled, "30022": sms.Throttled,
		"21211": sms.InvalidNumber, "21614": sms.InvalidNumber, "30005": sms.InvalidNumber,
		"21617": sms.InvalidMessage, "21618": sms.ContentRejected, "30007": sms.ContentRejected,
		"21408": sms.Unsupported, "21655": sms.TemplateRejected, "30036": sms.Expired, "30450": sms.RecipientLimited,
	}
	for _, row := range twilio.Codes() {
		if reason, ok := want[row.Code]; ok && row.Reason != reason {
			t.Errorf("%s is %s, want %s", row.Code, string(row.Reason), string(reason))
		}
		delete(want, row.Code)
	}
	if len(want) > 0 {
		t.Errorf("not in the table: %v", want)
	}
}

func TestTableIsWellFormed(t *testing.T) {
	table := twilio.Codes()
	if !slices.IsSortedFunc(table, func(a, b sms.CodeInfo) int { return strings.Compare(a.Code, b.Code) }) {
		t.Error("it is not sorted by code, and is searched by halves")
	}
	for _, row := range table {
		if len(row.Code) != 5 || row.Meaning == "" || row.Advice == "" || !slices.Contains(sms.Reasons(), row.Reason) || row.Outcome == sms.Accepted {
			t.Errorf("a row lacks something: %+v", row)
		}
	}
	table[0].Reason = sms.Canceled
	if twilio.Codes()[0].Reason == sms.Canceled {
		t.Error("Codes hands out the table itself")
	}
}

package tencent

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// china is the zone of the vendor's days and push times.
var china = time.FixedZone("UTC+8", 8*60*60)

// A refusal is a message that was refused: DescribeSendRecordList lists it too.
type refusal struct {
	to        sms.Number
	app, code string
	at        time.Time
}

// refusals keep the newest.
type refusals struct {
	mu   sync.Mutex
	list []refusal
}

const maxRefusals = 2000

func (s *refusals) add(r refusal) {
	if len(r.app) > 32 { // of a lenient sandbox
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.list = append(s.list, r); len(s.list) > maxRefusals {
		s.list = slices.Delete(s.list, 0, len(s.list)-maxRefusals)
	}
}

// A recordRequest is the body of DescribeSendRecordList and of
// PullSmsSendStatusByPhoneNumber.
type recordRequest struct {
	PhoneNumber, SmsSdkAppId string
	BeginTime                int64
	EndTime                  *int64
	Limit, Offset            *int
}

// A span is the time and the page that a request asks for.
type span struct {
	to            sms.Number
	from, until   time.Time
	limit, offset int
}

func orElse[T any](given *T, otherwise T) T {
	if given == nil {
		return otherwise
	}
	return *given
}

// readSpan reads a request that goes back by so much at most.
func (v *vendor) readSpan(c *call, back time.Duration, maxLimit, maxOffset int) (s span, f *failure) {
	r := c.params.(*recordRequest)
	if f := v.checkApp(c, r.SmsSdkAppId); f != nil {
		return s, f
	}
	to, _, ok := readNumber(r.PhoneNumber)
	s = span{to: to, from: time.Unix(r.BeginTime, 0), until: time.Unix(orElse(r.EndTime, c.now.Unix()), 0), limit: orElse(r.Limit, min(20, maxLimit)), offset: orElse(r.Offset, 0)}
	code := ""
	switch {
	case !ok:
		code = "InvalidParameterValue.IncorrectPhoneNumber"
	case r.BeginTime <= 0 || c.now.Sub(s.from) > back:
		code = "InvalidParameterValue.BeginTimeVerifyFail"
	case s.until.After(c.now) || s.until.Before(s.from):
		code = "InvalidParameterValue.EndTimeVerifyFail"
	case s.limit < 1 || s.limit > maxLimit:
		code = "InvalidParameterValue.LimitVerifyFail"
	case s.offset < 0 || s.offset > maxOffset:
		code = "InvalidParameterValue.OffsetVerifyFail"
	default:
		return s, nil
	}
	return s, &failure{code, wordsOf(code)}
}

// A sendRecord is a message as DescribeSendRecordList shows it.
type sendRecord struct {
	PhoneNumber, SerialNo     string
	SendStatus                int // 1 refused, 2 delivered, 3 on its way, 4 not delivered
	RequestCode, StatusCode   string
	IsoCode, Content          string
	SendTime, UserReceiveTime int64
	at                        time.Time
}

// describeSendRecordList lists what was sent to one number, the newest first, with
// what was refused.
func (v *vendor) describeSendRecordList(c *call, o kernel.Order) (map[string]any, *failure) {
	s, f := v.readSpan(c, 72*time.Hour, 50, 1000)
	if f != nil {
		return nil, f
	}
	app := c.params.(*recordRequest).SmsSdkAppId
	within := func(at time.Time) bool {
		return !at.Before(s.from) && at.Unix() <= s.until.Unix() && c.now.Sub(at) >= o.ListAfter
	}
	found := []sendRecord{}
	v.desk.Newest(c.now, func(r *kernel.Record, status kernel.Status) bool {
		if r.To == s.to && r.Account == app && within(r.At) {
			found = append(found, recordOf(r, status))
		}
		return true
	})
	v.refusals.mu.Lock()
	for _, r := range v.refusals.list {
		if r.to == s.to && r.app == app && within(r.at) {
			found = append(found, sendRecord{PhoneNumber: string(r.to), SendStatus: 1, RequestCode: r.code, IsoCode: isoCode(r.to), SendTime: r.at.Unix(), at: r.at})
		}
	}
	v.refusals.mu.Unlock()
	slices.SortStableFunc(found, func(a, b sendRecord) int { return b.at.Compare(a.at) })
	total := min(len(found), 1000)
	found = found[min(s.offset, len(found)):]
	return map[string]any{"SendRecordSet": found[:min(s.limit, len(found))], "TotalCount": total}, nil
}

func recordOf(r *kernel.Record, s kernel.Status) sendRecord {
	record := sendRecord{PhoneNumber: string(r.To), SerialNo: r.ID, SendStatus: 3, RequestCode: "Ok", IsoCode: isoCode(r.To), Content: mask(r.Text), SendTime: r.At.Unix(), at: r.At}
	if s.State.Final() {
		record.SendStatus, record.StatusCode, record.UserReceiveTime = 2, "DELIVRD", s.Since.Unix()
		if s.State == kernel.Failed {
			record.SendStatus, record.StatusCode = 4, r.Fails
		}
	}
	return record
}

// mask hides part of a text, as the vendor's list does: of every number the digits
// but the first.
func mask(text string) string {
	var b strings.Builder
	inside := false
	for _, c := range text {
		digit := c >= '0' && c <= '9'
		if digit && inside {
			c = '*'
		}
		inside = digit
		b.WriteRune(c)
	}
	return b.String()
}

// A pullRequest is the body of PullSmsSendStatus.
type pullRequest struct {
	SmsSdkAppId string
	Limit       int
}

// A pulled is a report as the pulls show it.
type pulled struct {
	UserReceiveTime                                                                                 int64
	CountryCode, SubscriberNumber, PhoneNumber, SerialNo, ReportStatus, Description, SessionContext string
}

func (v *vendor) pulledOf(r *kernel.Record, s kernel.Status) pulled {
	country, national := split(r.To)
	p := pulled{UserReceiveTime: s.Since.Unix(), CountryCode: country, SubscriberNumber: national, PhoneNumber: string(r.To), SerialNo: r.ID,
		ReportStatus: "SUCCESS", Description: "DELIVRD"}
	if s.State == kernel.Failed {
		p.ReportStatus, p.Description = "FAIL", r.Fails
	}
	if v.options.EchoContext {
		p.SessionContext = r.Key
	}
	return p
}

// pullSmsSendStatus hands out each report once, the oldest first.
func (v *vendor) pullSmsSendStatus(c *call, o kernel.Order) (map[string]any, *failure) {
	r := c.params.(*pullRequest)
	if f := v.checkApp(c, r.SmsSdkAppId); f != nil {
		return nil, f
	}
	if r.Limit < 1 || r.Limit > 100 {
		return nil, &failure{"InvalidParameterValue.LimitVerifyFail", wordsOf("InvalidParameterValue.LimitVerifyFail")}
	}
	type report struct {
		pulled
		facts *facts
	}
	var all []report
	v.desk.Newest(c.now, func(m *kernel.Record, s kernel.Status) bool {
		if f := m.Facts.(*facts); m.Account == r.SmsSdkAppId && s.State.Final() && !f.pulled && c.now.Sub(m.At) >= o.ListAfter {
			all = append(all, report{v.pulledOf(m, s), f})
		}
		return true
	})
	slices.Reverse(all)
	set := []pulled{}
	v.desk.Newest(c.now, func(*kernel.Record, kernel.Status) bool { // under the lock
		for _, p := range all[:min(r.Limit, len(all))] {
			if !p.facts.pulled {
				p.facts.pulled = true
				set = append(set, p.pulled)
			}
		}
		return false
	})
	return map[string]any{"PullSmsSendStatusSet": set}, nil
}

// pullByPhoneNumber shows the reports of one number.
func (v *vendor) pullByPhoneNumber(c *call, o kernel.Order) (map[string]any, *failure) {
	s, f := v.readSpan(c, 7*24*time.Hour, 100, 0)
	if f != nil {
		return nil, f
	}
	app := c.params.(*recordRequest).SmsSdkAppId
	set := []pulled{}
	v.desk.Newest(c.now, func(r *kernel.Record, status kernel.Status) bool {
		if r.To == s.to && r.Account == app && status.State.Final() && c.now.Sub(r.At) >= o.ListAfter &&
			!r.At.Before(s.from) && r.At.Unix() <= s.until.Unix() {
			set = append(set, v.pulledOf(r, status))
		}
		return len(set) < s.limit
	})
	return map[string]any{"PullSmsSendStatusSet": set}, nil
}

// split returns the country code of a number, and the rest.
func split(n sms.Number) (country, national string) {
	digits := strings.TrimPrefix(string(n), "+")
	length := 3
	switch {
	case digits == "":
		return "", ""
	case digits[0] == '1' || digits[0] == '7':
		length = 1
	case len(digits) > 1 && slices.Contains(twoDigits, digits[:2]):
		length = 2
	}
	length = min(length, len(digits))
	return digits[:length], digits[length:]
}

// twoDigits are the country codes of two digits. Of one digit are 1 and 7, and all
// others have three.
var twoDigits = strings.Fields("20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98")

package aliyun_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

// A desk is a vendor as a transport, for bubbles: it takes messages and lists
// them, after a while that a call takes.
type desk struct {
	tb      testing.TB
	latency time.Duration
	// answer decides what becomes of a SendSms: which numbers are taken, and what is
	// answered. Nil: all are, and it is accepted.
	answer func(form url.Values) verdict
	// list decides what is answered to a listing. Nil: what there is.
	list func() (stub, bool)

	mu      sync.Mutex
	sends   []url.Values
	queries int
	rows    []taken
}

// A verdict without a code hangs up.
type verdict struct {
	taken  []string
	status int // zero: 200
	code   string
	words  string
}

// taken is a message that the vendor has.
type taken struct {
	phone, outID, template, text string
	at                           time.Time
}

func (d *desk) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	if err := verify(r.Method, form, secret); err != nil {
		d.tb.Error(err)
	}
	var answer stub
	if form.Get("Action") == "SendSms" {
		answer, err = d.send(form)
	} else {
		answer = d.details(form)
	}
	timer := time.NewTimer(d.latency)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if err != nil {
		return nil, err
	}
	return answer.RoundTrip(r)
}

// send takes what it takes at once, and says so later: a caller that leaves in
// between cannot know.
func (d *desk) send(form url.Values) (stub, error) {
	phones := strings.Split(form.Get("PhoneNumbers"), ",")
	if len(phones) > 1000 {
		d.tb.Errorf("%d numbers in one call", len(phones))
	}
	if sorted := slices.Sorted(slices.Values(phones)); len(slices.Compact(sorted)) != len(phones) {
		d.tb.Errorf("a number stands twice in one call")
	}
	v := verdict{taken: phones, code: "OK"}
	if d.answer != nil {
		v = d.answer(form)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sends = append(d.sends, form)
	for _, phone := range v.taken {
		d.rows = append(d.rows, taken{phone, form.Get("OutId"), form.Get("TemplateCode"), form.Get("TemplateParam"), time.Now()})
	}
	switch {
	case v.code == "":
		return stub{}, errors.New("hung up")
	case v.code == "OK":
		return stub{status: 200, body: object("Code", "OK", "Message", "OK", "RequestId", fmt.Sprintf("R-%d", len(d.sends)), "BizId", fmt.Sprintf("B-%d", len(d.sends)))}, nil
	}
	return stub{status: max(200, v.status), body: object("Code", v.code, "Message", v.words, "RequestId", fmt.Sprintf("R-%d", len(d.sends)))}, nil
}

func (d *desk) details(form url.Values) stub {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queries++
	if d.list != nil {
		if answer, ok := d.list(); ok {
			return answer
		}
	}
	rows := []map[string]any{}
	for _, t := range d.rows {
		at := t.at.In(time.FixedZone("", 8*60*60))
		if t.phone == form.Get("PhoneNumber") && at.Format("20060102") == form.Get("SendDate") {
			row := detail(t.outID, t.template, at.Format(time.DateTime), 3)
			row["Content"] = t.text
			if strings.HasPrefix(t.text, "{") || t.text == "" {
				delete(row, "Content")
			}
			rows = append(rows, row)
		}
	}
	page, _ := strconv.Atoi(form.Get("CurrentPage"))
	total, from := len(rows), min((page-1)*50, len(rows))
	text, err := json.Marshal(map[string]any{"Code": "OK", "TotalCount": strconv.Itoa(total),
		"SmsSendDetailDTOs": map[string]any{"SmsSendDetailDTO": rows[from:min(from+50, total)]}})
	if err != nil {
		d.tb.Error(err)
	}
	return stub{status: 200, body: string(text)}
}

// listings gives how many times it was asked what it has.
func (d *desk) listings() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.queries
}

// sent gives the calls of SendSms, in order of arrival.
func (d *desk) sent() []url.Values {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.sends)
}

// has gives all that was taken.
func (d *desk) has() []taken {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.rows)
}

// sizes gives how many numbers each SendSms had, in order of arrival.
func (d *desk) sizes() (all []int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, form := range d.sends {
		all = append(all, len(strings.Split(form.Get("PhoneNumbers"), ",")))
	}
	return all
}

// count gives how many messages the vendor has for a number.
func (d *desk) count(phone string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.rows {
		if t.phone == phone {
			n++
		}
	}
	return n
}

// person gives the i-th of many numbers, and as the vendor writes it.
func person(i int) sms.Number { return sms.Number("+86" + phone(i)) }

func phone(i int) string { return fmt.Sprintf("139%08d", i) }

// sale is a promotion to the i-th person.
func sale(i int) sms.Message {
	return sms.Message{To: person(i), Template: "spring-sale", Key: fmt.Sprintf("sale-%d", i)}
}

// An end is how a Send ended.
type end struct {
	receipt sms.Receipt
	err     error
}

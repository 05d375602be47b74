package tencent

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// webhook reads what Tencent pushes: a JSON array of delivery reports, or one reply
// as an object. Tencent signs neither (its documents 382/59178 and 382/43548).
func (v *vendor) webhook(_ context.Context, h kit.Hook) (kit.Inbound, error) {
	in := kit.Inbound{ContentType: "application/json", Answer: []byte(`{"result":0,"errmsg":"OK"}`)}
	if h.Method != http.MethodPost || !json.Valid(h.Body) {
		return kit.Inbound{}, kit.ErrMalformed
	}
	if bytes.HasPrefix(bytes.TrimSpace(h.Body), []byte("[")) {
		var rows []reported
		if err := json.Unmarshal(h.Body, &rows); err != nil {
			return kit.Inbound{}, fmt.Errorf("%w: it is no array of reports", kit.ErrMalformed)
		}
		for _, row := range rows {
			if row.SerialNo == "" {
				return kit.Inbound{}, fmt.Errorf("%w: a report has no sid", kit.ErrMalformed)
			}
			in.Reports = append(in.Reports, v.report(row))
		}
		return in, nil
	}
	var said replied
	if err := json.Unmarshal(h.Body, &said); err != nil || said.Mobile == "" {
		return kit.Inbound{}, fmt.Errorf("%w: it is no reply", kit.ErrMalformed)
	}
	in.Replies = []sms.Reply{said.reply()}
	return in, nil
}

// reported is one row of a push of reports.
type reported struct {
	Time     string `json:"user_receive_time"`
	Country  string `json:"nationcode"`
	Mobile   string `json:"mobile"`
	Status   string `json:"report_status"`
	Code     string `json:"errmsg"`
	Words    string `json:"description"`
	SerialNo string `json:"sid"`
	Context  string `json:"ext"`
}

// china is the zone of Tencent's times, which have none.
var china = time.FixedZone("UTC+8", 8*60*60)

// report returns what a row says.
func (v *vendor) report(row reported) sms.Report {
	r := sms.Report{ID: row.SerialNo, Ref: row.Context, To: number(row.Country, row.Mobile), Code: row.Code, Message: row.Words}
	if !strings.HasPrefix(row.Context, batchMark) {
		r.Key = row.Context
	}
	r.At, _ = time.ParseInLocation(time.DateTime, row.Time, china)
	switch row.Status {
	case "SUCCESS":
		r.State, r.Code, r.Message = sms.StateDelivered, "", ""
	case "FAIL":
		r.State = v.Codes.Undelivered(row.Code)
	}
	return r
}

// replied is a push of one reply.
type replied struct {
	Extend  string      `json:"extend"`
	Mobile  string      `json:"mobile"`
	Country string      `json:"nationcode"`
	Sign    string      `json:"sign"`
	Text    string      `json:"text"`
	Time    json.Number `json:"time"`
}

func (r replied) reply() sms.Reply {
	reply := sms.Reply{From: number(r.Country, r.Mobile), To: r.Extend, Text: r.Text}
	if reply.To == "" {
		reply.To = r.Sign
	}
	if seconds, err := strconv.ParseInt(r.Time.String(), 10, 64); err == nil {
		reply.At = time.Unix(seconds, 0)
	}
	return reply
}

// number joins a country code and a national number.
func number(country, mobile string) sms.Number {
	n := sms.Number("+" + strings.TrimPrefix(country, "+") + mobile)
	if strings.HasPrefix(mobile, "+") {
		n = sms.Number(mobile)
	}
	if !n.Valid() {
		return ""
	}
	return n
}

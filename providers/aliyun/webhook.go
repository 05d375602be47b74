package aliyun

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

// pushTaken is the answer that Aliyun takes for "received".
const pushTaken = `{"code":0,"msg":"ok"}`

// webhook reads what Aliyun pushes: a JSON array of delivery reports (SmsReport) or
// of replies (SmsUp). Aliyun signs neither and waits 700 ms for the answer. It
// pushes again after 1, 5 and 10 minutes, and may push twice (its documents 101867,
// 101508 and 101847).
func (v *vendor) webhook(_ context.Context, h kit.Hook) (kit.Inbound, error) {
	in := kit.Inbound{ContentType: "application/json", Answer: []byte(pushTaken)}
	if h.Method != http.MethodPost {
		return kit.Inbound{}, fmt.Errorf("%w: it is a %s", kit.ErrMalformed, h.Method)
	}
	var rows []pushed
	d := json.NewDecoder(bytes.NewReader(h.Body))
	d.UseNumber()
	if err := d.Decode(&rows); err != nil || d.More() {
		return kit.Inbound{}, fmt.Errorf("%w: it is no JSON array", kit.ErrMalformed)
	}
	for _, row := range rows {
		switch {
		case row.Content != nil:
			in.Replies = append(in.Replies, row.reply())
		case text(row.BizID) != "":
			in.Reports = append(in.Reports, v.report(row))
		default:
			return kit.Inbound{}, fmt.Errorf("%w: a row has neither biz_id nor content", kit.ErrMalformed)
		}
	}
	return in, nil
}

// pushed is one row of a push. Fields that should be texts have been numbers in
// older versions.
type pushed struct {
	Phone      any     `json:"phone_number"`
	Success    any     `json:"success"`
	BizID      any     `json:"biz_id"`
	OutID      any     `json:"out_id"`
	Code       any     `json:"err_code"`
	Words      any     `json:"err_msg"`
	Size       any     `json:"sms_size"`
	ReportTime any     `json:"report_time"`
	SendTime   any     `json:"send_time"`
	Content    *string `json:"content"`
	Extension  any     `json:"dest_code"`
	Sequence   any     `json:"sequence_id"`
}

// report returns what a row of SmsReport says. The key is only ours if the OutId is
// not that of a call of several messages.
func (v *vendor) report(row pushed) sms.Report {
	r := sms.Report{
		ID: text(row.BizID), Ref: text(row.OutID), To: numberOf(text(row.Phone)),
		Code: text(row.Code), Message: text(row.Words), At: timeOf(text(row.ReportTime)),
	}
	if !IsBatch(r.Ref) {
		r.Key = r.Ref
	}
	if n, err := strconv.Atoi(text(row.Size)); err == nil {
		r.Segments = max(n, 0)
	}
	switch row.Success {
	case true, "true":
		r.State, r.Code, r.Message = sms.StateDelivered, "", ""
	case false, "false":
		r.State = v.Codes.Undelivered(r.Code)
	}
	return r
}

func (row pushed) reply() sms.Reply {
	return sms.Reply{
		ID: text(row.Sequence), From: numberOf(text(row.Phone)), To: text(row.Extension), Text: *row.Content, At: timeOf(text(row.SendTime)),
	}
}

// numberOf returns a number as Aliyun has it: 11 digits in mainland China, else with
// its country code.
func numberOf(phone string) sms.Number {
	digits := strings.TrimPrefix(strings.TrimPrefix(phone, "+"), "00")
	if len(digits) == 11 && digits[0] == '1' && digits == phone {
		digits = "86" + digits
	}
	if n := sms.Number("+" + digits); n.Valid() {
		return n
	}
	return ""
}

// timeOf reads a time of Aliyun's, which has no zone.
func timeOf(text string) time.Time {
	at, err := time.ParseInLocation(time.DateTime, text, china)
	if err != nil {
		return time.Time{}
	}
	return at
}

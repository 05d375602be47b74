package aliyun

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// maxReports is the most messages in one push. The vendor names no number.
const maxReports = 100

// A smsReport is one message in an SmsReport push: all texts, apart from success.
type smsReport struct {
	PhoneNumber string `json:"phone_number"`
	SendTime    string `json:"send_time"`
	ReportTime  string `json:"report_time"`
	Success     bool   `json:"success"`
	ErrCode     string `json:"err_code"`
	ErrMsg      string `json:"err_msg"`
	SmsSize     string `json:"sms_size"`
	BizID       string `json:"biz_id"`
	OutID       string `json:"out_id"`
}

// report builds an SmsReport push. The vendor reports ends only.
func report(to string, messages []kernel.Record, s kernel.State) ([]*http.Request, error) {
	if !s.Final() {
		return nil, nil
	}
	list := make([]smsReport, len(messages))
	for i, m := range messages {
		segments, _ := sms.CountSegments(m.Text)
		list[i] = smsReport{
			PhoneNumber: writeNumber(m.To), SendTime: m.At.In(china).Format(chinaTime), ReportTime: time.Now().In(china).Format(chinaTime),
			Success: s == kernel.Delivered, ErrCode: cmp.Or(m.Fails, "DELIVERED"), ErrMsg: cmp.Or(m.Fails, "用户接收成功"),
			SmsSize: strconv.Itoa(segments), BizID: m.ID, OutID: m.Key,
		}
	}
	return push(to, list)
}

// A smsUp is one reply in an SmsUp push.
type smsUp struct {
	PhoneNumber string `json:"phone_number"`
	Content     string `json:"content"`
	SendTime    string `json:"send_time"`
	DestCode    string `json:"dest_code"`
	SequenceID  string `json:"sequence_id"`
	SignName    string `json:"sign_name"`
}

// reply builds an SmsUp push. Reply.To is the extension code, or the signature.
func reply(r kernel.Reply) ([]*http.Request, error) {
	if r.Account != "" {
		return nil, errors.New("account: this vendor's replies name none: leave it out")
	}
	return push(r.URL, []smsUp{{PhoneNumber: writeNumber(r.From), Content: r.Text, SendTime: time.Now().In(china).Format(chinaTime),
		DestCode: cmp.Or(r.To, "0000"), SequenceID: strconv.FormatInt(1_000_000_000+rand.Int64N(9_000_000_000), 10), SignName: SignatureName}})
}

func push(to string, list any) ([]*http.Request, error) {
	body, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address of the push is none")
	}
	r.Header.Set("Content-Type", "application/json;charset=UTF-8")
	return []*http.Request{r}, nil
}

// acknowledged reports whether a receiver has taken a push: status 200 and a JSON
// object whose code is a number.
func acknowledged(status int, body []byte) bool {
	var answer struct {
		Code *float64 `json:"code"`
	}
	return status == http.StatusOK && json.Unmarshal(body, &answer) == nil && answer.Code != nil
}

package tencent

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
)

const chinaTime = "2006-01-02 15:04:05"

// A pushed is one report of a push: all texts.
type pushed struct {
	UserReceiveTime string `json:"user_receive_time"`
	NationCode      string `json:"nationcode"`
	Mobile          string `json:"mobile"`
	ReportStatus    string `json:"report_status"`
	ErrMsg          string `json:"errmsg"`
	Description     string `json:"description"`
	SID             string `json:"sid"`
	Ext             string `json:"ext,omitempty"`
}

// report builds a push of reports. The vendor reports ends only.
func (v *vendor) report(to string, messages []kernel.Record, s kernel.State) ([]*http.Request, error) {
	if !s.Final() {
		return nil, nil
	}
	list := make([]pushed, len(messages))
	for i, m := range messages {
		p := pushed{UserReceiveTime: time.Now().In(china).Format(chinaTime), ReportStatus: "SUCCESS", ErrMsg: "DELIVRD", Description: "用户短信送达成功", SID: m.ID}
		if s == kernel.Failed {
			p.ReportStatus, p.ErrMsg, p.Description = "FAIL", m.Fails, "用户短信接收失败"
		}
		p.NationCode, p.Mobile = split(m.To)
		if v.options.EchoContext {
			p.Ext = m.Key
		}
		list[i] = p
	}
	return push(to, list)
}

// reply builds the push of a reply: one object, no list. Reply.To is the extension.
func reply(r kernel.Reply) ([]*http.Request, error) {
	if r.Account != "" {
		return nil, errors.New("account: this vendor's replies name none: leave it out")
	}
	country, national := split(r.From)
	return push(r.URL, struct {
		Extend     string `json:"extend"`
		Mobile     string `json:"mobile"`
		NationCode string `json:"nationcode"`
		Sign       string `json:"sign"`
		Text       string `json:"text"`
		Time       int64  `json:"time"`
	}{r.To, national, country, SignatureName, r.Text, time.Now().Unix()})
}

func push(to string, value any) ([]*http.Request, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address of the push is none")
	}
	r.Header.Set("Content-Type", "application/json")
	return []*http.Request{r}, nil
}

// acknowledged reports whether a receiver has taken a push: a JSON object whose
// result is 0.
func acknowledged(status int, body []byte) bool {
	var answer struct {
		Result *float64 `json:"result"`
	}
	return status < 300 && json.Unmarshal(body, &answer) == nil && answer.Result != nil && *answer.Result == 0
}

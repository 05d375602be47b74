package aliyun

import (
	"net/url"
	"strconv"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
)

// china is the zone of the vendor's dates. It has had no other offset since 1991.
var china = time.FixedZone("UTC+8", 8*60*60)

const chinaTime = "2006-01-02 15:04:05"

// querySendDetails lists what was taken for one number on one day of China's,
// the newest first.
func (v *vendor) querySendDetails(c *call) (fields, *failure) {
	to, _, ok := readNumber(c.params.Get("PhoneNumber"))
	if !ok {
		return nil, refuse("isv.MOBILE_NUMBER_ILLEGAL", c.params.Get("PhoneNumber")+"invalid mobile number")
	}
	date := c.params.Get("SendDate")
	if _, err := time.Parse("20060102", date); err != nil {
		return nil, refuse("isv.INVALID_PARAMETERS", "SendDate参数异常,格式为yyyyMMdd")
	}
	first, size, refusal := readPage(c.params, "CurrentPage")
	if refusal != nil {
		return nil, refusal
	}
	bizID := c.params.Get("BizId")
	rows := []fields{}
	total := 0
	v.desk.Newest(c.now, func(r *kernel.Record, s kernel.Status) bool {
		if c.now.Sub(r.At) < c.listAfter || r.To != to || r.Account != c.account || bizID != "" && r.ID != bizID ||
			r.At.In(china).Format("20060102") != date {
			return true
		}
		if total >= first && total-first < size {
			rows = append(rows, detail(r, s))
		}
		total++
		return true
	})
	return fields{"Code": "OK", "Message": "OK", "TotalCount": strconv.Itoa(total),
		"SmsSendDetailDTOs": fields{"SmsSendDetailDTO": rows}}, nil
}

// detail is a message as QuerySendDetails shows it.
func detail(r *kernel.Record, s kernel.Status) fields {
	status := statusOf(s, r.Fails)
	row := fields{
		"PhoneNum": writeNumber(r.To), "TemplateCode": r.Template, "Content": r.Text, "OutId": r.Key,
		"SendDate": r.At.In(china).Format(chinaTime), "SendStatus": status.code, "ErrCode": status.errCode,
	}
	if !status.at.IsZero() {
		row["ReceiveDate"] = status.at.In(china).Format(chinaTime)
	}
	return row
}

// readPage reads PageSize, at most 50, and the number of a page, from 1.
func readPage(params url.Values, pageName string) (first, size int, refusal *failure) {
	size, err := strconv.Atoi(params.Get("PageSize"))
	if err != nil || size < 1 || size > 50 {
		return 0, 0, refuse("isv.INVALID_PARAMETERS", "PageSize参数异常,取值范围1-50")
	}
	page, err := strconv.Atoi(params.Get(pageName))
	if err != nil || page < 1 || page > 1_000_000 {
		return 0, 0, refuse("isv.INVALID_PARAMETERS", pageName+"参数异常")
	}
	return (page - 1) * size, size, nil
}

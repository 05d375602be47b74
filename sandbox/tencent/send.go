package tencent

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

const (
	maxNumbers = 200
	maxContext = 511 // bytes of a SessionContext
)

// A sendRequest is the body of SendSms.
type sendRequest struct {
	PhoneNumberSet                                                          []string
	SmsSdkAppId, TemplateId, SignName, ExtendCode, SessionContext, SenderId string
	TemplateParamSet                                                        []string
}

// numbersOf returns the recipients of a request, for faults.
func numbersOf(params any) (numbers []sms.Number) {
	var list []string
	switch r := params.(type) {
	case *sendRequest:
		list = r.PhoneNumberSet
	case *recordRequest:
		list = []string{r.PhoneNumber}
	}
	for _, s := range list {
		if n, _, ok := readNumber(s); ok {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// A sendStatus is what the answer says of one number.
type sendStatus struct {
	SerialNo       string
	PhoneNumber    string
	Fee            uint64
	SessionContext string
	Code           string
	Message        string
	IsoCode        string
}

func refusedStatus(r *sendRequest, number, code, words string) sendStatus {
	if n, _, ok := readNumber(number); ok {
		number = string(n)
	}
	return sendStatus{PhoneNumber: number, SessionContext: r.SessionContext, Code: code, Message: words, IsoCode: isoCode(sms.Number(number))}
}

// isoCode is the country of a number: DEF if it is not known.
func isoCode(n sms.Number) string {
	if region := n.Region(); region != "" {
		return region
	}
	return "DEF"
}

// sendSms sends one text to up to 200 numbers, and answers for each.
func (v *vendor) sendSms(c *call, o kernel.Order) (map[string]any, *failure) {
	r := c.params.(*sendRequest)
	if f := v.checkCall(c, r); f != nil {
		return nil, f
	}
	for _, refused := range o.Refused { // a fault for a number, with a code of the call
		if !isOfNumber(refused.Code) {
			return nil, &failure{refused.Code, wordsOr(refused.Message, refused.Code)}
		}
	}
	t, refused := v.template(c, r.TemplateId)
	if refused == "" {
		refused = v.checkSend(c, r, t)
	}
	set := make([]sendStatus, len(r.PhoneNumberSet))
	for i, number := range r.PhoneNumberSet {
		set[i] = v.sendOne(c, r, t, number, refused, o)
	}
	return map[string]any{"SendStatusSet": set}, nil
}

func wordsOr(words, code string) string {
	if words == "" {
		return wordsOf(code)
	}
	return words
}

// checkCall returns what refuses the call, whatever its numbers are.
func (v *vendor) checkCall(c *call, r *sendRequest) *failure {
	if f := v.checkApp(c, r.SmsSdkAppId); f != nil {
		return f
	}
	if len(r.PhoneNumberSet) == 0 {
		return &failure{"MissingParameter.EmptyPhoneNumberSet", "the set of numbers is empty"}
	}
	if len(r.PhoneNumberSet) > maxNumbers {
		return &failure{"LimitExceeded.PhoneNumberCountLimit", wordsOf("LimitExceeded.PhoneNumberCountLimit")}
	}
	if r.TemplateId == "" {
		return &failure{"MissingParameter", "The request is missing the required parameter `TemplateId`."}
	}
	if len(r.SessionContext) > maxContext {
		return &failure{"InvalidParameterValue", fmt.Sprintf("SessionContext: at most %d bytes are allowed", maxContext)}
	}
	inlandOnes := 0
	for _, s := range r.PhoneNumberSet {
		if _, mainland, ok := readNumber(s); mainland || !ok {
			inlandOnes++
		}
	}
	if inlandOnes > 0 && inlandOnes < len(r.PhoneNumberSet) {
		return &failure{"UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber", "numbers of mainland China and others must not be in one call"}
	}
	return nil
}

// checkApp returns what refuses an application.
func (v *vendor) checkApp(c *call, id string) *failure {
	if id == "" {
		return &failure{"MissingParameter", "The request is missing the required parameter `SmsSdkAppId`."}
	}
	if slices.Contains(v.apps, id) {
		return nil
	}
	const code = "UnauthorizedOperation.SmsSdkAppIdVerifyFail"
	if v.desk.LetPass(c.action, code, wordsOf(code)) {
		return nil
	}
	return &failure{code, wordsOf(code)}
}

// sendOne takes the message for one number, or refuses it.
func (v *vendor) sendOne(c *call, r *sendRequest, t *template, number, refused string, o kernel.Order) sendStatus {
	to, mainland, ok := readNumber(number)
	code, words := refused, ""
	if fault, hit := o.Refused[to]; ok && hit {
		code, words = fault.Code, fault.Message
	}
	if !ok {
		code = "InvalidParameterValue.IncorrectPhoneNumber"
	}
	if code == "" {
		code = v.signatureCode(c, r.SignName, mainland)
	}
	if code == "" && !t.madeUp() {
		switch {
		case mainland && t.Kind == sms.International:
			code = "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone"
		case !mainland && t.Kind != sms.International:
			code = "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone"
		}
	}
	if code == "" && v.desk.Limits() {
		code = v.limitCode(to, r.text(t), mainland, c.now)
	}
	if code != "" {
		words = wordsOr(words, code)
		c.rejected = append(c.rejected, kernel.Rejection{To: to, Code: code, Message: words})
		v.refusals.add(refusal{to: to, app: strings.Clone(r.SmsSdkAppId), code: code, at: c.now})
		return refusedStatus(r, number, code, words)
	}
	return v.take(c, r, t, to)
}

func (v *vendor) take(c *call, r *sendRequest, t *template, to sms.Number) sendStatus {
	text, from := r.text(t), r.SignName
	if from == "" {
		from = r.SenderId
	}
	params := sms.Params{}
	for i, value := range r.TemplateParamSet {
		params[strconv.Itoa(i+1)] = value
	}
	segments, _ := sms.CountSegments(text)
	serial := newSerialNo(c.now.Unix())
	c.taken = append(c.taken, kernel.Record{Facts: &facts{}, FactBytes: 32, Message: kernel.Message{
		ID: serial, Account: r.SmsSdkAppId, To: to, From: from, Template: t.ID, Params: params, Text: text, Key: r.SessionContext, At: c.now,
	}})
	return sendStatus{SerialNo: serial, PhoneNumber: string(to), Fee: uint64(segments), SessionContext: r.SessionContext, Code: "Ok", Message: "send success", IsoCode: isoCode(to)}
}

// text is what the recipient reads.
func (r *sendRequest) text(t *template) string {
	text := t.render(r.TemplateParamSet)
	if t.madeUp() {
		text = strings.Join(append([]string{t.ID}, r.TemplateParamSet...), " ")
	}
	if r.SignName != "" {
		text = "【" + r.SignName + "】" + text
	}
	return text
}

// facts are what the vendor's records hold besides the Message.
type facts struct{ pulled bool }

// newSerialNo returns an ID as the vendor's are: "5000:" and 28 digits.
func newSerialNo(seconds int64) string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000_000_000_000_000))
	if err != nil {
		n = big.NewInt(0) // never: rand.Reader does not fail
	}
	return fmt.Sprintf("5000:%010d%018d", seconds, n)
}

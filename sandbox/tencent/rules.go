package tencent

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/notifykit/notify/sms"
)

// A template is a Template and how many variables it has.
type template struct {
	Template
	variables int
}

var variable = regexp.MustCompile(`\{([1-9][0-9]?)\}`)

func newTemplate(t Template) *template {
	names := variable.FindAllString(t.Text, -1)
	slices.Sort(names)
	return &template{Template: t, variables: len(slices.Compact(names))}
}

// render puts the values in. Nothing in a value is read as a variable.
func (t *template) render(values []string) string {
	return variable.ReplaceAllStringFunc(t.Text, func(name string) string {
		i := 0
		for _, c := range []byte(name[1 : len(name)-1]) {
			i = 10*i + int(c-'0')
		}
		if i > len(values) {
			return ""
		}
		return values[i-1]
	})
}

// madeUp reports whether only a lenient sandbox has the template: no rule of it is known.
func (t *template) madeUp() bool { return t.Text == "" }

// The codes of a number: they are in its own entry of SendStatusSet. All others
// are for the call.
var ofNumber = []string{
	"FailedOperation.ContainSensitiveWord", "FailedOperation.InsufficientBalanceInSmsPackage", "FailedOperation.MarketingSendTimeConstraint",
	"FailedOperation.PhoneNumberInBlacklist", "FailedOperation.PhoneNumberOnBlacklist", "FailedOperation.SignatureIncorrectOrUnapproved",
	"FailedOperation.TemplateIncorrectOrUnapproved", "FailedOperation.TemplateParamSetNotMatchApprovedTemplate", "FailedOperation.TemplateUnapprovedOrNotExist",
	"InvalidParameterValue.ContentLengthLimit", "InvalidParameterValue.IncorrectPhoneNumber", "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
	"InvalidParameterValue.TemplateParameterFormatError", "InvalidParameterValue.TemplateParameterLengthLimit",
	"LimitExceeded.AppCountryOrRegionDailyLimit", "LimitExceeded.AppCountryOrRegionInBlacklist", "LimitExceeded.AppDailyLimit", "LimitExceeded.AppGlobalDailyLimit",
	"LimitExceeded.AppMainlandChinaDailyLimit", "LimitExceeded.DailyLimit", "LimitExceeded.DeliveryFrequencyLimit", "LimitExceeded.PhoneNumberDailyLimit",
	"LimitExceeded.PhoneNumberOneHourLimit", "LimitExceeded.PhoneNumberSameContentDailyLimit", "LimitExceeded.PhoneNumberThirtySecondLimit",
	"UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone", "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone",
	"UnsupportedOperation.UnsupportedRegion", "UnsupportedOperation.UnsuportedRegion",
}

func isOfNumber(code string) bool { return slices.Contains(ofNumber, code) }

// known holds the words of codes.
var known = map[string]string{
	"FailedOperation.ContainSensitiveWord":                     "the message contains sensitive words",
	"FailedOperation.InsufficientBalanceInSmsPackage":          "insufficient balance in the SMS package",
	"FailedOperation.PhoneNumberInBlacklist":                   "the number is in the blacklist",
	"FailedOperation.SignatureIncorrectOrUnapproved":           "the signature is incorrect or has not been approved",
	"FailedOperation.TemplateIncorrectOrUnapproved":            "the template is incorrect or has not been approved",
	"FailedOperation.TemplateUnapprovedOrNotExist":             "the template has not been approved or does not exist",
	"FailedOperation.TemplateParamSetNotMatchApprovedTemplate": "the number of parameters does not match the approved template",
	"FailedOperation.NotEnterpriseCertification":               "the account has no enterprise identity verification",
	"InvalidParameterValue.ContentLengthLimit":                 "the message is too long",
	"InvalidParameterValue.IncorrectPhoneNumber":               "the phone number has an incorrect format",
	"InvalidParameterValue.SdkAppIdNotExist":                   "the SdkAppId does not exist",
	"InvalidParameterValue.TemplateParameterFormatError":       "the parameters of a verification code template must be 0-6 digits",
	"InvalidParameterValue.TemplateParameterLengthLimit":       "a parameter of the template is too long",
	"LimitExceeded.DailyLimit":                                 "the daily limit of international messages is reached",
	"LimitExceeded.PhoneNumberDailyLimit":                      "the number of messages to this number today exceeds the limit",
	"LimitExceeded.PhoneNumberThirtySecondLimit":               "the number of messages to this number within 30 seconds exceeds the limit",
	"LimitExceeded.PhoneNumberCountLimit":                      "at most 200 numbers are allowed in a call",
	"RequestLimitExceeded":                                     "Your current request times equals to the limit of 3000 in one second.",
	"UnauthorizedOperation.SmsSdkAppIdVerifyFail":              "the SmsSdkAppId is not one of this account",
}

func wordsOf(code string) string {
	if words, ok := known[code]; ok {
		return words
	}
	return "the request was refused: " + code
}

// The forms in which the vendor takes numbers.
var (
	inland = regexp.MustCompile(`^(?:\+86|0086|86)?(1[3-9][0-9]{9})$`)
	abroad = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
)

// readNumber reads a number as the vendor does, and reports whether it is one.
func readNumber(s string) (n sms.Number, mainland, ok bool) {
	if m := inland.FindStringSubmatch(s); m != nil {
		return sms.Number("+86" + m[1]), true, true
	}
	if !abroad.MatchString(s) || strings.HasPrefix(s, "+86") {
		return "", false, false
	}
	return sms.Number(s), false, true
}

const (
	maxText     = 500 // characters, with the signature
	maxNewValue = 6   // characters, for new accounts
)

var aURL = regexp.MustCompile(`(?i)://|\bwww\.|\b[a-z0-9-]+\.(?:com|cn|net|org|io|top|xyz|cc|me|app|dev|link|info|vip|co)\b`)

var codeDigits = regexp.MustCompile(`^[0-9]{0,6}$`)

// checkSend returns the code by which a message is refused whatever its number is,
// or "".
func (v *vendor) checkSend(c *call, r *sendRequest, t *template) string {
	switch {
	case t.madeUp():
		return ""
	case len(r.TemplateParamSet) != t.variables:
		return "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"
	}
	for _, value := range r.TemplateParamSet {
		switch {
		case aURL.MatchString(value):
			return "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"
		case t.Kind == sms.Verification && !codeDigits.MatchString(value):
			return "InvalidParameterValue.TemplateParameterFormatError"
		case v.desk.Limits() && utf8.RuneCountInString(value) > maxNewValue:
			return "InvalidParameterValue.TemplateParameterLengthLimit"
		}
	}
	if utf8.RuneCountInString(r.text(t)) > maxText {
		return "InvalidParameterValue.ContentLengthLimit"
	}
	return ""
}

// template finds the template of a call, and returns the code by which it is
// refused, or "". In a lenient sandbox an unknown one is made up.
func (v *vendor) template(c *call, id string) (*template, string) {
	t, ok := v.templates[id]
	if ok && t.Review == Usable {
		return t, ""
	}
	code := "FailedOperation.TemplateUnapprovedOrNotExist"
	if ok {
		code = "FailedOperation.TemplateIncorrectOrUnapproved"
	}
	if !v.desk.LetPass(c.action, code, wordsOf(code)) {
		return nil, code
	}
	if !ok {
		t = &template{Template: Template{ID: id}}
	}
	return t, ""
}

// signatureCode returns the code by which a signature is refused, or "". Abroad
// there need not be one.
func (v *vendor) signatureCode(c *call, name string, mainland bool) string {
	if name == "" && !mainland {
		return ""
	}
	if slices.ContainsFunc(v.signatures, func(s Signature) bool { return s.Name == name && s.Review == Usable }) {
		return ""
	}
	const code = "FailedOperation.SignatureIncorrectOrUnapproved"
	if v.desk.LetPass(c.action, code, wordsOf(code)) {
		return ""
	}
	return code
}

// limitCode returns the code by which a new account's message is refused because
// of how many there were, or "", and counts it. To one number: one of the same
// content in 30 seconds, and two a natural day; abroad 100 a day in all.
func (v *vendor) limitCode(to sms.Number, text string, mainland bool, now time.Time) (code string) {
	day := now.In(china).Format(time.DateOnly)
	keys := []string{"number " + string(to), "content " + string(to) + " " + text}
	if !mainland {
		keys = append(keys, "abroad")
	}
	v.counts.Take(now, keys, func(i int, earlier []time.Time) bool {
		today, recent := 0, false
		for _, at := range earlier {
			if at.In(china).Format(time.DateOnly) == day {
				today++
			}
			recent = recent || now.Sub(at) < 30*time.Second
		}
		switch {
		case i == 0 && today >= 2:
			code = "LimitExceeded.PhoneNumberDailyLimit"
		case i == 1 && recent:
			code = "LimitExceeded.PhoneNumberThirtySecondLimit"
		case i == 2 && today >= 100:
			code = "LimitExceeded.DailyLimit"
		}
		return code == ""
	})
	return code
}

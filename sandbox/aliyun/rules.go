package aliyun

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/notifykit/notify/sms"
)

// An template is a Template and the variables in its text.
type template struct {
	Template
	variables []string
}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

func newTemplate(t Template) *template {
	known := &template{Template: t}
	for _, m := range variable.FindAllStringSubmatch(t.Text, -1) {
		if !slices.Contains(known.variables, m[1]) {
			known.variables = append(known.variables, m[1])
		}
	}
	return known
}

// render puts the values in; nothing in a value is read as a variable.
func (t *template) render(values sms.Params) string {
	return variable.ReplaceAllStringFunc(t.Text, func(v string) string { return values[v[2:len(v)-1]] })
}

// refuse is a refusal of the service: HTTP 200, a code, no BizId.
func refuse(code, message string) *failure {
	return &failure{http.StatusOK, code, message}
}

// checkSignName refuses a name of which there is no approved signature.
func (v *vendor) checkSignName(name string) *failure {
	s, ok := v.signatures[name]
	switch {
	case !ok:
		return refuse("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名")
	case s.Review != Approved:
		return refuse("isv.SMS_SIGNATURE_ILLEGAL", "签名未通过审核")
	}
	return nil
}

// template finds the template of a call. In a lenient sandbox an unknown one is
// made up: its text shows the code and the values.
func (v *vendor) template(c *call, code string) (*template, *failure) {
	t, ok := v.templates[code]
	if ok && t.Review == Approved {
		return t, nil
	}
	refusal := refuse("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
	if ok {
		refusal.message = "模板未通过审核"
	}
	if !v.letPass(c, refusal) {
		return nil, refusal
	}
	if !ok {
		t = &template{Template: Template{Code: code}}
	}
	return t, nil
}

// maxMadeUp is the longest value of a template without rules, in bytes.
const maxMadeUp = 1000

// madeUp reports whether only a lenient sandbox has the template: no rule of it is known.
func (t *template) madeUp() bool { return t.Text == "" }

// recipients reads the numbers of a call. One that is wrong refuses it whole.
func (t *template) recipients(list []string, most int) ([]sms.Number, *failure) {
	if len(list) > most {
		return nil, refuse("isv.MOBILE_COUNT_OVER_LIMIT", fmt.Sprintf("手机号码数量超过限制,最多%d个", most))
	}
	numbers := make([]sms.Number, 0, len(list))
	for _, s := range list {
		n, mainland, ok := readNumber(s)
		switch {
		case !ok, !mainland && t.Kind != sms.International && !t.madeUp():
			return nil, refuse("isv.MOBILE_NUMBER_ILLEGAL", s+"invalid mobile number")
		case mainland && t.Kind == sms.International:
			return nil, refuse("isv.DOMESTIC_NUMBER_NOT_SUPPORTED", "国际/港澳台消息模板不支持发送境内号码")
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// readValues reads TemplateParam: an object of strings, or nothing.
func readValues(text string) (sms.Params, *failure) {
	if text == "" {
		return sms.Params{}, nil
	}
	var raw map[string]any
	if err := json.Unmarshal([]byte(text), &raw); err != nil || raw == nil {
		return nil, refuse("isv.INVALID_JSON_PARAM", "JSON参数不合法")
	}
	values := make(sms.Params, len(raw))
	for name, value := range raw {
		s, ok := value.(string)
		if !ok {
			return nil, refuse("isv.INVALID_JSON_PARAM", "JSON参数不合法,只接受字符串值")
		}
		values[name] = s
	}
	return values, nil
}

// check finds what the vendor refuses in the values, and leaves out those that
// the template has no variable for.
func (t *template) check(values sms.Params) *failure {
	if t.madeUp() {
		for _, value := range values {
			if len(value) > maxMadeUp {
				return refuse("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制")
			}
		}
		return nil
	}
	maps.DeleteFunc(values, func(name, _ string) bool { return !slices.Contains(t.variables, name) })
	for _, name := range t.variables {
		value := values[name]
		if value == "" {
			return refuse("isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺少对应参数值")
		}
		if refusal := t.checkValue(value); refusal != nil {
			return refusal
		}
	}
	return nil
}

func (t *template) checkValue(value string) *failure {
	length := utf8.RuneCountInString(value)
	switch {
	case strings.ContainsFunc(value, isEmoji):
		return refuse("isv.UNSUPPORTED_CONTENT", "短信内容包含禁止发送内容")
	case aURL.MatchString(value):
		return refuse("isv.PARAM_NOT_SUPPORT_URL", "变量不支持传入URL")
	case t.Kind == sms.Verification && !alphanumeric.MatchString(value):
		return refuse("isv.INVALID_PARAMETERS", "params must be [a-zA-Z0-9] for verification sms")
	case t.Kind == sms.Verification && (length < 4 || length > 6):
		return refuse("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制,验证码模板变量限4-6位")
	case length > 35:
		return refuse("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制,变量限1-35个字符")
	}
	return nil
}

var (
	alphanumeric = regexp.MustCompile(`^[a-zA-Z0-9]+$`)
	aURL         = regexp.MustCompile(`(?i)://|\bwww\.|\b[a-z0-9-]+\.(?:com|cn|net|org|io|top|xyz|cc|me|app|dev|link|info|vip|co)\b`)
)

// isEmoji reports whether a character is an emoji or pictograph: those beyond the basic plane
// that are not ideographs, and the older ones within it.
func isEmoji(r rune) bool {
	return r >= 0x1F000 && r < 0x20000 || r >= 0x2600 && r <= 0x27BF || r >= 0x2B00 && r <= 0x2BFF ||
		r == 0xFE0F || r == 0x20E3 || r == 0x200D
}

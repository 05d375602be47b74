package verify

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/notifykit/notify/sms"
)

// Text gives what a person may be told of an error of Start, Check, Prove or
// Redeem, in the first language of an Accept-Language header, or a language tag
// alone, that there is a text in: English ("en") and Chinese ("zh"); in any
// other English. Of an error that only the program's owner can mend it says
// that much and no more. Nil is "".
func Text(err error, language string) string {
	if err == nil {
		return ""
	}
	zh := chinese(language)
	if e, ok := errors.AsType[*CheckError](err); ok {
		return checkText(e, zh)
	}
	if e, ok := errors.AsType[*LimitError](err); ok {
		return limitText(e, zh)
	}
	p := phraseOf(err)
	if zh {
		return p.zh
	}
	return p.en
}

type phrase struct{ en, zh string }

var (
	phraseWrong    = phrase{"the code is wrong", "验证码不正确"}
	phraseExpired  = phrase{"the code has expired: ask for a new one", "验证码已过期，请重新获取"}
	phraseNotFound = phrase{"there is no code to check: ask for a new one", "没有待验证的验证码，请重新获取"}
	phraseProof    = phrase{"the confirmation is no longer valid: confirm the number again", "验证已失效，请重新验证手机号"}
	phraseRegion   = phrase{"no codes are sent to numbers of this country", "暂不支持向该国家或地区的号码发送验证码"}
	phrasePerson   = phrase{"please show first that you are a person", "请先完成人机验证"}
	phraseNumber   = phrase{"this is not a telephone number that can be reached", "手机号码不正确"}
	phraseBlocked  = phrase{"no codes can be sent to this number", "无法向该号码发送验证码"}
	phraseRequest  = phrase{"the request cannot be read", "请求无法识别"}
	phraseEnough   = phrase{"this number has had enough codes for now: try again later", "该号码获取验证码过于频繁，请稍后再试"}
	phraseUnknown  = phrase{"the code may be on its way: wait a moment before you ask for another", "验证码可能已经发出，请稍候再试"}
	phraseLater    = phrase{"this does not work at the moment: try again later", "服务暂时不可用，请稍后再试"}
)

func phraseOf(err error) phrase {
	switch {
	case errors.Is(err, errProof):
		return phraseProof
	case errors.Is(err, ErrRegion):
		return phraseRegion
	case errors.Is(err, ErrChallenge):
		return phrasePerson
	case sms.OutcomeOf(err) == sms.Unknown:
		return phraseUnknown
	}
	switch sms.ReasonOf(err) {
	case sms.InvalidNumber:
		return phraseNumber
	case sms.RecipientBlocked:
		return phraseBlocked
	case sms.RecipientLimited:
		return phraseEnough
	case sms.InvalidMessage, sms.ContentRejected:
		return phraseRequest
	}
	return phraseLater
}

func checkText(e *CheckError, zh bool) string {
	var p phrase
	switch {
	case errors.Is(e.Err, ErrWrong) && e.Left == 1:
		p = phrase{phraseWrong.en + ": one more try", phraseWrong.zh + "，还可以再试 1 次"}
	case errors.Is(e.Err, ErrWrong):
		p = phrase{fmt.Sprintf("%s: %d more tries", phraseWrong.en, e.Left), fmt.Sprintf("%s，还可以再试 %d 次", phraseWrong.zh, e.Left)}
	case errors.Is(e.Err, ErrTooMany):
		p = phrase{"too many wrong codes: try again " + after(e.RetryAfter, false), "错误次数过多，请" + after(e.RetryAfter, true) + "再试"}
	case errors.Is(e.Err, ErrExpired):
		p = phraseExpired
	case errors.Is(e.Err, errProof):
		p = phraseProof
	default:
		p = phraseNotFound
	}
	if zh {
		return p.zh
	}
	return p.en
}

func limitText(e *LimitError, zh bool) string {
	var p phrase
	switch e.Scope {
	case ScopeCooldown:
		p = phrase{"a code was sent a moment ago: ask for another ", "验证码刚刚发出，请%s再获取"}
	case ScopeAttempts:
		p = phrase{"too many wrong codes: try again ", "错误次数过多，请%s再试"}
	case ScopeNumber:
		p = phrase{"this number has had enough codes for now: try again ", "该号码获取验证码过于频繁，请%s再试"}
	default:
		p = phrase{"too many codes were asked for: try again ", "获取验证码过于频繁，请%s再试"}
	}
	if zh {
		return fmt.Sprintf(p.zh, after(e.RetryAfter, true))
	}
	return p.en + after(e.RetryAfter, false)
}

// after gives a wait in words, rounded up: nobody should come too early.
func after(d time.Duration, zh bool) string {
	n, unit := int64((d+time.Second-1)/time.Second), phrase{"second", "秒"}
	switch {
	case d <= 0:
		if zh {
			return "稍后"
		}
		return "later"
	case d > 90*time.Minute:
		n, unit = int64((d+time.Hour-1)/time.Hour), phrase{"hour", "小时"}
	case d > 90*time.Second:
		n, unit = int64((d+time.Minute-1)/time.Minute), phrase{"minute", "分钟"}
	}
	if zh {
		return fmt.Sprintf("在 %d %s后", n, unit.zh)
	}
	if n == 1 {
		return "in 1 " + unit.en
	}
	return fmt.Sprintf("in %d %ss", n, unit.en)
}

// chinese tells whether the first language that there is a text in is Chinese.
// A header lists languages in order of liking; weights that say otherwise are
// rare, and looked at.
func chinese(header string) bool {
	best, zh := 0.0, false
	for _, part := range strings.Split(header[:min(len(header), 256)], ",") {
		tag, parameters, _ := strings.Cut(strings.TrimSpace(part), ";")
		isChinese := language(tag, "zh")
		if !isChinese && !language(tag, "en") {
			continue
		}
		if weight := weightOf(parameters); weight > best {
			best, zh = weight, isChinese
		}
	}
	return zh
}

func language(tag, name string) bool {
	return len(tag) >= len(name) && strings.EqualFold(tag[:len(name)], name) && (len(tag) == len(name) || tag[len(name)] == '-' || tag[len(name)] == '_')
}

func weightOf(parameters string) float64 {
	value, ok := strings.CutPrefix(strings.TrimSpace(parameters), "q=")
	if !ok {
		return 1
	}
	var weight float64
	if _, err := fmt.Sscanf(value, "%g", &weight); err != nil || weight > 1 {
		return 0
	}
	return weight
}

package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/notifykit/notify/sms"
)

// asked is a request that has been read.
type asked struct {
	to       sms.Number
	code     string
	ip       string
	language string
}

// read reads a request, or answers what is wrong with it.
func (h *handler) read(w http.ResponseWriter, r *http.Request, b *body) (asked, bool) {
	f, err := b.read()
	in := asked{ip: h.clientIP(r), language: r.Header.Get("Accept-Language")}
	switch {
	case errors.Is(err, errMedia), errors.Is(err, errJSONForm):
		h.answer(w, http.StatusUnsupportedMediaType, refused{Detail: err.Error(), Reason: "unsupported_media_type"})
		return in, false
	case errors.Is(err, errTooLarge):
		h.answer(w, http.StatusRequestEntityTooLarge, refused{Detail: err.Error(), Reason: "too_large"})
		return in, false
	case errors.Is(err, errSlow):
		h.answer(w, http.StatusRequestTimeout, refused{Detail: err.Error(), Reason: "timeout"})
		return in, false
	case err != nil:
		h.answer(w, http.StatusBadRequest, refused{Detail: err.Error(), Reason: "malformed"})
		return in, false
	}
	checking := strings.HasPrefix(r.URL.Path, "/codes/check")
	switch {
	case f.Mobile == nil || strings.TrimSpace(*f.Mobile) == "":
		h.answer(w, http.StatusBadRequest, refused{Mobile: in.say("a telephone number is needed", "请填写手机号码"), Reason: string(sms.InvalidNumber)})
		return in, false
	case checking && (f.Code == nil || strings.TrimSpace(*f.Code) == ""):
		h.answer(w, http.StatusBadRequest, refused{Code: in.say("the code from the message is needed", "请填写短信中的验证码"), Reason: "code_missing"})
		return in, false
	}
	parse := sms.ParseNumber
	if f.form {
		parse = sms.ParseFormNumber
	}
	in.to, err = parse(*f.Mobile, h.o.Region)
	if errors.Is(err, sms.ErrPlusLost) {
		h.answer(w, http.StatusBadRequest, refused{Mobile: in.say("this number begins with a blank, which may have been a +: encode + as %2B", "号码以空格开头，可能原为 +：请将 + 编码为 %2B"), Reason: string(sms.InvalidNumber)})
		return in, false
	}
	if err != nil {
		h.answer(w, http.StatusBadRequest, refused{Mobile: h.numberText(in, *f.Mobile), Reason: string(sms.InvalidNumber)})
		return in, false
	}
	if checking {
		in.code = *f.Code
	}
	return in, true
}

func (in asked) say(en, zh string) string {
	if chinese(in.language) {
		return zh
	}
	return en
}

// numberText says what to do about a number that is none. The parser's own words
// are for programmers.
func (h *handler) numberText(in asked, mobile string) string {
	if h.o.Region == "" && !strings.HasPrefix(strings.TrimSpace(mobile), "+") {
		return in.say("write the number with + and its country code, such as +86 138 0000 0000", "请在号码前加上 + 和国家代码，例如 +86 138 0000 0000")
	}
	return in.say("this is not a telephone number: check its digits", "手机号码不正确，请检查")
}

var errJSON = errors.New(`the body is no JSON object of texts, such as {"mobile":"+86 138 0000 0000"}`)

// readJSON reads an object. A key that is there twice, or in other letters, is
// refused: programs in front may have read the other one.
func readJSON(body []byte) (fields, error) {
	var f fields
	d := json.NewDecoder(bytes.NewReader(body))
	switch first, err := d.Token(); {
	case err == nil && first == nil: // null
	case err != nil || first != json.Delim('{'):
		return fields{}, errJSON
	default:
		if err := f.readObject(d); err != nil {
			return fields{}, err
		}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fields{}, errors.New("something stands after the JSON object")
	}
	return f, nil
}

func (f *fields) readObject(d *json.Decoder) error {
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		name, isText := key.(string)
		if err != nil || !isText {
			return errJSON
		}
		lower := strings.ToLower(name)
		if seen[lower] || name != lower && (lower == "mobile" || lower == "code") {
			return errors.New("the JSON object has a key twice, or in other letters than mobile and code")
		}
		seen[lower] = true
		var other json.RawMessage
		var into any = &other
		switch name {
		case "mobile":
			into = &f.Mobile
		case "code":
			into = &f.Code
		}
		if err := d.Decode(into); err != nil {
			return errJSON
		}
	}
	if _, err := d.Token(); err != nil { // the "}"
		return errJSON
	}
	return nil
}

func readForm(body string) (fields, error) {
	if text := strings.TrimLeft(body, " \t\r\n"); strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		return fields{}, errJSONForm
	}
	values, err := url.ParseQuery(body)
	if err != nil {
		return fields{}, errors.New("the body is no form")
	}
	f := fields{form: true}
	for name, into := range map[string]**string{"mobile": &f.Mobile, "code": &f.Code} {
		switch given := values[name]; len(given) {
		case 0:
		case 1:
			if !utf8.ValidString(given[0]) {
				return fields{}, errors.New("the form is not valid UTF-8")
			}
			*into = &given[0]
		default:
			return fields{}, errors.New("the form has a field twice")
		}
	}
	return f, nil
}

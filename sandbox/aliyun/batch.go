package aliyun

import (
	"encoding/json"
	"errors"
	"fmt"
)

// maxBatch is how many numbers one SendBatchSms takes.
const maxBatch = 100

// sendBatchSms sends one template to many numbers, each with a signature and
// values of its own: three JSON lists of the same length.
func (v *vendor) sendBatchSms(c *call) (fields, *failure) {
	numbers, err := readJSONList[string](c.params.Get("PhoneNumberJson"))
	signatures, err2 := readJSONList[string](c.params.Get("SignNameJson"))
	values, err3 := readJSONList[json.RawMessage](c.params.Get("TemplateParamJson"))
	if errors.Join(err, err2, err3) != nil {
		return nil, refuse("isv.INVALID_JSON_PARAM", "JSON参数不合法,需为JSON数组")
	}
	if len(numbers) == 0 || len(signatures) != len(numbers) || values != nil && len(values) != len(numbers) {
		return nil, refuse("isv.INVALID_PARAMETERS", fmt.Sprintf("参数个数不一致:%d个号码,%d个签名,%d组变量", len(numbers), len(signatures), len(values)))
	}
	t, refusal := v.texts(c, signatures...)
	if refusal != nil {
		return nil, refusal
	}
	to, refusal := t.recipients(numbers, maxBatch)
	if refusal != nil {
		return nil, refusal
	}
	parts := make([]part, len(to))
	for i := range parts {
		text := ""
		if values != nil {
			text = string(values[i])
		}
		parts[i] = part{to: to[i], signature: signatures[i]}
		if parts[i].values, refusal = readValues(text); refusal != nil {
			return nil, refusal
		}
		if refusal := t.check(parts[i].values); refusal != nil {
			return nil, refusal
		}
	}
	return v.take(c, t, parts)
}

// readJSONList reads a list of one kind of thing; no text is no list, and no error.
func readJSONList[T any](text string) (list []T, err error) {
	if text == "" {
		return nil, nil
	}
	if err = json.Unmarshal([]byte(text), &list); err == nil && list == nil {
		err = errors.New("null is no list")
	}
	return list, err
}

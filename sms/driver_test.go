package sms_test

import (
	"errors"
	"testing"

	"github.com/notifykit/notify/sms"
)

func TestFieldError(t *testing.T) {
	cause := errors.New("is empty")
	err := error(&sms.FieldError{Path: "access_key_id", Err: cause})
	if err.Error() != "access_key_id: is empty" || !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
	if got := (&sms.FieldError{Path: "region"}).Error(); got != "region: is wrong" {
		t.Errorf("without a cause: %s", got)
	}
}

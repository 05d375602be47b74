package kit

import (
	"net/http"

	"github.com/notifykit/notify/sms"
)

// OfStatus tells what a status line other than a 2xx means where no code of the
// vendor's says more. A 4xx is a refusal whatever its body, but for 408, by which
// a server says that it gave up waiting; after that, and after a 3xx or a 5xx,
// nobody can know.
func OfStatus(status int) (sms.Reason, sms.Outcome) {
	switch {
	case status == http.StatusRequestTimeout, status < 400, status > 499:
		return sms.Unavailable, sms.Unknown
	case status == http.StatusTooManyRequests:
		return sms.Throttled, sms.Rejected
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return sms.Unauthorized, sms.Rejected
	}
	return sms.Unsupported, sms.Rejected
}

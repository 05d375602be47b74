package verify

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// fields are what a body may hold; what else it holds is passed over.
type fields struct {
	Mobile, Code *string
	form         bool // the values are those of a form, in which a "+" may have become a blank
}

var (
	errMedia    = errors.New("the body has to be application/json or application/x-www-form-urlencoded, in UTF-8")
	errJSONForm = errors.New("the body is JSON, and Content-Type says that it is a form: send Content-Type: application/json")
	errTooLarge = errors.New("the body is too large")
	errSlow     = errors.New("the body did not come in time")
)

// A body is that of one request. Until it has been read whole, the answer closes
// the connection: net/http would otherwise go on reading what the client still
// sends, up to 256 KB at the client's pace, before or after the answer.
type body struct {
	w       http.ResponseWriter
	r       *http.Request
	most    int64
	timeout time.Duration
	whole   bool
}

// begin must be called before the answer is written.
func (b *body) begin() {
	b.whole = b.r.ContentLength == 0
	if !b.whole && b.r.ProtoMajor == 1 {
		b.w.Header().Set("Connection", "close")
	}
}

// end must be called after the answer was written. It stops net/http from waiting
// for the rest of a body that was not read whole.
func (b *body) end() {
	if !b.whole {
		_ = http.NewResponseController(b.w).SetReadDeadline(time.Now())
	}
}

// read reads the fields of the body within the time-out. A ResponseWriter that
// supports no read deadline has its server's ReadTimeout alone.
func (b *body) read() (fields, error) {
	media, parameters, err := mime.ParseMediaType(b.r.Header.Get("Content-Type"))
	isJSON := media == "application/json" // which is UTF-8 whatever its charset says
	if err != nil || !isJSON && (media != "application/x-www-form-urlencoded" || !isUTF8(parameters["charset"])) {
		return fields{}, errMedia
	}
	control := http.NewResponseController(b.w)
	_ = control.SetReadDeadline(time.Now().Add(b.timeout))
	text, err := io.ReadAll(http.MaxBytesReader(b.w, b.r.Body, b.most))
	if err != nil {
		return fields{}, readError(err)
	}
	// A deadline that is left would end the request's context while the vendor is
	// asked.
	_ = control.SetReadDeadline(time.Time{})
	b.whole = true
	b.w.Header().Del("Connection")
	if !utf8.Valid(text) {
		return fields{}, errors.New("the body is not valid UTF-8")
	}
	if isJSON {
		return readJSON(text)
	}
	return readForm(string(text))
}

func isUTF8(charset string) bool {
	return charset == "" || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}

func readError(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return errTooLarge
	}
	if t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && t.Timeout() {
		return errSlow
	}
	return errors.New("the body was cut off")
}

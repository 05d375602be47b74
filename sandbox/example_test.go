package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/notifykit/notify/sandbox"
)

// sendByTwilio is what any HTTP client of Twilio's does.
func sendByTwilio(base, to, body string) (status string, err error) {
	form := url.Values{"To": {to}, "From": {sandbox.TwilioSender}, "Body": {body}}
	r, err := http.NewRequest(http.MethodPost, base+"/2010-04-01/Accounts/"+sandbox.TwilioAccountSID+"/Messages.json", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(sandbox.TwilioAccountSID, sandbox.TwilioAuthToken)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var m struct {
		Status any
		Code   int
	}
	err = json.NewDecoder(answer.Body).Decode(&m)
	return fmt.Sprint(m.Status, " ", m.Code), err
}

func ExampleListen() {
	sb, err := sandbox.Listen("127.0.0.1:0", sandbox.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sb.Close()
	status, err := sendByTwilio(sb.URL, "+12025550123", "Your order has left.")
	fmt.Println(status, err)
	for _, m := range sb.Messages("+12025550123") {
		fmt.Println(m.Vendor, m.From, m.Text)
	}
	// Output:
	// queued 0 <nil>
	// twilio +15005550006 Your order has left.
}

func ExampleSandbox_SetFaults() {
	sb, err := sandbox.Listen("", sandbox.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sb.Close()
	// One number is refused, once; all others go on as before.
	err = sb.SetFaults(sandbox.Fault{Vendor: sandbox.Twilio, To: "+12025550123", Code: "21610", Times: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, to := range []string{"+12025550123", "+12025550124", "+12025550123"} {
		status, err := sendByTwilio(sb.URL, to, "hello")
		fmt.Println(status, err)
	}
	// Output:
	// 400 21610 <nil>
	// queued 0 <nil>
	// queued 0 <nil>
}

// Package smstest is the suite that every Sender to a vendor passes. A provider's
// test describes the vendor's answers in a Provider and calls Run:
//
//	func TestConformance(t *testing.T) {
//		smstest.Run(t, smstest.Provider{
//			New: func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender {
//				p, err := acme.New(acme.Options{Name: smstest.Name, Endpoint: endpoint, Templates: r, ...})
//				...
//				return p
//			},
//			Accept: func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"code":"OK","id":"42"}`) },
//			Refuse: func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"code":"NO_CREDIT"}`) },
//			Read:   func(r *http.Request) (to, text string) { return r.FormValue("to"), r.FormValue("text") },
//		})
//	}
//
// A vendor that is not reached over HTTP, such as an SMPP carrier, is described by a
// Session in place of Accept, Refuse and Read.
//
// Further fields describe what a vendor may have besides: Listing for a Sender that is
// an sms.Finder, Webhook for delivery reports and replies, Batch for calls with several
// numbers, and Key for the field that carries a message's key. A check whose field is
// not set is skipped.
//
// The suite starts servers on loopback that answer, refuse, stall, hang up,
// redirect, cut the answer at every byte and answer without end, and looks at
// what the Sender makes of it. Each check is a subtest of its own, and its
// failure begins with the rule that was broken. Run it under the race detector
// too: some rules only show there.
package smstest

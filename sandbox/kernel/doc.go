// Package kernel is what all imitated vendors of the sandbox share: the messages
// and their timeline, faults, reports and replies, the inbox, and the control API
// under "/_sandbox/". It knows no vendor. Package sandbox puts the vendors on it,
// and is what most programs and tests use.
//
// A vendor of one's own needs a paths-and-answers function and no more:
//
//	func open(d *kernel.Desk) (kernel.Vendor, error) {
//		return kernel.Vendor{
//			Name:  "acme",
//			Where: "under /acme/",
//			Match: func(r *http.Request, _ []byte) bool { return strings.HasPrefix(r.URL.Path, "/acme/") },
//			Call: func(r *http.Request, body []byte) kernel.Call {
//				return kernel.Call{
//					Operation: "submit", Kind: kernel.Send, Numbers: numbersOf(body),
//					Carry:  func(o kernel.Order) kernel.Answer { … },
//					Refuse: func(code, words string, status int) kernel.Answer { … },
//				}
//			},
//			Show: func(m *kernel.Message, _ *kernel.Record, s kernel.Status) { m.Status = s.State.String() },
//		}, nil
//	}
//
//	sb := sandbox.New(sandbox.Options{Vendors: []kernel.Opener{open}})
//
// The kernel asks a vendor for the operation and the numbers of a request before
// the request is carried out, and it writes the answer. So every fault works for
// every vendor. The kernel does not check credentials, and it does not know which
// texts a vendor accepts: that is the vendor's part.
package kernel

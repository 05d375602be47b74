// Package fake is a provider in memory, for the tests of programs that send SMS
// and for development without a vendor. Nothing leaves the process.
//
// It behaves as a real provider does: it checks messages by the same rules,
// counts segments, fills receipts and errors, obeys the context, and fails as it
// is told to. It accepts every template of its registry without a binding, every
// Message.From, and messages with a Body.
//
// A test of a whole program opens the real configuration and puts a fake in the
// place of a vendor's driver:
//
//	vendor, err := fake.New(fake.Options{})
//	...
//	client, err := notify.Open("notify.yaml", vendor.Driver("aliyun"), vendor.Driver("twilio"))
//	... // the program sends a login code
//	code := vendor.Code(to)
//
// It keeps every message in memory until Reset, and gives them in full to who
// asks: that is what it is for. Printed, it shows none of them.
package fake

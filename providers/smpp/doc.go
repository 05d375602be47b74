// Package smpp sends SMS to any carrier or aggregator that speaks SMPP 3.4.
//
//	p, err := smpp.New(smpp.Options{
//		Endpoint: "smpps://smsc.example:3550",
//		SystemID: os.Getenv("SMPP_SYSTEM_ID"), Password: os.Getenv("SMPP_PASSWORD"),
//		From: "ACME", Templates: templates,
//	})
//	if err != nil {
//		return err
//	}
//	defer p.Close()
//	receipt, err := p.Send(ctx, sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": "482913"}})
//
// # Sessions
//
// New opens no connection. The first Send, Listen or Inspect binds Options.Binds
// sessions, which are kept alive by enquire_link and are bound again, with growing
// pauses and jitter, when they end. If the carrier does not know bind_transceiver, a
// transmitter and a receiver are bound in its place. Close refuses new messages,
// waits for the answers that are missing, and unbinds.
//
// At most Options.Window messages of a session are unanswered at a time. Further
// ones wait until their context or Options.Timeout ends. After ESME_RTHROTTLED the
// provider pauses, for one second at first.
//
// # What is known of a message
//
// A submit_sm_resp decides: accepted, or refused by a code of the table. A message
// that was not written is Rejected. A message that was written, even in part, and
// whose answer has not come when the session or Options.Timeout ends is Unknown. No
// message is ever sent again by the provider, and the carrier cannot be asked about
// it: SMPP has no question that works without the carrier's ID.
//
// # Texts
//
// A template needs a binding for this provider, {} at the least. A text goes out in
// the carrier's own alphabet if that has all its characters, else in UCS-2. A long
// one goes out in parts, one after the other, each with its ID: see Receipt.IDs. If
// the first part was accepted, the message is Accepted, whatever becomes of the rest.
//
// # Reports and replies
//
// They arrive over the session while Listen runs. A deliver_sm is confirmed when it
// has been stored. Without Listen, and if storing fails, the answer is
// ESME_RX_T_APPN, so that the carrier sends it again. The parts of a long reply are
// given apart, with Reply.Ref, Part and Parts.
//
// The times in a receipt's text have no zone: they are read as UTC.
package smpp

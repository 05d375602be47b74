// Package delivery records what became of messages after they were sent.
//
// A vendor's acceptance does not say that the recipient has the message. That arrives
// later, as a delivery report: in any order, twice, for each part, for a message whose
// outcome was unknown, or never. The package joins the answer of Send and all reports
// of a message into one state.
//
// The states have an order: accepted < sent < lost < expired < undelivered < blocked <
// delivered. A report raises the state and never lowers it, so neither the order nor
// the repetition of reports matters. A report with a word that is not known is kept in
// Code and does not end the message.
//
// "Delivered" means that the network reported it. In some countries and with some
// senders "sent" is the last state, and a report may never come.
package delivery

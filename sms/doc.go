// Package sms is the ground that everything else in this module stands on: a
// message as plain data, the one-method interface that sends it, and an error
// that keeps three truths apart.
//
// # Three truths
//
// After every call to [Sender.Send] exactly one of these holds, and
// [OutcomeOf] says which:
//
//   - [Accepted]: the vendor took the message. The error is nil. Accepted is
//     not delivered: what happens afterwards arrives as a delivery report.
//   - [Rejected]: the message was certainly not sent, and [ReasonOf] says why.
//   - [Unknown]: nobody can know yet. The request left and no readable answer
//     came back. Sending again may double the message.
//
// Retry, failover, limits and the circuit breaker are derived from the outcome
// and from one table that says what each [Reason] allows ([Reason.SameVendor],
// [Reason.AnotherVendor], [Reason.CountsAgainstVendor], [MayRepeat]).
//
// # What never shows
//
// A [Number] prints masked, and the values of [Params] and the body of a
// [Message] do not print at all, under any verb of package fmt and as
// attributes of log/slog. The full number is given by [Number.E164] and by the
// text and JSON encodings, because queues need it. Some ends no method can
// close: the verb %p, and %w for what is no error, both of which go vet refuses;
// unexported fields of a caller's own struct, on which fmt may not call methods;
// a panic that prints a value as raw memory; and slog's JSON handler given a
// slice, map or struct that holds one, which it encodes as JSON. Nothing in this
// module logs in any of these ways.
//
// # Imports
//
// The package imports the standard library and the phone-number library only.
// It holds no global state.
package sms

// Package verify sends one-time codes and judges what is typed: "text a code to
// this number, tell me later whether they typed it".
//
//	v, err := verify.New(verify.Options{Sender: client, Store: store, Key: key, Template: "login-code"})
//	ch, err := v.Start(ctx, verify.Request{To: to, Purpose: "login", IP: ip})           // sends
//	err = v.Check(ctx, verify.Attempt{To: to, Purpose: "login", Code: typed, IP: ip})   // nil once; then used
//
// What holds, over all processes that share a [Store]:
//
//   - A code is right once. Of any number of right answers at once one wins.
//   - Failures are counted for a number and a purpose, before their result is
//     told, and a new code does not reset them. MaxAttempts of them kill the code
//     and lock the number for that purpose for LockFor.
//   - A resend carries the same code, whichever vendor delivers it, while a third
//     of its lifetime is left. It does not prolong it.
//   - The code is stored before it is sent, so no code arrives that nobody knows.
//     The store holds no code: who reads it without the key learns none.
//   - Codes and proofs are good for their number and purpose alone.
//   - No limit is overrun by asking at once. A message that was refused gives back
//     what it took, so that nobody waits for a code that was never sent.
//
// What does not: that the person who types is the one who owns the number.
// Messages are read over shoulders, numbers are moved to other SIM cards, and
// people tell codes to whoever calls. Offer another way to sign in beside this
// one. docs/security.md has each attack and what stops it.
//
// [Handler] serves it all over HTTP.
package verify

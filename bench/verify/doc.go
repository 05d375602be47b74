// Package verify measures one-time codes beside what a user would write with a
// well-known library for them: HOTP of github.com/pquerna/otp, with a map that
// counts failures, which is the least that keeps codes from being guessed.
package verify

package sms

import "crypto/rand"

// NewKey makes a Message.Key: 26 characters of A-Z and 2-7, at least 128 random
// bits.
func NewKey() string { return rand.Text() }

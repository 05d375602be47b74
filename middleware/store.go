package middleware

import (
	"context"
	"time"
)

// A Store remembers, for [Deduplicate], which keys were sent and what came of
// them. Each step is atomic, also between processes where the Store is shared.
// storetest.Run checks one. All methods may be called by any number of
// goroutines; an error means that nobody knows.
type Store interface {
	// Claim asks for c.Key. Where the Store does not remember it, it is from now on
	// c.ID's for ttl, without an answer: Claimed. Else nothing changes, and the
	// answer is OtherContent where the key was claimed with another Content,
	// InFlight where it has no answer yet, and Answered, with the answer, where it
	// has. A claim made again with the same ID is Claimed as long as it has no
	// answer.
	Claim(ctx context.Context, c Claim, ttl time.Duration) (Claimed, error)
	// Keep writes the answer of the claim that has this ID, for ttl from now on.
	// It changes nothing where the key is another's, or forgotten.
	Keep(ctx context.Context, key string, id [16]byte, answer []byte, ttl time.Duration) error
	// Free forgets the claim that has this ID. It changes nothing where the key is
	// another's.
	Free(ctx context.Context, key string, id [16]byte) error
}

// A Claim is one message that wants to be the only one of its key.
type Claim struct {
	Key string
	ID  [16]byte // random, of this claim
	// Content is a SHA-256 of what is to be sent. Whoever reads it and knows the
	// number finds a six-digit code by trying all: a Store outside of the process
	// keeps an HMAC of it under a secret of its own instead, and compares those.
	Content [32]byte
}

// ClaimState is what a Store knows of a key.
type ClaimState int

// The states of a key. The zero value is none of them.
const (
	ClaimNew          ClaimState = iota + 1 // nobody had it: it is the caller's now
	ClaimInFlight                           // another claim of the same content has no answer yet
	ClaimAnswered                           // another claim of the same content has its answer
	ClaimOtherContent                       // the key is that of another message
)

// Claimed is the answer to a Claim.
type Claimed struct {
	State  ClaimState
	Answer []byte // of ClaimAnswered
}

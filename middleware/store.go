package middleware

import (
	"context"
	"time"
)

// A Store keeps, for [Deduplicate], which keys were sent and with which result. Each call
// is atomic, also between processes that share the Store. All methods may be called by any
// number of goroutines. An error means that the state of the key is not known.
// storetest.Run tests a Store.
type Store interface {
	// Claim asks for c.Key. If the Store does not have the key, it belongs to c.ID for
	// ttl, without an answer, and Claim returns ClaimNew. Else nothing changes, and Claim
	// returns ClaimOtherContent if the key was claimed with another Content,
	// ClaimInFlight if it has no answer yet, and ClaimAnswered with the answer if it has
	// one. A claim that is repeated with the same ID is ClaimNew as long as it has no
	// answer.
	Claim(ctx context.Context, c Claim, ttl time.Duration) (Claimed, error)
	// Keep writes the answer of the claim that has this ID, for ttl from now on. It
	// changes nothing if the key belongs to another claim or is forgotten.
	Keep(ctx context.Context, key string, id [16]byte, answer []byte, ttl time.Duration) error
	// Free forgets the claim that has this ID. It changes nothing if the key belongs to
	// another claim.
	Free(ctx context.Context, key string, id [16]byte) error
}

// A Claim is a request to be the only message with a key.
type Claim struct {
	Key string
	ID  [16]byte // random, of this claim
	// Content is a SHA-256 of what is to be sent. It is not secret enough for a Store
	// outside of the process: from it and the number a six-digit code is found by trying
	// all. Such a Store must keep and compare an HMAC of it under a secret of its own.
	Content [32]byte
}

// A ClaimState is the state of a key in a Store.
type ClaimState int

// The states of a key. The zero value is none of them.
const (
	ClaimNew          ClaimState = iota + 1 // it was free and belongs to the caller now
	ClaimInFlight                           // another claim of the same content has no answer yet
	ClaimAnswered                           // another claim of the same content has its answer
	ClaimOtherContent                       // the key is that of another message
)

// Claimed is what [Store.Claim] returns.
type Claimed struct {
	State  ClaimState
	Answer []byte // of ClaimAnswered
}

// Package outbox takes messages durably and sends them surely: later, in order
// of importance, through every crash, and never twice where that does harm.
package outbox

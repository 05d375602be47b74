package sandbox

import (
	"github.com/notifykit/notify/sandbox/aliyun"
	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sandbox/twilio"
)

// What all vendors share: see package kernel.
type (
	Sandbox   = kernel.Sandbox
	Message   = kernel.Message
	Rejection = kernel.Rejection
	Fault     = kernel.Fault
	HangUp    = kernel.HangUp
	Spoil     = kernel.Spoil
	Refusal   = kernel.Refusal
	Reply     = kernel.Reply
	Webhooks  = kernel.Webhooks
	Key       = kernel.Key
)

// The moments at which a connection is cut, and the ways in which an answer is
// spoilt.
const (
	HangUpBefore = kernel.HangUpBefore
	HangUpAfter  = kernel.HangUpAfter
	SpoilGarbage = kernel.SpoilGarbage
	SpoilCut     = kernel.SpoilCut
	SpoilSlow    = kernel.SpoilSlow
)

// What Aliyun's accounts have: see package sandbox/aliyun.
type (
	Signature    = aliyun.Signature
	Template     = aliyun.Template
	Review       = aliyun.Review
	Registration = aliyun.Registration
)

// The states of a review.
const (
	Approved = aliyun.Approved
	InReview = aliyun.InReview
	Refused  = aliyun.Refused
	Canceled = aliyun.Canceled
)

// The states of a registration.
const (
	Registered         = aliyun.Registered
	NotRegistered      = aliyun.NotRegistered
	Registering        = aliyun.Registering
	RegistrationFailed = aliyun.RegistrationFailed
	RegistrationLapsed = aliyun.RegistrationLapsed
)

// What Twilio's accounts have: see package sandbox/twilio.
type (
	Account = twilio.Account
	Service = twilio.Service
	Content = twilio.Content
)

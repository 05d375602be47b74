package smstest

// checks is the suite, in the order in which it runs: what a message needs, what
// the vendor says, what the caller's context does, what the network does.
var checks = []check{
	{"accepted", "a message that the vendor takes is accepted and reaches it once, with its own number and its values as they are", nothing, checkAccepted},
	{"body", "free text reaches the vendor as it is", body, checkBody},
	{"templates only", "a vendor without free text refuses a body as unsupported before anything leaves", templates, checkTemplatesOnly},
	{"receipt", "a receipt tells the provider's configured name, the message's key (made where it had none), the vendor's ID and the segments", nothing, checkReceipt},
	{"params", "params and tags are neither changed nor kept after Send has returned", nothing, checkParams},

	{"malformed numbers", "what is not \"+\" and 7 to 15 digits is an invalid number and reaches no server", nothing, checkNumbers},
	{"invalid messages", "a message with a wrong template or wrong values is an invalid message and reaches no server", nothing, checkInvalid},
	{"nil registry", "without a registry there are no templates, and a body still goes out", body, checkNilRegistry},
	{"unknown sender", "a Message.From that the provider was given no sender for is unsupported and reaches no server", server, checkFrom},
	{"expired", "a message past Expires is refused as expired and reaches no server", nothing, checkExpired},

	{"refused", "what the vendor refuses is rejected, for a reason that is not the caller's leaving nor a fault of ours", server, checkRefused},
	{"error", "an error tells the provider's configured name, the message's key (made where it had none), its kind and the vendor's code", answer, checkError},
	{"codes", "each of the vendor's codes has its reason and its outcome and is kept as it is", answer, checkCodes},
	{"statuses", "a 4xx other than 408 is a refusal whatever its body, and after 408 and 5xx without a code nobody can know", overHTTP, checkStatuses},
	{"redirects", "a redirect is not followed, because that would be a second message, and after it nobody can know", overHTTP, checkRedirects},
	{"garbage", "after an answer that cannot be read nobody can know", server, checkGarbage},
	{"cut answers", "an acceptance that was cut anywhere is no acceptance and no refusal: nobody can know", server, checkCutAnswers},
	{"cut refusals", "a refusal that was cut anywhere is no more than its status line: a 4xx other than 408 is a refusal, else nobody can know", overHTTP, checkCutRefusals},
	{"endless answers", "an answer is read up to a bound, and one without end leaves open what happened", overHTTP, checkEndless},

	{"context over", "a context that is over before anything left is the caller's leaving, rejected", nothing, checkContextOver},
	{"context in flight", "a context that ends while the vendor is silent is the caller's leaving, its error kept, and nobody can know", server, checkContextInFlight},
	{"context in time", "Send returns within 100 ms of the context's end", overHTTP, checkContextInTime},
	{"own timeout", "a time-out of the provider's own is the vendor's fault and not the caller's leaving: unavailable, with no context's error to be found", timeout, checkOwnTimeout},

	{"never left", "where no connection or no TLS came about the message was certainly not sent: unavailable, rejected", server, checkNeverLeft},
	{"hung up", "where the connection ended after the request had left nobody can know: unavailable, unknown", server, checkHungUp},
	{"sent once", "one Send is one request, also where a connection that was used before ends without an answer", server, checkSentOnce},
	{"long keys", "a key reaches the vendor whole if it fits its field, and else as a text that fits, stands for that key alone and is in Receipt.Ref and Error.Ref", keys, checkKeys},

	{"found", "a message that the vendor has is found, with its own ID and key, and never reported as not found", listing, checkFound},
	{"not found", "ErrNotFound needs a whole listing without the message, at least FindAfter after it may have left; everything else is undecided", listing, checkNotFound},
	{"two of one text", "of two messages with one text none is found as the other, and none that Owned names", listing, checkTwo},
	{"reports", "a delivery report is read whole, twice alike, and a word that is not known is kept and is no state", webhook, checkReports},
	{"replies", "a reply is read with its number and its text, and is no delivery report", webhook, checkReplies},
	{"signatures", "a request with a wrong signature or another body is not authentic, and without a signature none counts as signed", webhook, checkSignatures},
	{"batch", "each message of a call with several numbers has its own result, and is in one call only", batch, checkBatch},
	{"batch unanswered", "after a call with several numbers that was not answered nobody can know of any", batch, checkBatchUnanswered},

	{"many callers", "any number of goroutines may send at once, and each message stays itself", nothing, checkManyCallers},
	{"connections", "64 callers open no new connection once each has one", overHTTP, checkConnections},
	{"closed", "after Close, which waits for the calls in flight and may be called again, Send answers ErrClosed, rejected", nothing, checkClosed},
	{"nothing left", "after Close no goroutine and no connection is left", nothing, checkNothingLeft},
	{"abilities", "what a provider can do beside Send is not lost in a wrapper: New returns a Sender with the abilities of what it holds", nothing, checkAbilities},
	{"no personal data", "no secret, number or code shows in an error's text under any verb", nothing, checkRedaction},
}

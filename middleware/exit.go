package middleware

// An exit is how a call of a Sender inside gobreaker's Execute ended: it returned,
// panicked, or called runtime.Goexit. In the state half-open, Execute lets the next
// message through only after a return or a panic. So intercept turns a Goexit into a panic
// of ours, and after Execute it continues as a Goexit.
type exit struct {
	returned    bool
	intercepted bool
	value       any // of the Sender's panic
}

// intercepted is the value of our panic. Its size is zero, so that it allocates nothing.
type intercepted struct{}

// intercept is deferred around the Sender, inside Execute.
func (e *exit) intercept() {
	if e.returned {
		return
	}
	e.intercepted, e.value = true, recover()
	panic(intercepted{})
}

// finish is deferred around Execute.
func (b *breaker) finish(e *exit) {
	if e.intercepted {
		_ = recover() // our panic; a Goexit continues by itself
	}
	b.report()
	if e.value != nil {
		panic(e.value)
	}
}

package middleware

// An exit is how a call of a Sender inside gobreaker's Execute ended: it returned,
// panicked, or called runtime.Goexit. Execute frees the place of a half-open breaker only
// after a return and after a panic. So a Goexit passes through Execute as a panic of ours,
// and continues after it as a Goexit.
type exit struct {
	returned bool
	passing  bool
	value    any // of the Sender's panic
}

// passing is the panic of ours. Its size is zero, so that it allocates nothing.
type passing struct{}

// open is deferred around the Sender, inside Execute.
func (e *exit) open() {
	if e.returned {
		return
	}
	e.passing, e.value = true, recover()
	panic(passing{})
}

// leave is deferred around Execute.
func (b *breaker) leave(e *exit) {
	if e.passing {
		_ = recover() // ours; recovered during a Goexit, that goes on by itself
	}
	b.tell()
	if e.value != nil {
		panic(e.value)
	}
}

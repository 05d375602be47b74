package middleware

// An exit is how a call of a Sender inside gobreaker's Execute was left: by
// returning, by a panic, or by runtime.Goexit. Execute gives a place back after
// the first two only, and of a panic in a recovered one; so a Goexit passes
// through it as a panic of ours, and goes on after it as what it was.
type exit struct {
	returned bool
	passing  bool
	value    any // of the Sender's panic
}

// passing is the panic of ours. It is of no size, so that it costs nothing.
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

package sandbox_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
)

// A pushReceiver is a transport that takes pushes and remembers their bodies.
type pushReceiver struct {
	mu     sync.Mutex
	bodies [][]byte
	answer string
}

func (r *pushReceiver) RoundTrip(q *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bodies = append(r.bodies, body)
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(r.answer)), Request: q}, nil
}

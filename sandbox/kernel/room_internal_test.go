package kernel

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestRoom_inOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(10)
		first, err := r.take(t.Context(), 6)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var got []int
		wait := func(ctx context.Context, n int) {
			if c, err := r.take(ctx, n); err == nil {
				defer c.shrink(0)
				mu.Lock()
				defer mu.Unlock()
				got = append(got, n)
			}
		}
		leaving, leave := context.WithCancel(t.Context())
		go wait(leaving, 100) // all of it, which is 10
		synctest.Wait()
		go wait(t.Context(), 5)
		synctest.Wait()
		go wait(t.Context(), 1) // there is room, and others wait before it
		synctest.Wait()
		if len(got) != 0 {
			t.Errorf("%v passed those that waited", got)
		}
		leave()
		synctest.Wait()
		if fmt.Sprint(got) != "[]" {
			t.Errorf("%v have passed", got)
		}
		first.shrink(3)
		first.shrink(4) // not less
		synctest.Wait()
		slices.Sort(got) // both have room at once
		if fmt.Sprint(got) != "[1 5]" || r.taken != 3 || first.grow(8) || !first.grow(7) {
			t.Errorf("%v have passed, %d are taken", got, r.taken)
		}
		if first.shrink(0); r.taken != 0 || r.waiting.Len() != 0 {
			t.Errorf("%d are left taken, %d wait", r.taken, r.waiting.Len())
		}
	})
}

// A pipeListener accepts what is sent to it.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l pipeListener) Close() error {
	select {
	case <-l.done:
	default:
		close(l.done)
	}
	return nil
}
func (l pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// Headers that do not end, on many connections, do not take more memory than they
// may; and all of it comes back.
func TestConns_headersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{}, func(*Desk) (Vendor, error) {
			return Vendor{Name: "v", Show: func(*Message, *Record, Status) {}, Match: func(*http.Request, []byte) bool { return true },
				Call: func(*http.Request, []byte) Call {
					return Call{Carry: func(Order) Answer { return JSON(200, "", "") }}
				}}, nil
		})
		s.server = s.newServer()
		l := pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
		s.serving.Go(func() { _ = s.serve(l) })
		header := []byte("GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 200_000))
		before := heapInUse()
		const clients = 500
		for range clients {
			client, server := net.Pipe()
			go func() {
				defer client.Close()
				select {
				case l.conns <- server:
				case <-l.done:
					server.Close()
					return
				}
				go func() { _, _ = io.Copy(io.Discard, client) }()
				_, _ = client.Write(header) // fails once the sandbox has enough
				<-l.done
			}()
		}
		synctest.Wait()
		if grown := heapInUse() - before; grown > 32<<20 {
			t.Errorf("headers that do not end hold %d MiB", grown>>20)
		}
		if s.conns.taken > s.conns.size {
			t.Errorf("%d of %d bytes are taken", s.conns.taken, s.conns.size)
		}
		time.Sleep(time.Minute) // ReadHeaderTimeout ends them
		client, server := net.Pipe()
		l.conns <- server
		in := bufio.NewReader(client)
		for range 3 { // one after the other, on one connection
			fmt.Fprintf(client, "GET / HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", strings.Repeat("x", 50_000))
			answer, err := http.ReadResponse(in, nil)
			if err != nil || answer.StatusCode != 200 {
				t.Fatalf("%v, %v", answer, err)
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			synctest.Wait()
		}
		client.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		for name, r := range map[string]*room{"conns": s.conns, "requests": s.requests, "lists": s.lists, "controls": s.controls} {
			if r.taken != 0 {
				t.Errorf("%s: %d bytes are left taken", name, r.taken)
			}
		}
	})
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

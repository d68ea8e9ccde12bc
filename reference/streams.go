package reference

import (
	"io"
	"reflect"
	"sync"
	"sync/atomic"
)

// closers returns what ends the use of recv and what ends that of send. Each closes
// its stream once, however often it is called. One stream that is both is closed
// when both have ended; its peer is told of the end of send before, if it can be.
func closers(recv io.Reader, send io.Writer) (closeRecv, closeSend func()) {
	if !same(recv, send) {
		return sync.OnceFunc(func() { closeStream(recv) }), sync.OnceFunc(func() { closeStream(send) })
	}
	var ended atomic.Int32
	end := func() {
		if ended.Add(1) == 2 {
			closeStream(recv)
		}
	}
	return sync.OnceFunc(end), sync.OnceFunc(func() {
		if half, ok := send.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
		end()
	})
}

func same(a, b any) bool {
	return reflect.ValueOf(a).Comparable() && a == b
}

func closeStream(stream any) {
	if closer, ok := stream.(io.Closer); ok {
		_ = closer.Close() // what mattered was flushed; the rest is not ours to save
	}
}

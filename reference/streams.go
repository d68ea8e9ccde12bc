package reference

import (
	"io"
	"net"
	"reflect"
	"sync"
	"sync/atomic"
)

// A streams closes the two streams of a connection, each once.
type streams struct {
	closeRecv func() // at the end of the peer's direction
	closeSend func() // at the end of the local direction
	closeBoth func() // at once, even during a read or a write; it does not wait
}

// newStreams returns the streams recv and send. If send carries both directions, it is
// closed when both have ended. Before, only its writing half is closed, if it can do that,
// so that late responses still arrive.
func newStreams(recv io.Reader, send io.Writer) streams {
	endRecv := sync.OnceFunc(func() { closeStream(recv) })
	endSend := sync.OnceFunc(func() { closeStream(send) })
	joint := same(recv, send)
	if joint {
		endSend = endRecv
	}
	s := streams{closeRecv: endRecv, closeSend: endSend, closeBoth: func() { go endRecv(); go endSend() }}
	half, canHalf := send.(interface{ CloseWrite() error })
	if _, isConn := send.(net.Conn); !joint && !canHalf && !isConn {
		return s
	}
	var ended atomic.Int32
	s.closeRecv = func() {
		if ended.Add(1) == 2 {
			endSend()
			endRecv()
		}
	}
	s.closeSend = func() {
		if canHalf {
			_ = half.CloseWrite() // its failure shows in what the peer does
		}
		s.closeRecv()
	}
	return s
}

// same reports whether a and b are the same stream. Values that cannot be compared,
// such as a struct with a slice, are not: comparing them would panic.
func same(a, b any) bool {
	return reflect.ValueOf(a).Comparable() && a == b
}

// closeStream closes stream if it can be closed.
func closeStream(stream any) {
	if closer, ok := stream.(io.Closer); ok {
		_ = closer.Close() // everything was flushed, or its loss is reported already
	}
}

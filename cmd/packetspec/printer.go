package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"
)

// A printer is the standard output or the standard error of a command. It keeps the first error, so that no command has
// to look for it: they print, and execute reports it at the end. After an error it writes no more.
type printer struct {
	ctx    context.Context // of the command
	out    io.Writer
	direct bool // a write may take as long as the reader likes; set before the first

	writing sync.Mutex // held while a write is under way
	mu      sync.Mutex // guards err
	err     error
}

// lastTime is how long a write may take after a signal has come. A reader that is alive takes the
// rest of a report in less; one that has stopped must not keep the command from ending.
const lastTime = 2 * time.Second

var errNotRead = errors.New("nobody reads it")

// Write implements [io.Writer]. Once the command's context has ended, it waits for the reader only
// for a while.
func (p *printer) Write(b []byte) (int, error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	if err := p.failed(); err != nil {
		return 0, err
	}
	if p.direct {
		return p.keep(p.out.Write(b))
	}
	written := make(chan error, 1)
	own := bytes.Clone(b) // the write may outlast this call
	go func() {
		_, err := p.out.Write(own)
		written <- err
	}()
	late := make(chan struct{})
	defer context.AfterFunc(p.ctx, func() { time.AfterFunc(lastTime, func() { close(late) }) })()
	var err error
	select {
	case err = <-written:
	case <-late:
		err = errNotRead
	}
	if err != nil {
		return p.keep(0, err)
	}
	return len(b), nil
}

// keep keeps the error of a write, and returns what the write returned.
func (p *printer) keep(n int, err error) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
	return n, err
}

// failed returns the first error of a write.
func (p *printer) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// join returns the error with which a command ends that returned err, which may be nil.
func (p *printer) join(err error) error {
	failed := p.failed()
	if failed == nil {
		return err
	}
	unwritten := failed
	if path := (*fs.PathError)(nil); errors.As(failed, &path) {
		unwritten = path.Err
	}
	unwritten = fmt.Errorf("the standard output cannot be written: %w", unwritten)
	status := (*statusError)(nil)
	switch {
	case errors.As(err, &status) && status.status == statusNot && status.err == nil && p.ctx.Err() == nil:
		unwritten = fmt.Errorf("%w\nand without that the exit status would be %d", unwritten, statusNot)
	case err != nil && err.Error() != "" && !errors.Is(err, failed):
		unwritten = fmt.Errorf("%w\n%w", unwritten, err)
	}
	return &statusError{statusUnwritten, unwritten}
}

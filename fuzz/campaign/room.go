package campaign

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/internal/environment"
	"github.com/packetspec/packetspec/internal/hint"
)

// A room holds how many connections may be open at a time, so that neither this process nor the
// subject runs out of files. A subject that gets no more files is not to blame.
type room struct {
	all      chan struct{} // holds a value for each connection of any process
	each     int           // connections that one process may have open
	stuck    int           // connections of one process that may be left hanging, beside those
	inFlight int           // inputs at a time on each process
	trying   int           // suspects that are confirmed at a time
	tight    bool          // there is less room than a campaign uses if it may
}

// The files that a campaign counts on.
const (
	// ownFiles has room for standard streams, the poller, a file that is read or written, and the
	// pipes of a process that starts.
	ownFiles = 20
	// filesOfProcess is how many files one process of the subject takes here.
	filesOfProcess = 4
	// filesHere is how many files a connection takes here: its two pipes, and a third end while it opens.
	filesHere = 3
	// filesThere is how many it takes in a subject, as one that duplicates its two descriptors.
	filesThere = 4
	// filesOfSubject is how many files a subject has open without any connection.
	filesOfSubject = 16
)

// newRoom returns the room that limits on open files leave, here and in the subject, for a number of
// processes with a number of inputs in flight on each.
func newRoom(here, there, workers, inFlight int) (room, error) {
	r := room{trying: confirmers}
	if here < 4*(ownFiles+filesOfProcess*workers) {
		r.trying, r.tight = 1, true
	}
	all := (here - ownFiles - filesOfProcess*(workers+r.trying)) / filesHere
	fit := (there - filesOfSubject) / filesThere
	if all < workers+r.trying || fit < 2 {
		err := fmt.Errorf("only %d files may be open at a time: a campaign needs %d", min(here, there),
			max(ownFiles+filesOfProcess*(workers+r.trying)+filesHere*(workers+r.trying), filesOfSubject+2*filesThere))
		return r, hint.Add(err, "raise the limit of open files, as by ulimit -n 1024")
	}
	r.all = make(chan struct{}, min(all, 1<<16))
	r.stuck = min(max(1, fit/4), maxStuck)
	r.each = fit - r.stuck
	r.inFlight = max(1, min(inFlight, r.each, all/(workers+r.trying)))
	r.tight = r.tight || r.inFlight < inFlight
	return r, nil
}

// FitInFlight returns how many of some inputs in flight the files allow that may be open at a time,
// and that limit. An error ends with a hint.
func FitInFlight(workers, inFlight int) (fit, files int, err error) {
	here, there := openFiles()
	r, err := newRoom(here, there, workers, inFlight)
	return r.inFlight, min(here, there), err
}

// openFiles returns how many files may be open at a time in this process and in one that it starts.
// The latter may be fewer: the runtime of Go raises the limit of this process as far as it may.
func openFiles() (here, there int) {
	var limit syscall.Rlimit
	here = 1 << 20
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err == nil {
		here = int(min(uint64(limit.Cur), uint64(here))) //nolint:unconvert // signed on some systems
	}
	out, err := exec.Command("sh", "-c", "ulimit -n").Output()
	there, bad := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil || bad != nil { // such as "unlimited"
		there = here
	}
	return here, there
}

// shortage finds what runtimes say when the machine gives them no more files or threads.
var shortage = regexp.MustCompile(`(?i)too many open files|\bE[MN]FILE\b|errno 24\b|failed to create new OS thread|can't start new thread|pthread_create|unable to create (new )?native thread|resource temporarily unavailable`)

// scarce returns an [*environment.Error] about what the machine, or the limits of this user, do not
// give: the adapter is not to blame.
func scarce(doing string, err error) error {
	if is := new(environment.Error); errors.As(err, &is) {
		return is
	}
	if environment.IsShortage(err) && !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.EAGAIN) {
		return environment.Explain(doing, err)
	}
	text := fmt.Errorf("%s: %w (too few files, processes or threads, which is not the adapter's fault)", doing, err)
	return &environment.Error{Err: hint.Add(text, "raise ulimit -n and ulimit -u, or run fewer inputs at a time, as by --in-flight 1")}
}

// whyNotOpen returns an [*environment.Error] if the subject is not to blame for an error of open, or
// nil: what an adapter replies says so, and every other error but that of a time limit is of this
// process.
func whyNotOpen(err error) error {
	reply := new(adapter.Error)
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &reply) && !shortage.MatchString(reply.Message) {
		return nil
	}
	return scarce("open a connection", err)
}

// whyNotStarted returns the error of a start, as an [*environment.Error] if the adapter is not to blame.
func whyNotStarted(err error) error {
	started := new(adapter.StartError)
	if environment.IsShortage(err) || errors.As(err, &started) && shortage.MatchString(started.Stderr) {
		return scarce("start the adapter", err)
	}
	return err
}

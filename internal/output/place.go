package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/packetspec/packetspec/internal/hint"
)

// A place is what the name of a file leads to.
type place struct {
	path       string      // without symbolic links
	info       fs.FileInfo // nil: there is no file yet, or it is a descriptor
	descriptor int         // of this process, which the name refers to; -1: none
}

// maxLinks is how many symbolic links are followed, as many as Linux follows.
const maxLinks = 40

// find follows a name to its place. A file need not exist, but its folder must.
func find(name string) (p place, err error) {
	if strings.HasSuffix(name, string(filepath.Separator)) {
		return p, folderError(name)
	}
	path := name
	for range maxLinks {
		if p.descriptor = descriptor(path); p.descriptor >= 0 {
			return p, nil
		}
		folder, err := filepath.EvalSymlinks(filepath.Dir(path))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return p, hint.Add(fmt.Errorf("there is no folder %s", filepath.Dir(path)), "mkdir -p %s", filepath.Dir(path))
		case err != nil:
			return p, fmt.Errorf("its folder: %w", cause(err))
		}
		if p.path, err = filepath.Abs(filepath.Join(folder, filepath.Base(path))); err != nil {
			return p, cause(err)
		}
		if p.descriptor = descriptor(p.path); p.descriptor >= 0 {
			return p, nil
		}
		info, err := os.Lstat(p.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return p, nil
		case errors.Is(err, syscall.ENAMETOOLONG):
			return p, hint.Add(errors.New("the name is too long"), "a name may have 255 bytes on most file systems")
		case err != nil:
			return p, cause(err)
		case info.Mode()&fs.ModeSymlink == 0:
			if p.info = info; info.IsDir() {
				return p, folderError(name)
			}
			return p, nil
		}
		link, err := os.Readlink(p.path)
		if err != nil {
			return p, cause(err)
		}
		if path = link; !filepath.IsAbs(link) {
			path = filepath.Join(folder, link)
		}
	}
	return p, errors.New("its symbolic links lead in a circle")
}

func folderError(name string) error {
	return hint.Add(fmt.Errorf("%s is a folder, not a file", name), "%s", filepath.Join(name, "FILE"))
}

// descriptors matches the names of the descriptors of a process.
var descriptors = regexp.MustCompile(`^(?:/dev|/proc/(self|[0-9]+))/fd/([0-9]+)$`)

// descriptor returns the descriptor of this process that a path refers to, or -1. To open such a
// path anew would start at the beginning of the file, or fail for a socket.
func descriptor(path string) int {
	switch path = filepath.Clean(path); path {
	case "/dev/stdout":
		return 1
	case "/dev/stderr":
		return 2
	}
	m := descriptors.FindStringSubmatch(path)
	if m == nil || m[1] != "" && m[1] != "self" && m[1] != strconv.Itoa(os.Getpid()) {
		return -1
	}
	n, err := strconv.Atoi(m[2])
	if err != nil {
		return -1
	}
	return n
}

// stat returns what is at the place; nil if nothing is.
func (p place) stat() fs.FileInfo {
	if p.descriptor < 0 {
		return p.info
	}
	duplicate, err := syscall.Dup(p.descriptor)
	if err != nil {
		return nil
	}
	file := os.NewFile(uintptr(duplicate), p.path)
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil
	}
	return info
}

// Same reports whether what is written to two names would meet: they lead to the same file, pipe
// or descriptor. It does not meet in a device, such as /dev/null.
func Same(a, b string) bool {
	p, errP := find(a)
	q, errQ := find(b)
	if errP != nil || errQ != nil {
		return false
	}
	i, j := p.stat(), q.stat()
	if i == nil || j == nil {
		return i == nil && j == nil && p == q
	}
	return os.SameFile(i, j) && i.Mode()&fs.ModeDevice == 0
}

// IsStdout reports whether a name refers to the standard output, as - and /dev/stdout do.
func IsStdout(name string) bool {
	if name == "-" {
		return true
	}
	p, err := find(name)
	return err == nil && p.descriptor == 1
}

// cause returns the error of the system in an error of package os, without the name of the call.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

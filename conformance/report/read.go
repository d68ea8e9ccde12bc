package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/packetspec/packetspec/internal/hint"
)

// maxResults bounds what Read reads, in bytes. The results of the whole suite take a few MiB.
const maxResults = 64 << 20

// Read reads results that [Results.JSON] wrote. The error names what they are not, or is that of r.
func Read(r io.Reader) (*Results, error) {
	failed := &failing{r: r}
	limited := &io.LimitedReader{R: failed, N: maxResults}
	in := bufio.NewReader(limited)
	if mark, _ := in.Peek(3); string(mark) == "\ufeff" { // with which some editors begin a file
		_, _ = in.Discard(len(mark))
	}
	results, err := decodeResults(in)
	switch {
	case failed.err != nil:
		return nil, failed.err
	case limited.N == 0:
		err = fmt.Errorf("they are larger than %d MiB", maxResults>>20)
	}
	if err != nil {
		return nil, hint.Add(fmt.Errorf("not results of packetspec test --report json: %w", err), "packetspec test --report json=results.json")
	}
	results.Elapsed = time.Duration(results.Run.ElapsedMS * float64(time.Millisecond))
	results.Summarize()
	return results, nil
}

// decodeResults reads one JSON object and nothing after it.
func decodeResults(in io.Reader) (*Results, error) {
	var results Results
	decoder := json.NewDecoder(in)
	err := decoder.Decode(&results)
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the file is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("the file ends inside the JSON: part of it is missing")
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("at byte %d: not JSON: %w", syntax.Offset, err)
	case errors.As(err, &wrong) && wrong.Field == "":
		return nil, fmt.Errorf("the JSON is a value of the type %s, not an object", wrong.Value)
	case errors.As(err, &wrong):
		return nil, fmt.Errorf("the field %s has a value of the type %s", wrong.Field, wrong.Value)
	case err != nil:
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the file has more after the results")
	}
	return &results, results.whole()
}

// whole returns an error if results lack what every run reports.
func (r *Results) whole() error {
	switch {
	case r.Format > Format:
		return fmt.Errorf("they have the format %d, and this packetspec reads formats up to %d", r.Format, Format)
	case len(r.Suite.Requirements) == 0:
		return errors.New("the field suite.requirements is missing or empty")
	case r.Results == nil:
		return errors.New("the field results is missing")
	}
	for i, result := range r.Results {
		if !slices.Contains(Outcomes, result.Outcome) {
			return fmt.Errorf("result %d has the unknown outcome %q", i+1, result.Outcome)
		}
	}
	return nil
}

// A failing reader keeps the error of another reader, except io.EOF.
type failing struct {
	r   io.Reader
	err error
}

// Read implements [io.Reader].
func (f *failing) Read(b []byte) (int, error) {
	n, err := f.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

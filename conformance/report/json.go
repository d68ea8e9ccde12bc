package report

import (
	"encoding/json"
	"io"
)

// JSON writes the results as one object.
func (r *Results) JSON(w io.Writer) error {
	out := *r
	if out.Results == nil {
		out.Results = []Result{} // a list, as ever, and not null
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(out)
}

package doctor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// isObject reports whether a line is one JSON object.
func isObject(line []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")) && json.Valid(line)
}

// mostGathered bounds a reply over several lines, in bytes.
const mostGathered = 1 << 20

// untangle finds the replies in a line that is not one.
func (l *lines) untangle(line []byte) {
	if l.gathered != nil {
		whole := append(append(l.gathered, '\n'), line...)
		switch {
		case isObject(whole):
			l.gathered = nil
			l.found("split-reply", detail{came: show(whole)})
			l.object(whole)
		case isObject(line) || len(whole) > mostGathered:
			before := l.gathered
			l.gathered = nil
			l.stray(before)
			l.line(line)
		default:
			l.gathered = whole
		}
		return
	}
	objects, text := objectsIn(line)
	objects = l.repliesAmong(objects)
	switch {
	case len(objects) > 0:
		switch {
		case text && l.ticking:
			l.found("ticks-on-stdout", detail{came: show(line)})
		case text:
			l.found("text-beside-reply", detail{came: show(line)})
		default:
			l.found("joined-replies", detail{came: show(line)})
		}
		for _, o := range objects {
			l.object(o)
		}
	case isObject(pythonic(line)):
		l.found("not-json", detail{came: show(line), more: "it is how Python prints a dict: use json.dumps"})
		l.object(pythonic(line))
	case isObject(bytes.ReplaceAll(line, []byte(",}"), []byte("}"))):
		l.found("not-json", detail{came: show(line), more: "it has a comma before a closing brace"})
		l.object(bytes.ReplaceAll(line, []byte(",}"), []byte("}")))
	case bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")) && !bytes.HasSuffix(bytes.TrimSpace(line), []byte("}")):
		l.gathered = bytes.Clone(line)
	default:
		l.stray(line)
	}
}

// repliesAmong returns those of the objects that have an id.
func (l *lines) repliesAmong(objects [][]byte) (all [][]byte) {
	for _, o := range objects {
		var r struct{ ID json.RawMessage }
		if json.Unmarshal(o, &r) == nil && r.ID != nil {
			all = append(all, o)
		}
	}
	return all
}

// objectsIn returns the JSON objects in a line, and whether there is other text beside them.
func objectsIn(line []byte) (objects [][]byte, text bool) {
	for len(line) > 0 {
		i := bytes.IndexByte(line, '{')
		if i < 0 {
			return objects, text || len(bytes.TrimSpace(line)) > 0
		}
		text = text || len(bytes.TrimSpace(line[:i])) > 0
		d := json.NewDecoder(bytes.NewReader(line[i:]))
		var o json.RawMessage
		if d.Decode(&o) != nil {
			return objects, true
		}
		objects = append(objects, o)
		line = line[i+int(d.InputOffset()):]
	}
	return objects, text
}

// pythonic returns a line that shows a dict of Python as the JSON that was meant, if it is that simple.
func pythonic(line []byte) []byte {
	return []byte(strings.NewReplacer("'", `"`, "True", "true", "False", "false", "None", "null").Replace(string(line)))
}

// stray reports a line without a reply.
func (l *lines) stray(line []byte) {
	kind := Kind("stray-line")
	switch {
	case l.ticking:
		kind = "ticks-on-stdout"
	case bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")):
		kind = "not-json"
	case !l.replied:
		kind = "banner"
	}
	l.found(kind, detail{came: show(line)})
	if l.strays++; l.strays == maxStrays {
		l.giveUp(fmt.Sprintf("%d lines that are no replies, the last one: %s", maxStrays, show(line)))
	}
}

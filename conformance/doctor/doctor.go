// Package doctor checks an adapter, before the suite blames the implementation behind it. Each check is a
// conversation with a process of the adapter; what does not follow the guide is a finding.
//
// The conversations show the lines that an adapter prints as they are, which [adapter.Client] hides. See
// the type lines.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/profile"
	"github.com/packetspec/packetspec/internal/environment"
	"github.com/packetspec/packetspec/internal/visible"
)

// Options say what to check, and how.
type Options struct {
	Adapter   adapter.Starter
	StartTime time.Duration // how long the adapter may take to answer hello
	Timeout   time.Duration // how long it may be silent when something is due
	Dir       string        // where folders for named pipes are made; empty: in the system's temporary folder
	// Begin is called with the name of each check, and Found with each kind of finding when it is made
	// first. They may be nil.
	Begin func(check string)
	Found func(Finding)

	longPayload int // of the packet in a long line, in octets; 0: the default
}

// A Finding is one kind of mistake, as it showed first.
type Finding struct {
	Kind Kind `json:"kind"`
	// Blames says whose mistake it is: [Adapter], or [Either] where nobody can tell from outside.
	Blames  string `json:"blames"`
	Sent    string `json:"sent,omitempty"` // to the adapter
	Came    string `json:"came"`           // from it
	Wrong   string `json:"wrong,omitempty"`
	Change  string `json:"change"` // what to do
	Section string `json:"section"`
	Link    string `json:"link"`  // to the section, from the top of the repository
	Times   int    `json:"times"` // how often it showed
}

// The values of a finding's field Blames.
const (
	Adapter = "adapter"
	Either  = "adapter or implementation"
)

// Results hold what the checks have found.
type Results struct {
	Adapter string `json:"adapter"` // the command that starts it
	// Subject names the implementation, as the adapter's reply to hello does; empty: there was none.
	Subject  string    `json:"subject"`
	Findings []Finding `json:"findings"`
	Done     []string  `json:"done"`     // the checks that ran to their end
	Left     []string  `json:"not_done"` // those that did not
	// NotStarted says why no adapter could be spoken to; empty: one was.
	NotStarted string `json:"not_started,omitempty"`
	// Interrupted names the signal that ended the checks; empty: none did.
	Interrupted string `json:"interrupted,omitempty"`
	// Notes are no findings.
	Notes []string `json:"notes,omitempty"`
}

// A check is a conversation about one thing. It uses the process of the check before, unless that is in a
// state that nobody knows.
type check struct {
	name string
	run  func(*conversation)
}

// checks lists the conversations with an adapter that has answered hello. What later ones rely on comes first.
var checks = []check{
	{"commands", (*conversation).unknownCommands},
	{"codec", (*conversation).codec},
	{"long lines", (*conversation).longLine},
	{"several processes", (*conversation).secondProcess},
	{"opening", (*conversation).opening},
	{"handler", (*conversation).handling},
	{"requests", (*conversation).requesting},
	{"waiting", (*conversation).waiting},
	{"gates", (*conversation).gates},
	{"connections", (*conversation).twoConnections},
	{"grace", (*conversation).graceIsSeconds},
	{"ticks", (*conversation).ticking},
	{"end of a stream", (*conversation).endOfStream},
	{"close", (*conversation).closing},
	{"rest", (*conversation).resting},
	{"exit", (*conversation).exiting},
	{"exit while commands wait", (*conversation).exitingBusy},
}

// mostSilent is how many conversations an adapter may end by its silence or its end before the rest are
// left out: each takes the time of a timeout, and shows the same.
const mostSilent = 4

// Check makes the checks. If ctx ends first, the results are those known by then. The error is about this
// machine, an [*environment.Error].
func Check(ctx context.Context, o Options) (*Results, error) {
	dir, err := os.MkdirTemp(o.Dir, "packetspec")
	if err != nil {
		return nil, environment.Explain("make a folder for named pipes", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r := &run{Options: o, dir: dir, results: &Results{Adapter: o.Adapter.String(), Findings: []Finding{}, Done: []string{}, Left: []string{}}}
	err = r.all(ctx)
	if ctx.Err() != nil {
		r.results.Interrupted = context.Cause(ctx).Error()
	}
	return r.results, err
}

// A run makes the checks of one adapter.
type run struct {
	Options
	dir     string
	results *Results
	mu      sync.Mutex // guards found
	found   findings
	current *conversation // with the process that is alive; nil: none is
	silent  int           // conversations that ended by silence
}

func (r *run) all(ctx context.Context) error {
	todo := []string{"hello"}
	for _, c := range checks {
		todo = append(todo, c.name)
	}
	defer func() {
		r.endCurrent() // which may bring more
		r.mu.Lock()
		defer r.mu.Unlock()
		r.results.Findings = r.found.all
		r.results.Left = todo
		if r.results.Findings == nil {
			r.results.Findings = []Finding{}
		}
	}()
	r.begin("hello")
	if answered, err := r.first(ctx); !answered {
		return err
	}
	r.results.Done, todo = append(r.results.Done, "hello"), todo[1:]
	for _, c := range checks {
		if r.silent == mostSilent {
			r.results.Notes = append(r.results.Notes, fmt.Sprintf("the adapter was silent or ended in %d checks: the others were left out", mostSilent))
			break
		}
		r.begin(c.name)
		conversation, err := r.conversation(ctx)
		if broken := (*environment.Error)(nil); errors.As(err, &broken) {
			return broken
		}
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			r.add("one-process", detail{came: visible.Line(err.Error()), more: "a later process of the adapter did not start"})
			break
		}
		c.run(conversation)
		if conversation.over {
			r.endCurrent()
		}
		if err := conversation.broken; err != nil {
			return err
		}
		if ctx.Err() != nil {
			break
		}
		r.results.Done, todo = append(r.results.Done, c.name), todo[1:]
	}
	return nil
}

func (r *run) begin(check string) {
	if r.Begin != nil {
		r.Begin(check)
	}
}

// add keeps a finding.
func (r *run) add(k Kind, d detail) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f, isNew := r.found.add(k, d); isNew && r.Found != nil {
		r.Found(f)
	}
}

// has reports whether there is a finding of a kind.
func (r *run) has(k Kind) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.found.all, func(f Finding) bool { return f.Kind == k })
}

// conversation returns the one with the process that is alive, or begins one with a new process.
func (r *run) conversation(ctx context.Context) (*conversation, error) {
	if r.current == nil {
		c, err := r.start(ctx, newLines(true, r.add))
		if err != nil {
			return nil, err
		}
		r.current = c
	}
	r.current.ctx = ctx
	return r.current, nil
}

// start starts a process of the adapter, and begins a conversation with it.
func (r *run) start(ctx context.Context, l *lines) (*conversation, error) {
	bounded, cancel := adapter.WithStartTime(ctx, r.StartTime, fmt.Errorf("no answer within %v", r.StartTime))
	defer cancel()
	session, err := r.Adapter.Start(adapter.WithStreams(bounded, l.between))
	if err != nil {
		return nil, err
	}
	return &conversation{ctx: ctx, run: r, session: session, lines: l}, nil
}

// endCurrent ends the process that is alive.
func (r *run) endCurrent() {
	if c := r.current; c != nil {
		r.current = nil
		c.session.Kill()
	}
}

// greeted keeps what the reply to hello says, and reports names that are no abilities.
func (r *run) greeted(c *conversation) {
	h := c.session.Hello
	r.results.Subject = visible.Line(joined(h.Name, h.Release, h.Language))
	for _, warning := range profile.Warnings(h.Supports) {
		hello := c.lines.of(1)
		r.add("unknown-ability", detail{sent: hello.sent, came: hello.came, more: warning})
	}
}

// joined returns the name of an implementation, its release and its language as one text.
func joined(name, release, language string) string {
	if release != "" {
		name += " " + release
	}
	if language != "" {
		name += " (" + language + ")"
	}
	return name
}

// findings collects what was found, once by kind.
type findings struct{ all []Finding }

// add adds a finding, and reports whether it is the first of its kind.
func (f *findings) add(k Kind, d detail) (added Finding, isNew bool) {
	if i := slices.IndexFunc(f.all, func(g Finding) bool { return g.Kind == k }); i >= 0 {
		f.all[i].Times++
		return f.all[i], false
	}
	about := kinds[k]
	added = Finding{
		Kind: k, Blames: Adapter, Sent: d.sent, Came: d.came, Wrong: d.more, Change: about.change,
		Section: string(about.section), Link: about.section.link(), Times: 1,
	}
	if about.either || d.either {
		added.Blames = Either
	}
	if d.change != "" {
		added.Change = d.change
	}
	f.all = append(f.all, added)
	return added, true
}

package doctor

import (
	"context"
	"encoding/json"
	"math/big"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

func commandPlants() map[string]sown {
	unknown := func(m adapter.Message, _ []byte) bool { return m.Op == unknownOp }
	succeed := func(b *badAdapter, m adapter.Message) { b.reply(m, adapter.Reply{ID: m.ID}) }
	isLong := func(_ adapter.Message, line []byte) bool { return len(line) > 1<<16 }
	return map[string]sown{
		"accepts every command":       {plant: acting(unknown, succeed), kind: "unknown-command"},
		"ignores unknown commands":    {plant: acting(unknown, silence), kind: "unknown-command"},
		"dies of unknown commands":    {plant: acting(unknown, exit), kind: "unknown-command"},
		"unknown is invalid":          {plant: refusing("invalid", unknown), kind: "unknown-command"},
		"refuses unlisted fields":     {plant: refusing("invalid", func(_ adapter.Message, line []byte) bool { return strings.Contains(string(line), "x-unlisted") }), kind: "unlisted-field"},
		"dies of long lines":          {plant: acting(isLong, exit), kind: "long-line"},
		"drops long lines":            {plant: acting(isLong, silence), kind: "long-line"},
		"never answers seen":          {plant: acting(is("seen"), silence), kind: "no-reply"},
		"dies of decode":              {plant: acting(is("decode"), exit), kind: "ends"},
		"never answers decode":        {plant: acting(is("decode"), silence), kind: "no-answer"},
		"subtracts one from the type": {plant: encodes(func(p *adapter.Packet) { p.RqType = less(p.RqType) }), kind: "encode"},
		"drops the channel":           {plant: edited("decode", func(r map[string]any) { r["packet"].(map[string]any)["channel"] = "0" }), kind: "decode"},
		"reads numbers as floats":     {plant: encodes(func(p *adapter.Packet) { p.Tag = asFloat(p.Tag) }), kind: "precision"},
		"consumes everything":         {plant: edited("decode", func(r map[string]any) { r["consumed"] = 15 }), kind: "consumed"},
		"consumes no length":          {plant: edited("decode", func(r map[string]any) { r["consumed"] = 10 }), kind: "consumed"},
		"compares JSON":               {plant: compares(), kind: "equal"},
	}
}

// encodes returns a plant that changes the packets to encode.
func encodes(change func(p *adapter.Packet)) plant {
	return plant{take: func(b *badAdapter, m adapter.Message, _ []byte) bool {
		if m.Op != adapter.OpEncode {
			return false
		}
		change(m.Packet)
		b.reply(m, b.server.Do(context.Background(), m))
		return true
	}}
}

func less(i adapter.Integer) adapter.Integer {
	v, _ := strconv.Atoi(string(i))
	return adapter.Integer(strconv.Itoa(v - 1))
}

func asFloat(i adapter.Integer) adapter.Integer {
	f, _ := strconv.ParseFloat(string(i), 64)
	v, _ := big.NewFloat(f).Int(nil)
	return adapter.Integer(v.String())
}

func compares() plant {
	return acting(is("equal"), func(b *badAdapter, m adapter.Message) {
		x, _ := json.Marshal(m.A)
		y, _ := json.Marshal(m.B)
		equal := string(x) == string(y)
		b.reply(m, adapter.Reply{ID: m.ID, Equal: &equal})
	})
}

func pipePlants() map[string]sown {
	return map[string]sown{
		"swaps the pipes": {plant: opens(func(m adapter.Message) (recv, send *os.File) {
			return opened(m.Send, os.O_RDONLY), opened(m.Recv, os.O_WRONLY)
		}), kind: "pipes-swapped"},
		"writes recv and reads send": {plant: opens(func(m adapter.Message) (recv, send *os.File) {
			send = opened(m.Recv, os.O_WRONLY)
			return opened(m.Send, os.O_RDONLY), send
		}), kind: "pipes-swapped"},
		"opens send first": {plant: opens(func(m adapter.Message) (recv, send *os.File) {
			send = opened(m.Send, os.O_WRONLY)
			return opened(m.Recv, os.O_RDONLY), send
		}), kind: "pipe-order"},
		"opens recv both ways": {plant: opens(func(m adapter.Message) (recv, send *os.File) {
			recv = opened(m.Recv, os.O_RDWR)
			return recv, opened(m.Send, os.O_WRONLY)
		}), kind: "pipe-mode", also: []Kind{"no-answer", "send-kept", "close-leaves-pipes"}},
		"opens send both ways": {plant: opens(func(m adapter.Message) (recv, send *os.File) {
			recv = opened(m.Recv, os.O_RDONLY)
			return recv, opened(m.Send, os.O_RDWR)
		}), kind: "pipe-mode"},
		"opens both both ways": {plant: opens(func(m adapter.Message) (recv, send *os.File) {
			return opened(m.Recv, os.O_RDWR), opened(m.Send, os.O_RDWR)
		}), kind: "pipe-mode", also: []Kind{"no-answer", "send-kept", "close-leaves-pipes"}},
		"opens nothing": {plant: acting(is("open"), func(b *badAdapter, m adapter.Message) { b.reply(m, adapter.Reply{ID: m.ID}) }), kind: "pipe-not-open"},
		"keeps a copy of send": {plant: opens(func(m adapter.Message) (recv, send *os.File) {
			recv = opened(m.Recv, os.O_RDONLY)
			send = opened(m.Send, os.O_WRONLY)
			keep(opened(m.Send, os.O_WRONLY))
			return recv, send
		}), kind: "send-kept", also: []Kind{"close-leaves-pipes"}},
		"lets a child inherit send":   {plant: opens(inherit), kind: "pipe-inherited", also: []Kind{"left-running"}},
		"does not close the pipes":    {plant: forgets(), kind: "close-leaves-pipes"},
		"waits for handlers in close": {plant: acting(is("close"), waitForHandlers), kind: "close-waits"},
		"never answers open":          {plant: acting(is("open"), silence), kind: "no-answer"},
	}
}

// opens returns a plant that opens pipes in its own way, in a goroutine.
func opens(open func(m adapter.Message) (recv, send *os.File)) plant {
	return acting(is("open"), func(b *badAdapter, m adapter.Message) {
		go func() {
			recv, send := open(m)
			err := b.server.Open(recv, send, m)
			b.reply(m, adapter.Reply{ID: m.ID, Error: adapter.ErrorOf(err)})
		}()
	})
}

func opened(path string, mode int) *os.File {
	f, err := os.OpenFile(path, mode, 0)
	if err != nil {
		panic(err)
	}
	return f
}

// inherit opens the pipes, and has a child hold send.
func inherit(m adapter.Message) (recv, send *os.File) {
	recv, send = opened(m.Recv, os.O_RDONLY), opened(m.Send, os.O_WRONLY)
	child := exec.Command("sleep", "1000")
	child.ExtraFiles = []*os.File{send}
	if err := child.Start(); err != nil {
		panic(err)
	}
	return recv, send
}

// forgets returns a plant that replies to close, and closes nothing.
func forgets() plant {
	return acting(is("close"), func(b *badAdapter, m adapter.Message) { b.reply(m, adapter.Reply{ID: m.ID}) })
}

// waitForHandlers replies to close once no handler waits at a gate, which is never if one does.
func waitForHandlers(b *badAdapter, m adapter.Message) {
	calls := b.server.Do(context.Background(), adapter.Message{Op: adapter.OpSeen, Conn: m.Conn}).Calls
	if calls != nil && slices.ContainsFunc(*calls, func(s adapter.Seen) bool { return string(s.Payload) == "never" }) {
		return
	}
	b.reply(m, b.server.Do(context.Background(), m))
}

func waitingPlants() map[string]sown {
	inTurn := func(ops ...string) plant { return plant{inTurn: ops} }
	return map[string]sown{
		"one command at a time":   {plant: inTurn("wait", "do", "join", "shutdown", "request", "open"), kind: "one-at-a-time"},
		"waits in turn":           {plant: inTurn("wait"), kind: "one-at-a-time"},
		"joins in turn":           {plant: inTurn("join"), kind: "one-at-a-time"},
		"shuts down in turn":      {plant: inTurn("shutdown"), kind: "one-at-a-time"},
		"waits in request":        {plant: requestWaits(), kind: "request-waits"},
		"replies to wait at once": {plant: acting(is("wait"), func(b *badAdapter, m adapter.Message) { b.reply(m, failureReply(m)) }), kind: "wait-early", also: []Kind{"answer-fields"}},
		"returns flags with ok":   {plant: edited("wait", func(r map[string]any) { r["flags"] = "11" }), kind: "answer-fields"},
		"requests the wire type":  {plant: requestsWith(func(m *adapter.Message) { m.RqType = less(m.RqType) }), kind: "request-fields"},
		"ignores decoders":        {plant: requestsWith(func(m *adapter.Message) { m.Decode = "" }), kind: "decoder"},
		"takes grace for ms":      {plant: with(handled{options: graceTimes(0.001)}), kind: "grace"},
		"takes grace as whole":    {plant: with(handled{options: graceTimes(0)}), kind: "grace"},
		"takes grace for minutes": {plant: with(handled{options: graceTimes(1000)}), kind: "grace"},
		"keeps no ticks":          {plant: edited("ticks", func(r map[string]any) { r["ticks"] = []any{} }), kind: "tick"},
	}
}

func failureReply(m adapter.Message) adapter.Reply {
	no := false
	return adapter.Reply{ID: m.ID, OK: &no, Flags: "0", Payload: &adapter.Hex{}}
}

// requestWaits returns a plant that replies to request when the answer has come.
func requestWaits() plant {
	return acting(is("request"), func(b *badAdapter, m adapter.Message) {
		go func() {
			r := b.server.Do(context.Background(), m)
			b.server.Do(context.Background(), adapter.Message{Op: adapter.OpWait, Conn: m.Conn, Call: m.Call})
			b.reply(m, r)
		}()
	})
}

// requestsWith returns a plant that changes the requests to make.
func requestsWith(change func(m *adapter.Message)) plant {
	return acting(func(m adapter.Message, _ []byte) bool { return m.Op == adapter.OpRequest || m.Op == adapter.OpDo }, func(b *badAdapter, m adapter.Message) {
		change(&m)
		go func() { b.reply(m, b.server.Do(context.Background(), m)) }()
	})
}

func graceTimes(factor float64) func(*adapter.OpenOptions) {
	return func(o *adapter.OpenOptions) {
		if o.Grace != nil {
			g := *o.Grace * factor
			o.Grace = &g
		}
	}
}

func handlerPlants() map[string]sown {
	shift := func(h adapter.Handler) adapter.Handler {
		return func(ctx context.Context, t, flags adapter.Integer, payload []byte) (adapter.Result, error) {
			v, _ := strconv.Atoi(string(t))
			return h(ctx, adapter.Int(uint64(v+1)), flags, payload)
		}
	}
	calls := func(change func([]any) []any) plant {
		return edited("seen", func(r map[string]any) { r["calls"] = change(r["calls"].([]any)) })
	}
	return map[string]sown{
		"hands on the wire type":    {plant: with(handled{handler: shift}), kind: "handler-type"},
		"reverses nothing":          {plant: with(handled{handler: reversesNothing}), kind: "handler-result"},
		"lists the last call first": {plant: calls(func(all []any) []any { slices.Reverse(all); return all }), kind: "seen-order"},
		"lists calls once":          {plant: calls(func(all []any) []any { return all[:min(1, len(all))] }), kind: "seen"},
		"lists calls of all":        {plant: seenOfAll(), kind: "seen-elsewhere"},
		"gates open for waiters":    {plant: gated(gateForWaiters), kind: "gate-released-first", also: []Kind{"gate-once"}},
		"gates serve once":          {plant: gated(gateOnce), kind: "gate-once"},
		"gates let one through":     {plant: gated(gateOne), kind: "gate-once"},
		"gates spin":                {plant: gated(gateSpins), kind: "gate-spins"},
	}
}

func reversesNothing(h adapter.Handler) adapter.Handler {
	return func(ctx context.Context, t, flags adapter.Integer, payload []byte) (adapter.Result, error) {
		r, err := h(ctx, t, flags, payload)
		if t == adapter.TypeReverse.Integer() {
			r.Payload = payload
		}
		return r, err
	}
}

// seenOfAll returns a plant that keeps one list for all connections.
func seenOfAll() plant {
	var conns []string
	return plant{take: func(b *badAdapter, m adapter.Message, _ []byte) bool {
		switch m.Op {
		case adapter.OpOpen:
			conns = append(conns, m.Conn)
		case adapter.OpClose:
			conns = slices.DeleteFunc(conns, func(c string) bool { return c == m.Conn })
		case adapter.OpSeen:
			all := []adapter.Seen{}
			for _, conn := range conns {
				if calls := b.server.Do(context.Background(), adapter.Message{Op: adapter.OpSeen, Conn: conn}).Calls; calls != nil {
					all = append(all, *calls...)
				}
			}
			b.reply(m, adapter.Reply{ID: m.ID, Calls: &all})
			return true
		}
		return false
	}}
}

// A gateFault decides about handlers that wait at gates. All gates are those of one connection.
type gateFault int

const (
	gateForWaiters gateFault = iota
	gateOnce
	gateOne
	gateSpins
)

// gateKeeper keeps gates in a wrong way.
type gateKeeper struct {
	fault gateFault

	mu       sync.Mutex
	changed  *sync.Cond
	waiting  map[string]int
	released map[string]int // how many may pass
}

// gated returns a plant whose handlers wait at such gates.
func gated(fault gateFault) plant {
	g := &gateKeeper{fault: fault, waiting: map[string]int{}, released: map[string]int{}}
	g.changed = sync.NewCond(&g.mu)
	p := with(handled{handler: g.handler})
	p.take = func(b *badAdapter, m adapter.Message, _ []byte) bool {
		switch m.Op {
		case adapter.OpOpen:
			go func() {
				r := b.server.Do(context.Background(), m)
				for _, gate := range []string{"g1", "g2", "g3", "g4", "never"} { // the server's own gates hold nobody up
					b.server.Do(context.Background(), adapter.Message{Op: adapter.OpRelease, Conn: m.Conn, Gate: gate})
				}
				b.reply(m, r)
			}()
		case adapter.OpRelease:
			g.release(m.Gate)
			b.reply(m, adapter.Reply{ID: m.ID})
		default:
			return false
		}
		return true
	}
	return p
}

const allMayPass = 1 << 20

func (g *gateKeeper) release(gate string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch g.fault {
	case gateForWaiters, gateOnce:
		if g.fault == gateForWaiters || g.waiting[gate] > 0 {
			g.released[gate] = g.waiting[gate]
		} else {
			g.released[gate] = 1
		}
	case gateOne:
		g.released[gate]++
	case gateSpins:
		g.released[gate] = allMayPass
	}
	g.changed.Broadcast()
}

func (g *gateKeeper) handler(h adapter.Handler) adapter.Handler {
	return func(ctx context.Context, t, flags adapter.Integer, payload []byte) (adapter.Result, error) {
		if t != adapter.TypeHold.Integer() {
			return h(ctx, t, flags, payload)
		}
		if _, err := h(ctx, t, flags, payload); err != nil { // notes the call, and waits for nothing
			return adapter.Result{}, err
		}
		gate := string(payload)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.waiting[gate]++
		for g.released[gate] == 0 {
			if g.fault == gateSpins {
				g.mu.Unlock()
				runtime.Gosched()
				g.mu.Lock()
				continue
			}
			g.changed.Wait()
		}
		g.waiting[gate]--
		g.released[gate]--
		return adapter.Result{Form: adapter.FormBytes, Payload: payload}, nil
	}
}

func endPlants() map[string]sown {
	return map[string]sown{
		"does not exit":          {plant: plant{end: func(*badAdapter) int { <-time.After(time.Hour); return 0 }}, kind: "exits-late"},
		"waits for its commands": {plant: waitsForCommands(), kind: "exits-late"},
		"exits with 1":           {plant: plant{end: func(*badAdapter) int { return 1 }}, kind: "exit-status"},
		"leaves a child":         {plant: plant{begin: func(*badAdapter) { child(false) }}, kind: "left-running"},
		"leaves a daemon":        {plant: plant{begin: func(*badAdapter) { child(true) }}, kind: "left-running"},
		"grows":                  {plant: plant{begin: func(*badAdapter) { go grow() }}, kind: "grows"},
	}
}

// waitsForCommands returns a plant that does not exit while a command waits.
func waitsForCommands() plant {
	var running sync.WaitGroup
	p := acting(is("join"), func(b *badAdapter, m adapter.Message) {
		running.Go(func() { b.reply(m, b.server.Do(context.Background(), m)) })
	})
	p.end = func(*badAdapter) int { running.Wait(); return 0 }
	return p
}

// child starts a process that outlives this one, and may leave the process group.
func child(daemon bool) {
	c := exec.Command("sleep", "20")
	if daemon {
		c.Stdout, c.Stderr = os.Stdout, os.Stderr
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	}
	if err := c.Start(); err != nil {
		panic(err)
	}
}

func grow() {
	for {
		b := make([]byte, 1<<20)
		for i := range b {
			b[i] = 1
		}
		keep(b)
		<-time.After(20 * time.Millisecond)
	}
}

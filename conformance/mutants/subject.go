package mutants

import (
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
)

// A Subject is an implementation that can be made with faults.
type Subject interface {
	// Made starts it as it is to be made.
	Made(Make) adapter.Starter
	// Probed starts it in this process without a fault, and tells the names of the
	// faults that it has been asked for since.
	Probed(later bool) (adapter.Starter, func() []string)
}

// A Make says how an implementation is to be made.
type Make struct {
	Fault   string // empty: none
	Later   bool   // it speaks the later dialect
	Process bool   // it is a process of its own
}

// A Mutant is the mutant, whose processes are started as Process says.
type Mutant struct {
	Process func(Make) adapter.Starter
}

// Made implements [Subject].
func (m Mutant) Made(as Make) adapter.Starter {
	if as.Process {
		return m.Process(as)
	}
	return mutant.InProcess{Fault: as.Fault, Later: as.Later}
}

// Probed implements [Subject].
func (m Mutant) Probed(later bool) (adapter.Starter, func() []string) {
	p := &mutant.Coverage{}
	return mutant.InProcess{Later: later, Coverage: p}, p.Reached
}

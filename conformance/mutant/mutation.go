package mutant

// A mutation is the one fault that an implementation has. It is asked for by name
// where the fault acts, and only where it makes a difference: what is never asked for
// while a scenario runs cannot change it, as a [Probe] tells.
type mutation struct {
	fault string // empty: none
	probe *Probe // nil: nobody wants to know
}

func (m mutation) has(fault string) bool {
	if m.probe != nil {
		m.probe.note(fault)
	}
	return m.fault == fault
}

// unless is one clause of a condition, of which the fault makes nothing.
func (m mutation) unless(fault string, clause bool) bool { return clause || m.has(fault) }

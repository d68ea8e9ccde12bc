package mutant

// A mutation is the name of the one fault that an implementation has; empty: none.
type mutation string

func (m mutation) has(fault string) bool { return string(m) == fault }

// unless is one clause of a condition, of which the fault makes nothing.
func (m mutation) unless(fault string, clause bool) bool { return clause || m.has(fault) }

package plan

// Until returns what p requires of a subject when the script was given up at an act: the
// peer has done no act between that and Finish, but has ended its stream and let all go on
// that is held, and then done the acts from Finish on. What the peer has not written
// requires nothing.
func (p *Plan) Until(act int) *Plan {
	if act >= p.Finish {
		return p
	}
	q := *p
	if p.End.Act > act {
		q.End = End{From: p.Finish, Act: p.Finish, Reasons: []string{adapterCut}, Requirement: "EOS-2", Cancels: "EOS-2"}
	}
	if p.EOF > act {
		q.EOF = Never
	}
	q.Moves = upTo(p.Moves, act, func(m *Move) int { return m.Act })
	q.Refused = upTo(p.Refused, act, func(r *Asked) int { return r.Act })
	q.Answers = upTo(p.Answers, act, func(a *Answer) int { return a.Sent })
	for i := range q.Answers {
		a := &q.Answers[i]
		if a.Due > act {
			a.Due = Never
		}
		if a.Duplicate > act && a.undoubled != "" {
			a.Requirement = a.undoubled
		}
	}
	q.Calls = upTo(p.Calls, act, func(c *Call) int { return c.Asked })
	for i := range q.Calls {
		c := &q.Calls[i]
		if c.Answered <= act {
			continue
		}
		c.Answered, c.Answers, c.Open = Never, q.End.Cancels, q.End.Open
		if a := c.Nested; a >= 0 && !c.Open { // its handler raises
			q.Answers[a].Want, q.Answers[a].Requirement = Failure, "EOS-6"
		}
	}
	q.Shutdowns = upTo(p.Shutdowns, act, func(s *Stop) int { return s.Asked })
	for i := range q.Shutdowns {
		s := &q.Shutdowns[i]
		s.Earliest = min(s.Earliest, p.Finish)
		if s.Due > act {
			s.Due = Never
		}
	}
	return &q
}

// upTo returns a copy of those that belong to acts up to one. They are in the order of
// their acts.
func upTo[T any](all []T, act int, of func(*T) int) (some []T) {
	for i := range all {
		if of(&all[i]) <= act {
			some = append(some, all[i])
		}
	}
	return some
}

package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// A tagExpr is a boolean expression over tags, like "@must and not (@EQ-1 or @EQ-2)".
// It is matched here and not by godog, whose own expressions take "or" for a tag.
type tagExpr func(tags []string) bool

// parseTags reads an expression; not binds closer than and, and closer than or.
func parseTags(text string) (tagExpr, error) {
	words := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))
	p := tagParser{words: words}
	expr, err := p.or()
	if err == nil && len(p.words) > 0 {
		err = fmt.Errorf("%q is out of place", p.words[0])
	}
	if err != nil {
		return nil, fmt.Errorf("tag expression %q: %w (an expression is like: @must and not (@EQ-1 or @EQ-2))", text, err)
	}
	return expr, nil
}

type tagParser struct{ words []string }

func (p *tagParser) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

func (p *tagParser) next() string {
	word := p.peek()
	if word != "" {
		p.words = p.words[1:]
	}
	return word
}

func (p *tagParser) or() (tagExpr, error) {
	return p.chain("or", p.and, func(a, b bool) bool { return a || b })
}

func (p *tagParser) and() (tagExpr, error) {
	return p.chain("and", p.not, func(a, b bool) bool { return a && b })
}

// chain reads operands joined by one operator.
func (p *tagParser) chain(operator string, operand func() (tagExpr, error), join func(a, b bool) bool) (tagExpr, error) {
	left, err := operand()
	for err == nil && p.peek() == operator {
		p.next()
		a := left
		b, operandErr := operand()
		err = operandErr
		left = func(tags []string) bool { return join(a(tags), b(tags)) }
	}
	return left, err
}

func (p *tagParser) not() (tagExpr, error) {
	switch word := p.next(); {
	case word == "":
		return nil, fmt.Errorf("it ends where a tag should be")
	case word == "not":
		inner, err := p.not()
		return func(tags []string) bool { return !inner(tags) }, err
	case word == "(":
		inner, err := p.or()
		if err == nil && p.next() != ")" {
			err = fmt.Errorf("a closing parenthesis is missing")
		}
		return inner, err
	case strings.HasPrefix(word, "@") && len(word) > 1:
		return func(tags []string) bool { return slices.Contains(tags, word) }, nil
	default:
		return nil, fmt.Errorf("%q is no tag: a tag begins with @", word)
	}
}

package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A tagExpr reports whether tags satisfy a boolean expression such as
// "@must and not (@EQ-1 or @EQ-2)". Those of godog read "or" as a tag.
type tagExpr func(tags []string) bool

// parseTags parses an expression. "not" binds tighter than "and", "and" tighter than "or".
func parseTags(text string) (tagExpr, error) {
	words := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))
	p := tagParser{words: words}
	expr, err := p.or()
	if err == nil && len(p.words) > 0 {
		err = fmt.Errorf("%q is out of place", p.words[0])
	}
	return expr, err
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
	p.words = p.words[min(1, len(p.words)):]
	return word
}

func (p *tagParser) or() (tagExpr, error) {
	return p.chain("or", p.and, func(a, b bool) bool { return a || b })
}

func (p *tagParser) and() (tagExpr, error) {
	return p.chain("and", p.not, func(a, b bool) bool { return a && b })
}

// chain parses operands joined by one operator.
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
		return nil, errors.New("it ends where a tag should be")
	case word == "not":
		inner, err := p.not()
		return func(tags []string) bool { return !inner(tags) }, err
	case word == "(":
		inner, err := p.or()
		if err == nil && p.next() != ")" {
			err = errors.New("a closing parenthesis is missing")
		}
		return inner, err
	case strings.HasPrefix(word, "@") && len(word) > 1:
		return func(tags []string) bool { return slices.Contains(tags, word) }, nil
	default:
		return nil, fmt.Errorf("%q is not a tag: a tag begins with @", word)
	}
}

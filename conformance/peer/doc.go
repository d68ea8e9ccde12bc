// Package peer provides the scripted peer at the other end of a subject's connection.
// It writes exact octets, so a scenario can break any rule, and records both
// directions. It decodes what the subject sends with a codec of its own: a verdict
// must not depend on the reference, which is itself under test.
package peer

package doctor

import (
	"slices"
	"strings"
)

// A section is a heading of the guide.
type section string

// The headings of the guide that findings name. A test requires each to exist.
const (
	starting   section = "Starting"
	streams    section = "The three streams"
	flush      section = "Flush each line"
	end        section = "The end"
	values     section = "Values"
	replies    section = "Replies"
	failures   section = "Errors"
	long       section = "Commands that take long"
	commands   section = "Commands"
	hello      section = "hello"
	codec      section = "encode, decode, equal and string"
	opening    section = "open"
	graceTick  section = "grace and tick"
	requests   section = "request, wait and do"
	seen       section = "seen"
	gates      section = "Gates"
	joining    section = "shutdown and join"
	closing    section = "close"
	abilities  section = "Abilities"
	handler    section = "The standard handler"
	memory     section = "Memory"
	containers section = "Containers, other users and other machines"
)

// guide is the page that has the sections, by its path in the repository.
const guide = "conformance/adapter/ADAPTERS.md"

// link returns the address of a section from the top of the repository, with the anchor that GitHub makes
// of its heading.
func (s section) link() string {
	anchor := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return -1
	}, strings.ToLower(string(s)))
	return guide + "#" + anchor
}

// A Kind names a sort of mistake. Its text is part of the JSON report.
type Kind string

// about says where the guide describes what a kind of mistake breaks, and what to change. If either is set,
// an implementation with a fault looks the same.
type about struct {
	section section
	either  bool
	change  string
}

// kinds describes every kind of finding.
var kinds = map[Kind]about{
	// Starting.
	"not-started":     {starting, false, "make the command start a program that reads commands until its standard input ends"},
	"no-hello":        {flush, false, "reply to hello, and flush standard output after each line:\n" + flushing},
	"not-flushed":     {flush, false, "flush standard output after each line:\n" + flushing},
	"echo":            {replies, false, "print replies, not the commands"},
	"version":         {hello, false, "reply to hello with \"version\":1, the version of the adapter protocol, not of the implementation"},
	"hello-again":     {hello, false, "answer hello whenever it comes: it may come again at any time"},
	"one-process":     {starting, false, "let several processes of the adapter run at once: use no fixed port, file or lock"},
	"unknown-ability": {abilities, false, "list only names of the guide's table"},
	"claimed-ability": {abilities, false, "carry out what the ability promises, or take it from the list in the reply to hello"},
	"refuses-open":    {containers, true, "open the two pipes by the paths that the command gives, unchanged"},
	// Lines of the standard output.
	"banner":            {streams, false, "print nothing but replies on standard output: a greeting, a log and what the implementation prints belong on standard error"},
	"stray-line":        {streams, false, "print nothing but replies on standard output: logs, and what the implementation prints, belong on standard error"},
	"text-beside-reply": {streams, false, "print each reply on a line of its own, with nothing before or after it: send everything else to standard error"},
	"ticks-on-stdout":   {graceTick, false, "let the ticks of \"tick\":\"stderr\" go to standard error: redirect what the implementation prints"},
	"blank-line":        {streams, false, "end each reply with one newline, and print no blank lines"},
	"byte-order-mark":   {streams, false, "write UTF-8 without a byte order mark"},
	"encoding":          {streams, false, "write the replies in UTF-8"},
	"crlf":              {streams, false, "end lines with \\n alone: open standard output in binary, or set its newline to \\n"},
	"no-newline":        {streams, false, "end each reply with a newline"},
	"split-reply":       {streams, false, "write each reply on one line, without indentation"},
	"joined-replies":    {flush, false, "end each reply with a newline, and let one thread write at a time: hold a lock while you write a line"},
	"not-json":          {streams, false, "write replies with a JSON library: keys and texts are in double quotes, and true, false and null are written so"},
	"flood":             {streams, false, "print nothing but replies on standard output, one for each command"},
	// Replies.
	"no-id":              {replies, false, "copy the command's id into the reply"},
	"wrong-id":           {replies, false, "copy the id of the command that the reply answers: ids need not count from 1"},
	"id-form":            {values, false, "write the id as it came: a JSON number, without quotes and without a fraction"},
	"repeated-id":        {replies, false, "copy the id of each command: this reply has the id of an earlier one"},
	"second-reply":       {replies, false, "reply once to each command"},
	"integer-form":       {values, false, "write protocol integers as strings of decimal digits, like \"300\": no numbers, no 0x, no sign, spaces or leading zeros"},
	"octets-form":        {values, false, "write octets as a string of lowercase hex digits, two per octet, like \"68656c6c6f\": no 0x, spaces, base64 or lists"},
	"uppercase-hex":      {values, false, "write hex digits in lowercase"},
	"wrong-type":         {commands, false, "give the field the JSON type of the table of commands"},
	"null-field":         {replies, false, "leave a field out that has no value, instead of writing null"},
	"response-with-type": {values, false, "leave rq_type out of a response: only requests have one"},
	"missing-field":      {commands, false, "reply with every field that the table of commands names"},
	"error-kind":         {failures, false, "use one of the guide's kinds of errors, internal for anything else"},
	"error-form":         {failures, false, "write an error as {\"kind\":…,\"message\":…}, both texts"},
	"ended-value":        {joining, false, "reply to join with \"ended\" eof, cut or malformed, in lowercase"},
	// Commands.
	"unknown-command": {failures, false, "reply to a command that the adapter does not know with an error of kind unsupported, and go on"},
	"unlisted-field":  {replies, false, "ignore fields that the guide does not list"},
	"long-line":       {streams, false, "read lines of several MiB: raise the limit of the line reader, or read until the newline yourself"},
	"no-reply":        {replies, false, "reply to every command"},
	"no-answer":       {replies, true, "reply to every command; if the implementation does not return, the fault is there"},
	"ends":            {end, true, "catch what the implementation raises, and reply with an error: the adapter goes on until its standard input ends"},
	"encode":          {values, true, "pass each field of the packet to the implementation: rq_type and flags are the values on the wire, so add and shift nothing"},
	"decode":          {values, true, "reply with each field of the packet as it is on the wire: add and shift nothing"},
	"precision":       {codec, true, "read integers from their decimal text into a type that holds 64 bits or more, not through a floating-point number"},
	"consumed":        {codec, true, "reply with how many octets the first packet took, with its length, and not with how many there were"},
	"equal":           {codec, true, "compare the packets by the implementation's own equality, not their JSON texts"},
	"decoder":         {requests, true, "pass the decoder that the command names to the implementation, and reply with what it returned"},
	// Connections.
	"pipes-swapped":       {opening, false, "read from the pipe recv, and write to the pipe send"},
	"pipe-order":          {opening, false, "open recv for reading first, and then send for writing"},
	"pipe-mode":           {opening, false, "open recv for reading only, and send for writing only: an end that is open both ways never sees the other end close"},
	"pipe-not-open":       {opening, false, "reply to open when both pipes are open, and keep them open until the connection ends"},
	"send-kept":           {opening, true, "keep no copy of the descriptor of send: the runner reads until every copy is closed"},
	"pipe-inherited":      {opening, false, "let no child process inherit the pipes: open them with close-on-exec"},
	"close-waits":         {closing, false, "reply to close at once, while handlers run and other commands wait"},
	"close-leaves-pipes":  {closing, false, "close both pipes in close, every copy of them"},
	"one-at-a-time":       {long, false, "go on reading commands while one waits: carry request, wait, do, shutdown and join out in threads of their own"},
	"request-waits":       {commands, true, "reply to request when it is submitted, without waiting for its answer"},
	"wait-early":          {requests, true, "reply to wait when the answer has come"},
	"ended":               {joining, true, "reply to join with how the peer's stream ended, or take end-reason from the list of abilities"},
	"handler-result":      {handler, true, "return what the table of the standard handler says"},
	"request-fields":      {requests, true, "pass rq_type, flags and payload to the implementation as the command gives them: rq_type is one less than on the wire"},
	"answer-fields":       {requests, true, "reply with what the implementation returns: the flags without the ok bit"},
	"handler-type":        {handler, true, "give the handler the type as the implementation passes it, which is one less than on the wire"},
	"seen":                {seen, true, "keep type, flags and payload of each request that the handler receives, as it receives them"},
	"seen-order":          {seen, true, "list the requests in the order in which the handler received them"},
	"seen-elsewhere":      {seen, true, "keep a list for each connection: seen is about one"},
	"gate-released-first": {gates, false, "remember released gates: one may be released before a handler waits at it"},
	"gate-once":           {gates, false, "keep a released gate open, for every handler that waits at it, now or later"},
	"gate-spins":          {gates, false, "let a handler wait at its gate on a condition variable or an event, not in a loop that asks"},
	"grace":               {graceTick, true, "pass grace on in seconds, with its fraction"},
	"tick":                {graceTick, true, "keep the octets of each tick, and reply to ticks with all of them"},
	// Ends.
	"exits-late":   {end, false, "exit when standard input ends, whatever is still running: do not wait for threads or connections"},
	"exit-status":  {end, false, "exit with status 0 when standard input ends"},
	"left-running": {end, false, "end the processes that the adapter started before it exits"},
	"grows":        {memory, true, "find what grows while nothing happens: a log, a list of timers, a loop that allocates"},
}

// flushing says how to flush the standard output, by language.
const flushing = `  Python  print(line, flush=True)
  Java    System.out.println(line); System.out.flush();
  C       puts(line); fflush(stdout);
  Node    process.stdout.write(line + "\n"), and no process.exit while it writes
  Rust    println!("{line}"), or flush() after a write to a BufWriter
  Go      fmt.Println(line), or Flush after a write to a bufio.Writer`

// Kinds returns the names of all kinds of findings, sorted.
func Kinds() (all []Kind) {
	for k := range kinds {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// Package campaign hunts: it makes inputs, has a subject hear them, judges what comes of
// it, and makes of a thousand inputs that show one fault one finding, small and certain.
//
//	generator  makes inputs of a corpus; keeps those of which the reference's trace is new
//	pool       plays them on processes of the subject, many at once, and judges
//	collector  takes the judgements in the order of the inputs; a new signature is a suspect
//	triage     confirms a suspect on fresh processes, makes it small, and keeps the finding
//
// What the generator makes depends on its seed and on nothing else: not on the subject,
// nor on how many processes there are or how quick. So a seed is a campaign, but for a
// subject that is [Instrumented], from whose edges the generator learns.
package campaign

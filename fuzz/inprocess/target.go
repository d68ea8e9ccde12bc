package inprocess

// A Target takes any octets, and tells by an error, which is a [*Breach], that the
// reference does with them what it must not.
type Target struct {
	Name string // as of its native fuzz target: Fuzz and Name
	Run  func(data []byte) error
}

// Targets are all there are, the quickest first.
func Targets() []Target {
	return []Target{
		{"Decode", Decode},
		{"RoundTrip", RoundTrip},
		{"Streams", Streams},
		{"Connection", Connection},
		{"Session", Session},
		{"Differential", Differential},
	}
}

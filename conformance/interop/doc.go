// Package interop has adapters talk to each other. In each ordered pair one is the requester and one the responder
// of some situations, which together are what the suite's scenarios are about. A relay stands between the two, so
// each deviation has a name: what a side sent is judged by the relay and compared with what it was asked to send, and
// what it reports is compared with what it received.
package interop

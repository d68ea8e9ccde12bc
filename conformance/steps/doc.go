// Package steps gives the steps of the features their meaning: one file a topic,
// one [World] a scenario. What a step expects stands in the feature, as octets or
// values; nothing here asks the reference.
package steps

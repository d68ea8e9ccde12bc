module github.com/packetspec/packetspec

go 1.25.0

module github.com/packetspec/packetspec/reference/bench

go 1.26.0

require (
	github.com/containerd/ttrpc v1.2.10
	github.com/hashicorp/yamux v0.1.2
	github.com/packetspec/packetspec v0.0.0
	github.com/sirupsen/logrus v1.9.4
	github.com/sourcegraph/jsonrpc2 v0.2.3
	github.com/xtaci/smux v1.5.58
	google.golang.org/grpc v1.85.0
	google.golang.org/protobuf v1.36.12
	storj.io/drpc v1.0.0
)

require (
	github.com/containerd/log v0.1.0 // indirect
	github.com/zeebo/errs v1.2.2 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.42.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260817212433-ac3dfec99bb1 // indirect
)

replace github.com/packetspec/packetspec => ../..

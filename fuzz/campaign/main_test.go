package campaign_test

import (
	"testing"

	"github.com/packetspec/packetspec/internal/mutanttest"
)

func TestMain(m *testing.M) { mutanttest.Main(m) }

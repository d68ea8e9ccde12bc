package campaign_test

import (
	"testing"

	"github.com/packetspec/packetspec/internal/subjecttest"
)

func TestMain(m *testing.M) { subjecttest.Main(m) }

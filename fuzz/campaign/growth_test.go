package campaign

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestSeries distinguishes leaks from growth that ends.
func TestSeries(t *testing.T) {
	noise := rand.New(rand.NewPCG(1, 2))
	for name, c := range map[string]struct {
		leaks bool
		mib   func(inputs float64) float64
	}{
		"flat":                        {false, func(float64) float64 { return 500 }},
		"noise":                       {false, func(float64) float64 { return 300 + 600*noise.Float64() }},
		"a plateau, soon":             {false, func(n float64) float64 { return 100 + 3000*(1-math.Exp(-n/1000)) }},
		"a plateau, from 527 to 1041": {false, func(n float64) float64 { return 527 + 514*(1-math.Exp(-(n-1000)/4000)) }},
		"a plateau, late":             {false, func(n float64) float64 { return 100 + 900*(1-math.Exp(-n/20000)) }},
		"a plateau with noise":        {false, func(n float64) float64 { return 500 + 800*(1-math.Exp(-n/3000)) + 200*noise.Float64() }},
		"a peak":                      {false, func(n float64) float64 { return 300 + 900*math.Exp(-math.Abs(n-9000)/2000) }},
		"one step":                    {false, func(n float64) float64 { return 100 + 900*math.Floor(min(n/8000, 1)) }},
		"two steps":                   {false, func(n float64) float64 { return 100 + 600*math.Floor(min(n/7000, 2)) }},
		"a sawtooth":                  {false, func(n float64) float64 { return 200 + 900*math.Mod(n, 2500)/2500 }},
		"a slow sawtooth":             {false, func(n float64) float64 { return 200 + 1200*math.Mod(n, 5000)/5000 }},
		"a sawtooth on a plateau":     {false, func(n float64) float64 { return 200 + 600*(1-math.Exp(-n/2000)) + 500*math.Mod(n, 2500)/2500 }},

		"a leak of 32 KiB an input": {true, func(n float64) float64 { return 100 + n/32 }},
		"a leak of 1 MiB an input":  {true, func(n float64) float64 { return 100 + n }},
		"a leak after a while":      {true, func(n float64) float64 { return 100 + max(0, n-4000)/8 }},
		"a leak that speeds up":     {true, func(n float64) float64 { return 100 + n*n/200_000 }},
		"a leak in steps of 64 MiB": {true, func(n float64) float64 { return 100 + 64*math.Floor(n/800) }},
		"a leak with noise":         {true, func(n float64) float64 { return 300 + n/8 + 100*noise.Float64() }},
		"a leak below a sawtooth":   {true, func(n float64) float64 { return 200 + n/8 + 500*math.Mod(n, 2500)/2500 }},
	} {
		s := newGrowth(nil).memory
		at, times := 0, 0
		for n := weighFirst; n <= maxInputs; n += weighEvery {
			if s.add(n, int64(c.mib(float64(n))*(1<<20))) {
				at = n
				times++
			}
		}
		switch {
		case !c.leaks && times > 0:
			t.Errorf("%s: a leak after %d inputs, expected none; %s", name, at, s.text(1<<20))
		case c.leaks && times != 1:
			t.Errorf("%s: reported %d times, expected once; %s", name, times, s.text(1<<20))
		case c.leaks:
			t.Logf("%s: after %d inputs", name, at)
		}
	}
}

// TestSeriesText says what was weighed when.
func TestSeriesText(t *testing.T) {
	var s series
	s.add(1000, 23<<20)
	s.add(1500, 40<<20)
	if got, want := s.text(1<<20), "23 (1000), 40 (1500)"; got != want {
		t.Errorf("got %q, expected %q", got, want)
	}
}

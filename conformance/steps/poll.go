package steps

import "time"

// longestPause is the longest time between two questions of [poll].
const longestPause = 10 * time.Millisecond

// poll asks again and again until the answer is enough or the scenario's time is over, and
// gives the last answer: the adapter protocol tells of no event what the commands seen and
// ticks tell. It asks at once, and then after pauses that grow, so that a subject which
// never comes to it is not kept busy. The pauses decide nothing but when that is seen.
func poll[T any](w *World, ask func() (T, error), enough func(T) bool) (T, error) {
	var last T
	for pause := time.Duration(0); ; pause = min(2*pause+50*time.Microsecond, longestPause) {
		answer, err := ask()
		if err == nil {
			last = answer
		}
		if w.Ctx.Err() != nil {
			return last, nil //nolint:nilerr // that the time is over is for the caller to tell
		}
		if err != nil || enough(last) {
			return last, err
		}
		select {
		case <-time.After(pause):
		case <-w.Ctx.Done():
		}
	}
}

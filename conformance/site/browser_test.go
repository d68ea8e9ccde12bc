package site_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// requireBrowser is the variable that makes the tests fail, rather than skip, without a browser.
const requireBrowser = "PACKETSPEC_REQUIRE_BROWSER"

// browser starts a headless Chromium, or skips the test if there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv(requireBrowser) != "" {
			t.Fatal("no Chromium is installed, and " + requireBrowser + " is set")
		}
		t.Skip("no Chromium is installed: the pages are not tried in a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WSURLReadTimeout(2*time.Minute))
	allocator, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(end)
	ctx, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	ctx, end = context.WithTimeout(ctx, 8*time.Minute)
	t.Cleanup(end)
	return ctx
}

// do runs an action in the browser.
func do[T any](ctx context.Context, t *testing.T, action chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// In a browser, pages of each kind fit a phone and a screen in both modes, links lead on, and the
// filter shows what it says.
func TestBrowser(t *testing.T) {
	dir := build(t)
	ctx := browser(t)
	problems := make(chan string, 1)
	err := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*runtime.EventExceptionThrown); ok {
			select {
			case problems <- fmt.Sprint(e.ExceptionDetails):
			default:
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	failures, err := filepath.Glob(filepath.Join(dir, "failure-odd-*.html"))
	if err != nil || len(failures) == 0 {
		t.Fatal("no page of a failure", err)
	}
	url := func(page string) string { return "file://" + filepath.Join(dir, page) }
	for _, page := range []string{"index.html", "subject-odd-name-1.0.html", "requirement-TAG-4.html", "specification.html", filepath.Base(failures[0])} {
		for _, width := range []int64{390, 1400} {
			for mode, want := range map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"} {
				do(ctx, t, chromedp.EmulateViewport(width, 900))
				media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: mode}}}
				if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
					t.Fatal(err)
				}
				do(ctx, t, chromedp.Navigate(url(page)))
				if over := do(ctx, t, chromedp.Evaluate[float64](`document.documentElement.scrollWidth - document.documentElement.clientWidth`)); over > 0 {
					t.Errorf("%s is %v pixels wider than a window of %d", page, over, width)
				}
				if back := do(ctx, t, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`)); back != want {
					t.Errorf("%s in %s mode: the background is %s, expected %s", page, mode, back, want)
				}
				if shots := os.Getenv("PACKETSPEC_SCREENSHOTS"); shots != "" {
					picture := do(ctx, t, chromedp.FullScreenshot(100))
					if err := os.WriteFile(filepath.Join(shots, fmt.Sprintf("%s-%d-%s.png", page, width, mode)), picture, 0o666); err != nil {
						t.Error(err)
					}
				}
			}
		}
	}

	do(ctx, t, chromedp.Navigate(url("index.html")))
	do(ctx, t, chromedp.SendKeys(chromedp.CSS(`input[type=search]`), "tags"))
	shown := do(ctx, t, chromedp.Evaluate[string](`[...document.querySelectorAll("#topics tbody tr:not([hidden]) th")].map((e) => e.textContent).join("|")`))
	count := do(ctx, t, chromedp.Text(chromedp.CSS(`[data-count]`)))
	if !strings.HasPrefix(shown, "Tags ") || strings.Contains(shown, "|") || !strings.HasPrefix(count, "1 of ") {
		t.Errorf("the filter shows %q, and says %q, expected Tags, and 1 of all", shown, count)
	}
	do(ctx, t, chromedp.Click(chromedp.CSS(`#topics tbody tr:not([hidden]) td:nth-child(3) a`)))
	do(ctx, t, chromedp.WaitVisible(chromedp.CSS(`#scenarios-all`)))
	if title, want := do(ctx, t, chromedp.Title()), `<odd> & "name" 1.0 · packetspec`; title != want {
		t.Errorf("the link leads to %q, expected %q", title, want)
	}
	select {
	case problem := <-problems:
		t.Error("the script failed:", problem)
	default:
	}
}

// Package output writes files whose content is known only after long work.
//
//  1. [Open] finds out, before the work, whether the file can be written.
//  2. [File.Write], after it, writes a new file beside the old one and renames it, so that nobody
//     ever finds half a file. It writes to pipes, devices and descriptors directly.
//
// A symbolic link is followed: its target is what gets replaced.
package output

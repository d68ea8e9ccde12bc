#include <fcntl.h>
#include <unistd.h>

#include "internal.h"

bool psi_wake_open(psi_wake *wake)
{
	if (pipe(wake->fds) != 0) {
		wake->fds[0] = wake->fds[1] = -1;
		return false;
	}
	wake->written = false;
	for (int i = 0; i < 2; i++)
		if (fcntl(wake->fds[i], F_SETFD, FD_CLOEXEC) != 0 || fcntl(wake->fds[i], F_SETFL, O_NONBLOCK) != 0) {
			psi_wake_close_locked(wake);
			return false;
		}
	return true;
}

void psi_wake_close_locked(psi_wake *wake)
{
	for (int i = 0; i < 2; i++) {
		if (wake->fds[i] >= 0)
			close(wake->fds[i]);
		wake->fds[i] = -1;
	}
}

void psi_wake_set_locked(psi_wake *wake)
{
	if (wake->written || wake->fds[1] < 0)
		return;
	wake->written = write(wake->fds[1], "", 1) == 1;
}

void psi_wake_clear_locked(psi_wake *wake)
{
	uint8_t octet;
	if (wake->written && read(wake->fds[0], &octet, 1) == 1)
		wake->written = false;
}

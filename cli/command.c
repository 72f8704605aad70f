// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "cli/command.h"

/* The rest of the child. */
static _Noreturn void run_command(const struct command *c, pid_t parent, int errno_fd)
{
	int e = 0;

	signals_restore(c->signals);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) ||
	    (c->to_stderr && dup2(STDERR_FILENO, STDOUT_FILENO) < 0) ||
	    sigprocmask(SIG_SETMASK, c->mask, NULL))
		e = errno;
	/* The parent may have been killed before PR_SET_PDEATHSIG. */
	if (getppid() != parent)
		_exit(EXIT_CANNOT);
	if (!e) {
		execvp(c->argv[0], c->argv);
		e = errno;
	}
	while (write(errno_fd, &e, sizeof(e)) < 0 && errno == EINTR)
		;
	_exit(EXIT_CANNOT);
}

/* Returns the errno that the child reports, or 0 once it runs the command. */
static int read_errno(int fd)
{
	int e = 0;
	ssize_t n;

	do
		n = read(fd, &e, sizeof(e));
	while (n < 0 && errno == EINTR);
	return n < 0 ? errno : e;
}

int command_start(const struct command *c, pid_t *ret, struct errbuf *err)
{
	pid_t parent = getpid(), pid;
	int fds[2], e;

	if (pipe2(fds, O_CLOEXEC))
		return set_error(err, -errno, "cannot run %s: %s", c->argv[0], strerror(errno));
	pid = fork();
	if (!pid)
		run_command(c, parent, fds[1]);
	e = pid < 0 ? errno : 0;
	close(fds[1]);
	if (!e) {
		e = read_errno(fds[0]);
		if (e)
			waitpid(pid, NULL, 0);
	}
	close(fds[0]);
	if (e)
		return set_error(err, -e, "cannot run %s: %s", c->argv[0], strerror(e));
	*ret = pid;
	return 0;
}

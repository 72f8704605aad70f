// SPDX-License-Identifier: GPL-2.0-or-later
/* The first process of the guest: makes the root file system, runs one command for the host, powers
 * off. It is static: except for modules, the initramfs has no other file. Errors go to the console,
 * which is kernel.log on the host.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "init.h"

#define PORT_DEADLINE_MS 20000	/* time for the port to appear */
#define DRAIN_MS	 200	/* time for more output after the end of the command */
#define STUCK_MS	 60000	/* time until a power-off is late; the host waits twice as long */
#define QUEUE_LIMIT	 262144 /* limit of a queue, in bytes */

struct guest {
	int port; /* virtio-serial port to the host */
	struct buf in;
	struct buf out;
	struct frame_start start;
	char *strings; /* environment and command, from the first frame */
	char **env;
	char **args;

	pid_t pid;	/* of the command */
	int to_child;	/* its standard input, -1 once closed; its terminal if it has one */
	int from_child; /* its standard output; may be the same terminal */
	int err_child;	/* its standard error, -1 on a terminal */
	struct buf child_in;
	bool in_eof; /* child_in has the end of the input */
	bool ended;
	uint32_t status;
};

/* Writes a line into the kernel log with the level of warnings: the host sees it if it can see
 * warnings.
 */
static void log_mark(const char *what, const char *nonce)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "<4>iomap-vm: %s of run %s\n", what, nonce);
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, line, (size_t)len) != len)
		fail("cannot write to /dev/kmsg: %s", strerror(errno));
	close(fd);
}

static void sleep_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Opens the virtio-serial port. Its driver may not have made it yet. */
static int open_port(void)
{
	struct dirent *entry;
	DIR *dir;
	int fd;

	for (int waited = 0; waited < PORT_DEADLINE_MS; waited += 10) {
		dir = opendir("/dev");
		while (dir && (entry = readdir(dir))) {
			if (strncmp(entry->d_name, "vport", 5))
				continue;
			fd = openat(dirfd(dir), entry->d_name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
			if (fd >= 0) {
				closedir(dir);
				return fd;
			}
		}
		if (dir)
			closedir(dir);
		sleep_ms(10);
	}
	fail("no virtio-serial port within %d s", PORT_DEADLINE_MS / 1000);
}

/* Parses the first frame: environment and words of the command. */
static int parse_start(struct guest *g, const char *payload, size_t len)
{
	char *at, *end;

	if (len < sizeof(g->start))
		return -EPROTO;
	memcpy(&g->start, payload, sizeof(g->start));
	len -= sizeof(g->start);
	g->start.nonce[sizeof(g->start.nonce) - 1] = '\0';
	g->strings = malloc(len + 1);
	g->env = calloc((size_t)g->start.n_env + 1, sizeof(*g->env));
	g->args = calloc((size_t)g->start.n_arg + 1, sizeof(*g->args));
	if (!g->strings || !g->env || !g->args)
		return -ENOMEM;
	memcpy(g->strings, payload + sizeof(g->start), len);
	g->strings[len] = '\0';
	at = g->strings;
	end = at + len;
	for (int i = 0; i < g->start.n_env + g->start.n_arg; i++) {
		if (at >= end)
			return -EPROTO;
		if (i < g->start.n_env)
			g->env[i] = at;
		else
			g->args[i - g->start.n_env] = at;
		at += strlen(at) + 1;
	}
	return 0;
}

/* Waits for the first frame of the host. Until the host is connected, reads return 0. */
static void read_start(struct guest *g)
{
	struct frame_head head;
	const char *payload;
	ssize_t n;
	int err;

	for (;;) {
		err = frame_peek(&g->in, &head, &payload);
		if (err < 0 || (err > 0 && head.type != FRAME_START))
			fail("the first frame of the host is not FRAME_START");
		if (err > 0)
			break;
		n = buf_read(&g->in, g->port);
		if (n == 0 || n == -EAGAIN)
			sleep_ms(5);
		else if (n < 0)
			fail("cannot read from the host: %s", strerror((int)-n));
	}
	err = parse_start(g, payload, head.len);
	if (err < 0)
		fail("cannot parse the first frame of the host: %s", strerror(-err));
	frame_drop(&g->in, &head);
}

/* The first process becomes systemd. Its child returns and continues as the runner. */
static void start_systemd(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (!pid)
		return;
	execl("/lib/systemd/systemd", "systemd", "--system", "--unit=basic.target",
	      "--show-status=no", (char *)NULL);
	fail("cannot become systemd: %s", strerror(errno));
}

static void set_winsize(int fd, struct frame_winsize size)
{
	struct winsize ws = { .ws_row = size.rows, .ws_col = size.cols };

	ioctl(fd, TIOCSWINSZ, &ws);
}

/* Executes the command with these standard files. in is its terminal if it has one. */
static void __attribute__((noreturn)) exec_command(struct guest *g, int in, int out, int err)
{
	char *shell[] = { (char *)"bash", (char *)(g->start.tty ? "-i" : "-s"), NULL };
	char **args = g->start.n_arg ? g->args : shell;
	sigset_t none;
	int saved;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	if (g->start.tty)
		ioctl(in, TIOCSCTTY, 0);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 || chdir("/src") < 0)
		_exit(126);
	clearenv();
	for (char **env = g->env; *env; env++)
		putenv(*env);
	execvp(args[0], args);
	saved = errno;
	fprintf(stderr, "%s: %s\n", args[0], strerror(saved));
	_exit(saved == ENOENT ? 127 : 126);
}

static void start_on_terminal(struct guest *g)
{
	int master, slave;

	if (openpty(&master, &slave, NULL, NULL, NULL) < 0)
		fail("cannot make a terminal: %s", strerror(errno));
	fcntl(master, F_SETFD, FD_CLOEXEC);
	set_winsize(master, g->start.winsize);
	g->pid = fork();
	if (g->pid == 0)
		exec_command(g, slave, slave, slave);
	close(slave);
	fcntl(master, F_SETFL, O_NONBLOCK);
	g->to_child = g->from_child = master;
	g->err_child = -1;
}

static void start_on_pipes(struct guest *g)
{
	int in[2], out[2], err[2];

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		fail("cannot make pipes: %s", strerror(errno));
	g->pid = fork();
	if (g->pid == 0)
		exec_command(g, in[0], out[1], err[1]);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	g->to_child = in[1];
	g->from_child = out[0];
	g->err_child = err[0];
	fcntl(g->to_child, F_SETFL, O_NONBLOCK);
	fcntl(g->from_child, F_SETFL, O_NONBLOCK);
	fcntl(g->err_child, F_SETFL, O_NONBLOCK);
}

/* Handles the frames from the host, as long as there is room for input of the command. */
static void take_frames(struct guest *g)
{
	struct frame_head head;
	struct frame_winsize size;
	const char *payload;
	int err;

	while (buf_len(&g->child_in) < QUEUE_LIMIT) {
		err = frame_peek(&g->in, &head, &payload);
		if (err < 0)
			fail("the host sent an invalid frame");
		if (!err)
			return;
		switch (head.type) {
		case FRAME_STDIN:
			if (g->to_child >= 0 && buf_add(&g->child_in, payload, head.len) < 0)
				fail("no memory for the command's input");
			break;
		case FRAME_STDIN_EOF:
			g->in_eof = true;
			break;
		case FRAME_WINSIZE:
			if (g->start.tty && head.len == sizeof(size)) {
				memcpy(&size, payload, sizeof(size));
				set_winsize(g->from_child, size);
			}
			break;
		default:
			fail("the host sent a frame of type %u", head.type);
		}
		frame_drop(&g->in, &head);
	}
}

static void feed_child(struct guest *g)
{
	ssize_t n;

	if (g->to_child < 0)
		return;
	while (buf_len(&g->child_in)) {
		n = buf_write(&g->child_in, g->to_child, FRAME_DATA);
		if (n == -EAGAIN)
			return;
		if (n < 0) {
			/* The command has closed its input. */
			buf_drop(&g->child_in, buf_len(&g->child_in));
			g->in_eof = true;
		}
	}
	if (g->in_eof && !g->start.tty) {
		close(g->to_child);
		g->to_child = -1;
	}
}

/* Reads output of the command and queues it for the host. Returns false at its end. */
static bool pass_output(struct guest *g, int fd, enum frame_type type)
{
	char data[FRAME_DATA];
	ssize_t n = read(fd, data, sizeof(data));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n > 0 && frame_add(&g->out, type, data, (size_t)n) < 0)
		fail("no memory for the command's output");
	return n > 0;
}

/* Reaps all processes that have ended. One of them may be the command. */
static void reap(struct guest *g)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != g->pid)
			continue;
		g->ended = true;
		g->status = (uint32_t)(WIFSIGNALED(status) ? 128 + WTERMSIG(status)
							   : WEXITSTATUS(status));
	}
}

enum {
	W_PORT,
	W_SIGNAL,
	W_IN,
	W_OUT,
	W_ERR,
	W_MAX
};

/* Moves bytes until the command has ended and its output is read. A process that the command left
 * running may keep the output open: stop when it writes nothing for DRAIN_MS.
 */
static void relay(struct guest *g, int signals)
{
	struct signalfd_siginfo info;
	struct pollfd p[W_MAX];
	bool room;
	int n;

	while (!g->ended || g->from_child >= 0 || g->err_child >= 0) {
		/* Frames may have come with the first one, or while the queue was full. */
		take_frames(g);
		feed_child(g);
		room = buf_len(&g->out) < QUEUE_LIMIT;
		p[W_PORT] = (struct pollfd){ g->port, 0, 0 };
		if (buf_len(&g->child_in) < QUEUE_LIMIT)
			p[W_PORT].events |= POLLIN;
		if (buf_len(&g->out))
			p[W_PORT].events |= POLLOUT;
		p[W_SIGNAL] = (struct pollfd){ signals, POLLIN, 0 };
		p[W_IN] = (struct pollfd){ buf_len(&g->child_in) ? g->to_child : -1, POLLOUT, 0 };
		p[W_OUT] = (struct pollfd){ room ? g->from_child : -1, POLLIN, 0 };
		p[W_ERR] = (struct pollfd){ room ? g->err_child : -1, POLLIN, 0 };
		n = poll(p, W_MAX, g->ended && room ? DRAIN_MS : -1);
		if (n < 0 && errno != EINTR)
			fail("poll: %s", strerror(errno));
		if (n == 0)
			return;
		if (p[W_SIGNAL].revents) {
			while (read(signals, &info, sizeof(info)) > 0)
				;
			reap(g);
		}
		if (p[W_PORT].revents & (POLLIN | POLLHUP)) {
			/* 0: the host is gone, and will kill QEMU, or there is nothing to read. */
			ssize_t got = buf_read(&g->in, g->port);

			if (got == 0)
				sleep_ms(10);
		}
		if (p[W_OUT].revents && !pass_output(g, g->from_child, FRAME_STDOUT))
			g->from_child = -1;
		if (p[W_ERR].revents && !pass_output(g, g->err_child, FRAME_STDERR))
			g->err_child = -1;
		if (buf_len(&g->out))
			buf_write(&g->out, g->port, buf_len(&g->out));
	}
}

/* Sends the whole queue, without a time limit. */
static void flush(struct guest *g)
{
	struct pollfd p = { g->port, POLLOUT, 0 };

	while (buf_len(&g->out)) {
		if (poll(&p, 1, -1) > 0)
			buf_write(&g->out, g->port, buf_len(&g->out));
	}
}

/* Waits for FRAME_BYE: the host has received everything, and QEMU's buffers are empty. Skips unread
 * input of the command.
 */
static void wait_for_bye(struct guest *g)
{
	struct pollfd p = { g->port, POLLIN, 0 };
	struct frame_head head = { 0 };
	const char *payload;

	while (head.type != FRAME_BYE) {
		if (frame_peek(&g->in, &head, &payload) > 0)
			frame_drop(&g->in, &head);
		else if (poll(&p, 1, -1) > 0 && buf_read(&g->in, g->port) == 0)
			sleep_ms(10);
	}
}

/* If the power-off takes too long, logs the stacks of blocked tasks. The kernel may wait for a
 * device: qxl takes 15 s for each buffer that was not returned.
 */
static void watch_power_off(void)
{
	int fd;

	if (fork())
		return;
	sleep_ms(STUCK_MS);
	fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	_exit(fd < 0 || write(fd, "w", 1) != 1);
}

int main(void)
{
	struct guest g = { .to_child = -1, .from_child = -1, .err_child = -1 };
	sigset_t chld;
	int signals;

	make_devices();
	load_modules();
	g.port = open_port();
	make_root();
	set_up_system();
	read_start(&g);
	mount_host_folders(g.start.share);
	if (g.start.systemd)
		start_systemd();

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &chld, SFD_NONBLOCK | SFD_CLOEXEC);
	if (signals < 0)
		fail("signalfd: %s", strerror(errno));

	log_mark("start", g.start.nonce);
	frame_add(&g.out, FRAME_HELLO, NULL, 0);
	flush(&g);
	if (g.start.tty)
		start_on_terminal(&g);
	else
		start_on_pipes(&g);
	if (g.pid < 0)
		fail("fork: %s", strerror(errno));
	relay(&g, signals);

	/* Before the status: when the host has that, the log is complete. */
	log_mark("end", g.start.nonce);
	frame_add(&g.out, FRAME_EXIT, &g.status, sizeof(g.status));
	flush(&g);
	wait_for_bye(&g);
	watch_power_off();
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

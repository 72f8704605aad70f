// SPDX-License-Identifier: GPL-2.0-or-later
/* The half of tests/vm/run on the host: starts QEMU, passes input, output, terminal size and exit
 * status of the command between its standard files and the guest, ends QEMU in every case, and then
 * executes tests/vm/judge. Only tests/vm/run starts it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"

#define QUEUE_LIMIT   (4 * FRAME_DATA) /* limit of a queue, in bytes */
#define POWER_OFF_MS  120000	       /* time for the guest to stop after the command */
#define LAST_WORDS_MS 1000	       /* time to read output after QEMU was killed */
#define ESCAPE	      0x1d	       /* Ctrl-]; three in a row end the machine */

struct bridge {
	const char *dir; /* folder of this run */
	const char *nonce;
	const char *judge; /* program to execute at the end */
	bool share;
	bool systemd;
	int64_t deadline_ms;
	char **qemu;
	char **command;
	char **env;
	int n_env;
	int n_command;

	int sock; /* connected to the port of the guest */
	pid_t pid;
	int qemu_status;
	bool qemu_ended;
	struct buf to_guest;
	struct buf from_guest;
	struct buf out;
	struct buf err;
	bool tty;
	bool raw; /* the terminal is in raw mode; saved has its old settings */
	struct termios saved;
	bool in_open;
	int escapes;
	int64_t hello_ms; /* time of FRAME_HELLO; 0: not yet */
	bool have_status;
	uint32_t status;
	char verdict[64]; /* for tests/vm/judge; empty while the guest runs */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void __attribute__((noreturn)) fatal(const char *what)
{
	fprintf(stderr, "tests/vm/run: %s: %s\n", what, strerror(errno));
	exit(125);
}

static struct frame_winsize terminal_size(void)
{
	struct winsize ws = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0 || !ws.ws_row || !ws.ws_col)
		return (struct frame_winsize){ .rows = 24, .cols = 80 };
	return (struct frame_winsize){ .rows = ws.ws_row, .cols = ws.ws_col };
}

static void terminal_raw(struct bridge *b)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &b->saved) < 0)
		fatal("tcgetattr");
	raw = b->saved;
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	b->raw = true;
}

static void terminal_restore(struct bridge *b)
{
	if (b->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &b->saved);
	b->raw = false;
}

/* Starts QEMU in its own session, so that only the bridge gets the signals of the terminal. QEMU
 * dies when the bridge does. Its descriptor 3 is the port of the guest.
 */
static void start_qemu(struct bridge *b, const sigset_t *inherited)
{
	char path[PATH_MAX];
	int pair[2], log;
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		fatal("socketpair");
	snprintf(path, sizeof(path), "%s/qemu.log", b->dir);
	log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (log < 0)
		fatal(path);
	b->pid = fork();
	if (b->pid < 0)
		fatal("fork");
	if (b->pid == 0) {
		int null = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(125);
		setsid();
		sigprocmask(SIG_SETMASK, inherited, NULL);
		/* Move them above 3 first, so that dup2() overwrites none of them. */
		pair[1] = fcntl(pair[1], F_DUPFD, 10);
		log = fcntl(log, F_DUPFD, 10);
		if (dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0 ||
		    dup2(pair[1], 3) < 0)
			_exit(125);
		closefrom(4);
		execvp(b->qemu[0], b->qemu);
		fprintf(stderr, "%s: %s\n", b->qemu[0], strerror(errno));
		_exit(125);
	}
	close(pair[1]);
	close(log);
	b->sock = pair[0];
	fcntl(b->sock, F_SETFL, O_NONBLOCK);
}

/* Queues the first frame: the command and its environment. */
static void queue_start(struct bridge *b)
{
	struct frame_start start = { .winsize = terminal_size(),
				     .tty = b->tty,
				     .share = b->share,
				     .systemd = b->systemd,
				     .n_env = (uint16_t)b->n_env,
				     .n_arg = (uint16_t)b->n_command };
	struct buf payload = { 0 };

	snprintf(start.nonce, sizeof(start.nonce), "%s", b->nonce);
	buf_add(&payload, &start, sizeof(start));
	for (int i = 0; i < b->n_env; i++)
		buf_add(&payload, b->env[i], strlen(b->env[i]) + 1);
	for (int i = 0; i < b->n_command; i++)
		buf_add(&payload, b->command[i], strlen(b->command[i]) + 1);
	if (buf_len(&payload) > FRAME_MAX) {
		fprintf(stderr, "tests/vm/run: the command is longer than %d bytes\n", FRAME_MAX);
		exit(2);
	}
	frame_add(&b->to_guest, FRAME_START, payload.data, buf_len(&payload));
	buf_free(&payload);
}

static void end_with(struct bridge *b, const char *verdict)
{
	if (!b->verdict[0])
		snprintf(b->verdict, sizeof(b->verdict), "%s", verdict);
}

/* Reads input for the guest. On a terminal, looks for the escape. */
static void read_input(struct bridge *b)
{
	char data[FRAME_DATA];
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		frame_add(&b->to_guest, FRAME_STDIN_EOF, NULL, 0);
		b->in_open = false;
		return;
	}
	for (ssize_t i = 0; b->tty && i < n; i++) {
		b->escapes = data[i] == ESCAPE ? b->escapes + 1 : 0;
		if (b->escapes == 3)
			end_with(b, "escape");
	}
	frame_add(&b->to_guest, FRAME_STDIN, data, (size_t)n);
}

/* Handles the frames from the guest, as long as there is room in the queues. */
static void take_frames(struct bridge *b)
{
	struct frame_head head;
	const char *payload;
	int err;

	while (buf_len(&b->out) < QUEUE_LIMIT && buf_len(&b->err) < QUEUE_LIMIT) {
		err = frame_peek(&b->from_guest, &head, &payload);
		if (err < 0)
			end_with(b, "nonsense");
		if (err <= 0)
			return;
		switch (head.type) {
		case FRAME_HELLO:
			b->hello_ms = now_ms();
			break;
		case FRAME_STDOUT:
			buf_add(&b->out, payload, head.len);
			break;
		case FRAME_STDERR:
			buf_add(&b->err, payload, head.len);
			break;
		case FRAME_EXIT:
			if (head.len == sizeof(b->status)) {
				memcpy(&b->status, payload, sizeof(b->status));
				b->have_status = true;
				b->deadline_ms = now_ms() + POWER_OFF_MS;
				frame_add(&b->to_guest, FRAME_BYE, NULL, 0);
			}
			break;
		default:
			end_with(b, "nonsense");
			return;
		}
		frame_drop(&b->from_guest, &head);
	}
}

/* Writes as much as a ready file takes without blocking. */
static void write_output(struct bridge *b, struct buf *queue, int fd)
{
	ssize_t n = buf_write(queue, fd, PIPE_BUF);

	if (n < 0 && n != -EAGAIN && n != -EINTR) {
		/* The reader has gone, as after `| head -1`. */
		end_with(b, n == -EPIPE ? "signal 13" : "output");
		buf_drop(queue, buf_len(queue));
	}
}

static void take_signals(struct bridge *b, int signals)
{
	struct signalfd_siginfo info;
	struct frame_winsize size;

	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			if (waitpid(b->pid, &b->qemu_status, WNOHANG) == b->pid)
				b->qemu_ended = true;
			break;
		case SIGWINCH:
			size = terminal_size();
			if (b->tty)
				frame_add(&b->to_guest, FRAME_WINSIZE, &size, sizeof(size));
			break;
		default:
			snprintf(b->verdict, sizeof(b->verdict), "signal %u", info.ssi_signo);
		}
	}
}

enum {
	W_SIGNAL,
	W_SOCK,
	W_IN,
	W_OUT,
	W_ERR,
	W_MAX
};

/* Waits once, and moves bytes. */
static void step(struct bridge *b, int signals)
{
	struct pollfd p[W_MAX];
	bool room = buf_len(&b->out) < QUEUE_LIMIT && buf_len(&b->err) < QUEUE_LIMIT;
	int64_t left = b->deadline_ms - now_ms();
	ssize_t n;

	p[W_SIGNAL] = (struct pollfd){ signals, POLLIN, 0 };
	p[W_SOCK] = (struct pollfd){ b->sock, 0, 0 };
	p[W_SOCK].events = (short)((room ? POLLIN : 0) | (buf_len(&b->to_guest) ? POLLOUT : 0));
	p[W_IN] = (struct pollfd){ -1, POLLIN, 0 };
	if (b->in_open && buf_len(&b->to_guest) < QUEUE_LIMIT)
		p[W_IN].fd = STDIN_FILENO;
	p[W_OUT] = (struct pollfd){ buf_len(&b->out) ? STDOUT_FILENO : -1, POLLOUT, 0 };
	p[W_ERR] = (struct pollfd){ buf_len(&b->err) ? STDERR_FILENO : -1, POLLOUT, 0 };
	if (!p[W_SOCK].events)
		p[W_SOCK].fd = -1;
	/* After the end of QEMU there is no deadline: the output may have a slow reader. */
	if (b->qemu_ended)
		left = 60000;
	if (left <= 0) {
		end_with(b, b->have_status ? "hang" : "timeout");
		return;
	}
	if (poll(p, W_MAX, left > 60000 ? 60000 : (int)left) <= 0)
		return;
	if (p[W_SIGNAL].revents)
		take_signals(b, signals);
	if (p[W_IN].revents)
		read_input(b);
	if (p[W_SOCK].revents & POLLOUT)
		buf_write(&b->to_guest, b->sock, FRAME_DATA);
	if (p[W_SOCK].revents & (POLLIN | POLLHUP)) {
		n = buf_read(&b->from_guest, b->sock);
		if (n <= 0 && n != -EAGAIN && n != -EINTR) {
			close(b->sock);
			b->sock = -1;
		}
	}
	take_frames(b);
	if (p[W_OUT].revents)
		write_output(b, &b->out, STDOUT_FILENO);
	if (p[W_ERR].revents)
		write_output(b, &b->err, STDERR_FILENO);
}

/* Tells whether all output was written. */
static bool is_drained(const struct bridge *b)
{
	return b->sock < 0 && !buf_len(&b->out) && !buf_len(&b->err);
}

/* Moves bytes until QEMU has ended and all output is written, or until QEMU must be killed. */
static void relay(struct bridge *b, int signals)
{
	while (!b->verdict[0] && !(b->qemu_ended && is_drained(b)))
		step(b, signals);
	if (!b->qemu_ended) {
		kill(b->pid, SIGKILL);
		waitpid(b->pid, &b->qemu_status, 0);
		/* Write the output of before, if its reader is fast. */
		b->deadline_ms = now_ms() + LAST_WORDS_MS;
		while (!is_drained(b) && now_ms() < b->deadline_ms)
			step(b, signals);
	}
	if (b->verdict[0])
		return;
	if (b->have_status)
		snprintf(b->verdict, sizeof(b->verdict), "exit %u", b->status);
	else
		end_with(b, "died");
}

static void become_judge(struct bridge *b, int64_t start_ms)
{
	char seconds[32];

	snprintf(seconds, sizeof(seconds), "%.2f",
		 b->hello_ms ? (double)(b->hello_ms - start_ms) / 1000 : 0.0);
	execl(b->judge, b->judge, b->dir, b->nonce, b->verdict, seconds, (char *)NULL);
	fatal(b->judge);
}

/* -d DIR -n NONCE -j JUDGE -t SECONDS [-s] [-S] [-e NAME=VALUE]... QEMU-COMMAND... -- [COMMAND] */
static void parse(struct bridge *b, int argc, char **argv)
{
	int opt;

	b->env = calloc((size_t)argc, sizeof(*b->env));
	if (!b->env)
		fatal("calloc");
	while ((opt = getopt(argc, argv, "+d:n:j:t:sSe:")) != -1) {
		switch (opt) {
		case 'd':
			b->dir = optarg;
			break;
		case 'n':
			b->nonce = optarg;
			break;
		case 'j':
			b->judge = optarg;
			break;
		case 't':
			b->deadline_ms = now_ms() + 1000 * strtoll(optarg, NULL, 10);
			break;
		case 's':
			b->share = true;
			break;
		case 'S':
			b->systemd = true;
			break;
		case 'e':
			b->env[b->n_env++] = optarg;
			break;
		default:
			exit(2);
		}
	}
	b->qemu = argv + optind;
	while (optind < argc && strcmp(argv[optind], "--"))
		optind++;
	if (!b->dir || !b->nonce || !b->judge || optind == argc) {
		fprintf(stderr, "bridge: use tests/vm/run\n");
		exit(2);
	}
	argv[optind++] = NULL;
	b->command = argv + optind;
	b->n_command = argc - optind;
}

int main(int argc, char **argv)
{
	struct bridge b = { .sock = -1, .in_open = true };
	int64_t start_ms = now_ms();
	sigset_t mask, inherited;
	int signals;

	parse(&b, argc, argv);
	b.tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	/* A background job may not read its terminal. */
	if (isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) != getpgrp())
		b.tty = b.in_open = false;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGWINCH);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	/* Shells ignore SIGINT in background jobs, and signalfd never reports ignored signals. */
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &mask, &inherited);
	signals = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (signals < 0)
		fatal("signalfd");

	queue_start(&b);
	if (!b.in_open)
		frame_add(&b.to_guest, FRAME_STDIN_EOF, NULL, 0);
	start_qemu(&b, &inherited);
	if (b.tty)
		terminal_raw(&b);
	relay(&b, signals);
	terminal_restore(&b);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &inherited, NULL);
	become_judge(&b, start_ms);
}

// SPDX-License-Identifier: MIT
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#include "syscalls.h"

/* Nothing else calls it. */
#define MARK SYS_getsid
/* Not a signal, but a system call: PTRACE_O_TRACESYSGOOD. */
#define SYSCALL_STOP (SIGTRAP | 0x80)
#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL)

void syscalls_mark(void)
{
	syscall(MARK, 0);
}

/* The number of the call that a thread is about to make, or -1: it comes from one. */
static long entered(pid_t thread)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) < 0)
		err(1, "PTRACE_GET_SYSCALL_INFO");
	return info.op == PTRACE_SYSCALL_INFO_ENTRY ? (long)info.entry.nr : -1;
}

static void start(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		errx(1, "the child to trace does not stop");
	if (ptrace(PTRACE_SETOPTIONS, child, 0, OPTIONS) || ptrace(PTRACE_SYSCALL, child, 0, 0))
		err(1, "ptrace");
}

/* The signal that a stopped thread is to get: what the tracing itself sent, it is not. */
static int signal_of(int status)
{
	int sig = WSTOPSIG(status);

	return sig == SYSCALL_STOP || sig == SIGSTOP || status >> 16 ? 0 : sig;
}

static unsigned long follow(pid_t child)
{
	unsigned long count = 0;
	unsigned int marks = 0;
	pid_t thread;
	int status;

	for (;;) {
		thread = waitpid(-1, &status, __WALL);
		if (thread < 0)
			err(1, "waitpid");
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (thread != child)
				continue;
			if (!WIFEXITED(status) || WEXITSTATUS(status))
				errx(1, "the traced child fails: status 0x%x", status);
			break;
		}
		if (WSTOPSIG(status) == SYSCALL_STOP) {
			long nr = entered(thread);

			if (nr == MARK)
				marks++;
			else if (nr >= 0 && marks == 1)
				count++;
		}
		/* A thread that has ended meanwhile cannot go on, and need not. */
		if (ptrace(PTRACE_SYSCALL, thread, 0, signal_of(status)) && errno != ESRCH)
			err(1, "PTRACE_SYSCALL");
	}
	if (marks != 2)
		errx(1, "the traced child has set %u marks, not 2", marks);
	return count;
}

unsigned long count_syscalls(void (*func)(const void *arg), const void *arg)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP))
			_exit(127);
		func(arg);
		_exit(0);
	}
	start(child);
	return follow(child);
}

/* SPDX-License-Identifier: MIT */
/*
 * Counts system calls, with the tracing that debuggers use.
 */
#ifndef APU_TESTS_SYSCALLS_H
#define APU_TESTS_SYSCALLS_H

/*
 * Runs func in a child process and gives the number of system calls that its threads make from
 * its first call of syscalls_mark() to its second, the marks not counted. Exits if that does not
 * work, or the child does not end well.
 */
unsigned long count_syscalls(void (*func)(const void *arg), const void *arg);
void syscalls_mark(void);

#endif

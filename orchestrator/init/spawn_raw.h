/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * System calls of a child that may share PID 1's memory, errno and all: they return a negative errno and touch nothing else.
 *
 * SPAWN_SHARES: this machine and this build can have such a child. A sanitizer keeps accounts of each stack, and knows nothing of a
 * child's.
 */
#if defined(__SANITIZE_ADDRESS__)
#define SPAWN_SHARES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SPAWN_SHARES 0
#endif
#endif
#ifndef SPAWN_SHARES
#if defined(__x86_64__) || defined(__aarch64__)
#define SPAWN_SHARES 1
#else
#define SPAWN_SHARES 0
#endif
#endif

#if defined(__x86_64__)
static inline long raw(long number, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static inline long raw(long number, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}
#else /* the child's memory is its own */
static inline long raw(long number, long a, long b, long c, long d)
{
	long result = syscall(number, a, b, c, d);

	return result < 0 ? -errno : result;
}
#endif

/*
 * clone3 with a stack of the child's own, on which it calls fn(data), which never returns. Where no child can share memory: -ENOSYS.
 */
#if SPAWN_SHARES && defined(__x86_64__)
static inline long raw_clone_to(void *args, size_t size, void (*fn)(void *data), void *data)
{
	long result;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %[fn], %%rax\n\t" /* both may lie in rbp */
			 "mov %[data], %%rdi\n\t"
			 "xor %%ebp, %%ebp\n\t" /* the outermost frame */
			 "call *%%rax\n\t"
			 "hlt\n\t"
			 "1:"
			 : "=a"(result)
			 : "a"((long)SYS_clone3), "D"(args),
			   "S"(size), [fn] "r"(fn), [data] "r"(data)
			 : "rcx", "r11", "memory", "cc");
	return result;
}
#elif SPAWN_SHARES && defined(__aarch64__)
static inline long raw_clone_to(void *args, size_t size, void (*fn)(void *data), void *data)
{
	register long x8 __asm__("x8") = SYS_clone3;
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = (long)size;

	__asm__ volatile("svc 0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x9, %[fn]\n\t" /* both may lie in x29 */
			 "mov x0, %[data]\n\t"
			 "mov x29, #0\n\t" /* the outermost frame */
			 "blr x9\n\t"
			 "brk #0\n\t"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), [fn] "r"(fn), [data] "r"(data)
			 : "memory", "cc");
	return x0;
}
#else
static inline long raw_clone_to(void *args, size_t size, void (*fn)(void *data), void *data)
{
	return -ENOSYS;
}
#endif

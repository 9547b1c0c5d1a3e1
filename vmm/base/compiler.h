/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_COMPILER_H
#define THUNDERLAKE_VMM_BASE_COMPILER_H

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* What the compilers offer beyond C11, under one name each. */

#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define MUST_CHECK		 __attribute__((warn_unused_result))
#define UNUSED			 __attribute__((unused))
#define LIKELY(x)		 __builtin_expect(!!(x), 1)
#define UNLIKELY(x)		 __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
/* <sys/param.h>, which headers of libraries take in, has its own. */
#undef MIN
#undef MAX
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* `alignment` is a power of two; the caller knows that the sum does not wrap. */
#define ALIGN_UP(value, alignment)   (((value) + (alignment)-1) & ~((alignment)-1))
#define ALIGN_DOWN(value, alignment) ((value) & ~((alignment)-1))

/* The object of `type` whose `member` is at `pointer`. */
#define container_of(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* A local pointer that is freed, a local descriptor that is closed, when it leaves its scope. */
#define AUTO_FREE  __attribute__((cleanup(auto_free)))
#define AUTO_CLOSE __attribute__((cleanup(auto_close)))

static inline void auto_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void auto_close(const int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
	}
}

/* clang's thread-safety analysis; nothing under gcc. In C, GUARDED_BY can name globals only:
 * guarded members say so in a comment. */
#if defined(__clang__)
#define THREAD_ANNOTATION(x) __attribute__((x))
#else
#define THREAD_ANNOTATION(x)
#endif
#define CAPABILITY(name)	  THREAD_ANNOTATION(capability(name))
#define GUARDED_BY(lock)	  THREAD_ANNOTATION(guarded_by(lock))
#define REQUIRES(...)		  THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define EXCLUDES(...)		  THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define ACQUIRES(...)		  THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define RELEASES(...)		  THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS THREAD_ANNOTATION(no_thread_safety_analysis)

#endif

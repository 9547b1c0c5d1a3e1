/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_LOG_H
#define THUNDERLAKE_VMM_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/base/compiler.h"

/*
 * Lines for people on standard error: `thunderlake: tag: text`. Callable from any thread; a line is
 * written by one write(). `tag` names the object (`virtio-blk:disk0`); texts start lower-case and
 * have no newline.
 */
enum log_level {
	LOG_LEVEL_ERROR, /* an asked-for action failed */
	LOG_LEVEL_WARN,	 /* odd but harmless */
	LOG_LEVEL_INFO,	 /* rare and useful to users */
	LOG_LEVEL_DEBUG, /* for developers */
};

/* Lines above `level` are dropped. The start value is LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* A line that passed the level goes to `sink` instead of standard error; NULL restores that. */
typedef void log_sink_fn(enum log_level level, const char *tag, const char *text);
void log_set_sink(log_sink_fn *sink);

void log_write(enum log_level level, const char *tag, const char *format, ...) PRINTF_LIKE(3, 4);

#define log_error(tag, ...) log_write(LOG_LEVEL_ERROR, tag, __VA_ARGS__)
#define log_warn(tag, ...)  log_write(LOG_LEVEL_WARN, tag, __VA_ARGS__)
#define log_info(tag, ...)  log_write(LOG_LEVEL_INFO, tag, __VA_ARGS__)
#define log_debug(tag, ...)                                           \
	do {                                                          \
		if (log_enabled(LOG_LEVEL_DEBUG)) {                   \
			log_write(LOG_LEVEL_DEBUG, tag, __VA_ARGS__); \
		}                                                     \
	} while (0)

/* How often one object may speak of what its guest does: at most LOG_LIMIT_BURST lines in
 * LOG_LIMIT_WINDOW_MS; what was held back is counted in the next line. Zero-initialised. */
#define LOG_LIMIT_BURST	    5
#define LOG_LIMIT_WINDOW_MS 10000
struct log_limit {
	_Atomic uint64_t window_start_ms;
	_Atomic uint32_t count;
	_Atomic uint32_t dropped;
};

/* A warning about what a guest did. Use it for everything a guest can trigger. */
void log_guest(struct log_limit *limit, const char *tag, const char *format, ...) PRINTF_LIKE(3, 4);

#endif

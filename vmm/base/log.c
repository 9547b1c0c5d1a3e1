/* SPDX-License-Identifier: MIT */
#include "vmm/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/clock.h"

#define LINE_MAX_BYTES 5120 /* room for a processor's registers */

static _Atomic int max_level = LOG_LEVEL_INFO;
static log_sink_fn *_Atomic current_sink;

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&max_level, (int)level, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&max_level, memory_order_relaxed);
}

void log_set_sink(log_sink_fn *sink)
{
	atomic_store(&current_sink, sink);
}

static void write_line(enum log_level level, const char *tag, const char *text)
{
	static const char *const words[] = { "error: ", "warning: ", "", "debug: " };
	char line[LINE_MAX_BYTES];
	int length = snprintf(line, sizeof(line) - 1, "thunderlake: %s%s%s%s", words[level], tag,
			      *tag ? ": " : "", text);

	if (length > (int)sizeof(line) - 2) {
		length = (int)sizeof(line) - 2;
	}
	line[length] = '\n';
	if (write(STDERR_FILENO, line, (size_t)length + 1) < 0) {
		return; /* nobody is left to be told */
	}
}

PRINTF_LIKE(3, 0)
static void write_formatted(enum log_level level, const char *tag, const char *format, va_list args)
{
	log_sink_fn *sink = atomic_load(&current_sink);
	char text[LINE_MAX_BYTES];

	(void)vsnprintf(text, sizeof(text), format, args);
	(sink ? sink : write_line)(level, tag, text);
}

void log_write(enum log_level level, const char *tag, const char *format, ...)
{
	va_list args;

	if (!log_enabled(level)) {
		return;
	}
	va_start(args, format);
	write_formatted(level, tag, format, args);
	va_end(args);
}

/* Opens a new window when the old one is over; of racing threads one does it. */
static void renew_window(struct log_limit *limit, uint64_t now_ms)
{
	uint64_t start = atomic_load(&limit->window_start_ms);

	if (start && now_ms - start < LOG_LIMIT_WINDOW_MS) {
		return;
	}
	if (atomic_compare_exchange_strong(&limit->window_start_ms, &start, now_ms)) {
		atomic_store(&limit->count, 0);
	}
}

void log_guest(struct log_limit *limit, const char *tag, const char *format, ...)
{
	uint32_t dropped;
	va_list args;

	renew_window(limit, clock_now_ns() / 1000000 + 1);
	if (atomic_fetch_add(&limit->count, 1) >= LOG_LIMIT_BURST) {
		atomic_fetch_add(&limit->dropped, 1);
		return;
	}
	dropped = atomic_exchange(&limit->dropped, 0);
	if (dropped) {
		log_warn(tag, "%u similar guest faults were not shown", dropped);
	}
	if (log_enabled(LOG_LEVEL_WARN)) {
		va_start(args, format);
		write_formatted(LOG_LEVEL_WARN, tag, format, args);
		va_end(args);
	}
}

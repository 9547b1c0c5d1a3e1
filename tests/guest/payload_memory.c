/* SPDX-License-Identifier: MIT */
/* Writes memory where test_memory.c looks. Finishes with 0, or with the step that failed. */
#include "tests/guest/runtime/runtime.h"
#include "tests/guest/test_memory.h"

static void touch_ends(void)
{
	static const uint64_t PLACES[] = { TEST_LOW_LAST, TEST_HIGH_FIRST, TEST_HIGH_LAST };

	for (unsigned i = 0; i < sizeof(PLACES) / sizeof(PLACES[0]); i++) {
		*mmio64(PLACES[i]) = TEST_PATTERN + i;
		if (*mmio64(PLACES[i]) != TEST_PATTERN + i) {
			finish(i + 1);
		}
	}
	/* What is no memory keeps nothing. */
	*mmio64(TEST_HOLE) = TEST_PATTERN;
	*mmio64(TEST_BEYOND) = TEST_PATTERN;
	if (*mmio64(TEST_HOLE) != UINT64_MAX || *mmio64(TEST_BEYOND) != UINT64_MAX) {
		finish(10);
	}
}

static void write_pages(void)
{
	for (uint64_t page = 0; page < TEST_DIRTY_PAGES; page += TEST_DIRTY_STRIDE) {
		*mmio64(TEST_DIRTY_GPA + page * 4096) = page;
	}
}

/* Page 2 is written; page 3 has what the test put there. */
static void use_window(void)
{
	*mmio64(TEST_WINDOW_GPA + 2 * 4096) = TEST_PATTERN;
	if (*mmio64(TEST_WINDOW_GPA + 3 * 4096) != TEST_PATTERN + 1) {
		finish(20);
	}
}

/* Nothing is there any more. */
static void miss_window(void)
{
	if (*mmio64(TEST_WINDOW_GPA + 2 * 4096) != UINT64_MAX) {
		finish(21);
	}
}

void payload_main(const char *command_line)
{
	if (has_word(command_line, "user")) {
		enter_user();
	}
	if (has_word(command_line, "ends")) {
		touch_ends();
	}
	if (has_word(command_line, "dirty")) {
		write_pages();
	}
	if (has_word(command_line, "window")) {
		use_window();
	}
	if (has_word(command_line, "no-window")) {
		miss_window();
	}
}

/* SPDX-License-Identifier: MIT */
/* LINK: display/input_player.c display/input_text.c display/input.c display/input_sinks.c
 *       display/keymap.c display/keymap_us.c display/keymap_xkb.c */
#include "display/input_player.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "display/input.h"
#include "display/keymap.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

#define NOT_DONE 1

static struct loop *loop;
static struct input *input;
static struct input_sink sink;
static char pressed[8192]; /* "30+ 30- ": key 30 down and up */
static bool is_behind;
static int done[3];

static void on_report(void *arg, const struct input_event *events, size_t count)
{
	(void)arg;
	for (size_t i = 0; i < count; i++) {
		const size_t used = strlen(pressed);

		(void)snprintf(pressed + used, sizeof(pressed) - used, "%u%c ",
			       (unsigned)events[i].code, events[i].value ? '+' : '-');
	}
}

static bool tell_is_behind(void *arg)
{
	(void)arg;
	return is_behind;
}

static void set_up(void)
{
	cr_assert(zero(int, loop_create("test", &loop)));
	cr_assert(zero(int, input_create(&input)));
	sink = (struct input_sink){ .id = "board",
				    .kind = INPUT_KEYBOARD,
				    .on_report = on_report,
				    .is_behind = tell_is_behind };
	input_add_sink(input, &sink);
	input_set_ready(input, &sink, true);
	pressed[0] = '\0';
	is_behind = false;
	done[0] = done[1] = done[2] = NOT_DONE;
}

static void tear_down(void)
{
	input_remove_sink(input, &sink);
	input_destroy(input);
	loop_destroy(loop);
}

TestSuite(input_player, .init = set_up, .fini = tear_down, .timeout = 10);

static void on_done(void *arg, int code)
{
	*(int *)arg = code;
}

static void stop_loop(void *arg)
{
	loop_stop(arg);
}

static void run_round(void)
{
	struct loop_task stop;

	loop_task_init(&stop, stop_loop, loop);
	loop_post(loop, &stop);
	loop_run(loop);
}

static void run_until_done(const int *code)
{
	while (*code == NOT_DONE) {
		run_round();
	}
}

static struct input_player *play(const struct input_step *steps, size_t count, int *code)
{
	const struct input_script script = { malloc(count * sizeof(*steps)), count };
	struct input_player *player;

	memcpy(script.steps, steps, count * sizeof(*steps));
	cr_assert(zero(int, input_player_create(input, loop, &script, on_done, code, &player)));
	return player;
}

static const struct input_step combination[] = {
	{ KEY_LEFTCTRL, true, 0 },
	{ KEY_C, true, 0 },
	{ KEY_C, false, 0 },
	{ KEY_LEFTCTRL, false, 0 },
};

/* Half of the combination, then nothing for an hour. */
static const struct input_step stuck[] = { { KEY_LEFTCTRL, true, 0 },
					   { KEY_A, true, 0 },
					   { KEY_A, false, 3600000 },
					   { KEY_LEFTCTRL, false, 0 } };

Test(input_player, plays_steps_in_order)
{
	(void)play(combination, ARRAY_SIZE(combination), &done[0]);
	run_until_done(&done[0]);
	cr_assert(zero(int, done[0]));
	cr_assert(eq(str, pressed, "29+ 46+ 46- 29- "));
}

Test(input_player, takes_turns)
{
	(void)play(combination, 2, &done[0]);
	(void)play(combination, 4, &done[1]);
	run_until_done(&done[1]);
	cr_assert(zero(int, done[0]));
	/* The first leaves nothing down. */
	cr_assert(eq(str, pressed, "29+ 46+ 46- 29- 29+ 46+ 46- 29- "));
}

Test(input_player, waits_for_a_guest_that_is_behind)
{
	is_behind = true;
	(void)play(combination, 4, &done[0]);
	run_round();
	run_round();
	cr_assert(eq(str, pressed, ""));
	is_behind = false;
	run_until_done(&done[0]);
	cr_assert(zero(int, done[0]));
}

Test(input_player, fails_without_a_keyboard)
{
	input_set_ready(input, &sink, false);
	(void)play(combination, 4, &done[0]);
	run_until_done(&done[0]);
	cr_assert(eq(int, done[0], -ENODEV));
}

Test(input_player, cancel_lets_go_and_the_next_begins)
{
	struct input_player *first = play(stuck, 4, &done[0]);

	(void)play(combination, 4, &done[1]);
	while (!strstr(pressed, "30- ")) {
		run_round();
	}
	input_player_cancel(first);
	run_until_done(&done[1]);
	cr_assert(eq(int, done[0], NOT_DONE));
	cr_assert(eq(str, pressed, "29+ 30+ 30- 29- 29+ 46+ 46- 29- "));
}

Test(input_player, cancel_of_one_that_waits_changes_nothing)
{
	struct input_player *second;

	(void)play(stuck, 4, &done[0]);
	second = play(combination, 4, &done[1]);
	(void)play(combination, 4, &done[2]);
	run_round();
	input_player_cancel(second);
	run_round();
	cr_assert(eq(int, done[0], NOT_DONE));
	cr_assert(eq(int, done[2], NOT_DONE));
}

Test(input_player, ends_with_its_input)
{
	(void)play(stuck, 4, &done[0]);
	(void)play(stuck, 4, &done[1]);
	run_round();
	input_remove_sink(input, &sink);
	input_destroy(input);
	cr_assert(eq(int, done[0], -ECANCELED));
	cr_assert(eq(int, done[1], -ECANCELED));
	cr_assert(zero(int, input_create(&input)));
	input_add_sink(input, &sink);
}

/* --- text --- */

static int make(const char *text, struct input_script *script, struct error *err)
{
	struct keymap *keymap;
	int code;

	cr_assert(zero(int, keymap_create("us", &keymap, NULL)));
	code = input_text_script(keymap, text, 10, script, err);
	keymap_destroy(keymap);
	return code;
}

Test(input_player, text_is_typed_with_shift)
{
	struct input_script script;

	cr_assert(zero(int, make("aB\n", &script, NULL)));
	cr_assert(eq(sz, script.count, 8));
	cr_assert(eq(u32, script.steps[0].wait_ms, 5));
	cr_assert(eq(u32, script.steps[1].wait_ms, 5));
	cr_assert(zero(u32, script.steps[2].wait_ms), "Shift and its letter go down at once");
	for (size_t i = 0; i < script.count; i++) {
		script.steps[i].wait_ms = 0;
	}
	cr_assert(zero(int, input_player_create(input, loop, &script, on_done, &done[0],
						&(struct input_player *){ NULL })));
	run_until_done(&done[0]);
	cr_assert(eq(str, pressed, "30+ 30- 42+ 48+ 48- 42- 28+ 28- "));
}

Test(input_player, text_that_can_not_be_typed_is_refused)
{
	static const char *const broken[] = { "\x80",	      "a\xc3",	      "\xc0\xaf",
					      "\xed\xa0\x80", "\xf8\x88\x80", "\xf4\x90\x80\x80" };
	struct input_script script;
	struct error err;

	cr_assert(eq(int, make("abc \xc3\x9f", &script, &err), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "U+00DF"), NULL));
	cr_assert(zero(ptr, script.steps));
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		cr_expect(eq(int, make(broken[i], &script, &err), -EILSEQ), "%zu", i);
	}
}

Test(input_player, endless_text_is_refused)
{
	char *text = malloc(INPUT_STEPS_MAX + 1);
	struct input_script script;

	memset(text, 'x', INPUT_STEPS_MAX);
	text[INPUT_STEPS_MAX] = '\0';
	cr_assert(eq(int, make(text, &script, NULL), -E2BIG));
	text[500] = '\0';
	cr_assert(zero(int, make(text, &script, NULL)));
	cr_assert(eq(sz, script.count, 1000));
	free(script.steps);
	free(text);
}

/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/screen.c mgmt/paths.c display/backend.c */
#include "mgmt/screen.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audio/audio.h"
#include "display/backend.h"
#include "mgmt/machine.h"
#include "mgmt/machine_config.h"
#include "mgmt/recording.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"

/* --- a machine that only remembers --- */

struct machine {
	bool has_display;
	bool has_sound, is_listening;
	struct machine_config config;
	enum machine_status status;
	struct machine_listener *listener;
	unsigned buttons;
	enum machine_end end;
};

static struct machine machine;
static struct loop *loop;
static struct screen *screen;
static char recorded[32];

struct display *machine_display(struct machine *m)
{
	return m->has_display ? (struct display *)(void *)m : NULL; /* nobody looks inside */
}

struct audio *machine_audio(struct machine *m)
{
	return m->has_sound ? (struct audio *)(void *)m : NULL; /* only for the next one */
}

bool audio_is_listening(const struct audio *audio)
{
	return ((const struct machine *)(const void *)audio)->is_listening;
}

struct input *machine_input(struct machine *m UNUSED)
{
	return NULL;
}

struct recording *machine_recording(struct machine *m)
{
	return (struct recording *)(void *)m; /* nobody looks inside */
}

struct clipboard *machine_clipboard(struct machine *m UNUSED)
{
	return NULL;
}

const char *machine_name(const struct machine *m UNUSED)
{
	return "test";
}

int recording_start(struct recording *recording UNUSED, const char *text, struct error *err)
{
	(void)snprintf(recorded, sizeof(recorded), "%s", text);
	return strcmp(text, "bad") == 0 ? error_set(err, -EINVAL, "no film") : 0;
}

const struct machine_config *machine_config(const struct machine *m)
{
	return &m->config;
}

enum machine_status machine_status(const struct machine *m)
{
	return m->status;
}

void machine_listen(struct machine *m, struct machine_listener *listener)
{
	m->listener = listener;
}

void machine_unlisten(struct machine_listener *listener UNUSED)
{
	machine.listener = NULL;
}

void machine_power_button(struct machine *m)
{
	m->buttons++;
}

void machine_quit(struct machine *m, enum machine_end end)
{
	m->end = end;
}

/* --- a window that is closed by the test --- */

static struct display_backend_env window_env;
static struct display_backend window;
static char state[32] = "not told";

static int create(const struct display_backend_env *env, const void *options UNUSED,
		  struct display_backend **out, struct error *err UNUSED)
{
	window_env = *env;
	window.type = display_backend_types[0];
	*out = &window;
	return 0;
}

static void set_state(struct display_backend *backend UNUSED, const char *text)
{
	(void)snprintf(state, sizeof(state), "%s", text);
}

static void destroy(struct display_backend *backend)
{
	backend->type = NULL;
}

static const struct display_backend_type window_type = {
	.name = "window", .create = create, .set_state = set_state, .destroy = destroy
};

const struct display_backend_type *const display_backend_types[] = { &window_type, NULL };

static void stop(void *arg)
{
	loop_stop(arg);
}

/* Runs what was posted until now. */
static void run_loop(void)
{
	struct loop_task end;

	loop_task_init(&end, stop, loop);
	loop_post(loop, &end);
	loop_run(loop);
}

static void close_window(void)
{
	window_env.on_close(window_env.on_close_arg);
	run_loop();
}

static void emit(enum machine_event event)
{
	const struct machine_event_info info = { .event = event };

	machine.listener->on_event(machine.listener->arg, &info);
	run_loop();
}

static void set_up(void)
{
	static char chosen[] = "window";

	log_set_level(LOG_LEVEL_ERROR);
	machine = (struct machine){ .has_display = true, .status = MACHINE_RUNNING };
	machine.config.settings.display = chosen;
	cr_assert(eq(int, loop_create("test", &loop), 0));
	cr_assert(eq(int, screen_create(&machine, loop, &screen, NULL), 0));
}

static void tear_down(void)
{
	screen_destroy(screen);
	loop_destroy(loop);
}

TestSuite(screen, .init = set_up, .fini = tear_down, .timeout = 10);

Test(screen, back_end_is_granted_the_machines_parts)
{
	cr_assert(eq(ptr, window_env.display, machine_display(&machine)));
	cr_assert(eq(str, (char *)(uintptr_t)window_env.machine_name, (char *)"test"));
}

Test(screen, first_close_presses_the_button_and_second_ends)
{
	close_window();
	cr_assert(eq(uint, machine.buttons, 1));
	cr_assert(eq(int, machine.end, MACHINE_END_NONE));
	close_window();
	cr_assert(eq(uint, machine.buttons, 1));
	cr_assert(eq(int, machine.end, MACHINE_END_QUIT));
}

/* After a reset the user may have forgotten the first time. */
Test(screen, reset_forgets_the_first_close)
{
	close_window();
	emit(MACHINE_EVENT_RESET);
	close_window();
	cr_assert(eq(uint, machine.buttons, 2));
	cr_assert(eq(int, machine.end, MACHINE_END_NONE));
}

Test(screen, close_ends_a_machine_that_hears_no_button)
{
	machine.status = MACHINE_GUEST_PANICKED;
	close_window();
	cr_assert(eq(uint, machine.buttons, 0));
	cr_assert(eq(int, machine.end, MACHINE_END_QUIT));
}

Test(screen, window_is_told_the_state)
{
	machine.status = MACHINE_PAUSED;
	emit(MACHINE_EVENT_STOP);
	cr_assert(eq(str, state, (char *)"paused"));
	machine.status = MACHINE_RUNNING;
	emit(MACHINE_EVENT_RESUME);
	cr_assert(eq(str, state, (char *)""));
}

Test(screen, window_tells_that_the_guest_hears_the_microphone)
{
	machine.has_sound = machine.is_listening = true;
	emit(MACHINE_EVENT_MICROPHONE);
	cr_assert(eq(str, state, (char *)"microphone on"));
	machine.is_listening = false;
	emit(MACHINE_EVENT_MICROPHONE);
	cr_assert(eq(str, state, (char *)""));
}

/* The event comes before the machine runs again. */
Test(screen, state_after_a_reset_is_the_one_at_its_end)
{
	const struct machine_event_info info = { .event = MACHINE_EVENT_RESET };

	machine.status = MACHINE_SHUTDOWN;
	machine.listener->on_event(machine.listener->arg, &info);
	machine.status = MACHINE_RUNNING;
	run_loop();
	cr_assert(eq(str, state, (char *)""));
}

Test(screen, close_while_going_away_is_harmless)
{
	window_env.on_close(window_env.on_close_arg);
	screen_destroy(screen);
	screen = NULL;
	cr_assert(zero(ptr, machine.listener));
	run_loop();
	cr_assert(eq(uint, machine.buttons, 0));
}

Test(screen, machine_without_display_has_none)
{
	struct screen *other = screen;

	machine.has_display = false;
	cr_assert(eq(int, screen_create(&machine, loop, &other, NULL), 0));
	cr_assert(zero(ptr, other));
}

Test(screen, film_is_begun_and_its_fault_is_the_screens)
{
	struct screen *other = NULL;
	struct error err;

	cr_assert(eq(str, recorded, (char *)""));
	machine.config.settings.record = (char[]){ "bad" };
	cr_assert(eq(int, screen_create(&machine, loop, &other, &err), -EINVAL));
	cr_assert(zero(ptr, other));
	cr_assert(eq(str, err.text, (char *)"no film"));
	machine.config.settings.record = (char[]){ "film.y4m" };
	cr_assert(eq(int, screen_create(&machine, loop, &other, &err), 0));
	cr_assert(eq(str, recorded, (char *)"film.y4m"));
	screen_destroy(other);
}

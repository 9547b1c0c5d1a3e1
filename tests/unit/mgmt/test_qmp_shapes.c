/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/qmp_dispatch.c mgmt/qmp_command.c mgmt/qmp_arguments.c mgmt/qmp_commands.c
 *       mgmt/qmp_commands_control.c mgmt/qmp_commands_query.c
 *       mgmt/qmp_commands_block.c mgmt/qmp_commands_disc.c mgmt/qmp_drives.c
 *       mgmt/qmp_commands_pci.c
 *       mgmt/qmp_commands_screen.c mgmt/qmp_commands_wait.c mgmt/qmp_commands_clipboard.c
 *       mgmt/qmp_commands_hotplug.c mgmt/qmp_commands_audio.c mgmt/audio_wait.c
 *       mgmt/film_sound.c audio/ mgmt/qmp_commands_record.c mgmt/recording.c
 *       mgmt/qmp_commands_input.c mgmt/qmp_input.c mgmt/qmp_input_events.c mgmt/key_names.c
 *       mgmt/screen_wait.c mgmt/small_file.c mgmt/qmp_events.c
 *       tests/unit/mgmt/fake_qmp_machine.c display/ */
/*
 * Compares our replies with what Debian's QEMU said to the same questions (qmp-replies/, made by
 * qmp-replies/record): every member that QEMU has, ours has with the same type; refusals are the
 * same word for word.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/scsi/drive.h"
#include "display/input.h"
#include "mgmt/qmp_dispatch.h"
#include "mgmt/qmp_events.h"
#include "tests/unit/mgmt/fake_qmp_machine.h"
#include "vmm/base/compiler.h"

#define FOLDER "/tests/unit/mgmt/qmp-replies/"

static struct fake_qmp_machine machine;
static struct qmp_session session;
static struct input_sink mouse = { .id = "mouse0", .kind = INPUT_POINTER };

static void set_up(void)
{
	machine = (struct fake_qmp_machine)FAKE_QMP_MACHINE;
	cr_assert(eq(int, input_create(&machine.input), 0));
	input_add_sink(machine.input, &mouse);
	session = (struct qmp_session){
		.context = { .ops = &fake_qmp_machine_ops, .machine = &machine },
		.is_negotiated = true,
	};
}

static void tear_down(void)
{
	input_remove_sink(machine.input, &mouse);
	input_destroy(machine.input);
}

TestSuite(qmp_shapes, .init = set_up, .fini = tear_down, .timeout = 10);

static json_t *load(const char *name)
{
	const char *source = getenv("SRC_DIR");
	json_error_t error;
	char path[1024];
	json_t *value;

	(void)snprintf(path, sizeof(path), "%s" FOLDER "%s.json", source ? source : ".", name);
	value = json_load_file(path, 0, &error);
	cr_assert(ne(ptr, value, NULL), "%s: %s", path, error.text);
	return value;
}

static json_t *ask(const char *request)
{
	return qmp_dispatch(&session, request, strlen(request));
}

/* What jansson calls true and false is one type. */
static int kind_of(const json_t *value)
{
	return json_is_boolean(value) ? JSON_TRUE : (int)json_typeof(value);
}

static void compare(const json_t *theirs, const json_t *ours, const char *path);

static void compare_members(const json_t *theirs, const json_t *ours, const char *path)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)theirs, key, value)
	{
		char below[256];

		(void)snprintf(below, sizeof(below), "%s.%s", path, key);
		cr_assert(ne(ptr, json_object_get(ours, key), NULL), "%s is missing", below);
		compare(value, json_object_get(ours, key), below);
	}
}

static void compare(const json_t *theirs, const json_t *ours, const char *path)
{
	cr_assert(eq(int, kind_of(ours), kind_of(theirs)), "%s has another type", path);
	if (json_is_object(theirs)) {
		compare_members(theirs, ours, path);
	}
	if (json_is_array(theirs) && json_array_size(theirs)) {
		const size_t last = json_array_size(theirs) - 1;

		cr_assert(ne(sz, json_array_size(ours), 0), "%s is empty", path);
		compare(json_array_get(theirs, 0), json_array_get(ours, 0), path);
		compare(json_array_get(theirs, last),
			json_array_get(ours, json_array_size(ours) - 1), path);
	}
}

static const char *const queries[] = {
	"query-status",
	"query-version",
	"query-name",
	"query-cpus-fast",
	"query-block",
	"query-chardev",
	"query-balloon",
	"query-pci",
	"query-commands",
	"query-memory-size-summary",
	"query-display-options",
	"query-mice",
};

Test(qmp_shapes, queries_have_the_members_that_qemu_gives)
{
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
		json_t *theirs = load(queries[i]);
		char request[64];
		json_t *ours;

		(void)snprintf(request, sizeof(request), "{\"execute\": \"%s\"}", queries[i]);
		ours = ask(request);
		compare(theirs, ours, queries[i]);
		json_decref(theirs);
		json_decref(ours);
	}
}

Test(qmp_shapes, greeting_has_the_members_that_qemu_gives)
{
	json_t *theirs = load("greeting");
	json_t *ours = qmp_greeting();

	/* Which capabilities there are is each server's own; that there is a list is not. */
	(void)json_array_clear(json_object_get(json_object_get(theirs, "QMP"), "capabilities"));
	compare(theirs, ours, "greeting");
	json_decref(theirs);
	json_decref(ours);
}

static void compare_refusals(const char *name)
{
	json_t *pairs = load(name);
	json_t *pair;
	size_t i;

	json_array_foreach(pairs, i, pair)
	{
		const char *request = json_string_value(json_object_get(pair, "request"));
		json_t *ours = ask(request);
		AUTO_FREE char *want = json_dumps(json_object_get(pair, "reply"), JSON_SORT_KEYS);
		AUTO_FREE char *got = json_dumps(ours, JSON_SORT_KEYS);

		cr_expect(eq(str, got, want), "%s", request);
		json_decref(ours);
	}
	json_decref(pairs);
}

Test(qmp_shapes, refusals_are_those_of_qemu)
{
	compare_refusals("errors");
}

Test(qmp_shapes, refusal_before_the_negotiation_is_that_of_qemu)
{
	session.is_negotiated = false;
	compare_refusals("before-negotiation");
}

static const struct {
	const char *name;
	enum machine_event event;
	const char *text;
} events[] = {
	{ "event-STOP", MACHINE_EVENT_STOP, NULL },
	{ "event-RESUME", MACHINE_EVENT_RESUME, NULL },
	{ "event-RESET", MACHINE_EVENT_RESET, NULL },
	{ "event-POWERDOWN", MACHINE_EVENT_POWERDOWN, NULL },
	{ "event-SHUTDOWN", MACHINE_EVENT_SHUTDOWN, NULL },
	{ "event-DEVICE_TRAY_MOVED", MACHINE_EVENT_DEVICE, DRIVE_TRAY_EVENT },
};

Test(qmp_shapes, events_are_those_of_qemu)
{
	machine.end = MACHINE_END_QUIT;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		const struct machine_event_info info = { .event = events[i].event,
							 .device = "cd0",
							 .text = events[i].text };
		json_t *theirs = load(events[i].name);
		json_t *ours = qmp_event(&session.context, &info);

		/* The server adds the time. */
		(void)json_object_del(theirs, "timestamp");
		cr_assert(eq(int, json_equal(ours, theirs), 1), "%s", events[i].name);
		json_decref(theirs);
		json_decref(ours);
	}
}

Test(qmp_shapes, reset_by_the_guest_names_its_source)
{
	const struct machine_event_info info = { .event = MACHINE_EVENT_RESET,
						 .text = "i8042",
						 .value = 1 };
	json_t *want = json_pack("{s:s, s:{s:b, s:s, s:s}}", "event", "RESET", "data", "guest", 1,
				 "reason", "guest-reset", "x-thunderlake-source", "i8042");
	json_t *got = qmp_event(&session.context, &info);

	cr_assert(eq(int, json_equal(got, want), 1));
	json_decref(want);
	json_decref(got);
}

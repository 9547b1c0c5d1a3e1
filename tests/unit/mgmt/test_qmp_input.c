/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/qmp_dispatch.c mgmt/qmp_command.c mgmt/qmp_arguments.c mgmt/qmp_commands_control.c
 *       mgmt/qmp_commands_input.c mgmt/qmp_input.c mgmt/qmp_input_events.c
 *       mgmt/qmp_commands_screen.c mgmt/key_names.c tests/unit/mgmt/fake_qmp_machine.c display/ */
/* What the guest's devices get by commands; refusals are compared with QEMU's in
 * test_qmp_shapes.c. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "display/display.h"
#include "display/input.h"
#include "display/surface.h"
#include "mgmt/key_names.h"
#include "mgmt/qmp_commands.h"
#include "mgmt/qmp_dispatch.h"
#include "tests/unit/mgmt/fake_qmp_machine.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

#define WIDTH  64u
#define HEIGHT 48u

const struct qmp_command *const qmp_command_tables[] = { qmp_control_commands, qmp_input_commands,
							 NULL };

static struct fake_qmp_machine machine;
static struct qmp_session session;
static struct loop *loop;
static json_t *reply;
static struct surface *surface;
static struct input_sink board, tablet, mouse, touch;
static char events[8192]; /* "1:1e=1 " for each, "|" after each report */

static void on_report(void *arg, const struct input_event *list, size_t count)
{
	(void)arg;
	for (size_t i = 0; i < count; i++) {
		const size_t used = strlen(events);

		(void)snprintf(events + used, sizeof(events) - used, "%x:%x=%d%s",
			       (unsigned)list[i].type, (unsigned)list[i].code, list[i].value,
			       i + 1 < count ? " " : "|");
	}
}

static void add(struct input_sink *sink, const char *id, enum input_kind kind)
{
	*sink = (struct input_sink){ .id = id, .kind = kind, .on_report = on_report };
	input_add_sink(machine.input, sink);
	input_set_ready(machine.input, sink, true);
}

static void on_reply(void *arg, json_t *later)
{
	(void)arg;
	reply = later;
	loop_stop(loop);
}

static void show_picture(void)
{
	static uint32_t pixels[WIDTH * HEIGHT];
	const struct surface_layout layout = { WIDTH, HEIGHT, WIDTH * 4, SURFACE_BGRX };
	const struct iovec whole = { pixels, sizeof(pixels) };
	const struct rect all = { 0, 0, WIDTH, HEIGHT };

	cr_assert(zero(int, surface_create(&layout, &whole, 1, 0, &surface)));
	display_show(machine.display, 0, surface, &all);
}

static void set_up(void)
{
	machine = (struct fake_qmp_machine)FAKE_QMP_MACHINE;
	cr_assert(zero(int, loop_create("test", &loop)));
	cr_assert(zero(int, display_create(2, &machine.display)));
	cr_assert(zero(int, input_create(&machine.input)));
	add(&board, "keyboard0", INPUT_KEYBOARD);
	add(&mouse, "mouse0", INPUT_POINTER);
	add(&tablet, "tablet0", INPUT_TABLET);
	add(&touch, "touch0", INPUT_TOUCH);
	show_picture();
	session = (struct qmp_session){
		.context = { .ops = &fake_qmp_machine_ops, .machine = &machine, .loop = loop },
		.is_negotiated = true,
		.on_reply = on_reply,
	};
	reply = NULL;
	events[0] = '\0';
}

static void tear_down(void)
{
	json_decref(reply);
	input_remove_sink(machine.input, &board);
	input_remove_sink(machine.input, &mouse);
	input_remove_sink(machine.input, &tablet);
	input_remove_sink(machine.input, &touch);
	input_destroy(machine.input);
	display_show(machine.display, 0, NULL, NULL);
	display_destroy(machine.display);
	surface_put(surface);
	loop_destroy(loop);
}

TestSuite(qmp_input, .init = set_up, .fini = tear_down, .timeout = 20);

/* Requests are written with single quotes, which are read more easily. */
static void ask(const char *request)
{
	char text[8192];

	(void)snprintf(text, sizeof(text), "%s", request);
	for (char *at = text; *at; at++) {
		*at = *at == '\'' ? '"' : *at;
	}
	json_decref(reply);
	reply = qmp_dispatch(&session, text, strlen(text));
	if (!reply && session.pending) {
		loop_run(loop);
	}
	cr_assert(ne(ptr, reply, NULL));
}

static const char *refusal(void)
{
	const char *text = "none";

	(void)json_unpack(reply, "{s:{s:s}}", "error", "desc", &text);
	return text;
}

static bool is_refused(const char *part)
{
	return strstr(refusal(), part) != NULL;
}

static void succeed(const char *request)
{
	ask(request);
	cr_assert(ne(ptr, json_object_get(reply, "return"), NULL), "%s", refusal());
}

/* --- send-key --- */

Test(qmp_input, keys_go_down_in_order_and_up_in_the_other)
{
	succeed("{'execute': 'send-key', 'arguments': {'keys': [{'type': 'qcode', 'data': 'ctrl'},"
		"{'type': 'qcode', 'data': 'unmapped'}, {'type': 'number', 'data': 211}],"
		"'hold-time': 1}}");
	cr_assert(eq(str, events, "1:1d=1|1:6f=1|1:6f=0|1:1d=0|"));
}

Test(qmp_input, keys_of_a_paused_machine_are_nothing)
{
	machine.status = MACHINE_PAUSED;
	succeed("{'execute': 'send-key', 'arguments': {'keys': [{'type': 'qcode', 'data': 'a'}]}}");
	succeed("{'execute': 'send-key', 'arguments': {'keys': []}}");
	cr_assert(eq(str, events, ""));
}

Test(qmp_input, keys_without_a_driver_are_refused)
{
	input_set_ready(machine.input, &board, false);
	ask("{'execute': 'send-key', 'arguments': {'keys': [{'type': 'qcode', 'data': 'a'}]}}");
	cr_assert(is_refused("no driver"));
	ask("{'execute': 'send-key', 'arguments': {'keys': [], 'hold-time': 60001}}");
	cr_assert(is_refused("from 0 to 60000"));
}

/* socat and the like send and leave. */
Test(qmp_input, keys_outlive_their_client)
{
	static const char request[] =
		"{\"execute\": \"send-key\", \"arguments\": {\"hold-time\": 1, \"keys\": "
		"[{\"type\": \"qcode\", \"data\": \"a\"}, {\"type\": \"qcode\", \"data\": \"b\"}]}}";

	cr_assert(zero(ptr, qmp_dispatch(&session, request, strlen(request))));
	qmp_cancel(&session);
	succeed("{'execute': 'send-key', 'arguments': {'keys': [{'type': 'qcode', 'data': 'c'}]}}");
	cr_assert(eq(str, events, "1:1e=1|1:30=1|1:30=0|1:1e=0|1:2e=1|1:2e=0|"));
}

Test(qmp_input, all_names_are_keys)
{
	unsigned key;
	size_t count = 0;

	for (; key_name_at(NULL, count); count++) {
		cr_assert(key_by_name(key_name_at(NULL, count), &key));
		cr_assert(lt(u32, key, KEY_MICMUTE));
	}
	cr_assert(gt(sz, count, 140));
	cr_assert(not(key_by_name("enter", &key)));
	cr_assert(eq(u32, key_by_number(0x1e), KEY_A));
	cr_assert(eq(u32, key_by_number(0x9c), KEY_KPENTER));
	cr_assert(zero(u32, key_by_number(0)));
	cr_assert(zero(u32, key_by_number(-1)));
	cr_assert(zero(u32, key_by_number(1LL << 40)));
}

/* --- x-thunderlake-type --- */

Test(qmp_input, text_is_typed)
{
	succeed("{'execute': 'x-thunderlake-type', 'arguments': {'text': 'aB', 'delay': 1}}");
	cr_assert(eq(str, events, "1:1e=1|1:1e=0|1:2a=1|1:30=1|1:30=0|1:2a=0|"));
}

Test(qmp_input, text_that_can_not_be_typed_is_refused)
{
	ask("{'execute': 'x-thunderlake-type', 'arguments': {'text': 'a\u263a'}}");
	cr_assert(is_refused("U+263A"));
	ask("{'execute': 'x-thunderlake-type', 'arguments': {'text': 'a', 'layout': '../us'}}");
	cr_assert(is_refused("no keyboard layout"));
	ask("{'execute': 'x-thunderlake-type', 'arguments': {'text': 'a', 'delay': -1}}");
	cr_assert(is_refused("'delay' expects"));
	machine.status = MACHINE_PAUSED;
	ask("{'execute': 'x-thunderlake-type', 'arguments': {'text': 'a'}}");
	cr_assert(is_refused("VM not running"));
	cr_assert(eq(str, events, ""));
}

Test(qmp_input, text_ends_with_its_client)
{
	static const char request[] =
		"{\"execute\": \"x-thunderlake-type\", \"arguments\": {\"text\": \"abc\"}}";

	cr_assert(zero(ptr, qmp_dispatch(&session, request, strlen(request))));
	qmp_cancel(&session);
	succeed("{'execute': 'send-key', 'arguments': {'keys': [{'type': 'qcode', 'data': 'z'}]}}");
	cr_assert(eq(str, events, "1:2c=1|1:2c=0|"));
}

/* --- input-send-event --- */

Test(qmp_input, events_are_sent_in_order)
{
	succeed("{'execute': 'input-send-event', 'arguments': {'device': 'net0', 'events': ["
		"{'type': 'abs', 'data': {'axis': 'x', 'value': 20000}},"
		"{'type': 'abs', 'data': {'axis': 'y', 'value': 40000}},"
		"{'type': 'btn', 'data': {'button': 'right', 'down': true}},"
		"{'type': 'btn', 'data': {'button': 'wheel-left', 'down': true}},"
		"{'type': 'btn', 'data': {'button': 'wheel-left', 'down': false}},"
		"{'type': 'rel', 'data': {'axis': 'y', 'value': -3000000000}},"
		"{'type': 'key', 'data': {'down': true, 'key': {'type': 'qcode', 'data': 'f1'}}}"
		"]}}");
	cr_assert(eq(str, events,
		     "3:0=20000|3:1=32767|1:111=1|2:c=-120 2:6=-1|2:1=-2147483648|1:3b=1|"));
}

/* Two fingers come down as one report, and leave as another. */
Test(qmp_input, fingers_touch)
{
	succeed("{'execute': 'input-send-event', 'arguments': {'events': ["
		"{'type': 'mtt', 'data': {'type': 'begin', 'slot': 0, 'tracking-id': 7, "
		"'axis': 'x', 'value': 0}},"
		"{'type': 'mtt', 'data': {'type': 'data', 'slot': 0, 'tracking-id': 7, "
		"'axis': 'x', 'value': 100}},"
		"{'type': 'mtt', 'data': {'type': 'data', 'slot': 0, 'tracking-id': 7, "
		"'axis': 'y', 'value': 99999}},"
		"{'type': 'mtt', 'data': {'type': 'begin', 'slot': 9, 'tracking-id': 8, "
		"'axis': 'x', 'value': 0}},"
		"{'type': 'btn', 'data': {'button': 'touch', 'down': true}}]}}");
	cr_assert(eq(str, events,
		     "3:2f=0 3:39=7 3:2f=0 3:35=100 3:2f=0 3:36=32767 3:2f=9 3:39=8 1:14a=1|"));
	events[0] = '\0';
	succeed("{'execute': 'input-send-event', 'arguments': {'events': ["
		"{'type': 'mtt', 'data': {'type': 'end', 'slot': 0, 'tracking-id': -1, "
		"'axis': 'x', 'value': 0}},"
		"{'type': 'mtt', 'data': {'type': 'cancel', 'slot': 9, 'tracking-id': -1, "
		"'axis': 'x', 'value': 0}}]}}");
	cr_assert(eq(str, events, "3:2f=0 3:39=-1 3:2f=9 3:39=-1 1:14a=0|"));
}

/* 40 are 80 of Linux' events, of which a report has room for 64. */
Test(qmp_input, many_touches_are_several_reports)
{
	char request[8192] = "{'execute': 'input-send-event', 'arguments': {'events': [";
	unsigned reports = 0;

	for (unsigned i = 0; i < 40; i++) {
		const size_t used = strlen(request);

		(void)snprintf(request + used, sizeof(request) - used,
			       "%s{'type': 'mtt', 'data': {'type': 'data', 'slot': 1, "
			       "'tracking-id': 0, 'axis': 'x', 'value': %u}}",
			       i ? "," : "", i);
	}
	(void)snprintf(request + strlen(request), sizeof(request) - strlen(request), "]}}");
	succeed(request);
	for (const char *at = events; *at; at++) {
		reports += *at == '|';
	}
	cr_assert(eq(uint, reports, 2));
	cr_assert(ne(ptr, strstr(events, "3:2f=1 3:35=39|"), NULL));
}

Test(qmp_input, touches_that_cannot_be_are_refused)
{
	ask("{'execute': 'input-send-event', 'arguments': {'events': [{'type': 'mtt', 'data': "
	    "{'type': 'begin', 'slot': 10, 'tracking-id': 1, 'axis': 'x', 'value': 0}}]}}");
	cr_assert(is_refused("'slot' expects a number from 0 to 9"));
	ask("{'execute': 'input-send-event', 'arguments': {'events': [{'type': 'mtt', 'data': "
	    "{'type': 'begin', 'slot': 0, 'tracking-id': 65536, 'axis': 'x', 'value': 0}}]}}");
	cr_assert(is_refused("'tracking-id' expects a number from 0 to 65535"));
	ask("{'execute': 'input-send-event', 'arguments': {'events': [{'type': 'mtt', 'data': "
	    "{'type': 'end', 'tracking-id': -1, 'axis': 'x', 'value': 0}}]}}");
	cr_assert(is_refused("'events[0].data.slot' is missing"));
	input_set_ready(machine.input, &touch, false);
	ask("{'execute': 'input-send-event', 'arguments': {'events': [{'type': 'mtt', 'data': "
	    "{'type': 'end', 'slot': 0, 'tracking-id': -1, 'axis': 'x', 'value': 0}}]}}");
	cr_assert(is_refused("Input handler not found for event type mtt"));
	cr_assert(eq(str, events, ""));
}

/* One that is wrong keeps all of them back. */
Test(qmp_input, wrong_event_sends_none)
{
	ask("{'execute': 'input-send-event', 'arguments': {'events': ["
	    "{'type': 'btn', 'data': {'button': 'left', 'down': true}},"
	    "{'type': 'btn', 'data': {'button': 'left', 'down': true, 'x': 1}}]}}");
	cr_assert(is_refused("'events[1].data.x' is unexpected"));
	ask("{'execute': 'input-send-event', 'arguments': {'events': [{'type': 'key', 'data': "
	    "{'down': true, 'key': {'type': 'number', 'data': 'a'}}}]}}");
	cr_assert(is_refused("'events[0].data.key.data', expected: integer"));
	input_set_ready(machine.input, &tablet, false);
	ask("{'execute': 'input-send-event', 'arguments': {'events': ["
	    "{'type': 'btn', 'data': {'button': 'left', 'down': true}},"
	    "{'type': 'abs', 'data': {'axis': 'x', 'value': 1}}]}}");
	cr_assert(is_refused("Input handler not found for event type abs"));
	machine.status = MACHINE_PAUSED;
	ask("{'execute': 'input-send-event', 'arguments': {'events': []}}");
	cr_assert(is_refused("VM not running"));
	cr_assert(eq(str, events, ""));
}

/* --- pointers --- */

Test(qmp_input, mice_are_listed)
{
	AUTO_FREE char *text = NULL;

	succeed("{'execute': 'query-mice'}");
	text = json_dumps(json_object_get(reply, "return"), JSON_COMPACT | JSON_PRESERVE_ORDER);
	cr_assert(eq(str, text,
		     "[{\"name\":\"mouse0\",\"index\":1,\"current\":false,\"absolute\":false},"
		     "{\"name\":\"tablet0\",\"index\":2,\"current\":true,\"absolute\":true}]"));
}

/* The middle of the last pixel of 64 × 48. */
Test(qmp_input, click_hits_the_pixel)
{
	succeed("{'execute': 'x-thunderlake-click', 'arguments': {'x': 63, 'y': 47}}");
	cr_assert(eq(str, events, "3:0=32511 3:1=32425|1:110=1|1:110=0|"));
	cr_assert(eq(int, 32511 * 64 / 32768, 63));
	cr_assert(eq(int, 32425 * 48 / 32768, 47));
}

Test(qmp_input, double_click_and_pointing_only)
{
	succeed("{'execute': 'x-thunderlake-click', 'arguments': "
		"{'x': 0, 'y': 0, 'button': 'middle', 'count': 2}}");
	cr_assert(eq(str, events, "3:0=255 3:1=341|1:112=1|1:112=0|1:112=1|1:112=0|"));
	events[0] = '\0';
	succeed("{'execute': 'x-thunderlake-click', 'arguments': {'x': 1, 'y': 0, 'count': 0}}");
	cr_assert(eq(str, events, "3:0=767 3:1=341|"));
}

Test(qmp_input, clicks_that_can_not_be_are_refused)
{
	ask("{'execute': 'x-thunderlake-click', 'arguments': {'x': 64, 'y': 0}}");
	cr_assert(is_refused("outside of the picture of 64 × 48 pixels"));
	ask("{'execute': 'x-thunderlake-click', 'arguments': {'x': -1, 'y': 0}}");
	cr_assert(is_refused("outside"));
	ask("{'execute': 'x-thunderlake-click', 'arguments': {'x': 0, 'y': 0, 'scanout': 1}}");
	cr_assert(is_refused("outside of the picture of 0 × 0"));
	ask("{'execute': 'x-thunderlake-click', 'arguments': "
	    "{'x': 1, 'y': 1, 'button': 'wheel-up'}}");
	cr_assert(is_refused("no button to click with"));
	input_set_ready(machine.input, &tablet, false);
	ask("{'execute': 'x-thunderlake-click', 'arguments': {'x': 1, 'y': 1}}");
	cr_assert(is_refused("tablet"));
	cr_assert(eq(str, events, ""));
}

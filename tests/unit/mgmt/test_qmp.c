/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/qmp_dispatch.c mgmt/qmp_command.c mgmt/qmp_arguments.c mgmt/qmp_commands.c
 *       mgmt/qmp_commands_control.c mgmt/qmp_commands_query.c
 *       mgmt/qmp_commands_block.c mgmt/qmp_commands_disc.c mgmt/qmp_drives.c
 *       mgmt/qmp_commands_pci.c
 *       mgmt/qmp_commands_screen.c mgmt/qmp_commands_wait.c mgmt/qmp_commands_clipboard.c
 *       mgmt/qmp_commands_hotplug.c mgmt/qmp_commands_audio.c mgmt/audio_wait.c
 *       mgmt/film_sound.c audio/ mgmt/qmp_commands_record.c mgmt/recording.c
 *       mgmt/qmp_commands_input.c mgmt/qmp_input.c mgmt/qmp_input_events.c mgmt/key_names.c
 *       mgmt/screen_wait.c mgmt/small_file.c mgmt/qmp_events.c mgmt/qmp_json.c
 *       tests/unit/mgmt/fake_qmp_machine.c display/ */
#include "mgmt/qmp_dispatch.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/balloon.h"
#include "mgmt/qmp_events.h"
#include "mgmt/qmp_json.h"
#include "tests/unit/mgmt/qmp_client.h"
#include "vmm/base/compiler.h"

static const char *error_class(void)
{
	const char *class = "none";

	(void)json_unpack(reply, "{s:{s:s}}", "error", "class", &class);
	return class;
}

static int64_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

TestSuite(qmp, .init = begin_session, .fini = end_session, .timeout = 10);

/* --- requests; the texts of refusals are compared with QEMU's in test_qmp_shapes.c --- */

Test(qmp, nothing_runs_before_the_negotiation)
{
	session.is_negotiated = false;
	ask_machine("{\"execute\": \"stop\"}");
	cr_assert(eq(str, (char *)(uintptr_t)error_class(), "CommandNotFound"));
	cr_assert(eq(int, machine.status, MACHINE_RUNNING));
	ask_machine("{\"execute\": \"qmp_capabilities\"}");
	ask_machine("{\"execute\": \"stop\"}");
	cr_assert(eq(int, machine.status, MACHINE_PAUSED));
}

Test(qmp, capability_that_is_not_offered_is_refused)
{
	session.is_negotiated = false;
	ask_machine("{\"execute\": \"qmp_capabilities\", \"arguments\": {\"enable\": [\"oob\"]}}");
	cr_assert(eq(str, (char *)(uintptr_t)error_class(), "GenericError"));
	cr_assert(not(session.is_negotiated));
}

Test(qmp, id_of_any_kind_comes_back)
{
	ask_machine("{\"execute\": \"query-name\", \"id\": {\"a\": [1, null]}}");
	cr_assert(eq(int, json_is_object(json_object_get(reply, "id")), 1));
	ask_machine("{\"execute\": \"no-such\", \"id\": \"x\"}");
	cr_assert(eq(str, text_of(reply, "id"), "x"));
}

static const char *const malformed[] = {
	"{",
	"}",
	"{\"execute\"}",
	"{\"execute\": \"stop\",}",
	"{'execute': 'stop'}",
	"nonsense",
	"{\"execute\": \"stop\", \"execute\": \"cont\"}",
	"{\"execute\": \"sto\xffp\"}",
	"1",
	"\"x\"",
	"null",
	"{\"execute\": null}",
	"{\"execute\": \"stop\", \"arguments\": null}",
	"{\"execute\": \"stop\", \"arguments\": {\"a\": 1}}",
};

Test(qmp, malformed_requests_change_nothing)
{
	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
		ask_machine(malformed[i]);
		cr_assert(eq(str, (char *)(uintptr_t)error_class(), "GenericError"), "%s",
			  malformed[i]);
		cr_assert(eq(int, machine.status, MACHINE_RUNNING));
	}
}

/* --- commands --- */

/* Its error quotes the name, and cuts it amid a character for one of the two lengths of what
 * stands before. */
Test(qmp, name_too_long_for_an_error_is_refused_in_whole_characters)
{
	for (int before = 0; before < 2; before++) {
		char request[ERROR_TEXT_MAX * 2 + 64];
		int length =
			snprintf(request, sizeof(request), "{\"execute\": \"%s", before ? "x" : "");

		for (int i = 0; i < ERROR_TEXT_MAX; i++) {
			length += snprintf(request + length, sizeof(request) - (size_t)length,
					   "\xc3\xa9");
		}
		(void)snprintf(request + length, sizeof(request) - (size_t)length, "\"}");
		ask_machine(request);
		cr_assert(eq(str, (char *)(uintptr_t)error_class(), "CommandNotFound"));
	}
}

Test(qmp, refusal_of_the_machine_is_told)
{
	machine.refuses = true;
	ask_machine("{\"execute\": \"cont\"}");
	cr_assert(eq(str, text_of(json_object_get(reply, "error"), "desc"),
		     "resetting it is required"));
	ask_machine("{\"execute\": \"system_reset\"}");
	cr_assert(eq(str, (char *)(uintptr_t)error_class(), "GenericError"));
}

Test(qmp, buttons_are_pressed)
{
	ask_machine("{\"execute\": \"system_powerdown\"}");
	ask_machine("{\"execute\": \"system_reset\"}");
	ask_machine("{\"execute\": \"quit\"}");
	cr_assert(eq(uint, machine.power_buttons, 1));
	cr_assert(eq(uint, machine.resets, 1));
	cr_assert(eq(int, machine.end, MACHINE_END_QUIT));
}

Test(qmp, status_follows_the_machine)
{
	ask_machine("{\"execute\": \"query-status\"}");
	cr_assert(eq(str, text_of(returned(), "status"), "running"));
	machine.status = MACHINE_GUEST_PANICKED;
	ask_machine("{\"execute\": \"query-status\"}");
	cr_assert(eq(str, text_of(returned(), "status"), "guest-panicked"));
	cr_assert(eq(int, json_is_false(json_object_get(returned(), "running")), 1));
}

Test(qmp, processors_have_their_places)
{
	const json_t *place;

	ask_machine("{\"execute\": \"query-cpus-fast\"}");
	cr_assert(eq(sz, json_array_size(returned()), 4));
	place = json_object_get(json_array_get(returned(), 3), "props");
	cr_assert(eq(i64, number(place, "socket-id"), 1));
	cr_assert(eq(i64, number(place, "core-id"), 1));
	cr_assert(eq(i64, number(place, "thread-id"), 0));
	cr_assert(eq(i64, number(json_array_get(returned(), 3), "thread-id"), 1003));
}

Test(qmp, link_is_set)
{
	ask_machine(
		"{\"execute\": \"set_link\", \"arguments\": {\"name\": \"net0\", \"up\": false}}");
	cr_assert(not(machine.link_up));
	ask_machine("{\"execute\": \"x-thunderlake-query-network\"}");
	cr_assert(eq(int, json_is_false(json_object_get(json_array_get(returned(), 0), "up")), 1));
}

Test(qmp, balloon_is_set)
{
	ask_machine("{\"execute\": \"balloon\", \"arguments\": {\"value\": 67108864}}");
	cr_assert(eq(u64, machine.balloon_target, 64u << 20));
	ask_machine("{\"execute\": \"x-thunderlake-query-balloon-stats\"}");
	cr_assert(eq(i64, number(returned(), "free"), 4096));
	cr_assert(eq(ptr, json_object_get(returned(), "total"), NULL));
}

Test(qmp, without_a_balloon_its_commands_say_so)
{
	machine.has_balloon = false;
	ask_machine("{\"execute\": \"query-balloon\"}");
	cr_assert(eq(str, (char *)(uintptr_t)error_class(), "DeviceNotActive"));
	ask_machine("{\"execute\": \"balloon\", \"arguments\": {\"value\": 1}}");
	cr_assert(eq(str, (char *)(uintptr_t)error_class(), "DeviceNotActive"));
}

Test(qmp, pci_tells_where_bars_are)
{
	const json_t *regions;
	json_t *devices = NULL;

	ask_machine("{\"execute\": \"query-pci\"}");
	cr_assert(eq(int, json_unpack(reply, "{s:[{s:o}]}", "return", "devices", &devices), 0));
	cr_assert(eq(sz, json_array_size(devices), 2));
	regions = json_object_get(json_array_get(devices, 1), "regions");
	/* Ports are not decoded, memory is: 64 bits, flags masked off. */
	cr_assert(eq(i64, number(json_array_get(regions, 0), "address"), -1));
	cr_assert(eq(i64, number(json_array_get(regions, 1), "address"), 0x7f10000000));
}

/* --- events --- */

static json_t *event_of(enum machine_event kind, uint64_t value)
{
	const struct machine_event_info info = { .event = kind, .value = value };

	json_decref(reply);
	reply = qmp_event(&session.context, &info);
	return reply;
}

Test(qmp, shutdown_tells_who_wanted_it)
{
	const json_t *data;

	machine.end = MACHINE_END_SIGNAL;
	data = json_object_get(event_of(MACHINE_EVENT_SHUTDOWN, 0), "data");
	cr_assert(eq(str, text_of(data, "reason"), "host-signal"));
	machine.end = MACHINE_END_POWER_OFF;
	data = json_object_get(event_of(MACHINE_EVENT_SHUTDOWN, 1), "data");
	cr_assert(eq(str, text_of(data, "reason"), "guest-shutdown"));
	cr_assert(eq(int, json_is_true(json_object_get(data, "guest")), 1));
}

Test(qmp, balloon_change_has_its_event)
{
	const struct machine_event_info info = { MACHINE_EVENT_DEVICE, "balloon0", BALLOON_EVENT,
						 4096 };

	reply = qmp_event(&session.context, &info);
	cr_assert(eq(str, text_of(reply, "event"), "BALLOON_CHANGE"));
	cr_assert(eq(i64, number(json_object_get(reply, "data"), "actual"), 4096));
}

Test(qmp, other_events_of_devices_keep_their_words)
{
	const struct machine_event_info info = { MACHINE_EVENT_DEVICE, "fan0", "too-hot", 90 };

	reply = qmp_event(&session.context, &info);
	cr_assert(eq(str, text_of(reply, "event"), "X_THUNDERLAKE_DEVICE"));
	cr_assert(eq(str, text_of(json_object_get(reply, "data"), "what"), "too-hot"));
}

/* --- framing --- */

/* Feeds `stream` in pieces of `step` bytes and counts the values, which are joined in `seen`. */
static unsigned count_values(const char *stream, size_t step, char *seen, size_t size)
{
	struct qmp_framer framer;
	unsigned count = 0;
	size_t used;

	seen[0] = '\0';
	qmp_framer_init(&framer, QMP_REQUEST_MAX);
	for (size_t left = strlen(stream); left; left -= used, stream += used) {
		if (qmp_framer_feed(&framer, stream, MIN(step, left), &used) != QMP_FRAME_VALUE) {
			continue;
		}
		(void)snprintf(seen + strlen(seen), size - strlen(seen), "%.*s|",
			       (int)framer.length, framer.text);
		qmp_framer_reset(&framer);
		count++;
	}
	qmp_framer_finish(&framer);
	return count;
}

Test(qmp, stream_is_cut_at_the_same_places_however_it_comes)
{
	static const char stream[] = " {\"a\": \"}\\\"{\"}\r\n[1,[2]]{}  word {\"b\":{}} x]";
	static const char want[] = "{\"a\": \"}\\\"{\"}|[1,[2]]|{}|word|{\"b\":{}}|x]|";
	char seen[128];

	for (size_t step = 1; step < sizeof(stream); step++) {
		cr_assert(eq(uint, count_values(stream, step, seen, sizeof(seen)), 6));
		cr_assert(eq(str, seen, (char *)(uintptr_t)want));
	}
}

Test(qmp, request_that_is_too_long_ends_the_stream)
{
	struct qmp_framer framer;
	size_t used;

	qmp_framer_init(&framer, 8);
	cr_assert(eq(int, qmp_framer_feed(&framer, "{\"12345\"}", 9, &used), QMP_FRAME_TOO_LONG));
	qmp_framer_finish(&framer);
}

Test(qmp, request_that_is_nested_too_deeply_ends_the_stream)
{
	char deep[QMP_DEPTH_MAX + 1];
	struct qmp_framer framer;
	size_t used;

	memset(deep, '[', sizeof(deep));
	qmp_framer_init(&framer, QMP_REQUEST_MAX);
	cr_assert(eq(int, qmp_framer_feed(&framer, deep, QMP_DEPTH_MAX, &used), QMP_FRAME_MORE));
	cr_assert(eq(int, qmp_framer_feed(&framer, deep, 1, &used), QMP_FRAME_TOO_DEEP));
	qmp_framer_finish(&framer);
}

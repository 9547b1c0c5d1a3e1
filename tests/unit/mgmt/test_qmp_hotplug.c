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
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "mgmt/qmp_events.h"
#include "tests/unit/mgmt/qmp_client.h"

TestSuite(qmp_hotplug, .init = begin_session, .fini = end_session, .timeout = 10);

Test(qmp_hotplug, options_of_a_device_are_passed_on)
{
	cr_assert(eq(str,
		     ask("device_add", "{\"driver\": \"virtio-rng-pci\", \"id\": \"r\", "
				       "\"max-bytes\": 1024, \"x\": true, \"y\": \"a,b\"}"),
		     ""));
	cr_assert(eq(str, machine.added,
		     "virtio-rng-pci id=r bus=- drive=- max-bytes=1024,x=on,y=a,,b"));
}

Test(qmp_hotplug, drive_and_bus_are_no_options)
{
	(void)ask("device_add", "{\"driver\": \"virtio-blk\", \"drive\": \"d\", "
				"\"bus\": \"port2\", \"readonly\": false}");
	cr_assert(eq(str, machine.added, "virtio-blk id=- bus=port2 drive=d readonly=off"));
}

Test(qmp_hotplug, what_is_no_option_is_refused)
{
	static const char *const wrong[] = { "\"x\": [1]", "\"x\": null", "\"x\": 1.5",
					     "\"a,b\": 1", "\"a=b\": 1" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char arguments[128];

		(void)snprintf(arguments, sizeof(arguments), "{\"driver\": \"virtio-rng\", %s}",
			       wrong[i]);
		cr_assert(ne(ptr, strstr(ask("device_add", arguments), "no option"), NULL), "%s",
			  wrong[i]);
		cr_assert(eq(str, machine.added, ""));
	}
}

Test(qmp_hotplug, id_is_an_identifier)
{
	static const char *const wrong[] = { "", "9a", "a b", "a,b", "a/../b" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char arguments[128];

		(void)snprintf(arguments, sizeof(arguments),
			       "{\"driver\": \"virtio-rng\", \"id\": \"%s\"}", wrong[i]);
		cr_assert(eq(str, ask("device_add", arguments),
			     "Parameter 'id' expects an identifier"));
	}
}

Test(qmp_hotplug, device_that_is_not_there_has_its_own_class)
{
	const json_t *error;

	(void)ask("device_del", "{\"id\": \"nope\"}");
	error = json_object_get(reply, "error");
	cr_assert(eq(str, text_of(error, "class"), QMP_DEVICE_NOT_FOUND));
}

Test(qmp_hotplug, raw_file_is_named)
{
	cr_assert(eq(str,
		     ask("blockdev-add", "{\"driver\": \"raw\", \"node-name\": \"n\", \"file\": "
					 "{\"driver\": \"file\", \"filename\": \"/a\"}}"),
		     ""));
	cr_assert(eq(str, machine.added, "drive n /a rw"));
	(void)ask("blockdev-add", "{\"driver\": \"file\", \"node-name\": \"m\", "
				  "\"filename\": \"/b\", \"read-only\": true}");
	cr_assert(eq(str, machine.added, "drive m /b ro"));
	cr_assert(eq(str, ask("blockdev-del", "{\"node-name\": \"disk0\"}"), ""));
	cr_assert(ne(str, ask("blockdev-del", "{\"node-name\": \"n\"}"), ""));
}

Test(qmp_hotplug, other_images_are_refused)
{
	static const char *const wrong[] = {
		"\"driver\": \"qcow2\"",
		"\"driver\": \"raw\"",
		"\"driver\": \"file\"",
		"\"driver\": \"raw\", \"file\": {\"driver\": \"raw\", \"filename\": \"/a\"}",
		"\"driver\": \"raw\", \"file\": {\"driver\": \"file\"}",
		"\"driver\": \"raw\", \"file\": {\"driver\": \"file\", \"filename\": \"/a\", \"x\": 1}",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char arguments[256];

		(void)snprintf(arguments, sizeof(arguments), "{\"node-name\": \"n\", %s}",
			       wrong[i]);
		cr_assert(ne(str, ask("blockdev-add", arguments), ""), "%s", wrong[i]);
		cr_assert(eq(str, machine.added, ""));
	}
}

Test(qmp_hotplug, devices_are_listed)
{
	const json_t *device;

	(void)ask("x-thunderlake-query-devices", "{}");
	device = json_array_get(json_object_get(reply, "return"), 0);
	cr_assert(eq(str, text_of(device, "id"), "net0"));
	cr_assert(eq(int, json_is_true(json_object_get(device, "hotpluggable")), 1));
}

Test(qmp_hotplug, device_is_shown_behind_its_port)
{
	const json_t *port;
	const json_t *bridge;
	const json_t *device;
	int secondary, bus;
	json_int_t limit;

	machine.has_port = true;
	(void)ask("query-pci", "{}");
	port = json_array_get(
		json_object_get(json_array_get(json_object_get(reply, "return"), 0), "devices"), 2);
	bridge = json_object_get(port, "pci_bridge");
	device = json_array_get(json_object_get(bridge, "devices"), 0);
	cr_assert(eq(int,
		     json_unpack((json_t *)(uintptr_t)bridge, "{s:{s:i, s:{s:I}}}", "bus",
				 "secondary", &secondary, "memory_range", "limit", &limit),
		     0));
	cr_assert(eq(int, secondary, 7));
	cr_assert(eq(u64, (uint64_t)limit, 0xc81fffff));
	cr_assert(eq(int, json_unpack((json_t *)(uintptr_t)device, "{s:i}", "bus", &bus), 0));
	cr_assert(eq(int, bus, 7));
	cr_assert(eq(str, text_of(device, "qdev_id"), "net0"));
}

Test(qmp_hotplug, departure_is_told)
{
	const struct machine_event_info info = { .event = MACHINE_EVENT_DEVICE_DELETED,
						 .device = "disk1" };
	json_t *event = qmp_event(&session.context, &info);
	const json_t *data = json_object_get(event, "data");

	cr_assert(eq(str, text_of(event, "event"), "DEVICE_DELETED"));
	cr_assert(eq(str, text_of(data, "path"), "/machine/peripheral/disk1"));
	json_decref(event);
}

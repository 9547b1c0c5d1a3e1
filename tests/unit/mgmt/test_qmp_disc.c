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
#include "vmm/base/compiler.h"

TestSuite(qmp_disc, .init = begin_session, .fini = end_session, .timeout = 10);

/* What the list of the machine's drives says of its one. */
static const json_t *drive(void)
{
	(void)ask("x-thunderlake-query-drives", "{}");
	return json_array_get(returned(), 0);
}

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

Test(qmp_disc, a_drive_tells_its_disc_and_how_it_was_used)
{
	const json_t *d = drive();

	cr_assert(eq(str, text_of(d, "id"), "cd0"));
	cr_assert(eq(str, text_of(json_object_get(d, "disc"), "file"), "/nowhere/a.iso"));
	cr_assert(eq(str, text_of(json_object_get(d, "disc"), "kind"), "dvd-rom"));
	cr_assert(
		eq(int,
		   (int)json_integer_value(json_object_get(json_object_get(d, "stats"), "sectors")),
		   70));
}

Test(qmp_disc, a_disc_can_be_ejected_and_another_laid_in)
{
	cr_assert(eq(str, ask("eject", "{\"device\": \"cd0\"}"), ""));
	cr_assert(is_true(drive(), "tray-open"));
	cr_assert(eq(ptr, json_object_get(drive(), "disc"), NULL));
	cr_assert(eq(str,
		     ask("blockdev-change-medium", "{\"id\": \"cd0\", \"filename\": \"/b.iso\", "
						   "\"x-thunderlake-kind\": \"dvd-r\"}"),
		     ""));
	cr_assert(eq(str, machine.drive.path, "/b.iso"));
	cr_assert(eq(int, machine.drive.kind, DISC_DVD_R));
}

Test(qmp_disc, a_disc_is_of_its_contents_kind_unless_told)
{
	(void)ask("blockdev-change-medium", "{\"id\": \"cd0\", \"filename\": \"/b.iso\"}");
	cr_assert(eq(int, machine.drive.kind, DISC_BY_CONTENT));
}

Test(qmp_disc, what_cannot_be_opened_is_named_and_changes_nothing)
{
	cr_assert(eq(str,
		     ask("blockdev-change-medium",
			 "{\"id\": \"cd0\", \"filename\": \"/nope\", \"force\": true}"),
		     "cd0: disc /nope: no such file"));
	cr_assert(eq(str, machine.drive.path, "/nowhere/a.iso"));
}

#define LOCKED \
	"Device 'cd0' is locked and force was not specified, wait for tray to open and try again"

Test(qmp_disc, a_locked_tray_is_told_in_the_words_of_qemu_and_opens_by_force)
{
	machine.drive.locked = true;
	cr_assert(eq(str, ask("eject", "{\"id\": \"cd0\"}"), LOCKED));
	cr_assert(eq(str, ask("blockdev-open-tray", "{\"id\": \"cd0\"}"), "")); /* asked for */
	cr_assert(eq(str, ask("blockdev-change-medium", "{\"id\": \"cd0\", \"filename\": \"/b\"}"),
		     LOCKED));
	cr_assert(not(machine.drive.tray_open));
	cr_assert(eq(str, ask("blockdev-open-tray", "{\"id\": \"cd0\", \"force\": true}"), ""));
	cr_assert(machine.drive.tray_open);
}

Test(qmp_disc, a_disc_stays_in_an_open_tray_until_it_is_taken)
{
	(void)ask("blockdev-open-tray", "{\"id\": \"cd0\"}");
	cr_assert(machine.drive.has_disc);
	cr_assert(eq(str, ask("blockdev-remove-medium", "{\"id\": \"cd0\"}"), ""));
	cr_assert(not(machine.drive.has_disc));
	cr_assert(eq(str, ask("blockdev-close-tray", "{\"id\": \"cd0\"}"), ""));
	cr_assert(not(machine.drive.tray_open));
}

Test(qmp_disc, a_drive_of_the_hosts_opens_but_takes_no_images)
{
	machine.drive_is_host = true;
	cr_assert(ne(str, ask("blockdev-change-medium", "{\"id\": \"cd0\", \"filename\": \"/b\"}"),
		     ""));
	cr_assert(ne(str, ask("x-thunderlake-disc-model", "{}"), ""));
	cr_assert(eq(str, ask("eject", "{\"id\": \"cd0\"}"), ""));
	cr_assert(machine.drive.tray_open);
}

Test(qmp_disc, a_model_is_passed_on_whole)
{
	cr_assert(eq(str,
		     ask("x-thunderlake-disc-model",
			 "{\"spin-up-ms\": 2000, \"seek-ms\": 100, \"bytes-per-second\": 1385000, "
			 "\"stuck\": true, \"faults\": [{\"first\": 16, \"kind\": \"error\"}, "
			 "{\"first\": 20, \"last\": 29, \"kind\": \"slow\", \"delay-ms\": 700, "
			 "\"once\": true}]}"),
		     ""));
	cr_assert(eq(u32, machine.drive_model.spin_up_ms, 2000));
	cr_assert(eq(u32, machine.drive_model.seek_ms, 100));
	cr_assert(eq(u64, machine.drive_model.bytes_per_second, 1385000));
	cr_assert(machine.drive_is_stuck);
	cr_assert(eq(uint, machine.drive_model.fault_count, 2));
	cr_assert(eq(u32, machine.drive_model.faults[0].last_lba, 16));
	cr_assert(eq(int, machine.drive_model.faults[1].kind, DISC_FAULT_SLOW));
	cr_assert(eq(u32, machine.drive_model.faults[1].last_lba, 29));
	cr_assert(eq(u32, machine.drive_model.faults[1].delay_ms, 700));
	cr_assert(machine.drive_model.faults[1].once);
	cr_assert(eq(str, ask("x-thunderlake-disc-model", "{}"), ""));
	cr_assert(eq(uint, machine.drive_model.fault_count, 0));
	cr_assert(not(machine.drive_is_stuck));
}

static const char *const bad_models[] = {
	"{\"id\": \"nope\"}",
	"{\"seek-ms\": -1}",
	"{\"faults\": [1]}",
	"{\"faults\": [{\"kind\": \"error\"}]}",
	"{\"faults\": [{\"first\": \"1\", \"kind\": \"error\"}]}",
	"{\"faults\": [{\"first\": 1, \"kind\": \"scratch\"}]}",
	"{\"faults\": [{\"first\": 1, \"last\": \"2\", \"kind\": \"error\"}]}",
	"{\"faults\": [{\"first\": 1, \"last\": 4294967296, \"kind\": \"error\"}]}",
	"{\"faults\": [{\"first\": 1, \"kind\": \"error\", \"more\": 1}]}",
};

Test(qmp_disc, models_that_cannot_be_are_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_models); i++) {
		machine.drive_model.seek_ms = 7;
		cr_assert(ne(str, ask("x-thunderlake-disc-model", bad_models[i]), ""), "%s",
			  bad_models[i]);
		cr_assert(eq(u32, machine.drive_model.seek_ms, 7));
	}
	machine.refuses = true;
	cr_assert(eq(str, ask("x-thunderlake-disc-model", "{\"seek-ms\": 1}"),
		     "cd0: a range of bad sectors ends before it begins"));
}

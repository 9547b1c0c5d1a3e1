/* SPDX-License-Identifier: MIT */
/* LINK: display/vnc.c display/vnc_library.c display/vnc_server.c display/vnc_listen.c
 * display/vnc_handshake.c display/vnc_tls.c display/vnc_client.c display/vnc_messages.c
 * display/vnc_copy.c display/vnc_text.c display/vnc_input.c display/vnc_keys.c
 * display/vnc_picture.c display/display.c display/display_viewer.c display/display_stats.c
 * display/cursor.c display/display_capture.c display/cursor_draw.c display/image.c display/pixels.c
 *       display/surface.c
 *       display/damage.c display/rect.c display/input.c display/input_sinks.c display/clipboard.c
 *       display/keymap.c display/keymap_us.c display/keymap_xkb.c
 *       tests/unit/display/vnc_viewer.c tests/unit/display/vnc_machine.c */
/* LIBS: libvncserver zlib */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/display/vnc_machine.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

/* Who is let in, and where. */
static struct vnc_machine machine;

static void set_up(void)
{
	vnc_machine_init(&machine);
}

static void tear_down(void)
{
	vnc_machine_finish(&machine);
}

TestSuite(vnc_door, .init = set_up, .fini = tear_down, .timeout = 30);

static void expect_refused(const char *options, int code, const char *text)
{
	cr_assert(eq(int, vnc_machine_start(&machine, options), code), "%s: %s", options,
		  machine.err.text);
	cr_assert(ne(ptr, strstr(machine.err.text, text), NULL), "%s: %s", options,
		  machine.err.text);
}

Test(vnc_door, socket_is_for_its_owner_alone_and_removed)
{
	struct stat status;

	cr_assert(eq(int, vnc_machine_start(&machine, ""), 0), "%s", machine.err.text);
	cr_assert(eq(int, stat(machine.path, &status), 0));
	cr_assert(eq(uint, status.st_mode & 07777, 0600));
	vnc_machine_stop(&machine);
	cr_assert(eq(int, stat(machine.path, &status), -1));
}

Test(vnc_door, socket_of_a_running_machine_is_refused)
{
	struct display_backend *first;

	cr_assert(eq(int, vnc_machine_start(&machine, ""), 0));
	first = machine.backend;
	expect_refused("", -EBUSY, machine.path);
	machine.backend = first;
}

Test(vnc_door, loopback_needs_no_secret)
{
	struct vnc_viewer *viewer;

	cr_assert(eq(int, vnc_machine_start(&machine, "listen=127.0.0.1:0"), 0), "%s",
		  machine.err.text);
	viewer = vnc_viewer_tcp(vnc_machine_port(&machine));
	vnc_viewer_join(viewer);
	vnc_viewer_see(viewer);
	vnc_machine_compare(&machine, viewer);
	vnc_viewer_free(viewer);
}

Test(vnc_door, all_the_world_needs_a_secret)
{
	static const char *const addresses[] = { "listen=0.0.0.0:0", "listen=*:0",
						 "listen=[::]:0" };

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		expect_refused(addresses[i], -EPERM, "password-file");
	}
	cr_assert(eq(int, vnc_machine_start(&machine, "listen=0.0.0.0:0,password=secret"), 0), "%s",
		  machine.err.text);
}

Test(vnc_door, addresses_of_other_forms_are_refused)
{
	static const char *const addresses[] = { "listen=",	 "listen=localhost",
						 "listen=1.2.3", "listen=:100",
						 "listen=:-1",	 "listen=127.0.0.1:65536",
						 "listen=::1:0", "listen=[]:0" };

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		expect_refused(addresses[i], -EINVAL, "listen=");
	}
	expect_refused("listen=no.such.host.invalid:0", -ENOENT, "no.such.host.invalid");
}

Test(vnc_door, bad_secrets_are_refused)
{
	expect_refused("password=", -EINVAL, "1 to 8");
	expect_refused("password=123456789", -EINVAL, "1 to 8");
	expect_refused("password=a,password-file=b", -EINVAL, "not both");
	expect_refused("password-file=/no/such/file", -ENOENT, "/no/such/file");
	expect_refused("password-file=/dev/null", -EINVAL, "1 to 8");
	expect_refused("cert=a", -EINVAL, "tls=on");
	expect_refused("scanout=2", -EINVAL, "0 to 1");
}

Test(vnc_door, right_password_opens)
{
	char path[64], options[128];
	struct vnc_viewer *viewer;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/password", machine.folder);
	(void)snprintf(options, sizeof(options), "password-file=%s", path);
	file = fopen(path, "we");
	(void)fputs("geheim\nmore\n", file);
	(void)fclose(file);
	cr_assert(eq(int, vnc_machine_start(&machine, options), 0), "%s", machine.err.text);
	(void)unlink(path);
	viewer = vnc_machine_connect(&machine);
	cr_assert(eq(uint, vnc_viewer_meet(viewer), 2));
	cr_assert(vnc_viewer_answer(viewer, "geheim"));
	cr_assert(vnc_viewer_enter(viewer));
	vnc_viewer_see(viewer);
	vnc_machine_compare(&machine, viewer);
	vnc_viewer_free(viewer);
}

Test(vnc_door, wrong_password_stays_outside_after_a_while)
{
	struct vnc_viewer *viewer;
	uint64_t start_ns = clock_now_ns();
	uint8_t length[4];
	char why[15] = "";

	cr_assert(eq(int, vnc_machine_start(&machine, "password=geheim"), 0));
	viewer = vnc_machine_connect(&machine);
	cr_assert(eq(uint, vnc_viewer_meet(viewer), 2));
	cr_assert(not(vnc_viewer_answer(viewer, "falsch")));
	cr_assert(ge(u64, clock_now_ns() - start_ns, UINT64_C(1000000000)));
	cr_assert(vnc_viewer_read(viewer, length, sizeof(length)));
	cr_assert(vnc_viewer_read(viewer, why, 14));
	cr_assert(eq(str, why, "wrong password"));
	cr_assert(not(vnc_viewer_enter(viewer)));
	vnc_viewer_free(viewer);
}

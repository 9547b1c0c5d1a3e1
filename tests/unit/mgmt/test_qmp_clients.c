/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/qmp_dispatch.c mgmt/qmp_command.c mgmt/qmp_arguments.c mgmt/qmp_commands.c
 *       mgmt/qmp_commands_control.c mgmt/qmp_commands_query.c
 *       mgmt/qmp_commands_block.c mgmt/qmp_commands_disc.c mgmt/qmp_drives.c
 *       mgmt/qmp_commands_pci.c
 *       mgmt/qmp_commands_screen.c mgmt/qmp_commands_wait.c mgmt/qmp_commands_clipboard.c
 *       mgmt/qmp_commands_hotplug.c mgmt/qmp_commands_audio.c mgmt/audio_wait.c
 *       mgmt/film_sound.c audio/ mgmt/qmp_commands_record.c mgmt/recording.c
 *       mgmt/qmp_commands_input.c mgmt/qmp_input.c mgmt/qmp_input_events.c mgmt/key_names.c
 *       mgmt/screen_wait.c mgmt/small_file.c mgmt/qmp_events.c mgmt/qmp_json.c mgmt/qmp_server.c
 *       mgmt/qmp_socket.c mgmt/paths.c mgmt/subprocess.c tests/unit/mgmt/fake_qmp_machine.c
 *       display/ */
/*
 * Clients that were not written for us: the QMP library and qmp-shell of QEMU's source tree, which
 * QEMU_SOURCE names. To get it: apt-get source qemu.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mgmt/qmp.h"
#include "mgmt/subprocess.h"
#include "tests/unit/mgmt/fake_qmp_machine.h"
#include "vmm/base/loop.h"

#define NOT_THERE 77

static struct fake_qmp_machine machine = FAKE_QMP_MACHINE;

static void destroy_server(void *server)
{
	qmp_server_destroy(server);
}

static void print_line(void *arg, const char *line)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", line);
}

/* The exit code of the clients' run. */
static int run_clients(const char *source, const char *socket)
{
	const char *tests = getenv("SRC_DIR");
	char script[1024];
	char *argv[] = { (char *)(uintptr_t) "python3", (char *)(uintptr_t) "-B",  script,
			 (char *)(uintptr_t)source,	(char *)(uintptr_t)socket, NULL };
	const struct subprocess clients = { .argv = argv,
					    .on_output = print_line,
					    .on_error = print_line };

	(void)snprintf(script, sizeof(script), "%s/tests/unit/mgmt/qmp_clients.py",
		       tests ? tests : ".");
	return subprocess_run(&clients, NULL);
}

Test(qmp_clients, of_qemu_find_what_they_know, .timeout = 120)
{
	const char *source = getenv("QEMU_SOURCE");
	char folder[] = "/tmp/test_qmp.XXXXXX";
	struct qmp_server *server;
	struct loop *loop;
	char socket[64];
	int code;

	if (!source) {
		cr_skip_test("QEMU_SOURCE does not name QEMU's source tree (apt-get source qemu)");
	}
	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	(void)snprintf(socket, sizeof(socket), "%s/vm.qmp", folder);
	cr_assert(eq(int, loop_create("test", &loop), 0));
	cr_assert(eq(int, qmp_server_create(loop, &fake_qmp_machine_ops, &machine, &server), 0));
	cr_assert(eq(int, qmp_server_listen(server, socket, NULL), 0));
	cr_assert(eq(int, loop_start(loop), 0));

	code = run_clients(source, socket);

	loop_call(loop, destroy_server, server);
	loop_destroy(loop);
	(void)unlink(socket);
	(void)rmdir(folder);
	if (code == NOT_THERE) {
		cr_skip_test("QEMU_SOURCE holds no QMP clients");
	}
	cr_assert(zero(int, code));
}

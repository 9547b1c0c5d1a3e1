/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/qmp_dispatch.c mgmt/qmp_command.c mgmt/qmp_arguments.c mgmt/qmp_commands.c
 *       mgmt/qmp_commands_control.c mgmt/qmp_commands_query.c
 *       mgmt/qmp_commands_block.c mgmt/qmp_commands_disc.c mgmt/qmp_drives.c
 *       mgmt/qmp_commands_pci.c
 *       mgmt/qmp_commands_screen.c mgmt/qmp_commands_wait.c mgmt/qmp_commands_clipboard.c
 *       mgmt/qmp_commands_hotplug.c mgmt/qmp_commands_audio.c mgmt/audio_wait.c
 *       mgmt/film_sound.c audio/ mgmt/qmp_commands_record.c mgmt/recording.c
 *       mgmt/qmp_commands_input.c mgmt/qmp_input.c mgmt/qmp_input_events.c mgmt/key_names.c
 *       mgmt/ctl_input.c mgmt/screen_wait.c mgmt/small_file.c mgmt/qmp_events.c mgmt/qmp_json.c
 *       mgmt/qmp_server.c mgmt/qmp_socket.c mgmt/paths.c mgmt/ctl.c mgmt/ctl_actions.c
 *       mgmt/ctl_machine.c mgmt/ctl_screen.c mgmt/ctl_clipboard.c mgmt/ctl_audio.c
 *       mgmt/ctl_options.c mgmt/ctl_command.c mgmt/ctl_client.c mgmt/ctl_print.c
 *       mgmt/ctl_device.c mgmt/ctl_disc.c mgmt/machine_config_discs.c
 * tests/unit/mgmt/fake_qmp_machine.c display/ */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "audio/audio.h"
#include "display/clipboard.h"
#include "display/display.h"
#include "mgmt/ctl_client.h"
#include "mgmt/image.h"
#include "mgmt/qmp.h"
#include "mgmt/verbs.h"
#include "tests/unit/mgmt/fake_qmp_machine.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"
#include "vmm/base/unix_socket.h"

/* The one disc that was made. */
int image_find_disc(const char *name, char **path, struct error *err)
{
	*path = strcmp(name, "dvd-test") == 0 ? strdup("/made/disc.iso") : NULL;
	return *path ? 0 : error_set(err, -ENOENT, "no recipe '%s'", name);
}

static struct fake_qmp_machine machine;
static struct loop *loop;
static struct qmp_server *server;
static char folder[64];
static char *path;
static struct error err;

/* The server runs on a thread of its own; what the tests do to it goes through loop_call. */
static void listen_on_loop(void *arg)
{
	int *code = arg;

	*code = qmp_server_listen(server, path, &err);
}

static int start_listening(void)
{
	int code;

	loop_call(loop, listen_on_loop, &code);
	return code;
}

static void set_up(void)
{
	static const struct clipboard_directions directions = { true, true };

	log_set_level(LOG_LEVEL_ERROR);
	(void)snprintf(folder, sizeof(folder), "/tmp/test_qmp.XXXXXX");
	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	(void)setenv("XDG_RUNTIME_DIR", folder, 1);
	machine = (struct fake_qmp_machine)FAKE_QMP_MACHINE;
	cr_assert(eq(int, display_create(1, &machine.display), 0));
	cr_assert(eq(int, clipboard_create(&directions, &machine.clipboard), 0));
	cr_assert(eq(int, loop_create("test", &loop), 0));
	cr_assert(eq(int, audio_create(loop, &machine.audio), 0));
	cr_assert(eq(int, qmp_server_create(loop, &fake_qmp_machine_ops, &machine, &server), 0));
	cr_assert(eq(int, qmp_socket_path("vm", &path, &err), 0));
	cr_assert(eq(int, loop_start(loop), 0));
}

static void destroy_server(void *arg)
{
	(void)arg;
	qmp_server_destroy(server);
	server = NULL;
	audio_destroy(machine.audio);
	machine.audio = NULL;
}

static void tear_down(void)
{
	char inner[80];

	loop_call(loop, destroy_server, NULL);
	loop_destroy(loop);
	display_destroy(machine.display);
	clipboard_destroy(machine.clipboard);
	(void)unlink(path);
	free(path);
	(void)snprintf(inner, sizeof(inner), "%s/thunderlake", folder);
	(void)rmdir(inner);
	(void)rmdir(folder);
}

static void emit_on_loop(void *arg)
{
	const struct machine_event_info info = { .event = MACHINE_EVENT_RESET };

	for (unsigned i = 0; i < *(unsigned *)arg; i++) {
		qmp_server_on_event(server, &info);
	}
}

static void emit(unsigned count)
{
	loop_call(loop, emit_on_loop, &count);
}

TestSuite(qmp_server, .init = set_up, .fini = tear_down, .timeout = 20);

/* --- sockets --- */

Test(qmp_server, socket_is_for_its_owner_alone)
{
	struct stat status;

	cr_assert(eq(int, start_listening(), 0), "%s", err.text);
	cr_assert(eq(int, stat(path, &status), 0));
	cr_assert(eq(uint, status.st_mode & 07777, 0600));
}

Test(qmp_server, socket_of_a_running_machine_is_refused)
{
	cr_assert(eq(int, start_listening(), 0));
	cr_assert(eq(int, start_listening(), -EBUSY));
	cr_assert(ne(ptr, strstr(err.text, "--name"), NULL), "%s", err.text);
}

Test(qmp_server, socket_that_nobody_serves_is_replaced)
{
	int stale = unix_socket_listen("control socket", path, &err);

	cr_assert(ge(int, stale, 0));
	(void)close(stale);
	cr_assert(not(qmp_is_running("vm")));
	cr_assert(eq(int, start_listening(), 0), "%s", err.text);
	cr_assert(qmp_is_running("vm"));
}

Test(qmp_server, file_that_is_no_socket_stays)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	(void)close(fd);
	cr_assert(eq(int, start_listening(), -EEXIST));
}

Test(qmp_server, path_that_is_too_long_is_refused)
{
	char name[200];
	char *long_path;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	cr_assert(eq(int, qmp_socket_path(name, &long_path, &err), 0));
	cr_assert(eq(int, unix_socket_listen("control socket", long_path, &err), -ENAMETOOLONG));
	free(long_path);
}

Test(qmp_server, name_that_leaves_the_folder_is_refused)
{
	char *other;

	cr_assert(eq(int, qmp_socket_path("../vm", &other, &err), -EINVAL));
	cr_assert(eq(int, qmp_socket_path("", &other, &err), -EINVAL));
}

Test(qmp_server, text_of_another_form_is_refused)
{
	cr_assert(eq(int, qmp_server_listen_text(server, "tcp:1234", &err), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "unix:PATH"), NULL));
}

Test(qmp_server, socket_goes_with_the_server)
{
	cr_assert(eq(int, start_listening(), 0));
	loop_call(loop, destroy_server, NULL);
	cr_assert(eq(int, access(path, F_OK), -1));
}

/* --- clients --- */

Test(qmp_server, every_client_hears_of_events)
{
	struct ctl_client clients[3];
	json_t *message;

	cr_assert(eq(int, start_listening(), 0));
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		cr_assert(eq(int, ctl_client_connect(&clients[i], "vm", &err), 0), "%s", err.text);
	}
	emit(1);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		cr_assert(eq(int, ctl_client_next(&clients[i], &message, &err), 0));
		cr_assert(ne(ptr, json_object_get(message, "timestamp"), NULL));
		json_decref(message);
		ctl_client_close(&clients[i]);
	}
}

Test(qmp_server, client_that_has_not_negotiated_hears_only_the_greeting)
{
	char text[4096] = "";
	int fd;

	cr_assert(eq(int, start_listening(), 0));
	fd = unix_socket_connect(path);
	cr_assert(gt(i64, (int64_t)recv(fd, text, sizeof(text) - 1, 0), 0));
	cr_assert(ne(ptr, strstr(text, "\"QMP\""), NULL));
	cr_assert(ne(ptr, strstr(text, "\r\n"), NULL));
	emit(1);
	cr_assert(eq(i64, (int64_t)recv(fd, text, sizeof(text), MSG_DONTWAIT), -1));
	(void)close(fd);
}

Test(qmp_server, client_that_does_not_read_is_dropped_alone)
{
	struct ctl_client slow;
	struct ctl_client other;
	json_t *message;
	int code = 0;

	cr_assert(eq(int, start_listening(), 0));
	cr_assert(eq(int, ctl_client_connect(&slow, "vm", &err), 0));
	/* More than the backlog and what the kernel keeps; an event has over 100 bytes. */
	emit(2 * QMP_BACKLOG_MAX / 100);
	cr_assert(eq(int, ctl_client_connect(&other, "vm", &err), 0));
	cr_assert(eq(int, ctl_client_execute(&other, "query-status", NULL, &message, &err), 0));
	json_decref(message);
	while (code == 0) {
		code = ctl_client_next(&slow, &message, &err);
		if (code == 0) {
			json_decref(message);
		}
	}
	cr_assert(eq(int, code, -ECONNRESET));
	ctl_client_close(&slow);
	ctl_client_close(&other);
}

Test(qmp_server, one_client_too_many_waits_for_another_to_leave)
{
	struct ctl_client clients[QMP_CLIENTS_MAX];
	char text[1024];
	int fd;

	cr_assert(eq(int, start_listening(), 0));
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		cr_assert(eq(int, ctl_client_connect(&clients[i], "vm", &err), 0));
	}
	fd = unix_socket_connect(path);
	cr_assert(ge(int, fd, 0));
	emit(1);
	cr_assert(eq(i64, (int64_t)recv(fd, text, sizeof(text), MSG_DONTWAIT), -1));
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		ctl_client_close(&clients[i]);
	}
	cr_assert(gt(i64, (int64_t)recv(fd, text, sizeof(text), 0), 0));
	(void)close(fd);
}

Test(qmp_server, endless_request_ends_the_connection_with_a_reason)
{
	static char junk[QMP_REQUEST_MAX + 2];
	struct ctl_client client;
	json_t *message = NULL;

	memset(junk, '{', 1);
	memset(junk + 1, ' ', sizeof(junk) - 1);
	cr_assert(eq(int, start_listening(), 0));
	cr_assert(eq(int, ctl_client_connect(&client, "vm", &err), 0));
	cr_assert(eq(i64, (int64_t)send(client.fd, junk, sizeof(junk), 0), sizeof(junk)));
	cr_assert(eq(int, ctl_client_next(&client, &message, &err), 0));
	cr_assert(ne(ptr, json_object_get(message, "error"), NULL));
	json_decref(message);
	cr_assert(eq(int, ctl_client_next(&client, &message, &err), -ECONNRESET));
	ctl_client_close(&client);
}

/* --- the command --- */

static int ctl(const char *a, const char *b, const char *c, const char *d)
{
	char *argv[] = { (char *)(uintptr_t) "ctl", (char *)(uintptr_t)a, (char *)(uintptr_t)b,
			 (char *)(uintptr_t)c,	    (char *)(uintptr_t)d, NULL };
	int argc = 1;

	while (argv[argc]) {
		argc++;
	}
	return ctl_main(argc, argv);
}

Test(qmp_server, ctl_drives_the_machine)
{
	cr_assert(eq(int, start_listening(), 0));
	cr_assert(eq(int, ctl("vm", "stop", NULL, NULL), 0));
	cr_assert(eq(int, machine.status, MACHINE_PAUSED));
	cr_assert(eq(int, ctl("vm", "link", "net0", "down"), 0));
	cr_assert(not(machine.link_up));
	cr_assert(eq(int, ctl("vm", "balloon", "64M", NULL), 0));
	cr_assert(eq(u64, machine.balloon_target, 64u << 20));
}

Test(qmp_server, ctl_tells_how_it_went_by_its_exit_code)
{
	cr_assert(eq(int, start_listening(), 0));
	cr_assert(eq(int, ctl("vm", "link", "net7", "down"), 1));
	cr_assert(eq(int, ctl("vm", "raw", "no-such", NULL), 1));
	cr_assert(eq(int, ctl("vm", "stpo", NULL, NULL), 2));
	cr_assert(eq(int, ctl("vm", "balloon", "lots", NULL), 2));
	cr_assert(eq(int, ctl("vm", "status", "now", NULL), 2));
	cr_assert(eq(int, ctl("vm", "--jsno", NULL, NULL), 2));
	cr_assert(eq(int, ctl("other", NULL, NULL, NULL), 3));
}

Test(qmp_server, ctl_tells_a_time_out_by_its_own_exit_code)
{
	cr_assert(eq(int, start_listening(), 0));
	cr_assert(eq(int, ctl("vm", "wait", "--stable=0.01", "--timeout=0.02"), 4));
	cr_assert(eq(int, ctl("vm", "wait", NULL, NULL), 2));
	cr_assert(eq(int, ctl("vm", "wait", "--stable=soon", NULL), 2));
	cr_assert(eq(int, ctl("vm", "wait", "--stable=1", "--region=12"), 2));
}

Test(qmp_server, ctl_listens)
{
	cr_redirect_stdout();
	cr_assert(eq(int, start_listening(), 0));
	cr_assert(eq(int, ctl("vm", "audio", "expect", "--silence"), 0));
	cr_assert(eq(int, ctl("vm", "audio", "expect", NULL), 2));
	cr_assert(eq(int, ctl("vm", "audio", "listen", NULL), 2));
}

Test(qmp_server, ctl_wishes_a_size)
{
	cr_assert(eq(int, start_listening(), 0));
	cr_assert(eq(int, ctl("vm", "display", "1024x600", NULL), 0));
	cr_assert(eq(u32, display_mode(machine.display, 0).width, 1024));
	cr_assert(eq(u32, display_mode(machine.display, 0).height, 600));
	cr_assert(eq(int, ctl("vm", "display", "1024", NULL), 2));
	cr_assert(eq(int, ctl("vm", "display", "0x0", NULL), 1));
	cr_assert(eq(int, ctl("vm", "screenshot", NULL, NULL), 1)); /* it shows nothing */
}

Test(qmp_server, ctl_moves_discs)
{
	cr_redirect_stdout();
	cr_assert(eq(int, start_listening(), 0));
	cr_assert(eq(int, ctl("vm", "disc", NULL, NULL), 0));
	cr_assert(eq(int, ctl("vm", "disc", "insert", "b.iso"), 2)); /* there is one */
	cr_assert(eq(str, machine.drive.path, "/nowhere/a.iso"));
	cr_assert(eq(int, ctl("vm", "disc", "swap", "dvd-test"), 0));
	cr_assert(eq(str, machine.drive.path, "/made/disc.iso"));
	cr_assert(eq(int, ctl("vm", "disc", "swap", "/nope"), 1));
	cr_assert(eq(int, ctl("vm", "disc", "eject", NULL), 0));
	cr_assert(not(machine.drive.has_disc));
	cr_assert(eq(int, ctl("vm", "disc", "insert", "/b.iso"), 0));
	cr_assert(eq(str, machine.drive.path, "/b.iso"));
	cr_assert(eq(int, ctl("vm", "disc", "insert", NULL), 2));
	cr_assert(eq(int, ctl("vm", "disc", "throw", NULL), 2));
	cr_assert(eq(int, ctl("vm", "disc", "eject", "--drive=cd7"), 2));
}

Test(qmp_server, ctl_makes_discs_slow_and_bad)
{
	cr_assert(eq(int, start_listening(), 0));
	cr_assert(eq(int, ctl("vm", "disc", "model", "--speed=2"), 0));
	cr_assert(eq(u64, machine.drive_model.bytes_per_second, 2770000));
	cr_assert(eq(int, ctl("vm", "disc", "model", "--bad=16-19:700"), 0));
	cr_assert(eq(u32, machine.drive_model.faults[0].first_lba, 16));
	cr_assert(eq(u32, machine.drive_model.faults[0].last_lba, 19));
	cr_assert(eq(u32, machine.drive_model.faults[0].delay_ms, 700));
	cr_assert(eq(int, ctl("vm", "disc", "model", "--stuck"), 0));
	cr_assert(machine.drive_is_stuck);
	cr_assert(eq(int, ctl("vm", "disc", "model", "--bad=x"), 2));
	cr_assert(eq(int, ctl("vm", "disc", "model", "--speed=-1"), 2));
}

Test(qmp_server, ctl_copies_and_pastes)
{
	cr_redirect_stdout();
	cr_assert(eq(int, start_listening(), 0));
	cr_assert(eq(int, ctl("vm", "clipboard", "get", NULL), 1));
	cr_assert(eq(int, ctl("vm", "clipboard", "set", "copied\n"), 0));
	cr_assert(eq(int, ctl("vm", "clipboard", "get", NULL), 0));
	cr_assert(eq(int, ctl("vm", "clipboard", "put", NULL), 2));
	(void)fflush(stdout);
	cr_assert_stdout_eq_str("copied\n");
}

Test(qmp_server, ctl_alone_lists_machines)
{
	cr_redirect_stdout();
	cr_assert(eq(int, start_listening(), 0));
	cr_assert(eq(int, ctl("--names", NULL, NULL, NULL), 0));
	(void)fflush(stdout);
	cr_assert_stdout_eq_str("vm\n");
}

static const char *const shown[] = { "status",	"block", "pci",	    "link",
				     "balloon", "stats", "display", "audio" };

Test(qmp_server, ctl_shows_people_and_programs)
{
	cr_redirect_stdout();
	cr_assert(eq(int, start_listening(), 0));
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		cr_assert(eq(int, ctl("vm", shown[i], NULL, NULL), 0), "%s", shown[i]);
		cr_assert(eq(int, ctl("--json", "vm", shown[i], NULL), 0), "%s", shown[i]);
	}
	cr_assert(eq(int, ctl("vm", "raw", "{\"execute\": \"query-name\", \"id\": 1}", NULL), 0));
}

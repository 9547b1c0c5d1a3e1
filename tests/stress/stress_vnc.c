/* SPDX-License-Identifier: MIT */
/* LINK: display/vnc.c display/vnc_library.c display/vnc_server.c display/vnc_listen.c
 * display/vnc_handshake.c display/vnc_tls.c display/vnc_client.c display/vnc_messages.c
 * display/vnc_copy.c display/vnc_text.c display/vnc_input.c display/vnc_keys.c
 * display/vnc_picture.c display/display.c display/display_viewer.c display/display_stats.c
 * display/cursor.c display/display_capture.c display/image.c display/pixels.c display/surface.c
 *       display/damage.c display/rect.c display/input.c display/input_sinks.c display/clipboard.c
 *       display/keymap.c display/keymap_us.c display/keymap_xkb.c display/cursor_draw.c */
/*
 * Viewers that come, ask for everything and leave in the middle, while a guest draws, changes its
 * size and copies texts; all of it several times over with a server that ends.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "display/clipboard.h"
#include "display/display.h"
#include "display/input.h"
#include "display/surface.h"
#include "display/vnc.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"
#include "vmm/base/thread.h"
#include "vmm/base/unix_socket.h"

#define VIEWERS	   3
#define SERVERS	   4
#define RUN_NS	   UINT64_C(400000000) /* of each server */
#define SIDE_MAX   128u
#define PATH_MAX_1 64

static char folder[32] = "/tmp/stress_vnc.XXXXXX", path[PATH_MAX_1];
static struct display_backend_env env = { .machine_name = "vm", .runtime_folder = folder };
static uint32_t pixels[SIDE_MAX * SIDE_MAX];
static atomic_bool ending;
static atomic_ulong joined, received;

static void must(bool good, const char *what)
{
	if (!good) {
		(void)fprintf(stderr, "stress_vnc: %s\n", what);
		abort();
	}
}

/* --- viewers --- */

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

/* Takes what has come; false: the server hung up. */
static bool drain(int fd)
{
	char bytes[65536];
	ssize_t count;

	while ((count = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		atomic_fetch_add(&received, (unsigned long)count);
	}
	return count < 0;
}

static void say(int fd, const void *bytes, size_t length)
{
	(void)send(fd, bytes, length, MSG_NOSIGNAL);
}

#define SAY(fd, text) say(fd, text, sizeof(text) - 1)

static void send_something(int fd, unsigned choice)
{
	switch (choice % 7) {
	case 0:
		SAY(fd, "\x04\x01\0\0\0\0\0A");
		break;
	case 1:
		SAY(fd, "\x05\x01\0\x05\0\x05");
		break;
	case 2:
		SAY(fd, "\x06\0\0\0\0\0\0\x04text");
		break;
	case 3:
		SAY(fd, "\xfb\0\0\x64\0\x64\x01\0\0\0\0\x01\0\0\0\0\0\x64\0\x64\0\0\0\0");
		break;
	case 4:
		SAY(fd, "\x03\0\0\0\0\0\0\x80\0\x80");
		break;
	default:
		SAY(fd, "\x03\x01\0\0\0\0\0\x80\0\x80");
	}
}

/* Joins without waiting for answers, which are what they are; raw, cursor, sizes, keys, lamps. */
static void join(int fd)
{
	SAY(fd, "RFB 003.008\n\x01\x01");
	SAY(fd,
	    "\x02\0\0\x05\0\0\0\0\xff\xff\xff\x11\xff\xff\xfe\xcc\xff\xff\xfe\xfe\xff\xff\xfe\xfb");
	atomic_fetch_add(&joined, 1);
}

static void *view(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;

	while (!atomic_load(&ending)) {
		int fd = unix_socket_connect(path);

		if (fd < 0) {
			continue; /* between two servers */
		}
		join(fd);
		for (unsigned left = next_random(&seed) % 200; left > 0 && drain(fd); left--) {
			send_something(fd, next_random(&seed));
		}
		(void)close(fd);
	}
	return NULL;
}

/* --- the guest --- */

static void show(uint32_t width, uint32_t height)
{
	const struct surface_layout layout = { width, height, width * 4, SURFACE_BGRX };
	const struct iovec whole = { pixels, sizeof(pixels) };
	const struct rect all = { 0, 0, width, height };
	struct surface *surface;

	must(surface_create(&layout, &whole, 1, 0, &surface) == 0, "no surface");
	display_show(env.display, 0, surface, &all);
	surface_put(surface);
}

static void be_a_guest(struct clipboard_peer *peer, unsigned turn)
{
	const struct rect r = { turn % 50, turn % 40, 10, 10 };

	(void)display_flush(env.display, 0, &r, 1, NULL);
	if (turn % 16 == 0) {
		show(64 + turn % 64, 64 + turn % 32);
	}
	if (turn % 8 == 0) {
		struct cursor *cursor = cursor_create(16, 16, 0, 0);

		must(cursor, "no cursor");
		memset(cursor->pixels, 0xff, sizeof(uint32_t) * 16 * 16);
		display_set_cursor(env.display, 0, cursor);
		cursor_put(cursor);
	}
	display_move_cursor(env.display, 0, (int32_t)(turn % 60), (int32_t)(turn % 60));
	if (turn % 32 == 0) {
		(void)clipboard_put(env.clipboard, peer, CLIPBOARD_TEXT, "from the guest", 14);
	}
	input_set_leds(env.input, turn & 7);
	(void)usleep(1000);
}

static void wake(void *arg UNUSED)
{
}

static void serve(struct clipboard_peer *peer)
{
	const struct display_backend_type *type = &display_vnc_type;
	void *options = calloc(1, type->options_size);
	uint64_t end = clock_now_ns() + RUN_NS;
	struct display_backend *backend;
	struct error err;

	must(options && options_parse(&type->options, "", options, &err) == 0, "no options");
	must(type->create(&env, options, &backend, &err) == 0, err.text);
	options_finish(&type->options, options);
	free(options);
	for (unsigned turn = 0; clock_now_ns() < end; turn++) {
		be_a_guest(peer, turn);
	}
	type->destroy(backend);
}

int main(void)
{
	const struct clipboard_directions both = { true, true };
	struct clipboard_peer guest = { .side = CLIPBOARD_GUEST, .wake = wake };
	pthread_t viewers[VIEWERS];

	log_set_level(LOG_LEVEL_ERROR);
	must(mkdtemp(folder), "no folder");
	(void)snprintf(path, sizeof(path), "%s/vm.vnc", folder);
	must(display_create(1, &env.display) == 0 && input_create(&env.input) == 0 &&
		     clipboard_create(&both, &env.clipboard) == 0,
	     "no machine");
	clipboard_add_peer(env.clipboard, &guest);
	show(100, 80);
	for (uintptr_t i = 0; i < VIEWERS; i++) {
		must(thread_start(&viewers[i], "viewer", view, (void *)(i + 1)) == 0, "no thread");
	}
	for (unsigned i = 0; i < SERVERS; i++) {
		serve(&guest);
	}
	atomic_store(&ending, true);
	for (unsigned i = 0; i < VIEWERS; i++) {
		must(pthread_join(viewers[i], NULL) == 0, "no end");
	}
	clipboard_remove_peer(env.clipboard, &guest);
	clipboard_destroy(env.clipboard);
	input_destroy(env.input);
	display_destroy(env.display);
	must(rmdir(folder) == 0, "the socket is still there");
	must(atomic_load(&joined) > SERVERS && atomic_load(&received) > 0, "nobody saw anything");
	(void)printf("%lu viewers, %lu bytes\n", atomic_load(&joined), atomic_load(&received));
	return 0;
}

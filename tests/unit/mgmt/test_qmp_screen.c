/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/qmp_dispatch.c mgmt/qmp_command.c mgmt/qmp_arguments.c mgmt/qmp_commands_control.c
 *       mgmt/qmp_commands_screen.c mgmt/qmp_commands_wait.c mgmt/qmp_commands_clipboard.c
 *       mgmt/qmp_commands_hotplug.c mgmt/qmp_commands_record.c mgmt/recording.c
 *       mgmt/screen_wait.c mgmt/small_file.c tests/unit/mgmt/fake_qmp_machine.c
 *       mgmt/film_sound.c display/ audio/ */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "display/clipboard.h"
#include "display/display.h"
#include "display/image.h"
#include "display/surface.h"
#include "mgmt/qmp_commands.h"
#include "mgmt/qmp_dispatch.h"
#include "mgmt/recording.h"
#include "mgmt/small_file.h"
#include "tests/unit/mgmt/qmp_client.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

#define WIDTH  40u
#define HEIGHT 30u

const struct qmp_command *const qmp_command_tables[] = { qmp_control_commands,
							 qmp_screen_commands,
							 qmp_wait_commands,
							 qmp_clipboard_commands,
							 qmp_hotplug_commands,
							 qmp_record_commands,
							 NULL };

static struct surface *surface;
static uint32_t pixels[WIDTH * HEIGHT];
static char folder[64];

/* "$" in a request stands for the test's folder. */
static char *place(const char *text)
{
	char *out = NULL;
	size_t size;
	FILE *stream = open_memstream(&out, &size);

	for (; *text; text++) {
		if (*text == '$') {
			(void)fputs(folder, stream);
		} else {
			(void)fputc(*text, stream);
		}
	}
	(void)fclose(stream);
	return out;
}

static void ask_placed(const char *request)
{
	AUTO_FREE char *text = place(request);

	ask_machine(text);
}

static void set_up(void)
{
	const struct surface_layout layout = { WIDTH, HEIGHT, WIDTH * 4, SURFACE_BGRX };
	const struct clipboard_directions both = { true, true };
	const struct iovec whole = { pixels, sizeof(pixels) };
	const struct rect all = { 0, 0, WIDTH, HEIGHT };

	(void)snprintf(folder, sizeof(folder), "/tmp/test_qmp.XXXXXX");
	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	for (size_t i = 0; i < WIDTH * HEIGHT; i++) {
		pixels[i] = 0xff000000u | (uint32_t)i;
	}
	begin_session();
	cr_assert(eq(int, display_create(2, &machine.display), 0));
	cr_assert(eq(int, clipboard_create(&both, &machine.clipboard), 0));
	cr_assert(eq(int, recording_create(machine.display, &machine.recording), 0));
	cr_assert(eq(int, surface_create(&layout, &whole, 1, 0, &surface), 0));
	display_show(machine.display, 0, surface, &all);
}

static void tear_down(void)
{
	static const char *const files[] = { "$/a.png",	 "$/a.ppm",    "$/d.png", "$/golden.png",
					     "$/no.png", "$/copy.png", "$/long",  "$/a,b.y4m" };

	qmp_cancel(&session);
	recording_destroy(machine.recording);
	display_show(machine.display, 0, NULL, NULL);
	display_destroy(machine.display);
	clipboard_destroy(machine.clipboard);
	surface_put(surface);
	end_session();
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		AUTO_FREE char *path = place(files[i]);

		(void)unlink(path);
	}
	cr_assert(eq(int, rmdir(folder), 0));
}

TestSuite(qmp_screen, .init = set_up, .fini = tear_down, .timeout = 30);

static struct image *read_png(const char *name)
{
	AUTO_FREE char *path = place(name);
	struct image *image = NULL;
	struct error err = { "" };

	cr_assert(eq(int, image_read_png(path, &image, &err), 0), "%s", err.text);
	return image;
}

/* --- screendump --- */

Test(qmp_screen, screendump_writes_a_png)
{
	struct image *image;

	ask_placed("{\"execute\": \"screendump\", \"arguments\": {\"filename\": \"$/a.png\", "
		   "\"format\": \"png\"}}");
	cr_assert(eq(sz, json_object_size(returned()), 0));
	image = read_png("$/a.png");
	cr_assert(eq(u32, image->width, WIDTH));
	cr_assert(eq(int, memcmp(image->pixels, pixels, sizeof(pixels)), 0));
	free(image);
}

Test(qmp_screen, screendump_is_ppm_where_nothing_is_said)
{
	AUTO_FREE char *path = place("$/a.ppm");
	AUTO_FREE uint8_t *bytes = NULL;
	size_t length;

	ask_placed("{\"execute\": \"screendump\", \"arguments\": {\"filename\": \"$/a.ppm\"}}");
	(void)returned();
	cr_assert(eq(int, small_file_read(path, 65536, &bytes, &length), 0));
	cr_assert(eq(int, memcmp(bytes, "P6\n40 30\n255\n", 13), 0));
	cr_assert(eq(sz, length, 13 + 3 * WIDTH * HEIGHT));
}

Test(qmp_screen, screendump_can_show_the_pointer)
{
	struct cursor *cursor = cursor_create(1, 1, 0, 0);
	struct image *image;

	cursor->pixels[0] = 0xffffffffu;
	display_set_cursor(machine.display, 0, cursor);
	display_move_cursor(machine.display, 0, 3, 2);
	ask_placed("{\"execute\": \"screendump\", \"arguments\": {\"filename\": \"$/a.png\", "
		   "\"format\": \"png\", \"x-thunderlake-cursor\": true}}");
	(void)returned();
	image = read_png("$/a.png");
	cr_assert(eq(u32, image->pixels[2 * WIDTH + 3], 0xffffffffu));
	free(image);
	display_set_cursor(machine.display, 0, NULL);
	cursor_put(cursor);
}

static const char *const bad_dumps[] = {
	"{\"filename\": \"$/none/a.png\"}",
	"{\"filename\": \"$/a.png\", \"scanout\": 1}",
	"{\"filename\": \"$/a.png\", \"scanout\": 2}",
	"{\"filename\": \"$/a.png\", \"scanout\": -1}",
	"{\"filename\": \"$/a.png\", \"device\": \"net0\"}",
};

Test(qmp_screen, screendump_refuses_what_it_cannot)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_dumps); i++) {
		char request[256];

		(void)snprintf(request, sizeof(request),
			       "{\"execute\": \"screendump\", \"arguments\": %s}", bad_dumps[i]);
		ask_placed(request);
		cr_assert(ne(ptr, json_object_get(reply, "error"), NULL), "%s", bad_dumps[i]);
	}
}

Test(qmp_screen, machine_without_a_screen_says_so)
{
	struct display *display = machine.display;

	machine.display = NULL;
	ask_placed("{\"execute\": \"screendump\", \"arguments\": {\"filename\": \"$/a.png\"}}");
	cr_assert(ne(ptr, strstr(refusal(), "no console"), NULL));
	ask_placed("{\"execute\": \"x-thunderlake-stats\"}");
	cr_assert(ne(ptr, strstr(refusal(), "no screen"), NULL));
	ask_placed("{\"execute\": \"query-display-options\"}");
	cr_assert(eq(str, (char *)(uintptr_t)json_string_value(json_object_get(returned(), "type")),
		     (char *)(uintptr_t) "none"));
	machine.display = display;
}

/* --- modes and statistics --- */

Test(qmp_screen, mode_is_wished_and_shown)
{
	const json_t *first;

	ask_placed("{\"execute\": \"x-thunderlake-display\", \"arguments\": {\"width\": 800, "
		   "\"height\": 600}}");
	(void)returned();
	cr_assert(eq(u32, display_mode(machine.display, 0).width, 800));
	cr_assert(
		eq(u32, display_mode(machine.display, 0).refresh_mhz, DISPLAY_DEFAULT_REFRESH_MHZ));
	ask_placed("{\"execute\": \"x-thunderlake-display\", \"arguments\": {\"scanout\": 1}}");
	(void)returned();
	cr_assert(display_mode(machine.display, 1).is_connected);
	ask_placed("{\"execute\": \"x-thunderlake-query-screens\"}");
	cr_assert(eq(sz, json_array_size(returned()), 2));
	first = json_array_get(returned(), 0);
	cr_assert(
		eq(i64,
		   json_integer_value(json_object_get(json_object_get(first, "picture"), "width")),
		   WIDTH));
}

Test(qmp_screen, impossible_mode_is_refused)
{
	ask_placed("{\"execute\": \"x-thunderlake-display\", \"arguments\": {\"width\": 0}}");
	cr_assert(ne(ptr, strstr(refusal(), "cannot be"), NULL));
	ask_placed("{\"execute\": \"x-thunderlake-display\", \"arguments\": {\"width\": 100000}}");
	cr_assert(ne(ptr, strstr(refusal(), "'width'"), NULL));
}

Test(qmp_screen, statistics_count_and_begin_anew)
{
	const struct rect place_of_one = { 0, 0, 1, 1 };

	(void)display_flush(machine.display, 0, &place_of_one, 1, NULL);
	ask_placed("{\"execute\": \"x-thunderlake-stats\", \"arguments\": {\"reset\": true}}");
	cr_assert(eq(sz, json_array_size(returned()), 2));
	cr_assert(eq(i64,
		     json_integer_value(json_object_get(json_array_get(returned(), 0), "flushes")),
		     1));
	ask_placed("{\"execute\": \"x-thunderlake-stats\", \"arguments\": {\"scanout\": 0}}");
	cr_assert(eq(sz, json_array_size(returned()), 1));
	cr_assert(eq(i64,
		     json_integer_value(json_object_get(json_array_get(returned(), 0), "flushes")),
		     0));
}

/* --- wait-screen --- */

static void dump_golden(void)
{
	ask_placed("{\"execute\": \"screendump\", \"arguments\": {\"filename\": \"$/golden.png\", "
		   "\"format\": \"png\"}}");
	(void)returned();
}

Test(qmp_screen, wait_ends_when_the_picture_is_there)
{
	dump_golden();
	ask_placed(
		"{\"execute\": \"x-thunderlake-wait-screen\", \"id\": 9, \"arguments\": {\"file\": "
		"\"$/golden.png\"}}");
	cr_assert(eq(str,
		     (char *)(uintptr_t)json_string_value(json_object_get(returned(), "matched")),
		     (char *)(uintptr_t) "image"));
	cr_assert(eq(i64, json_integer_value(json_object_get(reply, "id")), 9));
}

Test(qmp_screen, wait_that_times_out_leaves_a_picture_of_what_differs)
{
	struct image *image;

	dump_golden();
	pixels[77] = 0xffffffffu;
	ask_placed("{\"execute\": \"x-thunderlake-wait-screen\", \"arguments\": {\"file\": "
		   "\"$/golden.png\", \"timeout-ms\": 20, \"difference\": \"$/d.png\"}}");
	cr_assert(ne(ptr, strstr(refusal(), "1 of 1200 pixels differ"), NULL), "%s", refusal());
	image = read_png("$/d.png");
	cr_assert(eq(u32, image->pixels[77] & 0xffffff, 0xff0000));
	free(image);
}

Test(qmp_screen, wait_tolerates_as_much_as_it_is_told)
{
	dump_golden();
	pixels[0] += 5;
	ask_placed("{\"execute\": \"x-thunderlake-wait-screen\", \"arguments\": {\"file\": "
		   "\"$/golden.png\", \"timeout-ms\": 20, \"tolerance\": 4}}");
	cr_assert(ne(ptr, strstr(refusal(), "timed out"), NULL), "%s", refusal());
	ask_placed("{\"execute\": \"x-thunderlake-wait-screen\", \"arguments\": {\"file\": "
		   "\"$/golden.png\", \"timeout-ms\": 20, \"tolerance\": 5}}");
	(void)returned();
	pixels[0] = 0xffffffffu;
	ask_placed("{\"execute\": \"x-thunderlake-wait-screen\", \"arguments\": {\"file\": "
		   "\"$/golden.png\", \"timeout-ms\": 20, \"tolerance-permille\": 1}}");
	(void)returned();
}

Test(qmp_screen, wait_for_a_stable_screen)
{
	ask_placed(
		"{\"execute\": \"x-thunderlake-wait-screen\", \"arguments\": {\"stable-ms\": 20}}");
	cr_assert(eq(str,
		     (char *)(uintptr_t)json_string_value(json_object_get(returned(), "matched")),
		     (char *)(uintptr_t) "stable"));
}

Test(qmp_screen, wait_for_a_blank_screen_says_that_it_is_blank)
{
	ask_placed("{\"execute\": \"x-thunderlake-wait-screen\", \"arguments\": {\"stable-ms\": 1, "
		   "\"timeout-ms\": 10, \"scanout\": 1, \"difference\": \"$/d.png\"}}");
	cr_assert(ne(ptr, strstr(refusal(), "blank"), NULL), "%s", refusal());
}

static const char *const bad_waits[] = {
	"{}",
	"{\"file\": \"$/none.png\"}",
	"{\"file\": \"$/no.png\"}",
	"{\"stable-ms\": -1}",
	"{\"stable-ms\": 1, \"timeout-ms\": 1000000000000}",
	"{\"stable-ms\": 1, \"scanout\": 2}",
	"{\"stable-ms\": 1, \"tolerance\": 256}",
	"{\"stable-ms\": 1, \"region\": {\"x\": 0}}",
	"{\"stable-ms\": 1, \"region\": {\"x\": 0, \"y\": 0, \"width\": 0, \"height\": 1}}",
	"{\"file\":\"$/golden.png\",\"region\":{\"x\":39,\"y\":0,\"width\":2,\"height\":1}}",
};

Test(qmp_screen, wait_refuses_what_cannot_come)
{
	AUTO_FREE char *path = place("$/no.png");

	dump_golden();
	cr_assert(eq(int, small_file_write(path, "no PNG", 6), 0));
	for (size_t i = 0; i < ARRAY_SIZE(bad_waits); i++) {
		char request[256];

		(void)snprintf(request, sizeof(request),
			       "{\"execute\": \"x-thunderlake-wait-screen\", \"arguments\": %s}",
			       bad_waits[i]);
		ask_placed(request);
		cr_assert(ne(ptr, json_object_get(reply, "error"), NULL), "%s", bad_waits[i]);
		cr_assert(eq(ptr, strstr(refusal(), "timed out"), NULL), "%s", bad_waits[i]);
	}
}

Test(qmp_screen, wait_whose_client_leaves_is_forgotten)
{
	static const char request[] = "{\"execute\": \"x-thunderlake-wait-screen\", "
				      "\"arguments\": {\"stable-ms\": 100000}}";

	cr_assert(eq(ptr, qmp_dispatch(&session, request, strlen(request)), NULL));
	cr_assert(ne(ptr, session.pending, NULL));
	qmp_cancel(&session);
	cr_assert(eq(ptr, session.pending, NULL));
}

/* --- clipboard --- */

static char *copied(void)
{
	return (char *)(uintptr_t)json_string_value(json_object_get(returned(), "text"));
}

Test(qmp_screen, text_is_set_and_got)
{
	ask_placed("{\"execute\": \"x-thunderlake-clipboard-get\"}");
	cr_assert(eq(str,
		     (char *)(uintptr_t)json_string_value(json_object_get(returned(), "format")),
		     (char *)(uintptr_t) "none"));
	ask_placed(
		"{\"execute\": \"x-thunderlake-clipboard-set\", \"arguments\": {\"text\": \"ä\\n\"}}");
	(void)returned();
	ask_placed("{\"execute\": \"x-thunderlake-clipboard-get\"}");
	cr_assert(eq(str, copied(), (char *)(uintptr_t) "ä\n"));
}

Test(qmp_screen, image_is_set_and_got_by_file)
{
	struct image *image;

	dump_golden();
	ask_placed("{\"execute\": \"x-thunderlake-clipboard-set\", \"arguments\": {\"file\": "
		   "\"$/golden.png\"}}");
	(void)returned();
	ask_placed("{\"execute\": \"x-thunderlake-clipboard-get\"}");
	cr_assert(ne(ptr, strstr(refusal(), "'file'"), NULL));
	ask_placed("{\"execute\": \"x-thunderlake-clipboard-get\", \"arguments\": {\"file\": "
		   "\"$/copy.png\"}}");
	cr_assert(eq(str,
		     (char *)(uintptr_t)json_string_value(json_object_get(returned(), "format")),
		     (char *)(uintptr_t) "png"));
	image = read_png("$/copy.png");
	cr_assert(eq(u32, image->width, WIDTH));
	free(image);
}

Test(qmp_screen, clipboard_refuses_what_is_too_long_or_not_allowed)
{
	static const struct clipboard_directions to_host = { .to_host = true };
	AUTO_FREE char *path = place("$/long");
	AUTO_FREE uint8_t *bytes = calloc(1, CLIPBOARD_BYTES_MAX + 1);

	memset(bytes, 'x', CLIPBOARD_BYTES_MAX + 1);
	cr_assert(eq(int, small_file_write(path, bytes, CLIPBOARD_BYTES_MAX + 1), 0));
	ask_placed(
		"{\"execute\": \"x-thunderlake-clipboard-set\", \"arguments\": {\"file\": \"$/long\"}}");
	cr_assert(ne(ptr, strstr(refusal(), "8 MiB"), NULL), "%s", refusal());
	ask_placed(
		"{\"execute\": \"x-thunderlake-clipboard-set\", \"arguments\": {\"file\": \"$/no\"}}");
	cr_assert(ne(ptr, strstr(refusal(), "/no'"), NULL), "%s", refusal());
	ask_placed("{\"execute\": \"x-thunderlake-clipboard-set\"}");
	cr_assert(ne(ptr, strstr(refusal(), "either"), NULL), "%s", refusal());
	clipboard_set_directions(machine.clipboard, &to_host);
	ask_placed(
		"{\"execute\": \"x-thunderlake-clipboard-set\", \"arguments\": {\"text\": \"x\"}}");
	cr_assert(ne(ptr, strstr(refusal(), "--clipboard"), NULL), "%s", refusal());
}

/* --- films --- */

Test(qmp_screen, film_is_begun_and_ended)
{
	AUTO_FREE char *path = place("$/a,b.y4m");

	ask_placed(
		"{\"execute\": \"x-thunderlake-record\", \"arguments\": {\"action\": \"stop\"}}");
	cr_assert(ne(ptr, strstr(refusal(), "nothing"), NULL), "%s", refusal());
	ask_placed("{\"execute\": \"x-thunderlake-record\", \"arguments\": {\"action\": \"start\", "
		   "\"file\": \"$/a,b.y4m\", \"rate\": 100}}");
	(void)returned();
	ask_placed("{\"execute\": \"x-thunderlake-query-record\"}");
	cr_assert(eq(str, (char *)(uintptr_t)json_string_value(json_object_get(returned(), "file")),
		     path));
	ask_placed(
		"{\"execute\": \"x-thunderlake-record\", \"arguments\": {\"action\": \"stop\"}}");
	cr_assert(ne(ptr, json_object_get(returned(), "frames"), NULL));
	ask_placed("{\"execute\": \"x-thunderlake-query-record\"}");
	cr_assert(eq(sz, json_object_size(returned()), 0));
}

static const char *const bad_films[] = {
	"{\"action\": \"go\"}",
	"{\"action\": \"start\"}",
	"{\"action\": \"start\", \"file\": \"$/film.gif\"}",
	"{\"action\": \"start\", \"file\": \"$/a,b.y4m\", \"scanout\": 2}",
	"{\"action\": \"start\", \"file\": \"$/a,b.y4m\", \"rate\": 100000}",
	"{\"action\": \"start\", \"file\": \"$/none/a.y4m\"}",
};

Test(qmp_screen, film_that_cannot_be_is_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_films); i++) {
		char request[256];

		(void)snprintf(request, sizeof(request),
			       "{\"execute\": \"x-thunderlake-record\", \"arguments\": %s}",
			       bad_films[i]);
		ask_placed(request);
		cr_assert(ne(ptr, json_object_get(reply, "error"), NULL), "%s", bad_films[i]);
	}
}

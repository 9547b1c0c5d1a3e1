/* SPDX-License-Identifier: MIT */
/* LINK: display/vnc.c display/vnc_library.c display/vnc_server.c display/vnc_listen.c
 * display/vnc_handshake.c display/vnc_tls.c display/vnc_client.c display/vnc_messages.c
 * display/vnc_copy.c display/vnc_text.c display/vnc_input.c display/vnc_keys.c
 * display/vnc_picture.c display/display.c display/display_viewer.c display/display_stats.c
 * display/cursor.c display/display_capture.c display/cursor_draw.c display/image.c display/pixels.c
 * display/surface.c display/damage.c display/rect.c display/input.c display/input_sinks.c
 * display/clipboard.c display/keymap.c display/keymap_us.c display/keymap_xkb.c
 *       tests/unit/display/vnc_viewer.c tests/unit/display/vnc_machine.c */
/* LIBS: libvncserver zlib */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/unit/display/vnc_machine.h"
#include "vmm/base/bytes.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

/* Copied texts between viewers and the guest, which is a peer of the clipboard here. */
#define ACTION_CAPS    (1u << 24)
#define ACTION_REQUEST (1u << 25)
#define ACTION_NOTIFY  (1u << 27)
#define ACTION_PROVIDE (1u << 28)
#define FORMAT_TEXT    1u

static struct vnc_machine machine;
static struct clipboard_peer guest;
static _Atomic unsigned wakes;

static void on_wake(void *arg)
{
	(void)arg;
	atomic_fetch_add(&wakes, 1);
}

static void set_up(void)
{
	vnc_machine_init(&machine);
	cr_assert(eq(int, vnc_machine_start(&machine, ""), 0), "%s", machine.err.text);
	guest = (struct clipboard_peer){ .side = CLIPBOARD_GUEST, .wake = on_wake };
	clipboard_add_peer(machine.env.clipboard, &guest);
}

static void tear_down(void)
{
	clipboard_remove_peer(machine.env.clipboard, &guest);
	vnc_machine_finish(&machine);
}

TestSuite(vnc_copy, .init = set_up, .fini = tear_down, .timeout = 30);

static struct vnc_viewer *join(bool extended)
{
	const int32_t encodings[] = { ENCODING_RAW, ENCODING_CLIPBOARD };
	struct vnc_viewer *viewer = vnc_machine_connect(&machine);

	vnc_viewer_join(viewer);
	vnc_viewer_set_encodings(viewer, encodings, extended ? 2 : 1);
	if (extended) {
		cr_assert(vnc_viewer_take_text(viewer)); /* the server's abilities */
		cr_assert(viewer->is_extended);
	}
	vnc_viewer_see(viewer);
	return viewer;
}

static void guest_copies(const char *text, size_t length)
{
	cr_assert(eq(int,
		     clipboard_put(machine.env.clipboard, &guest, CLIPBOARD_TEXT, text, length),
		     0));
}

static void expect_in_guest(const char *text, size_t length)
{
	struct clipboard_content *content;
	uint64_t limit = clock_now_ns() + UINT64_C(5000000000);

	while (atomic_load(&wakes) == 0) {
		cr_assert(lt(u64, clock_now_ns(), limit), "the guest hears nothing");
		(void)usleep(1000);
	}
	atomic_store(&wakes, 0);
	content = clipboard_get(machine.env.clipboard, CLIPBOARD_GUEST);
	cr_assert(ne(ptr, content, NULL));
	cr_assert(eq(sz, content->length, length));
	cr_assert(eq(int, memcmp(content->bytes, text, length), 0));
	clipboard_content_put(content);
}

/* --- Latin-1 --- */

Test(vnc_copy, viewer_copies)
{
	struct vnc_viewer *viewer = join(false);

	vnc_viewer_copy(viewer, "K\xe4se\r\n", 6);
	expect_in_guest("Käse\n", 6);
	vnc_viewer_free(viewer);
}

Test(vnc_copy, guest_copies)
{
	struct vnc_viewer *viewer = join(false);

	guest_copies("Käse €", 9);
	cr_assert(vnc_viewer_take_text(viewer));
	cr_assert(not(viewer->is_extended));
	cr_assert(eq(uint, viewer->text_length, 6));
	cr_assert(eq(str, viewer->text, "K\xe4se ?"));
	vnc_viewer_free(viewer);
}

Test(vnc_copy, a_mebibyte_passes)
{
	struct vnc_viewer *viewer = join(false);
	size_t length = 1 << 20;
	AUTO_FREE char *text = malloc(length);

	memset(text, 'x', length);
	vnc_viewer_copy(viewer, text, length);
	expect_in_guest(text, length);
	guest_copies(text, length);
	cr_assert(vnc_viewer_take_text(viewer));
	cr_assert(eq(uint, viewer->text_length, length));
	vnc_viewer_free(viewer);
}

Test(vnc_copy, what_is_too_long_is_skipped)
{
	struct vnc_viewer *viewer = join(false);
	size_t length = 10 << 20;
	AUTO_FREE char *text = calloc(1, length);

	vnc_viewer_copy(viewer, text, length);
	vnc_viewer_copy(viewer, "next", 4);
	expect_in_guest("next", 4);
	vnc_viewer_see(viewer);
	vnc_viewer_free(viewer);
}

Test(vnc_copy, direction_that_is_off_passes_nothing)
{
	const struct clipboard_directions off = { false, false };
	struct vnc_viewer *viewer = join(false);

	clipboard_set_directions(machine.env.clipboard, &off);
	vnc_viewer_copy(viewer, "secret", 6);
	vnc_viewer_see(viewer);
	cr_assert(eq(uint, atomic_load(&wakes), 0));
	vnc_viewer_free(viewer);
}

/* --- extended --- */

static void send_action(struct vnc_viewer *viewer, uint32_t flags, const void *bytes, size_t length)
{
	uint8_t head[12] = { 6 };

	store_le32(head + 4, __builtin_bswap32(-(uint32_t)(4 + length)));
	store_le32(head + 8, __builtin_bswap32(flags));
	vnc_viewer_send(viewer, head, sizeof(head));
	vnc_viewer_send(viewer, bytes, length);
}

/* The viewer takes texts of so many bytes unasked. */
static void send_abilities(struct vnc_viewer *viewer, uint32_t unasked)
{
	uint32_t size = __builtin_bswap32(unasked);

	send_action(viewer,
		    ACTION_CAPS | ACTION_REQUEST | ACTION_NOTIFY | ACTION_PROVIDE | FORMAT_TEXT,
		    &size, sizeof(size));
	vnc_viewer_see(viewer); /* it has been taken */
}

static void send_text(struct vnc_viewer *viewer, const char *text)
{
	uint8_t plain[64], deflated[128];
	uLongf size = sizeof(deflated);
	size_t length = strlen(text) + 1;

	store_le32(plain, __builtin_bswap32((uint32_t)length));
	memcpy(plain + 4, text, length);
	cr_assert(eq(int, compress(deflated, &size, plain, length + 4), Z_OK));
	send_action(viewer, ACTION_PROVIDE | FORMAT_TEXT, deflated, size);
}

static uint32_t taken_flags(const struct vnc_viewer *viewer)
{
	return __builtin_bswap32(load_le32(viewer->text));
}

static void expect_provided(struct vnc_viewer *viewer, const char *text)
{
	uint8_t plain[64];
	uLongf size = sizeof(plain);

	cr_assert(vnc_viewer_take_text(viewer));
	cr_assert(viewer->is_extended);
	cr_assert(eq(u32, taken_flags(viewer), ACTION_PROVIDE | FORMAT_TEXT));
	cr_assert(eq(int,
		     uncompress(plain, &size, (const uint8_t *)viewer->text + 4,
				viewer->text_length - 4),
		     Z_OK));
	cr_assert(eq(sz, size, strlen(text) + 5));
	cr_assert(eq(str, (char *)plain + 4, (char *)(uintptr_t)text));
}

Test(vnc_copy, viewer_copies_all_of_unicode)
{
	struct vnc_viewer *viewer = join(true);

	send_abilities(viewer, 1000);
	send_text(viewer, "5 €\r\n😀");
	expect_in_guest("5 €\n😀", 10);
	vnc_viewer_free(viewer);
}

Test(vnc_copy, guest_copies_all_of_unicode)
{
	struct vnc_viewer *viewer = join(true);

	send_abilities(viewer, 1000);
	guest_copies("5 €\n😀", 10);
	expect_provided(viewer, "5 €\r\n😀");
	vnc_viewer_free(viewer);
}

Test(vnc_copy, long_text_is_told_and_fetched)
{
	struct vnc_viewer *viewer = join(true);

	send_abilities(viewer, 4);
	guest_copies("a long text", 11);
	cr_assert(vnc_viewer_take_text(viewer));
	cr_assert(eq(u32, taken_flags(viewer), ACTION_NOTIFY | FORMAT_TEXT));
	send_action(viewer, ACTION_REQUEST | FORMAT_TEXT, "", 0);
	expect_provided(viewer, "a long text");
	vnc_viewer_free(viewer);
}

Test(vnc_copy, told_text_is_fetched)
{
	struct vnc_viewer *viewer = join(true);

	send_action(viewer, ACTION_NOTIFY | FORMAT_TEXT, "", 0);
	cr_assert(vnc_viewer_take_text(viewer));
	cr_assert(eq(u32, taken_flags(viewer), ACTION_REQUEST | FORMAT_TEXT));
	vnc_viewer_free(viewer);
}

Test(vnc_copy, damaged_text_ends_the_viewer)
{
	struct vnc_viewer *viewer = join(true);

	send_action(viewer, ACTION_PROVIDE | FORMAT_TEXT, "nonsense", 8);
	cr_assert(not(vnc_viewer_take_text(viewer)));
	vnc_viewer_free(viewer);
}

Test(vnc_copy, message_without_flags_ends_the_viewer)
{
	struct vnc_viewer *viewer = join(true);
	const uint8_t head[] = { 6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff };

	vnc_viewer_send(viewer, head, sizeof(head));
	cr_assert(not(vnc_viewer_take_text(viewer)));
	vnc_viewer_free(viewer);
}

/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/vdagent.c devices/virtio/vdagent_clipboard.c */
/* LINK: devices/virtio/vdagent_stream.c devices/char/ display/clipboard.c display/display.c */
/* LINK: display/display_viewer.c display/display_stats.c display/cursor.c display/pixels.c */
/* LINK: display/surface.c display/damage.c display/rect.c */
/* lint: long because both ends of one conversation are tested together. */
#include "devices/virtio/vdagent.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <spice/vd_agent.h>
#include <stdlib.h>
#include <string.h>

#include "devices/char/char.h"
#include "display/clipboard.h"
#include "display/display.h"
#include "display/surface.h"
#include "vmm/base/bytes.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"

#define MIB	  (1u << 20)
#define CAP(name) (1u << VD_AGENT_CAP_##name)
#define LINUX_AGENT                                                                   \
	(CAP(MONITORS_CONFIG) | CAP(CLIPBOARD_BY_DEMAND) | CAP(CLIPBOARD_SELECTION) | \
	 CAP(SPARSE_MONITORS_CONFIG) | CAP(GUEST_LINEEND_LF) | CAP(MAX_CLIPBOARD))
#define SELECTION_BYTES 4u

/* The guest's end of the port: keeps what comes, sends what it is told. */
static struct loop *loop;
static struct display *display;
static struct clipboard *clipboard;
static struct clipboard_peer window;
static unsigned window_wakes;
static struct char_backend *agent;
static uint8_t *came;
static size_t came_length, came_used, came_capacity, room;

static size_t on_input(void *arg, const uint8_t *bytes, size_t length)
{
	const size_t taken = MIN(length, room);

	(void)arg;
	while (came_length + taken >= came_capacity) {
		came = realloc(came, came_capacity = 2 * came_capacity + MIB);
	}
	memcpy(came + came_length, bytes, taken);
	came_length += taken;
	room -= taken;
	return taken;
}

static void on_window(void *arg)
{
	(void)arg;
	window_wakes++;
}

static void set_up(void)
{
	const struct clipboard_directions both = { true, true };
	const struct char_user user = { .on_input = on_input };
	struct error err = { "" };

	log_set_level(LOG_LEVEL_ERROR);
	came = NULL;
	came_length = came_used = 0;
	room = SIZE_MAX;
	window = (struct clipboard_peer){ .side = CLIPBOARD_HOST, .wake = on_window };
	window_wakes = 0;
	cr_assert(eq(int, loop_create("test", &loop), 0));
	cr_assert(eq(int, display_create(2, &display), 0));
	cr_assert(eq(int, clipboard_create(&both, &clipboard), 0));
	clipboard_add_peer(clipboard, &window);
	cr_assert(eq(int, vdagent_create(loop, clipboard, display, &user, &agent, &err), 0), "%s",
		  err.text);
}

static void tear_down(void)
{
	char_destroy(agent);
	clipboard_remove_peer(clipboard, &window);
	clipboard_destroy(clipboard);
	display_destroy(display);
	loop_destroy(loop);
	free(came);
}

TestSuite(vdagent, .init = set_up, .fini = tear_down, .timeout = 20);

/* --- the guest speaks --- */

static void send_raw(const void *bytes, size_t length)
{
	cr_assert(eq(sz, char_write(agent, bytes, length), length));
}

/* One message as spice-vdagentd sends it: all in one chunk. `claimed` is what the header says. */
static void send_claiming(uint32_t type, const void *data, size_t size, uint32_t claimed)
{
	const VDAgentMessage message = { .protocol = VD_AGENT_PROTOCOL,
					 .type = type,
					 .size = claimed };
	const VDIChunkHeader chunk = { .port = VDP_CLIENT_PORT,
				       .size = (uint32_t)(sizeof(message) + size) };

	send_raw(&chunk, sizeof(chunk));
	send_raw(&message, sizeof(message));
	send_raw(data, size);
}

static void send_message(uint32_t type, const void *data, size_t size)
{
	send_claiming(type, data, size, (uint32_t)size);
}

static void send_capabilities(uint32_t bits, bool is_request)
{
	const uint32_t data[] = { is_request, bits };

	send_message(VD_AGENT_ANNOUNCE_CAPABILITIES, data, sizeof(data));
}

/* A clipboard message with selection, type and bytes. */
static void send_clipboard(uint32_t message, uint8_t selection, uint32_t type, const void *bytes,
			   size_t length)
{
	uint8_t *data = calloc(1, 2 * SELECTION_BYTES + length);

	data[0] = selection;
	store_le32(data + SELECTION_BYTES, type);
	memcpy(data + 2 * SELECTION_BYTES, bytes, length);
	send_message(message, data, 2 * SELECTION_BYTES + length);
	free(data);
}

static void send_about_text(uint32_t message, const void *text, size_t length)
{
	send_clipboard(message, 0, VD_AGENT_CLIPBOARD_UTF8_TEXT, text, length);
}

/* --- the guest hears --- */

struct heard {
	uint32_t type;
	size_t size;
	uint8_t *data; /* owned */
};

/* The next message of the host, put together from its chunks; type 0: none. */
static struct heard hear(void)
{
	struct heard heard = { 0 };
	VDAgentMessage message;
	uint8_t *all = NULL;
	size_t capacity = 0;
	size_t got = 0;
	size_t wanted = sizeof(message);

	while (came_used < came_length && got < wanted) {
		VDIChunkHeader chunk;

		memcpy(&chunk, came + came_used, sizeof(chunk));
		cr_assert(eq(u32, chunk.port, VDP_CLIENT_PORT));
		cr_assert(le(u32, chunk.size, VD_AGENT_MAX_DATA_SIZE));
		came_used += sizeof(chunk);
		if (!all || got + chunk.size > capacity) {
			capacity = 2 * (got + chunk.size) + 1;
			all = realloc(all, capacity);
		}
		memcpy(all + got, came + came_used, chunk.size);
		came_used += chunk.size;
		got += chunk.size;
		if (wanted == sizeof(message)) {
			memcpy(&message, all, sizeof(message));
			cr_assert(eq(u32, message.protocol, VD_AGENT_PROTOCOL));
			wanted += message.size;
		}
	}
	if (all) {
		/* spice-vdagentd gives up on a chunk that goes beyond its message. */
		cr_assert(eq(sz, got, wanted));
		heard = (struct heard){ message.type, message.size, malloc(message.size + 1) };
		memcpy(heard.data, all + sizeof(message), message.size);
		free(all);
	}
	return heard;
}

/* Hears messages until one of this type, which must come. */
static struct heard expect(uint32_t type)
{
	struct heard heard = hear();

	while (heard.type && heard.type != type) {
		free(heard.data);
		heard = hear();
	}
	cr_assert(eq(u32, heard.type, type));
	return heard;
}

static void expect_silence(void)
{
	const struct heard heard = hear();

	cr_assert(eq(u32, heard.type, 0));
}

/* Runs what was posted. */
static void stop(void *arg)
{
	loop_stop(arg);
}

static void settle(void)
{
	struct loop_task task;

	loop_task_init(&task, stop, loop);
	loop_post(loop, &task);
	loop_run(loop);
}

/* The same, for as long as a guest has to follow a wish by itself. */
static void settle_patiently(void)
{
	struct loop_timer timer;

	settle();
	loop_timer_init(&timer, stop, loop);
	loop_timer_arm(loop, &timer, clock_now_ns() + VDAGENT_PATIENCE_NS);
	loop_run(loop);
}

static void connect_agent(uint32_t capabilities)
{
	char_set_guest_open(agent, true);
	send_capabilities(capabilities, false);
	came_used = came_length;
}

static int copy_on_host(enum clipboard_format format, const void *bytes, size_t length)
{
	int code = clipboard_put(clipboard, &window, format, bytes, length);

	settle();
	return code;
}

static bool host_has(const void *bytes, size_t length)
{
	struct clipboard_content *content = clipboard_get(clipboard, CLIPBOARD_HOST);
	const bool has =
		content && content->length == length && memcmp(content->bytes, bytes, length) == 0;

	clipboard_content_put(content);
	return has;
}

/* --- capabilities --- */

Test(vdagent, both_ends_announce_what_they_can)
{
	struct heard heard;

	char_set_guest_open(agent, true);
	heard = expect(VD_AGENT_ANNOUNCE_CAPABILITIES);
	cr_assert(eq(u32, load_le32(heard.data), 1));
	cr_assert(ne(u32, load_le32(heard.data + 4) & CAP(CLIPBOARD_BY_DEMAND), 0));
	cr_assert(ne(u32, load_le32(heard.data + 4) & CAP(CLIPBOARD_SELECTION), 0));
	free(heard.data);
	send_capabilities(LINUX_AGENT, true);
	heard = expect(VD_AGENT_ANNOUNCE_CAPABILITIES);
	cr_assert(eq(u32, load_le32(heard.data), 0));
	free(heard.data);
	heard = expect(VD_AGENT_MAX_CLIPBOARD);
	cr_assert(eq(u32, load_le32(heard.data), CLIPBOARD_BYTES_MAX));
	free(heard.data);
}

Test(vdagent, says_nothing_to_a_closed_port)
{
	cr_assert(eq(int, copy_on_host(CLIPBOARD_TEXT, "x", 1), 0));
	cr_assert(eq(sz, came_length, 0));
}

/* --- host to guest --- */

static void expect_grab(uint32_t type)
{
	struct heard heard = expect(VD_AGENT_CLIPBOARD_GRAB);

	cr_assert(eq(sz, heard.size, 2 * SELECTION_BYTES));
	cr_assert(eq(u8, heard.data[0], VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD));
	cr_assert(eq(u32, load_le32(heard.data + SELECTION_BYTES), type));
	free(heard.data);
}

static void expect_data(uint32_t type, const void *bytes, size_t length)
{
	struct heard heard = expect(VD_AGENT_CLIPBOARD);

	cr_assert(eq(sz, heard.size, 2 * SELECTION_BYTES + length));
	cr_assert(eq(u32, load_le32(heard.data + SELECTION_BYTES), type));
	cr_assert(eq(int, memcmp(heard.data + 2 * SELECTION_BYTES, bytes, length), 0));
	free(heard.data);
}

Test(vdagent, text_of_the_host_is_pasted_in_the_guest)
{
	connect_agent(LINUX_AGENT);
	(void)copy_on_host(CLIPBOARD_TEXT, "from the host\n", 14);
	expect_grab(VD_AGENT_CLIPBOARD_UTF8_TEXT);
	send_about_text(VD_AGENT_CLIPBOARD_REQUEST, "", 0);
	expect_data(VD_AGENT_CLIPBOARD_UTF8_TEXT, "from the host\n", 14);
}

Test(vdagent, a_mebibyte_goes_through_a_narrow_port)
{
	uint8_t *text = malloc(MIB);

	for (size_t i = 0; i < MIB; i++) {
		text[i] = (uint8_t)('a' + i % 26);
	}
	connect_agent(LINUX_AGENT);
	(void)copy_on_host(CLIPBOARD_TEXT, text, MIB);
	expect_grab(VD_AGENT_CLIPBOARD_UTF8_TEXT);
	room = 1000;
	send_about_text(VD_AGENT_CLIPBOARD_REQUEST, "", 0);
	while (room == 0) {
		room = 1000;
		char_accept_input(agent);
	}
	expect_data(VD_AGENT_CLIPBOARD_UTF8_TEXT, text, MIB);
	free(text);
}

Test(vdagent, image_of_the_host_is_offered_as_png)
{
	static const char png[] = "\x89PNG\r\n\x1a\n.";

	connect_agent(LINUX_AGENT);
	(void)copy_on_host(CLIPBOARD_PNG, png, sizeof(png));
	expect_grab(VD_AGENT_CLIPBOARD_IMAGE_PNG);
	send_clipboard(VD_AGENT_CLIPBOARD_REQUEST, 0, VD_AGENT_CLIPBOARD_IMAGE_PNG, "", 0);
	expect_data(VD_AGENT_CLIPBOARD_IMAGE_PNG, png, sizeof(png));
}

Test(vdagent, what_was_copied_before_the_agent_came_is_offered)
{
	(void)copy_on_host(CLIPBOARD_TEXT, "early", 5);
	char_set_guest_open(agent, true);
	send_capabilities(LINUX_AGENT, false);
	expect_grab(VD_AGENT_CLIPBOARD_UTF8_TEXT);
}

Test(vdagent, request_that_cannot_be_met_gets_nothing)
{
	connect_agent(LINUX_AGENT);
	send_about_text(VD_AGENT_CLIPBOARD_REQUEST, "", 0);
	expect_data(VD_AGENT_CLIPBOARD_NONE, "", 0);
	(void)copy_on_host(CLIPBOARD_TEXT, "x", 1);
	send_clipboard(VD_AGENT_CLIPBOARD_REQUEST, 0, VD_AGENT_CLIPBOARD_IMAGE_PNG, "", 0);
	expect_data(VD_AGENT_CLIPBOARD_NONE, "", 0);
	send_clipboard(VD_AGENT_CLIPBOARD_REQUEST, VD_AGENT_CLIPBOARD_SELECTION_PRIMARY,
		       VD_AGENT_CLIPBOARD_UTF8_TEXT, "", 0);
	expect_data(VD_AGENT_CLIPBOARD_NONE, "", 0);
}

Test(vdagent, closed_direction_takes_back_what_was_offered)
{
	const struct clipboard_directions off = { false, false };
	struct heard heard;

	connect_agent(LINUX_AGENT);
	(void)copy_on_host(CLIPBOARD_TEXT, "secret", 6);
	expect_grab(VD_AGENT_CLIPBOARD_UTF8_TEXT);
	clipboard_set_directions(clipboard, &off);
	send_about_text(VD_AGENT_CLIPBOARD_REQUEST, "", 0);
	heard = expect(VD_AGENT_CLIPBOARD);
	cr_assert(eq(u32, load_le32(heard.data + SELECTION_BYTES), VD_AGENT_CLIPBOARD_NONE));
	free(heard.data);
}

Test(vdagent, lines_of_a_guest_with_carriage_returns_are_made_and_unmade)
{
	connect_agent(LINUX_AGENT | CAP(GUEST_LINEEND_CRLF));
	(void)copy_on_host(CLIPBOARD_TEXT, "a\nb\n", 4);
	send_about_text(VD_AGENT_CLIPBOARD_REQUEST, "", 0);
	expect_data(VD_AGENT_CLIPBOARD_UTF8_TEXT, "a\r\nb\r\n", 6);
	send_about_text(VD_AGENT_CLIPBOARD_GRAB, "", 0);
	send_about_text(VD_AGENT_CLIPBOARD, "c\r\nd\re\r", 7);
	cr_assert(host_has("c\nd\re\r", 6));
}

/* --- guest to host --- */

static void expect_request(uint32_t type)
{
	struct heard heard = expect(VD_AGENT_CLIPBOARD_REQUEST);

	cr_assert(eq(u32, load_le32(heard.data + SELECTION_BYTES), type));
	free(heard.data);
}

Test(vdagent, text_of_the_guest_is_asked_for_and_put)
{
	connect_agent(LINUX_AGENT);
	send_about_text(VD_AGENT_CLIPBOARD_GRAB, "", 0);
	expect_request(VD_AGENT_CLIPBOARD_UTF8_TEXT);
	send_about_text(VD_AGENT_CLIPBOARD, "from the guest", 15);
	cr_assert(host_has("from the guest", 14));
	cr_assert(eq(uint, window_wakes, 1));
	settle();
	expect_silence();
}

Test(vdagent, text_is_preferred_to_its_picture)
{
	static const uint8_t more[] = { VD_AGENT_CLIPBOARD_IMAGE_BMP, 0, 0, 0,
					VD_AGENT_CLIPBOARD_UTF8_TEXT, 0, 0, 0 };

	connect_agent(LINUX_AGENT);
	send_clipboard(VD_AGENT_CLIPBOARD_GRAB, 0, VD_AGENT_CLIPBOARD_IMAGE_PNG, more,
		       sizeof(more));
	expect_request(VD_AGENT_CLIPBOARD_UTF8_TEXT);
	send_clipboard(VD_AGENT_CLIPBOARD_GRAB, 0, VD_AGENT_CLIPBOARD_IMAGE_PNG, more, 4);
	expect_request(VD_AGENT_CLIPBOARD_IMAGE_PNG);
	send_clipboard(VD_AGENT_CLIPBOARD_GRAB, 0, VD_AGENT_CLIPBOARD_IMAGE_TIFF, "", 0);
	expect_silence();
}

Test(vdagent, other_selections_of_the_guest_stay_there)
{
	connect_agent(LINUX_AGENT);
	send_clipboard(VD_AGENT_CLIPBOARD_GRAB, VD_AGENT_CLIPBOARD_SELECTION_PRIMARY,
		       VD_AGENT_CLIPBOARD_UTF8_TEXT, "", 0);
	expect_silence();
}

Test(vdagent, data_that_nobody_asked_for_is_ignored)
{
	connect_agent(LINUX_AGENT);
	send_about_text(VD_AGENT_CLIPBOARD, "x", 1);
	cr_assert(host_has("", 0) == false);
}

Test(vdagent, closed_direction_asks_for_nothing)
{
	const struct clipboard_directions to_guest = { true, false };

	clipboard_set_directions(clipboard, &to_guest);
	connect_agent(LINUX_AGENT);
	send_about_text(VD_AGENT_CLIPBOARD_GRAB, "", 0);
	expect_silence();
}

/* --- hostile guests --- */

Test(vdagent, text_over_the_limit_is_skipped_and_the_next_one_taken)
{
	const size_t size = 10 * MIB;
	uint8_t *text = malloc(size);

	memset(text, 'x', size);
	connect_agent(LINUX_AGENT);
	send_about_text(VD_AGENT_CLIPBOARD_GRAB, "", 0);
	send_about_text(VD_AGENT_CLIPBOARD, text, size);
	cr_assert(eq(uint, window_wakes, 0));
	send_about_text(VD_AGENT_CLIPBOARD, text, MIB);
	cr_assert(host_has(text, MIB));
	free(text);
}

Test(vdagent, nothing_instead_of_data_is_an_answer)
{
	connect_agent(LINUX_AGENT);
	send_about_text(VD_AGENT_CLIPBOARD_GRAB, "", 0);
	send_clipboard(VD_AGENT_CLIPBOARD, 0, VD_AGENT_CLIPBOARD_NONE, "", 0);
	send_about_text(VD_AGENT_CLIPBOARD, "late", 4);
	send_about_text(VD_AGENT_CLIPBOARD_GRAB, "", 0);
	send_about_text(VD_AGENT_CLIPBOARD, "", 0);
	cr_assert(eq(uint, window_wakes, 0));
}

Test(vdagent, broken_text_and_images_are_not_taken)
{
	connect_agent(LINUX_AGENT);
	send_about_text(VD_AGENT_CLIPBOARD_GRAB, "", 0);
	send_about_text(VD_AGENT_CLIPBOARD, "\xff", 1);
	send_clipboard(VD_AGENT_CLIPBOARD_GRAB, 0, VD_AGENT_CLIPBOARD_IMAGE_PNG, "", 0);
	send_clipboard(VD_AGENT_CLIPBOARD, 0, VD_AGENT_CLIPBOARD_IMAGE_PNG, "GIF89a", 6);
	cr_assert(eq(uint, window_wakes, 0));
}

Test(vdagent, messages_that_are_too_short_are_no_messages)
{
	connect_agent(LINUX_AGENT);
	send_message(VD_AGENT_ANNOUNCE_CAPABILITIES, "", 0);
	send_message(VD_AGENT_CLIPBOARD_GRAB, "", 0);
	send_message(VD_AGENT_CLIPBOARD_REQUEST, "abc", 3);
	send_message(VD_AGENT_CLIPBOARD_RELEASE, "", 0);
	send_message(VD_AGENT_CLIPBOARD, "abcdef", 6);
	send_message(0xffffffff, "x", 1);
	expect_silence();
}

Test(vdagent, nonsense_silences_the_agent_until_it_starts_again)
{
	static const uint8_t nonsense[64] = { 0xff, 0xff, 0xff, 0xff };

	connect_agent(LINUX_AGENT);
	send_raw(nonsense, sizeof(nonsense));
	send_about_text(VD_AGENT_CLIPBOARD_REQUEST, "", 0);
	expect_silence();
	char_set_guest_open(agent, false);
	connect_agent(LINUX_AGENT);
	send_about_text(VD_AGENT_CLIPBOARD_REQUEST, "", 0);
	expect_data(VD_AGENT_CLIPBOARD_NONE, "", 0);
}

Test(vdagent, half_a_message_is_forgotten_with_the_agent)
{
	connect_agent(LINUX_AGENT);
	send_claiming(VD_AGENT_CLIPBOARD, "abc", 3, 1000);
	char_set_guest_open(agent, false);
	connect_agent(LINUX_AGENT);
	send_about_text(VD_AGENT_CLIPBOARD_REQUEST, "", 0);
	expect_data(VD_AGENT_CLIPBOARD_NONE, "", 0);
}

Test(vdagent, message_is_put_together_from_single_bytes)
{
	const VDAgentMessage message = { .protocol = VD_AGENT_PROTOCOL,
					 .type = VD_AGENT_CLIPBOARD_REQUEST,
					 .size = 2 * SELECTION_BYTES };
	uint8_t body[sizeof(message) + 2 * SELECTION_BYTES] = { 0 };

	connect_agent(LINUX_AGENT);
	(void)copy_on_host(CLIPBOARD_TEXT, "x", 1);
	memcpy(body, &message, sizeof(message));
	body[sizeof(message) + SELECTION_BYTES] = VD_AGENT_CLIPBOARD_UTF8_TEXT;
	for (size_t i = 0; i < sizeof(body); i++) {
		const VDIChunkHeader chunk = { .port = VDP_CLIENT_PORT, .size = 1 };

		for (size_t k = 0; k < sizeof(chunk); k++) {
			send_raw((const uint8_t *)&chunk + k, 1);
		}
		send_raw(body + i, 1);
	}
	expect_data(VD_AGENT_CLIPBOARD_UTF8_TEXT, "x", 1);
}

Test(vdagent, guest_that_only_asks_fills_no_memory)
{
	uint8_t *text = malloc(CLIPBOARD_BYTES_MAX);
	size_t answers = 0;
	struct heard heard;

	memset(text, 'x', CLIPBOARD_BYTES_MAX);
	connect_agent(LINUX_AGENT);
	(void)copy_on_host(CLIPBOARD_TEXT, text, CLIPBOARD_BYTES_MAX);
	room = 0;
	for (unsigned i = 0; i < 10; i++) {
		send_about_text(VD_AGENT_CLIPBOARD_REQUEST, "", 0);
	}
	room = SIZE_MAX;
	char_accept_input(agent);
	while ((heard = hear()).type) {
		answers += heard.type == VD_AGENT_CLIPBOARD;
		free(heard.data);
	}
	cr_assert(eq(sz, answers, 2));
	free(text);
}

/* --- screens --- */

Test(vdagent, wish_of_another_size_is_passed_on)
{
	const struct display_mode mode = { .is_connected = true, .width = 1024, .height = 600 };
	VDAgentMonitorsConfig header;
	VDAgentMonConfig monitors[2];
	struct heard heard;

	connect_agent(LINUX_AGENT);
	cr_assert(eq(int, display_request_mode(display, 0, &mode), 0));
	settle();
	expect_silence();
	settle_patiently();
	heard = expect(VD_AGENT_MONITORS_CONFIG);
	cr_assert(eq(sz, heard.size, sizeof(header) + sizeof(monitors)));
	memcpy(&header, heard.data, sizeof(header));
	memcpy(monitors, heard.data + sizeof(header), sizeof(monitors));
	cr_assert(eq(u32, header.num_of_monitors, 2));
	cr_assert(eq(u32, monitors[0].width, 1024));
	cr_assert(eq(u32, monitors[0].height, 600));
	cr_assert(eq(u32, monitors[1].width, 0));
	free(heard.data);
}

Test(vdagent, agent_without_gaps_hears_only_of_screens_that_are_on)
{
	const struct display_mode mode = { .is_connected = true, .width = 1024, .height = 600 };
	struct heard heard;

	connect_agent(CAP(MONITORS_CONFIG));
	cr_assert(eq(int, display_request_mode(display, 0, &mode), 0));
	settle_patiently();
	heard = expect(VD_AGENT_MONITORS_CONFIG);
	cr_assert(eq(u32, load_le32(heard.data), 1));
	free(heard.data);
}

Test(vdagent, desktop_that_follows_by_itself_is_left_alone)
{
	static uint32_t pixels[8 * 8];
	const struct display_mode mode = { .is_connected = true, .width = 8, .height = 8 };
	const struct surface_layout layout = { 8, 8, sizeof(pixels[0]) * 8, SURFACE_BGRX };
	const struct iovec whole = { pixels, sizeof(pixels) };
	const struct rect all = { 0, 0, 8, 8 };
	struct surface *surface;

	connect_agent(LINUX_AGENT);
	cr_assert(eq(int, display_request_mode(display, 0, &mode), 0));
	cr_assert(eq(int, surface_create(&layout, &whole, 1, 0, &surface), 0));
	display_show(display, 0, surface, &all);
	settle_patiently();
	expect_silence();
	display_show(display, 0, NULL, NULL);
	surface_put(surface);
}

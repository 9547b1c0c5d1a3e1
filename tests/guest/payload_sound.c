/* SPDX-License-Identifier: MIT */
#include "tests/bench/frames.h"
#include "tests/guest/runtime/disk.h"
#include "tests/guest/runtime/runtime.h"
#include "tests/guest/runtime/sound.h"

/*
 * What tests/bench/player.c is in a Linux guest, without one: plays by a virtio sound card, each
 * period as soon as there is room. Takes orders from COM1, a line each; the first one, whatever it
 * is, is answered by "ready":
 *
 *	numbers|clicks COUNT [disk]
 *
 * `numbers`: COUNT periods of numbered frames. `clicks`: that many clicks in silence, a quarter of
 * a second apart; the moment at which one is written is told on COM3. `disk`: reads the first
 * virtio disk meanwhile, as fast as it goes. The answer is "played WRITTEN LATE", in decimals: the
 * frames, and how often all periods had come back before the next was written.
 *
 * All of it runs in ring 3, natively also on a software KVM, and never rests.
 */
#define COM1_DATA	 0x3f8u
#define COM1_LINE_STATUS 0x3fdu
#define COM1_HAS_DATA	 1u
#define MARK_PORT	 0x3e8u
#define PERIOD_FRAMES	 480u
#define PERIODS		 4u
#define SILENT_PERIODS	 (FRAME_RATE / 4 / PERIOD_FRAMES)
#define LINE_BYTES	 64u
#define DATA_GPA	 0x4000000u /* 64 MiB: beyond the image */
#define DISK_READ_BYTES	 (1u << 20)
#define DISK_READS	 4u /* in flight */

_Static_assert(PERIODS <= SOUND_SLOTS, "each period has a slot");

enum mode {
	NUMBERS,
	CLICKS
};

static struct frame buffer[PERIODS][PERIOD_FRAMES];

struct player {
	enum mode mode;
	uint64_t periods; /* to be written */
	uint64_t written; /* periods */
	uint64_t returned;
	uint64_t late;
	bool is_started;
	bool reads_disk;
	uint64_t sector;
};

_Noreturn static void fail(const char *what)
{
	print("failed: ");
	print(what);
	print("\n");
	finish(1);
}

/* --- the disk --- */

static void read_disk(struct player *p, unsigned slot)
{
	disk_read(slot, p->sector, DATA_GPA + (uint64_t)slot * DISK_READ_BYTES, DISK_READ_BYTES);
	p->sector += DISK_READ_BYTES / DISK_SECTOR_BYTES;
	if (p->sector + DISK_READ_BYTES / DISK_SECTOR_BYTES > disk_sectors()) {
		p->sector = 0;
	}
}

static void start_disk(struct player *p)
{
	for (unsigned slot = 0; slot < DISK_READS; slot++) {
		read_disk(p, slot);
	}
	disk_ring();
}

/* Whether all is well. */
static bool renew_disk(struct player *p)
{
	int slot = disk_reap();

	if (slot >= 0) {
		read_disk(p, (unsigned)slot);
		disk_ring();
	}
	return slot >= -1;
}

static void drain_disk(void)
{
	for (unsigned left = DISK_READS; left > 0;) {
		left -= disk_reap() != -1;
	}
}

/* --- sound --- */

/* Whether the period has a click. */
static bool fill(const struct player *p, struct frame *frames)
{
	const bool has_click =
		p->mode == CLICKS && p->written % SILENT_PERIODS == SILENT_PERIODS - 1;

	for (unsigned i = 0; i < PERIOD_FRAMES; i++) {
		if (p->mode == NUMBERS) {
			frames[i] = frame_of_number(p->written * PERIOD_FRAMES + i);
		} else {
			const int16_t level = has_click && i < CLICK_FRAMES ? INT16_MAX : 0;

			frames[i] = (struct frame){ level, level };
		}
	}
	return has_click;
}

static void write_period(struct player *p)
{
	const unsigned slot = (unsigned)(p->written % PERIODS);

	if (fill(p, buffer[slot])) {
		outb(MARK_PORT, MARK_BYTE);
	}
	sound_write(slot, buffer[slot], sizeof(buffer[slot]));
	p->written++;
}

/* A step of playing: NULL, or what failed. */
static const char *step(struct player *p)
{
	int slot;

	if (p->written < p->periods && p->written - p->returned < PERIODS) {
		p->late += p->is_started && p->written == p->returned;
		write_period(p);
	}
	if (!p->is_started && (p->written == PERIODS || p->written == p->periods)) {
		if (!sound_start()) {
			return "start";
		}
		p->is_started = true;
	}
	slot = sound_reap();
	if (slot == -2) {
		return "a period";
	}
	p->returned += slot >= 0;
	return p->reads_disk && !renew_disk(p) ? "the disk" : 0;
}

static const char *play(struct player *p)
{
	const char *failed = 0;

	if (!sound_prepare(sizeof(buffer[0]), PERIODS)) {
		return "parameters";
	}
	if (p->reads_disk) {
		start_disk(p);
	}
	while (!failed && p->returned < p->periods) {
		failed = step(p);
		__asm__ volatile("pause");
	}
	if (failed) {
		return failed;
	}
	if (p->reads_disk) {
		drain_disk();
	}
	return sound_stop() ? 0 : "stop";
}

/* --- orders --- */

static void read_line(char line[LINE_BYTES])
{
	unsigned used = 0;
	char byte = 0;

	while (byte != '\n') {
		while (!(inb(COM1_LINE_STATUS) & COM1_HAS_DATA)) {
			__asm__ volatile("pause");
		}
		byte = (char)inb(COM1_DATA);
		if (byte != '\n' && used < LINE_BYTES - 1) {
			line[used++] = byte;
		}
	}
	line[used] = '\0';
}

/* The first number in the line. */
static uint64_t number_in(const char *line)
{
	uint64_t value = 0;

	while (*line && (*line < '0' || *line > '9')) {
		line++;
	}
	for (; *line >= '0' && *line <= '9'; line++) {
		value = value * 10 + (uint64_t)(*line - '0');
	}
	return value;
}

static void print_decimal(uint64_t value)
{
	char digits[21], *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	print(at);
}

static void obey(const char *line, bool has_disk)
{
	struct player player = { .mode = has_word(line, "clicks") ? CLICKS : NUMBERS,
				 .periods = number_in(line),
				 .reads_disk = has_word(line, "disk") };
	const char *failed;

	if (player.mode == CLICKS) {
		player.periods *= SILENT_PERIODS;
	}
	failed = player.reads_disk && !has_disk ? "no disk" : play(&player);
	if (failed) {
		fail(failed);
	}
	print("played ");
	print_decimal(player.written * PERIOD_FRAMES);
	print(" ");
	print_decimal(player.late);
	print("\n");
}

void payload_main(const char *command_line)
{
	const bool has_disk = has_word(command_line, "disk");
	char line[LINE_BYTES];

	enter_user();
	if (!sound_find()) {
		fail("no sound card");
	}
	if (has_disk && !disk_find()) {
		fail("no disk");
	}
	read_line(line); /* somebody is there to hear an answer */
	print("ready\n");
	for (;;) {
		read_line(line);
		obey(line, has_disk);
	}
}

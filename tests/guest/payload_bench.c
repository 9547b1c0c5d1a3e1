/* SPDX-License-Identifier: MIT */
#include "tests/guest/runtime/disk.h"
#include "tests/guest/runtime/runtime.h"

/*
 * What tests/bench/run measures, chosen by a word of the command line. Each prints "started", which
 * is what the time from exec is taken to, and then "result CYCLES COUNT" in hexadecimal. All of it
 * runs in ring 3, natively also on a software KVM.
 */
#define UNUSED_PORT    0x2c0u
#define PORT_WRITES    20000u
#define TOUCH_GPA      0x4000000u /* 64 MiB: beyond the image */
#define TOUCH_PAGES    0x8000u	  /* 128 MiB */
#define PAGE_BYTES     4096u
#define DATA_GPA       0x4000000u
#define LARGE_BYTES    (1u << 20)
#define READS_ALONE    20000u
#define READS_AT_DEPTH 400000u
#define READS_LARGE    4096u
#define DEPTH	       32u
#define DEPTH_LARGE    4u

static uint64_t cycles(void)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static void tell(uint64_t spent, uint64_t count)
{
	print("result ");
	print_hex(spent);
	print(" ");
	print_hex(count);
	print("\n");
}

static void write_ports(void)
{
	uint64_t start = cycles();

	for (unsigned i = 0; i < PORT_WRITES; i++) {
		outb(UNUSED_PORT, 0);
	}
	tell(cycles() - start, PORT_WRITES);
}

static void touch_memory(void)
{
	uint64_t start = cycles();

	for (unsigned i = 0; i < TOUCH_PAGES; i++) {
		*mmio8(TOUCH_GPA + (uint64_t)i * PAGE_BYTES) = 1;
	}
	tell(cycles() - start, TOUCH_PAGES);
}

/* Which blocks are read: random ones, or one after the other. */
struct pattern {
	uint64_t state;
	uint32_t bytes;
	bool sequential;
};

static uint64_t next_sector(struct pattern *p)
{
	uint64_t blocks = disk_sectors() * DISK_SECTOR_BYTES / p->bytes;

	if (p->sequential) {
		p->state++;
	} else {
		p->state ^= p->state << 13;
		p->state ^= p->state >> 7;
		p->state ^= p->state << 17;
	}
	return p->state % blocks * (p->bytes / DISK_SECTOR_BYTES);
}

static void submit(struct pattern *p, unsigned slot)
{
	disk_read(slot, next_sector(p), DATA_GPA + (uint64_t)slot * p->bytes, p->bytes);
}

/* Takes what is finished and puts as many new requests into the queue. */
static unsigned renew(struct pattern *p)
{
	unsigned count = 0;
	int slot;

	while ((slot = disk_reap()) != -1) {
		if (slot < 0) {
			print("failed\n");
			finish(1);
		}
		submit(p, (unsigned)slot);
		count++;
	}
	if (count > 0) {
		disk_ring();
	} else {
		__asm__ volatile("pause");
	}
	return count;
}

static void read_disk(struct pattern p, unsigned depth, unsigned reads)
{
	unsigned warm = reads / 8;
	unsigned done = 0;
	uint64_t start;

	for (unsigned slot = 0; slot < depth; slot++) {
		submit(&p, slot);
	}
	disk_ring();
	while (done < warm) {
		done += renew(&p);
	}
	start = cycles();
	done = 0;
	while (done < reads) {
		done += renew(&p);
	}
	tell(cycles() - start, done);
}

static void run(const char *command_line)
{
	const struct pattern small = { .state = 88172645463325252, .bytes = 4096 };
	const struct pattern large = { .bytes = LARGE_BYTES, .sequential = true };

	if (has_word(command_line, "port")) {
		write_ports();
	} else if (has_word(command_line, "touch")) {
		touch_memory();
	} else if (has_word(command_line, "alone")) {
		read_disk(small, 1, READS_ALONE);
	} else if (has_word(command_line, "depth")) {
		read_disk(small, DEPTH, READS_AT_DEPTH);
	} else if (has_word(command_line, "large")) {
		read_disk(large, DEPTH_LARGE, READS_LARGE);
	}
}

void payload_main(const char *command_line)
{
	print("started\n");
	enter_user();
	if (has_word(command_line, "floor")) {
		disk_use_floor();
	} else if ((has_word(command_line, "disk") && !disk_find()) ||
		   (has_word(command_line, "disc") && !disk_find_optical())) {
		print("no disk\n");
		finish(1);
	}
	run(command_line);
	for (;;) {
		__asm__ volatile("pause");
	}
}

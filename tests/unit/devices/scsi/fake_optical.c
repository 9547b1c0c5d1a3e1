/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/scsi/fake_optical.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/compiler.h"

static void on_tray(void *owner, bool open)
{
	struct fake_optical *f = owner;

	f->tray_moves++;
	f->tray_open = open;
}

void fake_optical_init(struct fake_optical *f)
{
	static const uint8_t READY[6] = { 0 };
	const struct optical_config config = { .id = "cd0", .on_tray = on_tray, .owner = f };

	*f = (struct fake_optical){ .folder = "./test_optical.XXXXXX" };
	fake_bus_init(&f->bus);
	if (!mkdtemp(f->folder) || optical_create(&config, &f->drive) < 0 ||
	    scsi_bus_attach(&f->bus.bus, optical_unit(f->drive), 0, 0, NULL) < 0) {
		abort();
	}
	while (optical_unit(f->drive)->attentions.count > 0) {
		(void)fake_optical_run(f, READY, 0, 0);
	}
}

static const char *in_folder(const struct fake_optical *f, const char *name, char path[64])
{
	(void)snprintf(path, 64, "%s/%s", f->folder, name);
	return path;
}

void fake_optical_remove_files(const struct fake_optical *f)
{
	static const char *const NAMES[] = { "a.iso", "a.cue", "a.bin", "b.bin" };
	char path[64];

	for (unsigned i = 0; i < ARRAY_SIZE(NAMES); i++) {
		(void)unlink(in_folder(f, NAMES[i], path));
	}
	(void)rmdir(f->folder);
}

void fake_optical_finish(struct fake_optical *f)
{
	scsi_bus_detach(optical_unit(f->drive));
	optical_destroy(f->drive);
	fake_bus_finish(&f->bus);
	fake_optical_remove_files(f);
}

static int make_file(const struct fake_optical *f, const char *name)
{
	char path[64];
	int fd = open(in_folder(f, name, path), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0) {
		abort();
	}
	return fd;
}

static void put(int fd, const void *data, size_t bytes, off_t offset)
{
	if (pwrite(fd, data, bytes, offset) != (ssize_t)bytes) {
		abort();
	}
}

static struct disc *open_disc(const struct fake_optical *f, const char *name, enum disc_kind kind)
{
	char path[64];
	const struct disc_config config = { .path = in_folder(f, name, path), .kind = kind };
	struct disc *disc = NULL;
	struct error err;

	if (disc_open(f->bus.loop, &config, &disc, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		abort();
	}
	return disc;
}

struct disc *fake_optical_image(struct fake_optical *f, uint32_t sectors, enum disc_kind kind)
{
	AUTO_CLOSE int fd = make_file(f, "a.iso");

	if (ftruncate(fd, (off_t)sectors * DISC_DATA_BYTES) < 0) {
		abort();
	}
	for (uint32_t i = 0; i < MIN(sectors, 64); i++) {
		put(fd, &i, sizeof(i), (off_t)i * DISC_DATA_BYTES);
	}
	return open_disc(f, "a.iso", kind);
}

static void fill(int fd, unsigned sectors)
{
	uint8_t sector[DISC_RAW_BYTES];

	for (unsigned i = 0; i < sectors; i++) {
		memset(sector, (int)i, sizeof(sector));
		put(fd, sector, sizeof(sector), (off_t)i * DISC_RAW_BYTES);
	}
}

struct disc *fake_optical_cd(struct fake_optical *f)
{
	static const char SHEET[] = "CATALOG 0123456789012\n"
				    "FILE a.bin BINARY\n"
				    "TRACK 01 MODE1/2352\nINDEX 01 00:00:00\n"
				    "TRACK 02 AUDIO\nISRC GBAYE6800001\n"
				    "INDEX 00 00:08:00\nINDEX 01 00:10:00\n"
				    "REM SESSION 2\n"
				    "FILE b.bin BINARY\n"
				    "TRACK 03 MODE2/2352\nINDEX 01 00:00:00\n";
	AUTO_CLOSE int sheet = make_file(f, "a.cue");
	AUTO_CLOSE int a = make_file(f, "a.bin");
	AUTO_CLOSE int b = make_file(f, "b.bin");

	put(sheet, SHEET, sizeof(SHEET) - 1, 0);
	fill(a, 1200);
	fill(b, 300);
	return open_disc(f, "a.cue", DISC_BY_CONTENT);
}

void fake_optical_insert(struct fake_optical *f, struct disc *disc)
{
	static const uint8_t READY[6] = { 0 };
	uint32_t outcome;

	if (optical_open_tray(f->drive, true) < 0) {
		abort();
	}
	disc_close(optical_take_disc(f->drive));
	if (optical_put_disc(f->drive, disc) < 0) {
		abort();
	}
	optical_close_tray(f->drive);
	outcome = fake_optical_run(f, READY, 0, 0);
	assert(outcome == ATTENTION(SCSI_CODE_MEDIUM_MAY_HAVE_CHANGED) ||
	       outcome == NOT_READY(SCSI_CODE_BECOMING_READY));
	(void)outcome;
}

uint32_t fake_optical_run(struct fake_optical *f, const uint8_t *cdb, size_t in, size_t out)
{
	if (!fake_bus_start(&f->bus, &f->c, 0, cdb, in, out)) {
		scsi_bus_drain(&f->bus.bus);
	}
	assert(f->c.is_done);
	if (f->c.command.delivery != SCSI_DELIVERED) {
		return UINT32_MAX;
	}
	return f->c.command.status == SCSI_GOOD ? 0 : fake_sense_of(&f->c);
}

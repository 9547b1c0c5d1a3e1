/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/cue.c devices/scsi/cue_layout.c devices/scsi/disc_layout.c
 *       devices/scsi/disc_sector.c devices/scsi/disc_ecc.c */
/*
 * A hostile cue sheet. Input: two bytes, the sizes of its files (in sectors of 2352), then the
 * text. A disc that comes of it must be in order: extents rising, tracks inside.
 */
#include <stdlib.h>
#include <string.h>

#include "devices/scsi/cue.h"
#include "devices/scsi/disc_sector.h"
#include "vmm/base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct disc_layout *layout)
{
	uint32_t end = 0;

	for (unsigned i = 0; i < layout->extent_count; i++) {
		const struct disc_extent *e = &layout->extents[i];

		if (e->lba < end || e->sectors == 0 || !disc_layout_track(layout, e->track) ||
		    disc_layout_extent(layout, e->lba + e->sectors - 1) != e) {
			abort();
		}
		end = e->lba + e->sectors;
	}
	for (unsigned i = 0; i < layout->track_count; i++) {
		const struct disc_track *t = &layout->tracks[i];
		uint8_t subchannel[DISC_SUBCHANNEL_BYTES];

		if (t->pregap_lba > t->start_lba || t->start_lba >= t->end_lba ||
		    t->end_lba > end) {
			abort();
		}
		disc_sector_subchannel(layout, t->start_lba, subchannel);
	}
	if (disc_layout_sectors(layout) != end || end > DISC_CD_SECTORS_MAX) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cue_sheet sheet;
	struct disc_layout layout;
	struct error err;

	if (size < 2 || cue_parse(&sheet, "fuzz.cue", (const char *)data + 2, size - 2, &err) < 0) {
		return 0;
	}
	for (unsigned i = 0; i < sheet.file_count; i++) {
		sheet.files[i].bytes = (uint64_t)load_le16(data) * DISC_RAW_BYTES;
	}
	if (cue_layout(&sheet, &layout, &err) == 0) {
		check(&layout);
		disc_layout_finish(&layout);
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "devices/scsi/disc_layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_PER_MINUTE (60 * DISC_FRAMES_PER_SECOND)

struct disc_msf disc_msf_of(uint32_t lba)
{
	uint32_t frames = lba + DISC_MSF_OFFSET;

	return (struct disc_msf){
		.minute = (uint8_t)(frames / FRAMES_PER_MINUTE),
		.second = (uint8_t)(frames / DISC_FRAMES_PER_SECOND % 60),
		.frame = (uint8_t)(frames % DISC_FRAMES_PER_SECOND),
	};
}

int disc_lba_of(struct disc_msf msf, uint32_t *lba)
{
	uint32_t frames =
		msf.minute * FRAMES_PER_MINUTE + msf.second * DISC_FRAMES_PER_SECOND + msf.frame;

	if (msf.minute > 99 || msf.second > 59 || msf.frame >= DISC_FRAMES_PER_SECOND ||
	    frames < DISC_MSF_OFFSET) {
		return -EINVAL;
	}
	*lba = frames - DISC_MSF_OFFSET;
	return 0;
}

int disc_layout_init_image(struct disc_layout *layout, uint32_t sectors)
{
	*layout = (struct disc_layout){
		.tracks = { { .number = 1,
			      .session = 1,
			      .control = DISC_CONTROL_DATA,
			      .mode = DISC_MODE1,
			      .end_lba = sectors } },
		.track_count = 1,
		.sessions = { { .first_track = 1, .last_track = 1, .lead_out_lba = sectors } },
		.session_count = 1,
		.extents = calloc(1, sizeof(*layout->extents)),
		.extent_count = 1,
	};
	if (!layout->extents) {
		return -ENOMEM;
	}
	layout->extents[0] = (struct disc_extent){
		.sectors = sectors, .sector_bytes = DISC_DATA_BYTES, .track = 1, .index = 1
	};
	return 0;
}

void disc_layout_finish(struct disc_layout *layout)
{
	free(layout->extents);
	layout->extents = NULL;
	layout->extent_count = 0;
}

uint32_t disc_layout_sectors(const struct disc_layout *layout)
{
	return layout->sessions[layout->session_count - 1].lead_out_lba;
}

const struct disc_extent *disc_layout_extent(const struct disc_layout *layout, uint32_t lba)
{
	unsigned low = 0;
	unsigned high = layout->extent_count;

	/* The first extent that ends behind lba. */
	while (low < high) {
		unsigned middle = (low + high) / 2;
		const struct disc_extent *e = &layout->extents[middle];

		if (e->lba + e->sectors <= lba) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low == layout->extent_count || layout->extents[low].lba > lba) {
		return NULL;
	}
	return &layout->extents[low];
}

const struct disc_track *disc_layout_track(const struct disc_layout *layout, unsigned number)
{
	unsigned first = layout->tracks[0].number;

	if (number < first || number - first >= layout->track_count) {
		return NULL;
	}
	return &layout->tracks[number - first];
}

const struct disc_track *disc_layout_track_at(const struct disc_layout *layout, uint32_t lba)
{
	const struct disc_extent *extent = disc_layout_extent(layout, lba);

	return extent ? disc_layout_track(layout, extent->track) : NULL;
}

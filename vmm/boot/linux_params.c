/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"
#include "vmm/boot/boot_config.h"
#include "vmm/boot/e820.h"
#include "vmm/boot/layout.h"
#include "vmm/boot/loader.h"
#include "vmm/mem/guest_mem.h"

#define LOADER_UNDEFINED 0xffu /* boot.rst: no number is assigned to this loader */
#define VIDEO_NORMAL	 0xffffu
#define RNG_SEED_BYTES	 32u

/* A struct setup_data with its data. */
struct rng_seed {
	le64 next;
	le32 type;
	le32 length;
	uint8_t seed[RNG_SEED_BYTES];
};
_Static_assert(offsetof(struct rng_seed, seed) == sizeof(struct setup_data), "setup_data");

static int write_setup_data(const uint64_t *seed, struct guest_mem *mem)
{
	struct rng_seed node = {
		.type = le32_of(SETUP_RNG_SEED),
		.length = le32_of(RNG_SEED_BYTES),
	};

	memcpy(node.seed, seed, sizeof(node.seed));
	return guest_mem_write(mem, LAYOUT_SETUP_DATA_GPA, &node, sizeof(node));
}

static void fill_header(const struct boot_parameters *from, struct setup_header *header)
{
	*header = from->kernel->header;
	header->type_of_loader = LOADER_UNDEFINED;
	header->ext_loader_type = 0;
	header->ext_loader_ver = 0;
	header->loadflags &= (uint8_t)~CAN_USE_HEAP;
	header->vid_mode = VIDEO_NORMAL;
	header->cmd_line_ptr = LAYOUT_COMMAND_LINE_GPA;
	header->setup_data = LAYOUT_SETUP_DATA_GPA;
	/* Below 4 GiB by initrd_load; boot_params' extensions for more stay zero. */
	header->ramdisk_image = (uint32_t)from->initrd.gpa;
	header->ramdisk_size = (uint32_t)from->initrd.size;
}

/* As firmware of the EFI kind leaves it: no more than a place in memory, for which every kernel has
 * a driver. */
static void fill_screen_info(const struct boot_framebuffer *framebuffer, struct screen_info *info)
{
	*info = (struct screen_info){
		.orig_video_isVGA = VIDEO_TYPE_EFI,
		.capabilities = VIDEO_CAPABILITY_SKIP_QUIRKS,
		.lfb_base = (uint32_t)framebuffer->gpa,
		.lfb_size = framebuffer->stride * framebuffer->height,
		.lfb_width = (uint16_t)framebuffer->width,
		.lfb_height = (uint16_t)framebuffer->height,
		.lfb_linelength = (uint16_t)framebuffer->stride,
		.lfb_depth = 32,
		.pages = 1,
		.blue_size = 8,
		.green_size = 8,
		.green_pos = 8,
		.red_size = 8,
		.red_pos = 16,
		.rsvd_size = 8,
		.rsvd_pos = 24,
	};
}

int linux_params_write(const struct boot_parameters *parameters, struct guest_mem *mem)
{
	AUTO_FREE struct boot_params *params = calloc(1, sizeof(*params));
	const struct e820 *map = parameters->map;
	int rc;

	if (!params) {
		return -ENOMEM;
	}
	fill_header(parameters, &params->hdr);
	params->acpi_rsdp_addr = parameters->rsdp_gpa;
	for (size_t i = 0; i < map->count; i++) {
		params->e820_table[i] = (struct boot_e820_entry){
			.addr = map->entries[i].gpa,
			.size = map->entries[i].size,
			.type = map->entries[i].type,
		};
	}
	params->e820_entries = (uint8_t)map->count;
	if (parameters->framebuffer) {
		fill_screen_info(parameters->framebuffer, &params->screen_info);
	}
	rc = write_setup_data(parameters->rng_seed, mem);
	return rc ? rc : guest_mem_write(mem, LAYOUT_BOOT_PARAMS_GPA, params, sizeof(*params));
}

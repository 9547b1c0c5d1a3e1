/* SPDX-License-Identifier: MIT */
#include "devices/legacy/fw_cfg.h"

#include <endian.h>
#include <errno.h>
#include <linux/qemu_fw_cfg.h>
#include <stdio.h>
#include <string.h>

#include "devices/legacy/isa.h"
#include "vmm/base/bytes.h"
#include "vmm/base/log.h"
#include "vmm/base/thread.h"
#include "vmm/boot/layout.h"
#include "vmm/bus/bus.h"
#include "vmm/mem/guest_mem.h"

/* Offsets in the region. */
#define SELECTOR_OFFSET 0u
#define DATA_OFFSET	1u
#define DMA_HIGH_OFFSET 4u
#define DMA_LOW_OFFSET	8u
#define REGION_BYTES	12u

#define KEYS_MAX (FW_CFG_FILE_FIRST + FW_CFG_FILES_MAX)

/* What a DMA read may ask for beyond the end of an item, where zeros are read. */
#define ZEROS_MAX 65536u

struct item {
	uint8_t *bytes; /* owned */
	size_t length;
};

struct fw_cfg {
	struct io_region region;
	struct guest_mem *mem; /* borrowed; may be NULL */
	struct log_limit log_limit;

	struct mutex lock; /* guards all below */
	struct item items[KEYS_MAX];
	char names[FW_CFG_FILES_MAX][FW_CFG_MAX_FILE_PATH];
	unsigned file_count;
	uint16_t key; /* the selected item */
	size_t offset;
	uint64_t dma_gpa; /* as far as it is written */
};

/* --- items --- */

static int set_item(struct item *item, const void *bytes, size_t length)
{
	uint8_t *copy = malloc(length ? length : 1);

	if (!copy) {
		return -ENOMEM;
	}
	if (length) {
		memcpy(copy, bytes, length);
	}
	free(item->bytes);
	*item = (struct item){ copy, length };
	return 0;
}

/* The directory is an item like others: a count, then an entry for each file. */
static int write_directory_locked(struct fw_cfg *fw) REQUIRES(fw->lock)
{
	struct {
		__be32 count;
		struct fw_cfg_file files[FW_CFG_FILES_MAX];
	} directory = { .count = htobe32(fw->file_count) };

	for (unsigned i = 0; i < fw->file_count; i++) {
		struct fw_cfg_file *file = &directory.files[i];

		file->size = htobe32((uint32_t)fw->items[FW_CFG_FILE_FIRST + i].length);
		file->select = htobe16((uint16_t)(FW_CFG_FILE_FIRST + i));
		memcpy(file->name, fw->names[i], sizeof(file->name));
	}
	return set_item(&fw->items[FW_CFG_FILE_DIR], &directory,
			sizeof(directory.count) + fw->file_count * sizeof(directory.files[0]));
}

int fw_cfg_add_item(struct fw_cfg *fw, uint16_t key, const void *bytes, size_t length)
{
	int code;

	if (key >= FW_CFG_FILE_FIRST || length > UINT32_MAX) {
		return -EINVAL;
	}
	mutex_lock(&fw->lock);
	code = set_item(&fw->items[key], bytes, length);
	mutex_unlock(&fw->lock);
	return code;
}

/* The index of a file of this name, or of the place for a new one. */
static unsigned find_file_locked(const struct fw_cfg *fw, const char *name) REQUIRES(fw->lock)
{
	unsigned i = 0;

	while (i < fw->file_count && strcmp(fw->names[i], name) != 0) {
		i++;
	}
	return i;
}

int fw_cfg_add_file(struct fw_cfg *fw, const char *name, const void *bytes, size_t length)
{
	unsigned index;
	int code;

	if (strlen(name) >= FW_CFG_MAX_FILE_PATH || length > UINT32_MAX) {
		return -EINVAL;
	}
	mutex_lock(&fw->lock);
	index = find_file_locked(fw, name);
	code = index == FW_CFG_FILES_MAX
		       ? -ENOSPC
		       : set_item(&fw->items[FW_CFG_FILE_FIRST + index], bytes, length);
	if (code == 0) {
		(void)snprintf(fw->names[index], sizeof(fw->names[index]), "%s", name);
		fw->file_count = MAX(fw->file_count, index + 1);
		code = write_directory_locked(fw);
	}
	mutex_unlock(&fw->lock);
	return code;
}

/* --- reading --- */

static void select_locked(struct fw_cfg *fw, uint16_t key) REQUIRES(fw->lock)
{
	fw->key = key & (uint16_t)FW_CFG_ENTRY_MASK;
	fw->offset = 0;
}

/* What is left of the selected item. */
static size_t rest_locked(const struct fw_cfg *fw, const uint8_t **bytes) REQUIRES(fw->lock)
{
	const struct item *item;

	*bytes = NULL;
	if (fw->key >= KEYS_MAX) {
		return 0;
	}
	item = &fw->items[fw->key];
	if (fw->offset >= item->length) {
		return 0;
	}
	*bytes = item->bytes + fw->offset;
	return item->length - fw->offset;
}

static uint8_t read_next_locked(struct fw_cfg *fw) REQUIRES(fw->lock)
{
	const uint8_t *bytes;

	if (rest_locked(fw, &bytes) == 0) {
		return 0;
	}
	fw->offset++;
	return *bytes;
}

/* Copies `length` bytes of the item into guest memory, zeros after its end. */
static int dma_read_locked(struct fw_cfg *fw, uint64_t gpa, uint32_t length) REQUIRES(fw->lock)
{
	static const uint8_t zeros[ZEROS_MAX];
	const uint8_t *bytes;
	size_t there = rest_locked(fw, &bytes);
	size_t copied = MIN(there, (size_t)length);
	size_t missing = length - copied;
	uint64_t end_gpa;
	int code = 0;

	if (missing > ZEROS_MAX || __builtin_add_overflow(gpa, length, &end_gpa)) {
		return -EINVAL;
	}
	if (copied) {
		code = guest_mem_write(fw->mem, gpa, bytes, copied);
		fw->offset += copied;
	}
	if (code == 0 && missing) {
		code = guest_mem_write(fw->mem, gpa + copied, zeros, missing);
	}
	return code;
}

static int run_dma_locked(struct fw_cfg *fw, const struct fw_cfg_dma_access *access)
	REQUIRES(fw->lock)
{
	uint32_t control = be32toh(access->control);
	uint32_t length = be32toh(access->length);
	const uint8_t *bytes;

	if (control & FW_CFG_DMA_CTL_SELECT) {
		select_locked(fw, (uint16_t)(control >> 16));
	}
	if (control & FW_CFG_DMA_CTL_READ) {
		return dma_read_locked(fw, be64toh(access->address), length);
	}
	if (control & FW_CFG_DMA_CTL_WRITE) {
		return -EACCES;
	}
	if (control & FW_CFG_DMA_CTL_SKIP) {
		fw->offset += MIN(rest_locked(fw, &bytes), (size_t)length);
	}
	return 0;
}

/* The descriptor is copied once; the answer goes into its control field. */
static void run_descriptor_locked(struct fw_cfg *fw, uint64_t gpa) REQUIRES(fw->lock)
{
	struct fw_cfg_dma_access access;
	__be32 answer = 0;

	if (!fw->mem || guest_mem_read(fw->mem, gpa, &access, sizeof(access)) < 0) {
		log_guest(&fw->log_limit, "fw-cfg", "DMA descriptor is outside of memory");
		return;
	}
	if (run_dma_locked(fw, &access) < 0) {
		answer = htobe32(FW_CFG_DMA_CTL_ERROR);
	}
	(void)guest_mem_write(fw->mem, gpa + offsetof(struct fw_cfg_dma_access, control), &answer,
			      sizeof(answer));
}

/* --- ports --- */

static uint64_t read_dma_register(uint64_t offset, unsigned size)
{
	const uint64_t signature = htobe64(FW_CFG_DMA_SIGNATURE);
	uint8_t bytes[sizeof(signature)];

	memcpy(bytes, &signature, sizeof(bytes));
	return load_le(bytes + (offset - DMA_HIGH_OFFSET), size);
}

static uint64_t read_port(void *device, uint64_t offset, unsigned size)
{
	struct fw_cfg *fw = device;
	uint64_t value = 0;

	mutex_lock(&fw->lock);
	if (offset == DATA_OFFSET) {
		value = read_next_locked(fw);
	} else if (offset >= DMA_HIGH_OFFSET) {
		value = read_dma_register(offset, size);
	}
	mutex_unlock(&fw->lock);
	return value;
}

/* The address is big-endian; its second half, or all of it at once, starts the transfer. */
static void write_port(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct fw_cfg *fw = device;

	mutex_lock(&fw->lock);
	if (offset == SELECTOR_OFFSET && size == 2) {
		select_locked(fw, (uint16_t)value);
	} else if (offset == DMA_HIGH_OFFSET && size == 4) {
		fw->dma_gpa = (uint64_t)be32toh((uint32_t)value) << 32;
	} else if (offset == DMA_LOW_OFFSET && size == 4) {
		run_descriptor_locked(fw, fw->dma_gpa | be32toh((uint32_t)value));
		fw->dma_gpa = 0;
	} else if (offset == DMA_HIGH_OFFSET && size == 8) {
		run_descriptor_locked(fw, be64toh(value));
	}
	mutex_unlock(&fw->lock);
}

static const struct io_ops port_ops = { .read = read_port, .write = write_port };

/* --- the main thread --- */

static void finish(void *state)
{
	struct fw_cfg *fw = state;

	bus_unmap(&fw->region);
	for (unsigned i = 0; i < KEYS_MAX; i++) {
		free(fw->items[i].bytes);
	}
	mutex_finish(&fw->lock);
}

static int add_standard_items(struct fw_cfg *fw)
{
	const uint32_t id = htole32(FW_CFG_VERSION | FW_CFG_VERSION_DMA);
	const uint64_t ram = htole64(fw->mem ? guest_mem_size(fw->mem) : 0);
	int code = fw_cfg_add_item(fw, FW_CFG_SIGNATURE, "QEMU", FW_CFG_SIG_SIZE);

	if (code == 0) {
		code = fw_cfg_add_item(fw, FW_CFG_ID, &id, sizeof(id));
	}
	if (code == 0) {
		code = fw_cfg_add_item(fw, FW_CFG_RAM_SIZE, &ram, sizeof(ram));
	}
	mutex_lock(&fw->lock);
	if (code == 0) {
		code = write_directory_locked(fw);
	}
	mutex_unlock(&fw->lock);
	return code;
}

static int init(void *state, const struct device_env *env, const void *options, struct error *err)
{
	struct fw_cfg *fw = state;
	int code;

	(void)options;
	mutex_init(&fw->lock);
	fw->mem = env->mem;
	fw->region = (struct io_region){ .base = LAYOUT_FW_CFG_PORT,
					 .length = REGION_BYTES,
					 .ops = &port_ops,
					 .device = fw,
					 .name = "fw-cfg" };
	code = add_standard_items(fw);
	if (code < 0) {
		(void)error_set_errno(err, code, "fw-cfg");
	} else {
		code = isa_map(env, &fw->region, err);
	}
	if (code < 0) {
		finish(fw);
	}
	return code;
}

static void reset(void *state)
{
	struct fw_cfg *fw = state;

	mutex_lock(&fw->lock);
	select_locked(fw, FW_CFG_SIGNATURE);
	fw->dma_gpa = 0;
	mutex_unlock(&fw->lock);
}

const struct device_type fw_cfg_type = {
	.name = "fw-cfg",
	.help = "configuration for firmware",
	.state_size = sizeof(struct fw_cfg),
	.init = init,
	.reset = reset,
	.finish = finish,
};

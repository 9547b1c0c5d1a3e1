/* SPDX-License-Identifier: MIT */
/* LINK: devices/legacy/fw_cfg.c devices/legacy/isa.c vmm/bus/ vmm/kvm/ vmm/mem/
 *       tests/unit/devices/legacy/fake_pc.c */
#include "devices/legacy/fw_cfg.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <endian.h>
#include <errno.h>
#include <linux/qemu_fw_cfg.h>
#include <stdio.h>

#include "tests/unit/devices/legacy/fake_pc.h"
#include "vmm/boot/layout.h"
#include "vmm/mem/guest_mem.h"

#define DATA	  (LAYOUT_FW_CFG_PORT + 1)
#define DMA	  (LAYOUT_FW_CFG_PORT + 4)
#define ACCESS	  0x1000u
#define TARGET	  0x2000u
#define RAM_BYTES (64u << 20) /* of fake_pc */

static struct fake_pc pc;
static struct fw_cfg *fw;

static void set_up(void)
{
	fake_pc_init(&pc, true);
	fw = fake_pc_add(&pc, &fw_cfg_type, "");
}

static void tear_down(void)
{
	fake_pc_remove(&fw_cfg_type, fw);
	fake_pc_finish(&pc);
}

TestSuite(fw_cfg, .init = set_up, .fini = tear_down, .timeout = 10);

static void choose(uint16_t key)
{
	fake_pc_write(&pc, LAYOUT_FW_CFG_PORT, 2, key);
}

static void read_bytes(void *buffer, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		((uint8_t *)buffer)[i] = fake_pc_in(&pc, DATA);
	}
}

/* Runs a transfer as firmware does and returns the control field afterwards. */
static uint32_t transfer(uint32_t control, uint32_t length, uint64_t gpa)
{
	const struct fw_cfg_dma_access access = { .control = htobe32(control),
						  .length = htobe32(length),
						  .address = htobe64(gpa) };
	struct fw_cfg_dma_access after;

	cr_assert(eq(int, guest_mem_write(pc.env.mem, ACCESS, &access, sizeof(access)), 0));
	fake_pc_write(&pc, DMA, 4, 0);
	fake_pc_write(&pc, DMA + 4, 4, htobe32(ACCESS));
	cr_assert(eq(int, guest_mem_read(pc.env.mem, ACCESS, &after, sizeof(after)), 0));
	return be32toh(after.control);
}

Test(fw_cfg, signature_and_features_are_there)
{
	uint32_t id;
	char signature[5] = "";

	choose(FW_CFG_SIGNATURE);
	read_bytes(signature, 4);
	cr_assert(eq(str, signature, "QEMU"));
	choose(FW_CFG_ID);
	read_bytes(&id, sizeof(id));
	cr_assert(eq(u32, le32toh(id), 3));
	cr_assert(eq(u64, be64toh(fake_pc_read(&pc, DMA, 8)), FW_CFG_DMA_SIGNATURE));
}

Test(fw_cfg, file_is_found_by_its_name)
{
	struct fw_cfg_file entry;
	uint32_t count;
	char text[6] = "";

	cr_assert(eq(int, fw_cfg_add_file(fw, "etc/one", "first", 5), 0));
	cr_assert(eq(int, fw_cfg_add_file(fw, "etc/two", "2", 1), 0));
	cr_assert(eq(int, fw_cfg_add_file(fw, "etc/one", "again", 5), 0));
	choose(FW_CFG_FILE_DIR);
	read_bytes(&count, sizeof(count));
	cr_assert(eq(u32, be32toh(count), 2));
	read_bytes(&entry, sizeof(entry));
	cr_assert(eq(str, entry.name, "etc/one"));
	cr_assert(eq(u32, be32toh(entry.size), 5));
	choose(be16toh(entry.select));
	read_bytes(text, 5);
	cr_assert(eq(str, text, "again"));
	cr_assert(eq(u8, fake_pc_in(&pc, DATA), 0)); /* beyond the end */
}

Test(fw_cfg, dma_selects_skips_and_reads)
{
	char text[4] = "";

	cr_assert(eq(int, fw_cfg_add_item(fw, FW_CFG_UUID, "0123456789abcdef", 16), 0));
	cr_assert(
		eq(u32,
		   transfer(FW_CFG_UUID << 16 | FW_CFG_DMA_CTL_SELECT | FW_CFG_DMA_CTL_SKIP, 4, 0),
		   0));
	cr_assert(eq(u32, transfer(FW_CFG_DMA_CTL_READ, 3, TARGET), 0));
	cr_assert(eq(int, guest_mem_read(pc.env.mem, TARGET, text, 3), 0));
	cr_assert(eq(str, text, "456"));
	cr_assert(eq(u8, fake_pc_in(&pc, DATA), '7')); /* ports go on from there */
}

Test(fw_cfg, dma_reads_zeros_beyond_the_end)
{
	uint8_t bytes[6];

	cr_assert(eq(int, guest_mem_write(pc.env.mem, TARGET, "xxxxxx", 6), 0));
	choose(FW_CFG_SIGNATURE);
	cr_assert(eq(u32, transfer(FW_CFG_DMA_CTL_READ, 6, TARGET), 0));
	cr_assert(eq(int, guest_mem_read(pc.env.mem, TARGET, bytes, 6), 0));
	cr_assert(eq(u8, bytes[3], 'U'));
	cr_assert(eq(u8, bytes[5], 0));
}

struct bad_transfer {
	const char *what;
	uint32_t control;
	uint32_t length;
	uint64_t gpa;
};

ParameterizedTestParameters(fw_cfg, dma_refuses)
{
	static struct bad_transfer rows[] = {
		{ "writing", FW_CFG_DMA_CTL_WRITE, 4, TARGET },
		{ "the end of memory", FW_CFG_DMA_CTL_READ, 4, RAM_BYTES - 2 },
		{ "an address that wraps", FW_CFG_DMA_CTL_READ, 4, UINT64_MAX - 1 },
		{ "gigabytes of zeros", FW_CFG_DMA_CTL_READ, UINT32_MAX, TARGET },
		{ "zeros outside of memory", FW_CFG_DMA_CTL_READ, 4096, RAM_BYTES - 16 },
		{ "the descriptor's own hole", FW_CFG_DMA_CTL_READ, 4, 0xfee00000 },
	};

	return cr_make_param_array(struct bad_transfer, rows, sizeof(rows) / sizeof(rows[0]));
}

ParameterizedTest(struct bad_transfer *row, fw_cfg, dma_refuses)
{
	choose(FW_CFG_SIGNATURE);
	cr_assert(eq(u32, transfer(row->control, row->length, row->gpa), FW_CFG_DMA_CTL_ERROR),
		  "%s", row->what);
}

Test(fw_cfg, dma_descriptor_outside_of_memory_is_ignored)
{
	fake_pc_write(&pc, DMA, 8, htobe64(UINT64_C(0xfffffffffffffff8)));
	fake_pc_write(&pc, DMA, 8, htobe64(RAM_BYTES - 8));
	choose(FW_CFG_SIGNATURE);
	cr_assert(eq(u8, fake_pc_in(&pc, DATA), 'Q'));
}

Test(fw_cfg, unknown_keys_read_as_zeros)
{
	for (uint32_t key = 0; key <= UINT16_MAX; key += 7) {
		choose((uint16_t)key);
		(void)fake_pc_in(&pc, DATA);
	}
	choose(0x3fff);
	cr_assert(eq(u8, fake_pc_in(&pc, DATA), 0));
}

Test(fw_cfg, too_many_and_too_long_names_are_refused)
{
	char name[FW_CFG_MAX_FILE_PATH + 1];

	memset(name, 'a', sizeof(name));
	name[FW_CFG_MAX_FILE_PATH] = '\0';
	cr_assert(eq(int, fw_cfg_add_file(fw, name, "", 0), -EINVAL));
	cr_assert(eq(int, fw_cfg_add_item(fw, FW_CFG_FILE_FIRST, "", 0), -EINVAL));
	for (unsigned i = 0; i < FW_CFG_FILES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "file%u", i);
		cr_assert(eq(int, fw_cfg_add_file(fw, name, name, 1), 0));
	}
	cr_assert(eq(int, fw_cfg_add_file(fw, "one more", "", 0), -ENOSPC));
	choose(FW_CFG_FILE_FIRST + FW_CFG_FILES_MAX - 1);
	cr_assert(eq(u8, fake_pc_in(&pc, DATA), 'f'));
}

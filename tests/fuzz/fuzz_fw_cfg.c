/* SPDX-License-Identifier: MIT */
/* LINK: devices/legacy/fw_cfg.c devices/legacy/isa.c vmm/bus/ vmm/kvm/ vmm/mem/ */
/*
 * Firmware configuration read by a hostile guest. Input: 64 bytes of guest memory at DESCRIPTORS,
 * where DMA descriptors may lie; then six bytes for each access: direction and size, offset, value.
 */
#include <linux/qemu_fw_cfg.h>
#include <stdlib.h>
#include <string.h>

#include "devices/legacy/fw_cfg.h"
#include "vmm/base/bytes.h"
#include "vmm/base/log.h"
#include "vmm/boot/layout.h"
#include "vmm/bus/bus.h"
#include "vmm/mem/guest_mem.h"

#define DESCRIPTORS	 0x1000u
#define DESCRIPTOR_BYTES 64u
#define ACCESS_BYTES	 6u
#define ACCESSES_MAX	 64u
#define FW_CFG_PORTS	 12u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct device_env env;
static struct fw_cfg *fw;

static void make_device(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	fw = calloc(1, fw_cfg_type.state_size);
	if (!fw || bus_create(NULL, BUS_PIO, &env.pio) < 0 ||
	    guest_mem_create(NULL, GUEST_MEM_MIN_BYTES, &env.mem, NULL) < 0 ||
	    fw_cfg_type.init(fw, &env, NULL, NULL) < 0 ||
	    fw_cfg_add_file(fw, "etc/fuzz", "0123456789", 10) < 0) {
		abort();
	}
}

static void access_port(const uint8_t *access)
{
	unsigned size = 1u << (access[0] >> 1 & 3);
	uint64_t port = LAYOUT_FW_CFG_PORT + access[1] % FW_CFG_PORTS;
	uint64_t value = load_le32(access + 2);

	if (access[0] & 1) {
		(void)bus_read(env.pio, port, size, &value);
	} else {
		(void)bus_write(env.pio, port, size, size == 8 ? value << 32 : value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!fw) {
		make_device();
	}
	if (size < DESCRIPTOR_BYTES) {
		return -1;
	}
	fw_cfg_type.reset(fw);
	if (guest_mem_write(env.mem, DESCRIPTORS, data, DESCRIPTOR_BYTES) < 0) {
		abort();
	}
	data += DESCRIPTOR_BYTES;
	size -= DESCRIPTOR_BYTES;
	for (unsigned i = 0; i < ACCESSES_MAX && size >= ACCESS_BYTES; i++) {
		access_port(data);
		data += ACCESS_BYTES;
		size -= ACCESS_BYTES;
	}
	return 0;
}

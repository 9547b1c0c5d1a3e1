/* SPDX-License-Identifier: MIT */
#include "vmm/boot/smbios.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "version.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"
#include "vmm/boot/boot_config.h"
#include "vmm/mem/guest_mem.h"

/* SMBIOS 3.2 (DSP0134); the numbers after "type" are its section 7's. */
#define SPACE_BYTES    (SMBIOS_END - SMBIOS_GPA)
#define VENDOR	       "Thunderlake"
#define RELEASE_DATE   "01/01/2026"
#define NAME_MAX_SHOWN 64
#define KIB	       (1u << 10)
#define MIB	       (1u << 20)
#define UUID_BYTES     16u

enum handle {
	HANDLE_FIRMWARE = 0x000,
	HANDLE_SYSTEM = 0x100,
	HANDLE_CHASSIS = 0x300,
	HANDLE_PROCESSOR = 0x400,
	HANDLE_ARRAY = 0x1000,
	HANDLE_MEMORY = 0x1100,
	HANDLE_MAPPED = 0x1300,
	HANDLE_BOOT = 0x2000,
	HANDLE_END = 0x7f00,
	HANDLE_NONE = 0xfffe,
};

struct entry_point {
	uint8_t anchor[5];
	uint8_t checksum;
	uint8_t length;
	uint8_t major, minor, docrev;
	uint8_t revision;
	uint8_t reserved;
	le32 max_size;
	le64 table_gpa;
};
_Static_assert(sizeof(struct entry_point) == 24, "DSP0134 §5.2.2");

struct head {
	uint8_t type;
	uint8_t length;
	le16 handle;
};

struct firmware {
	struct head head;
	uint8_t vendor, version;
	le16 segment;
	uint8_t date;
	uint8_t rom_size;
	le64 characteristics;
	uint8_t extension[2];
	uint8_t release_major, release_minor;
	uint8_t controller_major, controller_minor;
	le16 extended_rom_size;
};
_Static_assert(sizeof(struct firmware) == 26, "type 0");
#define FIRMWARE_CHARACTERISTICS_UNKNOWN 0x08u
#define FIRMWARE_VIRTUAL_MACHINE	 0x10u

struct system {
	struct head head;
	uint8_t manufacturer, product, version, serial;
	uint8_t uuid[UUID_BYTES];
	uint8_t wakeup;
	uint8_t sku, family;
};
_Static_assert(sizeof(struct system) == 27, "type 1");
#define WAKEUP_POWER_SWITCH 6u

struct chassis {
	struct head head;
	uint8_t manufacturer, type, version, serial, asset_tag;
	uint8_t boot_state, power_state, thermal_state, security;
	le32 oem;
	uint8_t height, cords, elements, element_length, sku;
};
_Static_assert(sizeof(struct chassis) == 22, "type 3");
#define CHASSIS_OTHER 1u
#define STATE_SAFE    3u
#define SECURITY_NONE 3u

struct processor {
	struct head head;
	uint8_t socket, type, family, manufacturer;
	le64 id;
	uint8_t version, voltage;
	le16 external_clock, max_speed, current_speed;
	uint8_t status, upgrade;
	le16 l1_cache, l2_cache, l3_cache;
	uint8_t serial, asset_tag, part;
	uint8_t cores, cores_enabled, threads;
	le16 characteristics, family2;
	le16 cores2, cores_enabled2, threads2;
};
_Static_assert(sizeof(struct processor) == 48, "type 4");
#define PROCESSOR_CENTRAL 3u
#define PROCESSOR_OTHER	  1u
#define PROCESSOR_ENABLED 0x41u
#define UPGRADE_OTHER	  1u
#define CACHE_NONE	  0xffffu
#define CAPABLE_64BIT	  0x04u

struct array {
	struct head head;
	uint8_t location, use, error_correction;
	le32 capacity_kib;
	le16 error_handle;
	le16 devices;
	le64 extended_capacity;
};
_Static_assert(sizeof(struct array) == 23, "type 16");
#define ARRAY_BOARD	  3u
#define ARRAY_SYSTEM	  3u
#define ARRAY_NO_ECC	  3u
#define CAPACITY_EXTENDED 0x80000000u

struct memory {
	struct head head;
	le16 array, error_handle, total_width, data_width, size_mib;
	uint8_t form, set, locator, bank, type;
	le16 detail, speed;
	uint8_t manufacturer, serial, asset_tag, part, attributes;
	le32 extended_size_mib;
	le16 configured_speed, min_voltage, max_voltage, voltage;
};
_Static_assert(sizeof(struct memory) == 40, "type 17");
#define FORM_DIMM     9u
#define TYPE_RAM      7u
#define DETAIL_OTHER  2u
#define WIDTH_UNKNOWN 0xffffu
#define SIZE_EXTENDED 0x7fffu

struct mapped {
	struct head head;
	le32 start_kib, end_kib; /* both inclusive */
	le16 array;
	uint8_t width;
	le64 extended_start, extended_end;
};
_Static_assert(sizeof(struct mapped) == 31, "type 19");

struct boot_status {
	struct head head;
	uint8_t reserved[6];
	uint8_t status;
};
_Static_assert(sizeof(struct boot_status) == 11, "type 32");

struct builder {
	uint8_t *data;
	size_t used; /* beyond SPACE_BYTES: overflow */
};

static void put(struct builder *out, const void *bytes, size_t length)
{
	if (out->used <= SPACE_BYTES && length <= SPACE_BYTES - out->used) {
		memcpy(out->data + out->used, bytes, length);
		out->used += length;
	} else {
		out->used = SPACE_BYTES + 1;
	}
}

#define HEAD(number, structure, name)                                      \
	{                                                                  \
		.type = (number), .length = sizeof(structure), .handle = { \
			{ (uint8_t)((name)&0xff), (uint8_t)((name) >> 8) } \
		}                                                          \
	}

#define STRINGS(...) ((const char *const[]){ __VA_ARGS__ })

/* A structure, then the strings that it names by number from 1 on; NULL ends them. */
static void put_structure(struct builder *out, const void *structure, size_t length,
			  const char *const *strings)
{
	put(out, structure, length);
	/* Without strings there are two zero bytes, else one after the last. */
	put(out, "", *strings ? 0 : 1);
	for (; *strings; strings++) {
		put(out, *strings, strlen(*strings) + 1);
	}
	put(out, "", 1);
}

static void write_firmware(struct builder *out)
{
	const struct firmware firmware = {
		.head = HEAD(0, firmware, HANDLE_FIRMWARE),
		.vendor = 1,
		.version = 2,
		.date = 3,
		.characteristics = le64_of(FIRMWARE_CHARACTERISTICS_UNKNOWN),
		.extension = { 0, FIRMWARE_VIRTUAL_MACHINE },
		.release_major = UINT8_MAX,
		.release_minor = UINT8_MAX,
		.controller_major = UINT8_MAX,
		.controller_minor = UINT8_MAX,
	};

	put_structure(out, &firmware, sizeof(firmware),
		      STRINGS(VENDOR, THUNDERLAKE_VERSION, RELEASE_DATE, NULL));
}

/* The first three fields are little-endian here, while UUIDs are written big-endian (type 1). */
static void store_uuid(uint8_t *to, const uint8_t *uuid)
{
	store_le32(to, __builtin_bswap32(load_le32(uuid)));
	store_le16(to + 4, __builtin_bswap16(load_le16(uuid + 4)));
	store_le16(to + 6, __builtin_bswap16(load_le16(uuid + 6)));
	memcpy(to + 8, uuid + 8, UUID_BYTES - 8);
}

static void write_system(struct builder *out, const struct boot_config *config)
{
	struct system system = {
		.head = HEAD(1, system, HANDLE_SYSTEM),
		.manufacturer = 1,
		.product = 2,
		.version = 3,
		.wakeup = WAKEUP_POWER_SWITCH,
		.family = 4,
	};

	if (config->uuid) {
		store_uuid(system.uuid, config->uuid);
	}
	put_structure(out, &system, sizeof(system),
		      STRINGS(VENDOR, "Thunderlake PC", "1", "Virtual Machine", NULL));
}

/* The asset tag, which any user of a Linux guest may read, is the VM's name. */
static void write_chassis(struct builder *out, const char *name)
{
	struct chassis chassis = {
		.head = HEAD(3, chassis, HANDLE_CHASSIS),
		.manufacturer = 1,
		.type = CHASSIS_OTHER,
		.boot_state = STATE_SAFE,
		.power_state = STATE_SAFE,
		.thermal_state = STATE_SAFE,
		.security = SECURITY_NONE,
	};
	char shown[NAME_MAX_SHOWN + 1];

	(void)snprintf(shown, sizeof(shown), "%s", name ? name : "");
	chassis.asset_tag = shown[0] ? 2 : 0;
	put_structure(out, &chassis, sizeof(chassis),
		      STRINGS(VENDOR, shown[0] ? shown : NULL, NULL));
}

static void write_processors(struct builder *out, const struct boot_config *config)
{
	bool is_plain = config->sockets == 0 || config->cores == 0 || config->threads == 0;
	unsigned sockets = is_plain ? 1 : config->sockets;
	unsigned cores = is_plain ? config->cpu_count : config->cores;
	unsigned threads = is_plain ? cores : cores * config->threads;

	for (unsigned i = 0; i < sockets; i++) {
		struct processor processor = {
			.head = HEAD(4, processor, HANDLE_PROCESSOR),
			.socket = 1,
			.manufacturer = 2,
			.type = PROCESSOR_CENTRAL,
			.family = PROCESSOR_OTHER,
			.family2 = le16_of(PROCESSOR_OTHER),
			.status = PROCESSOR_ENABLED,
			.upgrade = UPGRADE_OTHER,
			.l1_cache = le16_of(CACHE_NONE),
			.l2_cache = le16_of(CACHE_NONE),
			.l3_cache = le16_of(CACHE_NONE),
			.cores = (uint8_t)cores,
			.cores_enabled = (uint8_t)cores,
			.threads = (uint8_t)threads,
			.characteristics = le16_of(CAPABLE_64BIT),
			.cores2 = le16_of((uint16_t)cores),
			.cores_enabled2 = le16_of((uint16_t)cores),
			.threads2 = le16_of((uint16_t)threads),
		};
		char socket[16];

		processor.head.handle = le16_of((uint16_t)(HANDLE_PROCESSOR + i));
		(void)snprintf(socket, sizeof(socket), "CPU %u", i);
		put_structure(out, &processor, sizeof(processor), STRINGS(socket, VENDOR, NULL));
	}
}

static void write_array(struct builder *out, uint64_t size)
{
	struct array array = {
		.head = HEAD(16, array, HANDLE_ARRAY),
		.location = ARRAY_BOARD,
		.use = ARRAY_SYSTEM,
		.error_correction = ARRAY_NO_ECC,
		.capacity_kib = le32_of((uint32_t)MIN(size / KIB, CAPACITY_EXTENDED)),
		.error_handle = le16_of(HANDLE_NONE),
		.devices = le16_of(1),
	};

	if (size / KIB >= CAPACITY_EXTENDED) {
		array.extended_capacity = le64_of(size);
	}
	put_structure(out, &array, sizeof(array), STRINGS(NULL));
}

static void write_memory(struct builder *out, uint64_t size)
{
	struct memory memory = {
		.head = HEAD(17, memory, HANDLE_MEMORY),
		.array = le16_of(HANDLE_ARRAY),
		.error_handle = le16_of(HANDLE_NONE),
		.total_width = le16_of(WIDTH_UNKNOWN),
		.data_width = le16_of(WIDTH_UNKNOWN),
		.size_mib = le16_of((uint16_t)MIN(size / MIB, SIZE_EXTENDED)),
		.form = FORM_DIMM,
		.locator = 1,
		.type = TYPE_RAM,
		.detail = le16_of(DETAIL_OTHER),
		.manufacturer = 2,
	};

	if (size / MIB >= SIZE_EXTENDED) {
		memory.extended_size_mib = le32_of((uint32_t)(size / MIB));
	}
	put_structure(out, &memory, sizeof(memory), STRINGS("DIMM 0", VENDOR, NULL));
}

static void write_mapped(struct builder *out, const struct guest_mem *mem)
{
	size_t count;
	const struct guest_mem_region *regions = guest_mem_regions(mem, &count);

	for (size_t i = 0; i < count; i++) {
		uint64_t end = regions[i].gpa + regions[i].size;
		struct mapped mapped = {
			.head = HEAD(19, mapped, HANDLE_MAPPED),
			.start_kib = le32_of((uint32_t)(regions[i].gpa / KIB)),
			.end_kib = le32_of((uint32_t)(end / KIB - 1)),
			.array = le16_of(HANDLE_ARRAY),
			.width = 1,
		};

		mapped.head.handle = le16_of((uint16_t)(HANDLE_MAPPED + i));
		put_structure(out, &mapped, sizeof(mapped), STRINGS(NULL));
	}
}

static void write_end(struct builder *out)
{
	const struct boot_status status = { .head = HEAD(32, status, HANDLE_BOOT) };
	const struct head end = HEAD(127, end, HANDLE_END);

	put_structure(out, &status, sizeof(status), STRINGS(NULL));
	put_structure(out, &end, sizeof(end), STRINGS(NULL));
}

static void fill_entry_point(uint8_t *at, size_t table_bytes)
{
	struct entry_point entry = {
		.anchor = { '_', 'S', 'M', '3', '_' },
		.length = sizeof(entry),
		.major = 3,
		.minor = 2,
		.revision = 1,
		.max_size = le32_of((uint32_t)table_bytes),
		.table_gpa = le64_of(SMBIOS_GPA + sizeof(entry)),
	};
	uint8_t sum = 0;

	for (size_t i = 0; i < sizeof(entry); i++) {
		sum = (uint8_t)(sum + ((const uint8_t *)&entry)[i]);
	}
	entry.checksum = (uint8_t)-sum;
	memcpy(at, &entry, sizeof(entry));
}

int smbios_write(const struct boot_config *config, struct guest_mem *mem)
{
	AUTO_FREE uint8_t *space = calloc(1, SPACE_BYTES);
	struct builder out = { .data = space, .used = sizeof(struct entry_point) };

	if (!space) {
		return -ENOMEM;
	}
	write_firmware(&out);
	write_system(&out, config);
	write_chassis(&out, config->name);
	write_processors(&out, config);
	write_array(&out, guest_mem_size(mem));
	write_memory(&out, guest_mem_size(mem));
	write_mapped(&out, mem);
	write_end(&out);
	if (out.used > SPACE_BYTES) {
		return -ENOSPC;
	}
	fill_entry_point(space, out.used - sizeof(struct entry_point));
	return guest_mem_write(mem, SMBIOS_GPA, space, out.used);
}

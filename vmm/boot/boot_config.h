/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BOOT_BOOT_CONFIG_H
#define THUNDERLAKE_VMM_BOOT_BOOT_CONFIG_H

#include <stddef.h>
#include <stdint.h>

struct boot_files;

/* What the tables tell the guest of the machine around the processors. */
struct boot_serial {
	uint16_t port;
	uint8_t irq;
};

/* A linear framebuffer of 32 bits a pixel, blue in the lowest byte. */
struct boot_framebuffer {
	uint64_t gpa; /* below 4 GiB */
	uint32_t width, height;
	uint32_t stride; /* bytes */
};

struct boot_config {
	const struct boot_files *files;
	const char *command_line;
	unsigned cpu_count;
	unsigned sockets, cores, threads;  /* as in cpus_config */
	const struct boot_serial *serials; /* serial ports present: for the DSDT */
	size_t serial_count;
	/* Linux reads every slot up to here: 8160 exits if it were 255. */
	uint8_t pci_last_bus;
	const struct boot_framebuffer *framebuffer; /* NULL: none; bzImage and ELF64 hear of it */
	const char *name;			    /* SMBIOS: the VM's name, may be NULL */
	const uint8_t *uuid;  /* SMBIOS: 16 bytes in the order of its text, may be NULL */
	uint64_t rng_seed[4]; /* fresh for each boot: SETUP_RNG_SEED */
};

#endif

/* SPDX-License-Identifier: MIT */
/* LINK: vmm/boot/ vmm/mem/ vmm/kvm/ */
/*
 * The loaders with hostile kernel files. Input: the file. What they accept must lie inside guest
 * memory, clear of the machine's own tables.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/boot/boot.h"
#include "vmm/boot/layout.h"
#include "vmm/mem/guest_mem.h"

#define RAM_BYTES    (32u << 20) /* room for a bzImage at its usual 16 MiB */
#define INITRD_BYTES 100u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int open_bytes(const void *bytes, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) {
		abort();
	}
	return fd;
}

static void check_entry(const struct cpu_entry *entry)
{
	assert(entry->mode == CPU_ENTRY_PVH || entry->mode == CPU_ENTRY_LONG);
	assert(entry->rip >= LAYOUT_SETUP_DATA_GPA && entry->rip < RAM_BYTES);
	assert(entry->argument == LAYOUT_BOOT_PARAMS_GPA);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t initrd[INITRD_BYTES];
	static char kernel_path[] = "kernel", initrd_path[] = "initrd";
	static struct guest_mem *mem;
	struct boot_files files = {
		.kernel_fd = open_bytes(data, size),
		.initrd_fd = open_bytes(initrd, sizeof(initrd)),
		.kernel_path = kernel_path,
		.initrd_path = initrd_path,
		.kernel_bytes = size,
		.initrd_bytes = sizeof(initrd),
	};
	const struct boot_config config = { .files = &files, .command_line = "x", .cpu_count = 1 };
	struct cpu_entry entry;
	struct error err;

	/* Kept from input to input: making it costs more than a run. */
	if (!mem && guest_mem_create(NULL, RAM_BYTES, &mem, &err) != 0) {
		abort();
	}
	if (boot_load(&config, mem, &entry, &err) == 0) {
		check_entry(&entry);
	}
	(void)close(files.kernel_fd);
	(void)close(files.initrd_fd);
	return 0;
}

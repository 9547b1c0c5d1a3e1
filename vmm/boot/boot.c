/* SPDX-License-Identifier: MIT */
#include "vmm/boot/boot.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/compiler.h"
#include "vmm/boot/acpi.h"
#include "vmm/boot/e820.h"
#include "vmm/boot/layout.h"
#include "vmm/boot/loader.h"
#include "vmm/boot/smbios.h"
#include "vmm/mem/guest_mem.h"

static int load_kernel(const struct boot_files *files, struct guest_mem *mem,
		       const struct e820 *map, struct boot_kernel *out, struct error *err)
{
	enum kernel_kind kind;
	int rc = kernel_recognise(files, &kind, err);

	if (rc != 0) {
		return rc;
	}
	switch (kind) {
	case KERNEL_BZIMAGE:
		return bzimage_load(files, mem, map, out, err);
	case KERNEL_ELF:
		return elf_load(files, mem, out, err);
	}
	return -ENOEXEC;
}

static int write_command_line(const char *text, const struct boot_kernel *kernel,
			      struct guest_mem *mem, struct error *err)
{
	uint64_t max = MIN(kernel->command_line_max, LAYOUT_COMMAND_LINE_MAX - 1);
	size_t length = strlen(text);

	if (length > max) {
		return error_set(err, -E2BIG,
				 "the command line has %zu characters, this kernel takes %llu",
				 length, (unsigned long long)max);
	}
	return guest_mem_write(mem, LAYOUT_COMMAND_LINE_GPA, text, length + 1);
}

static int write_parameters(const struct boot_config *config, const struct e820 *map,
			    const struct boot_kernel *kernel, const struct boot_initrd *initrd,
			    struct guest_mem *mem)
{
	struct boot_parameters parameters = {
		.map = map,
		.kernel = kernel,
		.initrd = *initrd,
		.rsdp_gpa = ACPI_RSDP_GPA,
		.rng_seed = config->rng_seed,
		.framebuffer = config->framebuffer,
	};

	return kernel->protocol == BOOT_PVH ? pvh_params_write(&parameters, mem)
					    : linux_params_write(&parameters, mem);
}

static int write_tables(const struct boot_config *config, struct guest_mem *mem, struct error *err)
{
	int rc = acpi_write(config, mem);

	if (rc == 0) {
		rc = smbios_write(config, mem);
	}
	if (rc == 0) {
		rc = paging_write(mem);
	}
	return rc ? error_set_errno(err, rc, "cannot write the firmware tables") : 0;
}

int boot_load(const struct boot_config *config, struct guest_mem *mem, struct cpu_entry *out,
	      struct error *err)
{
	const struct boot_files *files = config->files;
	struct boot_kernel kernel;
	struct boot_initrd initrd;
	struct e820 map;
	int rc;

	e820_build(mem, &map);
	rc = load_kernel(files, mem, &map, &kernel, err);
	if (rc == 0) {
		rc = write_command_line(config->command_line ? config->command_line : "", &kernel,
					mem, err);
	}
	if (rc != 0) {
		error_prefix(err, "kernel %s", files->kernel_path);
		return rc;
	}
	rc = initrd_load(files, mem, &map, &kernel, &initrd, err);
	if (rc != 0) {
		error_prefix(err, "initrd %s", files->initrd_path);
		return rc;
	}
	rc = write_tables(config, mem, err);
	if (rc != 0) {
		return rc;
	}
	rc = write_parameters(config, &map, &kernel, &initrd, mem);
	if (rc != 0) {
		return error_set_errno(err, rc, "cannot write the boot parameters");
	}
	*out = (struct cpu_entry){
		.mode = kernel.protocol == BOOT_PVH ? CPU_ENTRY_PVH : CPU_ENTRY_LONG,
		.rip = kernel.entry_gpa,
		.argument = LAYOUT_BOOT_PARAMS_GPA,
		.page_table_gpa = LAYOUT_PAGE_TABLES_GPA,
		.gdt_gpa = LAYOUT_GDT_GPA,
	};
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* LINK: vmm/boot/ vmm/mem/ vmm/kvm/ */
#include "vmm/boot/acpi.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"
#include "vmm/boot/acpi_tables.h"
#include "vmm/boot/boot.h"
#include "vmm/cpu/cpus.h"
#include "vmm/mem/guest_mem.h"

#define MADT_ENTRIES 44

static const struct boot_serial serials[] = { { LAYOUT_COM1_PORT, LAYOUT_COM1_IRQ },
					      { LAYOUT_COM2_PORT, LAYOUT_COM2_IRQ } };
static struct boot_config config;
static struct guest_mem *mem;

static void setup(void)
{
	config = (struct boot_config){ .cpu_count = 2,
				       .serials = serials,
				       .serial_count = ARRAY_SIZE(serials) };
	cr_assert(eq(int, guest_mem_create(NULL, GUEST_MEM_MIN_BYTES, &mem, NULL), 0));
}

static void teardown(void)
{
	guest_mem_destroy(mem);
}

TestSuite(acpi, .init = setup, .fini = teardown, .timeout = 60);

static uint8_t sum_of(const uint8_t *bytes, size_t length)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < length; i++) {
		sum = (uint8_t)(sum + bytes[i]);
	}
	return sum;
}

/* The table at `gpa`, with its whole length inside the tables' place and its sum right. */
static uint8_t *table_at(uint64_t gpa)
{
	uint8_t *table = guest_mem_slice(mem, gpa, sizeof(struct acpi_header));
	uint32_t length = load_le32(table + 4);

	cr_assert(le(u64, gpa + length, ACPI_TABLES_END));
	cr_assert(eq(u8, sum_of(table, length), 0), "%.4s", (const char *)table);
	return table;
}

static uint8_t *find_table(const char *signature)
{
	uint8_t *rsdp = guest_mem_slice(mem, ACPI_RSDP_GPA, 36);
	uint8_t *xsdt = table_at(load_le64(rsdp + 24));
	unsigned count = (load_le32(xsdt + 4) - (unsigned)sizeof(struct acpi_header)) / 8;

	for (unsigned i = 0; i < count; i++) {
		uint8_t *table = table_at(load_le64(xsdt + sizeof(struct acpi_header) + 8ul * i));

		if (memcmp(table, signature, 4) == 0) {
			return table;
		}
	}
	return NULL;
}

Test(acpi, rsdp_leads_to_the_tables)
{
	uint8_t *rsdp;

	cr_assert(eq(int, acpi_write(&config, mem), 0));
	rsdp = guest_mem_slice(mem, ACPI_RSDP_GPA, 36);
	cr_assert(zero(int, memcmp(rsdp, "RSD PTR ", 8)));
	cr_assert(eq(u8, sum_of(rsdp, 20), 0));
	cr_assert(eq(u8, sum_of(rsdp, 36), 0));
	cr_assert(ne(ptr, find_table("FACP"), NULL));
	cr_assert(ne(ptr, find_table("APIC"), NULL));
	cr_assert(ne(ptr, find_table("MCFG"), NULL));
}

Test(acpi, fadt_names_the_power_management_ports)
{
	uint8_t *fadt;

	cr_assert(eq(int, acpi_write(&config, mem), 0));
	fadt = find_table("FACP");
	cr_assert(eq(u32, load_le32(fadt + 4), 276));
	cr_assert(eq(u16, load_le16(fadt + 46), LAYOUT_SCI_IRQ));
	cr_assert(eq(u32, load_le32(fadt + 48), 0), "no SMI_CMD: always in ACPI mode");
	cr_assert(eq(u32, load_le32(fadt + 56), 0x600));
	cr_assert(eq(u32, load_le32(fadt + 64), 0x604));
	cr_assert(eq(u32, load_le32(fadt + 76), 0x608));
	cr_assert(eq(u32, load_le32(fadt + 80), 0x620));
	cr_assert(eq(u64, load_le64(fadt + 120), LAYOUT_RESET_PORT));
	cr_assert(eq(u8, fadt[128], LAYOUT_RESET_VALUE));
	cr_assert(eq(u64, load_le64(fadt + 176), 0x604), "the 64-bit PM1a control block");
	cr_assert(eq(u32, load_le32(fadt + 112) & 0x30, 0), "both buttons are fixed hardware");
	/* The FACS, which has no checksum, is aligned to 64. */
	cr_assert(eq(u32, load_le32(fadt + 36) % 64, 0));
	cr_assert(zero(int, memcmp(guest_mem_slice(mem, load_le32(fadt + 36), 64), "FACS", 4)));
	cr_assert(zero(int, memcmp(table_at(load_le64(fadt + 140)), "DSDT", 4)));
}

/* Counts entries of a type in the MADT; the last one's offset goes to *last. */
static unsigned count_entries(uint8_t *madt, uint8_t type, unsigned *last)
{
	unsigned count = 0, length = load_le32(madt + 4);

	for (unsigned at = MADT_ENTRIES; at < length; at += madt[at + 1]) {
		cr_assert(gt(u8, madt[at + 1], 1));
		if (madt[at] == type) {
			*last = at;
			count++;
		}
	}
	return count;
}

Test(acpi, madt_lists_processors_and_interrupts)
{
	uint8_t *madt;
	unsigned at;

	cr_assert(eq(int, acpi_write(&config, mem), 0));
	madt = find_table("APIC");
	cr_assert(eq(uint, count_entries(madt, 0, &at), 2));
	cr_assert(eq(u8, madt[at + 3], 1), "the second one's APIC ID");
	cr_assert(eq(uint, count_entries(madt, 1, &at), 1));
	cr_assert(eq(u32, load_le32(madt + at + 4), LAYOUT_IOAPIC_GPA));
	cr_assert(eq(uint, count_entries(madt, 2, &at), 2));
	cr_assert(eq(u8, madt[at + 3], LAYOUT_SCI_IRQ));
	cr_assert(eq(u16, load_le16(madt + at + 8), 0x0d), "level-triggered, active-high");
}

Test(acpi, madt_ids_follow_the_topology)
{
	uint8_t *madt;
	unsigned at;

	/* Three cores take two bits, so that the second socket starts at 4. */
	config.cpu_count = 6;
	config.sockets = 2;
	config.cores = 3;
	config.threads = 1;
	cr_assert(eq(int, acpi_write(&config, mem), 0));
	madt = find_table("APIC");
	cr_assert(eq(uint, count_entries(madt, 0, &at), 6));
	cr_assert(eq(u8, madt[at + 3], 6));
}

Test(acpi, tables_of_most_processors_fit)
{
	config.cpu_count = CPUS_MAX;
	cr_assert(eq(int, acpi_write(&config, mem), 0));
	cr_assert(ne(ptr, find_table("MCFG"), NULL));
}

Test(acpi, mcfg_is_the_ecam_of_the_layout)
{
	uint8_t *mcfg;

	config.pci_last_bus = 4;
	cr_assert(eq(int, acpi_write(&config, mem), 0));
	mcfg = find_table("MCFG");
	cr_assert(eq(u64, load_le64(mcfg + 44), LAYOUT_ECAM_GPA));
	cr_assert(eq(u8, mcfg[54], 0));
	cr_assert(eq(u8, mcfg[55], 4));
}

/* --- iasl --- */

static char folder[] = "/tmp/test-acpi-XXXXXX";

static void write_table(const char *name, uint64_t gpa, size_t length)
{
	char path[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s.dat", folder, name);
	file = fopen(path, "w");
	cr_assert(ne(ptr, file, NULL));
	cr_assert(eq(sz, fwrite(guest_mem_slice(mem, gpa, length), 1, length, file), length));
	cr_assert(eq(int, fclose(file), 0));
}

/* Exit code of a command line in `folder`, its output in the file `log`; 127: not found. */
static int run(char *const argv[])
{
	posix_spawn_file_actions_t actions;
	int status = 127 << 8;
	pid_t pid;

	cr_assert(eq(int, posix_spawn_file_actions_init(&actions), 0));
	cr_assert(eq(int, posix_spawn_file_actions_addchdir_np(&actions, folder), 0));
	cr_assert(eq(int,
		     posix_spawn_file_actions_addopen(&actions, 1, "log",
						      O_WRONLY | O_CREAT | O_APPEND, 0600),
		     0));
	cr_assert(eq(int, posix_spawn_file_actions_adddup2(&actions, 1, 2), 0));
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0) {
		(void)waitpid(pid, &status, 0);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool log_has(const char *word)
{
	static char text[65536];
	char path[64];
	FILE *file;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/log", folder);
	file = fopen(path, "r");
	n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	text[n] = '\0';
	if (file) {
		(void)fclose(file);
	}
	return strstr(text, word) != NULL;
}

static void dump_tables(void)
{
	static const char *const signatures[] = { "FACP", "APIC", "MCFG" };
	uint8_t *fadt = find_table("FACP");
	uint64_t dsdt = load_le64(fadt + 140);

	for (size_t i = 0; i < ARRAY_SIZE(signatures); i++) {
		uint8_t *table = find_table(signatures[i]);
		uint8_t *ram = guest_mem_slice(mem, 0, GUEST_MEM_MIN_BYTES);

		write_table(signatures[i], (uint64_t)(table - ram), load_le32(table + 4));
	}
	write_table("DSDT", dsdt, load_le32(table_at(dsdt) + 4));
}

/* Disassembles all tables and compiles the DSDT again: iasl knows the rules of both forms. */
Test(acpi, iasl_finds_no_fault)
{
	static char *const disassemble[] = { "iasl",	 "-d",	     "FACP.dat", "APIC.dat",
					     "MCFG.dat", "DSDT.dat", NULL };
	static char *const compile[] = { "iasl", "-p", "again", "DSDT.dsl", NULL };
	static char *const clean[] = { "rm", "-rf", folder, NULL };
	int rc;

	cr_assert(eq(int, acpi_write(&config, mem), 0));
	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	dump_tables();
	rc = run(disassemble);
	if (rc == 127) {
		(void)run(clean);
		cr_skip_test("no iasl on this host (package acpica-tools)");
	}
	cr_assert(eq(int, rc, 0), "see %s/log", folder);
	cr_assert(eq(int, run(compile), 0), "see %s/log", folder);
	cr_assert(log_has("Compilation successful. 0 Errors, 0 Warnings"), "see %s/log", folder);
	cr_assert(not(log_has("Invalid")), "see %s/log", folder);
	(void)run(clean);
}

/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"
#include "vmm/boot/boot.h"
#include "vmm/boot/loader.h"

/* Enough for every sign below. */
#define HEAD_BYTES 1024u

/* How things that are no kernel begin, and what to do with them. The first match counts. */
static const struct sign {
	uint16_t offset;
	uint16_t length;
	const char *bytes;
	const char *text;
} signs[] = {
	{ 0, 6, "070701", "an initrd (a cpio archive), not a kernel; give it with --initrd" },
	{ 0, 6, "070702", "an initrd (a cpio archive), not a kernel; give it with --initrd" },
	{ 0, 2, "\x1f\x8b", "compressed by gzip: an initrd (--initrd), or a kernel to gunzip" },
	{ 0, 6,
	  "\xfd"
	  "7zXZ\0",
	  "compressed by xz: an initrd (--initrd), or a kernel to unpack with xz -d" },
	{ 0, 4, "\x28\xb5\x2f\xfd",
	  "compressed by zstd: an initrd (--initrd), or a kernel to unpack with zstd -d" },
	{ 0, 3, "BZh", "compressed by bzip2: an initrd (--initrd), or a kernel to bunzip2" },
	{ 0, 4, "\x02\x21\x4c\x18", "compressed by lz4: an initrd (--initrd), or a kernel" },
	{ 0, 4, "\x04\x22\x4d\x18", "compressed by lz4: an initrd (--initrd), or a kernel" },
	{ 0, 5, "\x5d\0\0\x80\0", "compressed by lzma: an initrd (--initrd), or a kernel" },
	{ 0x38, 4, "ARM\x64", "a Linux kernel for 64-bit ARM; this machine is x86-64" },
	{ 0x38, 4, "RSC\x05", "a Linux kernel for RISC-V; this machine is x86-64" },
	{ 0, 4, "QFI\xfb", "a qcow2 disk image; give it with --disk" },
	{ 0, 4, "KDMV", "a VMDK disk image, not a kernel" },
	{ 0, 4, "hsqs", "a squashfs file system, not a kernel" },
	{ 0, 2, "#!", "a script, not a kernel" },
	{ 0, 2, "MZ", "an EFI program, not a kernel with a Linux boot header" },
	{ 510, 2, "\x55\xaa", "a disk image with a boot sector; give it with --disk" },
};

/* Machines whose kernels are met in practice. */
static const struct machine {
	uint16_t value;
	const char *name;
	const char *text;
} machines[] = {
	{ EM_AARCH64, "EM_AARCH64", "64-bit ARM" },
	{ EM_ARM, "EM_ARM", "32-bit ARM" },
	{ EM_RISCV, "EM_RISCV", "RISC-V" },
	{ EM_PPC64, "EM_PPC64", "64-bit PowerPC" },
	{ EM_PPC, "EM_PPC", "32-bit PowerPC" },
	{ EM_S390, "EM_S390", "IBM Z" },
	{ EM_MIPS, "EM_MIPS", "MIPS" },
	{ EM_SPARCV9, "EM_SPARCV9", "64-bit SPARC" },
	{ EM_IA_64, "EM_IA_64", "Itanium" },
	{ 258, "EM_LOONGARCH", "LoongArch" },
	{ EM_386, "EM_386", "32-bit x86" },
};

int kernel_refuse_machine(uint16_t machine, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		if (machines[i].value == machine) {
			return error_set(err, -ENOEXEC,
					 "an ELF file for %s (%s); this machine is x86-64",
					 machines[i].text, machines[i].name);
		}
	}
	return error_set(err, -ENOEXEC,
			 "an ELF file for machine number %u; this machine is x86-64 (EM_X86_64)",
			 machine);
}

static bool has(const uint8_t *head, size_t length, const struct sign *sign)
{
	return length >= (size_t)sign->offset + sign->length &&
	       memcmp(head + sign->offset, sign->bytes, sign->length) == 0;
}

static bool is_text(const uint8_t *head, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if ((head[i] < ' ' && head[i] != '\n' && head[i] != '\r' && head[i] != '\t') ||
		    head[i] >= 0x7f) {
			return false;
		}
	}
	return true;
}

int kernel_recognise(const struct boot_files *files, enum kernel_kind *out, struct error *err)
{
	static const struct sign elf = { 0, SELFMAG, ELFMAG, NULL };
	static const struct sign bzimage = { 0x202, 4, "HdrS", NULL };
	uint8_t head[HEAD_BYTES];
	size_t length = MIN(files->kernel_bytes, sizeof(head));
	int rc = boot_read_file(files->kernel_fd, 0, head, length);

	if (rc != 0) {
		return error_set_errno(err, rc, "cannot read it");
	}
	/* A bzImage with an EFI stub begins like an EFI program, so it comes first. */
	if (has(head, length, &bzimage)) {
		*out = KERNEL_BZIMAGE;
		return 0;
	}
	if (has(head, length, &elf)) {
		*out = KERNEL_ELF;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		if (has(head, length, &signs[i])) {
			return error_set(err, -ENOEXEC, "this is %s", signs[i].text);
		}
	}
	return error_set(err, -ENOEXEC,
			 "this is %s, neither a bzImage (as /boot/vmlinuz-* is) nor an ELF file",
			 is_text(head, length) ? "a text file" : "no known kind of file");
}

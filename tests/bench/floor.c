/* SPDX-License-Identifier: MIT */
/*
 * The floor of the benchmarks: the least that a program must do to run a payload on KVM. It trusts
 * its guest, checks nothing that it can do without, and is no virtual machine monitor.
 *
 *   floor PAYLOAD WORDS [DISK [spin]]
 *   floor --clock	prints how many cycles the guest counts in a second
 *
 * COM1 goes to standard output. DISK is served by a thread that sleeps in read() until the doorbell
 * rings, or with `spin` never sleeps.
 */
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/virtio_ring.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/guest/runtime/disk.h"

#define RAM_BYTES	 (256ul << 20)
#define RAM_ALIGN	 (2ul << 20)
#define START_INFO_GPA	 0x1000u
#define COMMAND_LINE_GPA 0x2000u
#define COM1_PORT	 0x3f8u
#define CPUID_ENTRIES	 256u

static int vm_fd, vcpu_fd;
static uint8_t *ram;

static struct {
	int fd;
	int doorbell_fd;
	bool spin;
	uint32_t sectors;
	struct virtio_queue *queue;
} disk = { .fd = -1 };

static int must(int result, const char *what)
{
	if (result < 0) {
		err(1, "%s", what);
	}
	return result;
}

/* --- memory and payload --- */

static void make_ram(void)
{
	struct kvm_userspace_memory_region region = { .memory_size = RAM_BYTES };
	uint8_t *reserved = mmap(NULL, RAM_BYTES + RAM_ALIGN, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (reserved == MAP_FAILED) {
		err(1, "memory");
	}
	ram = (uint8_t *)(((uintptr_t)reserved + RAM_ALIGN - 1) & ~(RAM_ALIGN - 1));
	(void)madvise(ram, RAM_BYTES, MADV_HUGEPAGE);
	region.userspace_addr = (uintptr_t)ram;
	must(ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
}

/* Reads the segments into place. Returns the PVH entry, which by payload.lds is the ELF's. */
static uint32_t load(const char *path)
{
	int fd = must(open(path, O_RDONLY | O_CLOEXEC), path);
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	must((int)pread(fd, &header, sizeof(header), 0), path);
	for (unsigned i = 0; i < header.e_phnum; i++) {
		must((int)pread(fd, &segment, sizeof(segment),
				(off_t)(header.e_phoff + i * sizeof(segment))),
		     path);
		if (segment.p_type == PT_LOAD) {
			must((int)pread(fd, ram + segment.p_paddr, segment.p_filesz,
					(off_t)segment.p_offset),
			     path);
		}
	}
	(void)close(fd);
	return (uint32_t)header.e_entry;
}

static void set_command_line(const char *words)
{
	uint64_t *start_info = (uint64_t *)(void *)(ram + START_INFO_GPA);

	start_info[0] = 0x336ec578; /* magic, version 0 */
	start_info[3] = COMMAND_LINE_GPA;
	(void)snprintf((char *)ram + COMMAND_LINE_GPA, 4096, "floor %s", words);
}

/* --- the processor --- */

static void set_cpuid(int kvm_fd)
{
	struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + CPUID_ENTRIES * sizeof(cpuid->entries[0]));

	cpuid->nent = CPUID_ENTRIES;
	must(ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid), "KVM_GET_SUPPORTED_CPUID");
	must(ioctl(vcpu_fd, KVM_SET_CPUID2, cpuid), "KVM_SET_CPUID2");
	free(cpuid);
}

static void set_registers(uint32_t entry)
{
	const struct kvm_segment code = { .limit = UINT32_MAX,
					  .selector = 8,
					  .type = 11,
					  .present = 1,
					  .db = 1,
					  .s = 1,
					  .g = 1 };
	const struct kvm_segment data = { .limit = UINT32_MAX,
					  .selector = 16,
					  .type = 3,
					  .present = 1,
					  .db = 1,
					  .s = 1,
					  .g = 1 };
	const struct kvm_regs regs = { .rip = entry, .rbx = START_INFO_GPA, .rflags = 2 };
	struct kvm_sregs sregs;

	must(ioctl(vcpu_fd, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.cr0 = 0x11;
	must(ioctl(vcpu_fd, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	must(ioctl(vcpu_fd, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

/* --- the disk --- */

static void serve(struct virtio_queue *q, uint16_t index)
{
	uint16_t head = q->avail.ring[index % VIRTIO_QUEUE_SIZE];
	const struct vring_desc *header = &q->desc[head];
	const struct vring_desc *data = &q->desc[header->next];
	const struct vring_desc *status = &q->desc[data->next];
	uint64_t sector = *(const uint64_t *)(void *)(ram + header->addr + 8);

	must((int)pread(disk.fd, ram + data->addr, data->len, (off_t)(sector * DISK_SECTOR_BYTES)),
	     "disk");
	ram[status->addr] = 0;
	q->used.ring[index % VIRTIO_QUEUE_SIZE] =
		(struct vring_used_elem){ .id = head, .len = data->len + 1 };
	__atomic_store_n(&q->used.index, (uint16_t)(index + 1), __ATOMIC_RELEASE);
}

static void *run_disk(void *arg)
{
	struct virtio_queue *q = disk.queue;
	uint16_t next = 0;
	uint64_t count;

	(void)arg;
	q->used.flags = disk.spin ? VRING_USED_F_NO_NOTIFY : 0;
	for (;;) {
		if (!disk.spin) {
			must((int)read(disk.doorbell_fd, &count, sizeof(count)), "doorbell");
		}
		while (next != __atomic_load_n(&q->avail.index, __ATOMIC_ACQUIRE)) {
			serve(q, next++);
		}
		__builtin_ia32_pause();
	}
	return NULL;
}

static void open_disk(const char *path, bool spin)
{
	struct kvm_ioeventfd doorbell = { .addr = DISK_FLOOR_DOORBELL, .len = 2 };
	struct stat st;

	disk.fd = must(open(path, O_RDONLY | O_CLOEXEC), path);
	must(fstat(disk.fd, &st), path);
	disk.sectors = (uint32_t)(st.st_size / DISK_SECTOR_BYTES);
	disk.spin = spin;
	disk.doorbell_fd = must(eventfd(0, EFD_CLOEXEC), "doorbell");
	doorbell.fd = disk.doorbell_fd;
	must(ioctl(vm_fd, KVM_IOEVENTFD, &doorbell), "KVM_IOEVENTFD");
}

static void start_disk(uint32_t queue_gpa)
{
	pthread_t thread;

	disk.queue = (struct virtio_queue *)(void *)(ram + queue_gpa);
	if (pthread_create(&thread, NULL, run_disk, NULL) != 0) {
		err(1, "disk");
	}
}

/* --- the loop --- */

static void on_port(struct kvm_run *run)
{
	uint32_t *value = (uint32_t *)(void *)((char *)run + run->io.data_offset);

	if (run->io.port == COM1_PORT) {
		must((int)write(STDOUT_FILENO, value, 1), "output");
	} else if (run->io.port == DISK_FLOOR_PORT && run->io.direction == KVM_EXIT_IO_IN) {
		*value = disk.sectors;
	} else if (run->io.port == DISK_FLOOR_PORT && disk.fd >= 0) {
		start_disk(*value);
	}
}

static double now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int print_clock(void)
{
	double start_s = now_s();
	uint64_t start = __builtin_ia32_rdtsc();

	(void)usleep(200000);
	(void)printf("%.0f\n", (double)(__builtin_ia32_rdtsc() - start) / (now_s() - start_s));
	return 0;
}

static int run_payload(int argc, char **argv)
{
	int kvm_fd = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	int run_bytes = must(ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	struct kvm_run *run;

	vm_fd = must(ioctl(kvm_fd, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	make_ram();
	vcpu_fd = must(ioctl(vm_fd, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	run = mmap(NULL, (size_t)run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_fd, 0);
	if (run == MAP_FAILED) {
		err(1, "kvm_run");
	}
	set_cpuid(kvm_fd);
	set_registers(load(argv[1]));
	set_command_line(argv[2]);
	if (argc > 3) {
		open_disk(argv[3], argc > 4);
	}
	for (;;) {
		must(ioctl(vcpu_fd, KVM_RUN, 0), "KVM_RUN");
		if (run->exit_reason != KVM_EXIT_IO) {
			errx(1, "exit reason %u", run->exit_reason);
		}
		on_port(run);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--clock") == 0) {
		return print_clock();
	}
	if (argc < 3) {
		errx(2, "usage: floor PAYLOAD WORDS [DISK [spin]] | floor --clock");
	}
	return run_payload(argc, argv);
}

/* SPDX-License-Identifier: MIT */
#include "vmm/mem/guest_mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "vmm/kvm/kvm.h"

#define HUGE_PAGE_BYTES	   ((size_t)2 << 20)
#define SIZE_UNIT	   ((uint64_t)1 << 20)
#define REGIONS_MAX	   2
#define PAGES_PER_WORD	   64u
#define SHMEM_HUGE_SETTING "/sys/kernel/mm/transparent_hugepage/shmem_enabled"

/* 64 pages of a dirty bitmap. */
struct dirty_word {
	_Atomic uint64_t pages;
};

struct guest_mem {
	struct kvm *kvm; /* borrowed, may be NULL */
	uint64_t size;
	int fd; /* memfd, or -1 where the memory is private */

	/* The reservation has room for alignment; what RAM does not fill stays inaccessible. */
	void *reservation;
	size_t reservation_bytes;
	uint8_t *base;

	struct guest_mem_region regions[REGIONS_MAX];
	size_t region_count;

	/* Pages written by devices, a bitmap for each region; allocated by the first
	 * guest_mem_log_dirty and kept, since any thread may be marking. */
	atomic_bool logging;
	struct dirty_word *dirty[REGIONS_MAX];

	_Atomic uint32_t slots; /* given out, those of the regions included */
};

/* Whether MADV_HUGEPAGE works on a memfd: the word in brackets is the one in force. */
static bool has_huge_shared_memory(void)
{
	int fd AUTO_CLOSE = open(SHMEM_HUGE_SETTING, O_RDONLY | O_CLOEXEC);
	char text[128] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0) {
		return false;
	}
	return !strstr(text, "[never]") && !strstr(text, "[deny]");
}

static int open_memfd(struct guest_mem *mem)
{
	mem->fd = memfd_create("thunderlake-ram", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (mem->fd < 0 || ftruncate(mem->fd, (off_t)mem->size) < 0) {
		return -errno;
	}
	/* Whoever gets the descriptor cannot pull memory from under our feet. */
	if (fcntl(mem->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		return -errno;
	}
	return 0;
}

static int reserve(struct guest_mem *mem)
{
	uintptr_t start;

	mem->reservation_bytes = ALIGN_UP(mem->size, HUGE_PAGE_BYTES) + HUGE_PAGE_BYTES;
	mem->reservation = mmap(NULL, mem->reservation_bytes, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem->reservation == MAP_FAILED) {
		mem->reservation = NULL;
		return -errno;
	}
	start = ALIGN_UP((uintptr_t)mem->reservation, HUGE_PAGE_BYTES);
	mem->base = (uint8_t *)start;
	return 0;
}

static int map_ram(struct guest_mem *mem)
{
	int flags = MAP_FIXED | MAP_NORESERVE |
		    (mem->fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS);

	if (mmap(mem->base, mem->size, PROT_READ | PROT_WRITE, flags, mem->fd, 0) == MAP_FAILED) {
		return -errno;
	}
	/* Advice: a kernel without huge pages may refuse it. */
	(void)madvise(mem->base, mem->size, MADV_HUGEPAGE);
	(void)madvise(mem->base, mem->size, MADV_DONTFORK);
	(void)madvise(mem->base, mem->size, MADV_DONTDUMP);
	return 0;
}

static void lay_out_regions(struct guest_mem *mem)
{
	uint64_t low = MIN(mem->size, (uint64_t)GUEST_MEM_LOW_END);

	mem->regions[0] = (struct guest_mem_region){ .gpa = 0, .size = low, .hva = mem->base };
	mem->region_count = 1;
	if (mem->size > low) {
		mem->regions[1] = (struct guest_mem_region){
			.gpa = GUEST_MEM_HIGH_GPA,
			.size = mem->size - low,
			.hva = mem->base + low,
		};
		mem->region_count = 2;
	}
}

/* Tells KVM of every region, again when `flags` change. */
static int set_slots(struct guest_mem *mem, uint32_t flags)
{
	int code = 0;

	for (size_t i = 0; mem->kvm && i < mem->region_count && code == 0; i++) {
		const struct kvm_userspace_memory_region slot = {
			.slot = (uint32_t)i,
			.flags = flags,
			.guest_phys_addr = mem->regions[i].gpa,
			.memory_size = mem->regions[i].size,
			.userspace_addr = (uintptr_t)mem->regions[i].hva,
		};

		code = kvm_set_memory(mem->kvm, &slot);
	}
	return code;
}

int guest_mem_create(struct kvm *kvm, uint64_t size, struct guest_mem **out, struct error *err)
{
	struct guest_mem *mem;
	int code;

	*out = NULL;
	if (size < GUEST_MEM_MIN_BYTES || size > GUEST_MEM_MAX_BYTES || size % SIZE_UNIT != 0) {
		return error_set(err, -EINVAL,
				 "guest memory of %" PRIu64 " bytes: it must be a multiple of "
				 "1 MiB, at least %u MiB and at most %u GiB",
				 size, GUEST_MEM_MIN_BYTES >> 20,
				 (unsigned)(GUEST_MEM_MAX_BYTES >> 30));
	}
	mem = calloc(1, sizeof(*mem));
	if (!mem) {
		return error_set_errno(err, -ENOMEM, "guest memory");
	}
	mem->kvm = kvm;
	mem->size = size;
	mem->fd = -1;
	atomic_init(&mem->slots, REGIONS_MAX);
	code = has_huge_shared_memory() ? open_memfd(mem) : 0;
	if (code == 0) {
		code = reserve(mem);
	}
	if (code == 0) {
		code = map_ram(mem);
	}
	if (code < 0) {
		(void)error_set_errno(err, code,
				      "the host does not give %" PRIu64 " MiB of guest memory",
				      size >> 20);
		goto fail;
	}
	lay_out_regions(mem);
	code = set_slots(mem, 0);
	if (code < 0) {
		(void)error_set_errno(err, code, "KVM refuses %" PRIu64 " MiB of guest memory",
				      size >> 20);
		goto fail;
	}
	*out = mem;
	return 0;
fail:
	guest_mem_destroy(mem);
	return code;
}

void guest_mem_destroy(struct guest_mem *mem)
{
	if (!mem) {
		return;
	}
	for (size_t i = 0; i < REGIONS_MAX; i++) {
		free(mem->dirty[i]);
	}
	if (mem->reservation) {
		(void)munmap(mem->reservation, mem->reservation_bytes);
	}
	if (mem->fd >= 0) {
		(void)close(mem->fd);
	}
	free(mem);
}

uint64_t guest_mem_size(const struct guest_mem *mem)
{
	return mem->size;
}

const struct guest_mem_region *guest_mem_regions(const struct guest_mem *mem, size_t *count)
{
	*count = mem->region_count;
	return mem->regions;
}

/* The region that holds all of [gpa, gpa+length), or NULL. A hole parts the regions, so that no
 * range can lie in two. */
static const struct guest_mem_region *find_region(const struct guest_mem *mem, uint64_t gpa,
						  uint64_t length)
{
	for (size_t i = 0; i < mem->region_count; i++) {
		const struct guest_mem_region *region = &mem->regions[i];

		if (gpa >= region->gpa && gpa - region->gpa < region->size) {
			return length <= region->size - (gpa - region->gpa) ? region : NULL;
		}
	}
	return NULL;
}

void *guest_mem_slice(const struct guest_mem *mem, uint64_t gpa, uint64_t length)
{
	const struct guest_mem_region *region = find_region(mem, gpa, length);

	return region && length > 0 ? region->hva + (gpa - region->gpa) : NULL;
}

int guest_mem_read(const struct guest_mem *mem, uint64_t gpa, void *buffer, size_t length)
{
	const void *source = guest_mem_slice(mem, gpa, length);

	if (!source) {
		return length == 0 ? 0 : -EFAULT;
	}
	memcpy(buffer, source, length);
	return 0;
}

int guest_mem_write(struct guest_mem *mem, uint64_t gpa, const void *buffer, size_t length)
{
	void *target = guest_mem_slice(mem, gpa, length);

	if (!target) {
		return length == 0 ? 0 : -EFAULT;
	}
	memcpy(target, buffer, length);
	guest_mem_mark_dirty(mem, gpa, length);
	return 0;
}

static int discard(struct guest_mem *mem, uint8_t *start, uint64_t length)
{
	int result;

	if (mem->fd < 0) {
		result = madvise(start, length, MADV_DONTNEED);
	} else {
		result = fallocate(mem->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   start - mem->base, (off_t)length);
	}
	return result < 0 ? -errno : 0;
}

int guest_mem_discard(struct guest_mem *mem, uint64_t gpa, uint64_t length)
{
	uint8_t *start = guest_mem_slice(mem, gpa, length);
	int code;

	if (gpa % GUEST_MEM_PAGE_BYTES != 0 || length % GUEST_MEM_PAGE_BYTES != 0) {
		return -EINVAL;
	}
	if (!start) {
		return -EFAULT;
	}
	code = discard(mem, start, length);
	guest_mem_mark_dirty(mem, gpa, length);
	return code;
}

int guest_mem_clear(struct guest_mem *mem)
{
	for (size_t i = 0; i < mem->region_count; i++) {
		guest_mem_mark_dirty(mem, mem->regions[i].gpa, mem->regions[i].size);
	}
	return discard(mem, mem->base, mem->size);
}

/* --- dirty log --- */

static size_t bitmap_words(const struct guest_mem_region *region)
{
	uint64_t pages = region->size / GUEST_MEM_PAGE_BYTES;

	return (pages + PAGES_PER_WORD - 1) / PAGES_PER_WORD;
}

static int make_bitmaps(struct guest_mem *mem)
{
	for (size_t i = 0; i < mem->region_count; i++) {
		size_t words = bitmap_words(&mem->regions[i]);

		if (!mem->dirty[i]) {
			mem->dirty[i] = calloc(words, sizeof(*mem->dirty[i]));
		}
		if (!mem->dirty[i]) {
			return -ENOMEM;
		}
		for (size_t word = 0; word < words; word++) {
			atomic_store_explicit(&mem->dirty[i][word].pages, 0, memory_order_relaxed);
		}
	}
	return 0;
}

int guest_mem_log_dirty(struct guest_mem *mem, bool on)
{
	int code;

	if (on == atomic_load(&mem->logging)) {
		return 0;
	}
	if (on) {
		code = make_bitmaps(mem);
		if (code < 0) {
			return code;
		}
	}
	code = set_slots(mem, on ? KVM_MEM_LOG_DIRTY_PAGES : 0);
	if (code == 0) {
		/* Releases the bitmaps to the markers, which load with acquire. */
		atomic_store_explicit(&mem->logging, on, memory_order_release);
	}
	return code;
}

bool guest_mem_is_logging(const struct guest_mem *mem)
{
	return atomic_load_explicit(&mem->logging, memory_order_acquire);
}

void guest_mem_mark_dirty(struct guest_mem *mem, uint64_t gpa, uint64_t length)
{
	const struct guest_mem_region *region;
	uint64_t first, last;

	if (LIKELY(!guest_mem_is_logging(mem)) || length == 0) {
		return;
	}
	region = find_region(mem, gpa, length);
	if (!region) {
		return;
	}
	first = (gpa - region->gpa) / GUEST_MEM_PAGE_BYTES;
	last = (gpa - region->gpa + length - 1) / GUEST_MEM_PAGE_BYTES;
	for (uint64_t page = first; page <= last; page++) {
		(void)atomic_fetch_or(
			&mem->dirty[region - mem->regions][page / PAGES_PER_WORD].pages,
			UINT64_C(1) << (page % PAGES_PER_WORD));
	}
}

int guest_mem_dirty_pages(struct guest_mem *mem, size_t index, uint64_t *bitmap)
{
	size_t words;
	int code = 0;

	if (index >= mem->region_count || !atomic_load(&mem->logging)) {
		return -EINVAL;
	}
	words = bitmap_words(&mem->regions[index]);
	memset(bitmap, 0, words * sizeof(*bitmap));
	if (mem->kvm) {
		code = kvm_get_dirty_log(mem->kvm, (uint32_t)index, bitmap);
	}
	for (size_t word = 0; word < words && code == 0; word++) {
		bitmap[word] |= atomic_exchange(&mem->dirty[index][word].pages, 0);
	}
	return code;
}

struct kvm *guest_mem_kvm(const struct guest_mem *mem)
{
	return mem->kvm;
}

uint32_t guest_mem_new_slot(struct guest_mem *mem)
{
	return atomic_fetch_add(&mem->slots, 1);
}

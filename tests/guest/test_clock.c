/* SPDX-License-Identifier: MIT */
#include "tests/guest/test_clock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdatomic.h>
#include <time.h>

#include "tests/guest/mini.h"
#include "vmm/base/clock.h"
#include "vmm/boot/layout.h"

/*
 * Of a span of the host's time with a pause in it, the guest's clocks may show at most the rest.
 * That holds on a loaded host too, since its delays lengthen the span and not what is taken off it.
 */
#define PAUSE_MS 300

TestSuite(clock, .timeout = 60);

static struct mini mini;

static void sleep_ms(unsigned ms)
{
	const struct timespec pause = { .tv_nsec = ms * 1000000l };

	(void)nanosleep(&pause, NULL);
}

/* The host's counter, in whose ticks the guest counts too. */
static uint64_t host_ticks(void)
{
	return __builtin_ia32_rdtsc();
}

static uint64_t told_ticks(void)
{
	const _Atomic uint64_t *ticks = guest_mem_slice(mini.mem, TEST_TSC_GPA, 8);

	return atomic_load(ticks);
}

/* What the guest read after this was called: what it told first may have been read before. */
static uint64_t guest_ticks(void)
{
	uint64_t ticks = told_ticks();

	for (unsigned told = 0; told < 2; told++) {
		uint64_t before = ticks;

		for (unsigned i = 0; ticks == before; i++) {
			cr_assert(lt(uint, i, MINI_TIMEOUT_MS), "%s", mini.text);
			ticks = told_ticks();
			sleep_ms(ticks == before);
		}
	}
	return ticks;
}

static void start_guest(unsigned cpus)
{
	mini_make(&mini, &(struct mini_config){ .cpus = cpus });
	mini_boot(&mini, "clock", "");
	(void)guest_ticks();
}

static uint64_t read_tsc(struct kvm_vcpu *vcpu)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = { .head.nmsrs = 1, .entry.index = 0x10 };

	cr_assert(eq(int, kvm_vcpu_get_msrs(vcpu, &msrs.head), 1));
	return msrs.entry.data;
}

/* Whether a counter set back by an hour or so is that far back. */
static bool obeys(struct kvm_vcpu *vcpu)
{
	const uint64_t ticks = UINT64_C(10000000000000);
	uint64_t before = read_tsc(vcpu);
	uint64_t offset, back;

	if (kvm_vcpu_get_tsc_offset(vcpu, &offset) < 0 ||
	    kvm_vcpu_set_tsc_offset(vcpu, offset - ticks) < 0) {
		return false;
	}
	back = before - read_tsc(vcpu);
	return back > ticks / 2 && back <= ticks;
}

/* A KVM of Linux 5.16 and later can, but one of software may not. */
static bool can_set_counters_back(void)
{
	struct kvm_vcpu vcpu = { .fd = -1 };
	struct kvm *kvm = NULL;
	struct error err = { "" };
	bool can;

	cr_assert(eq(int, kvm_create(KVM_DEVICE_PATH, &kvm, &err), 0), "%s", err.text);
	cr_assert(eq(int, kvm_create_chips(kvm, LAYOUT_TSS_GPA, &err), 0), "%s", err.text);
	cr_assert(eq(int, kvm_vcpu_create(kvm, 0, &vcpu), 0));
	can = obeys(&vcpu);
	kvm_vcpu_finish(&vcpu);
	kvm_destroy(kvm);
	return can;
}

Test(clock, counter_stands_while_paused)
{
	uint64_t begin, end, pause_begin, pause_end, first, last;

	start_guest(1);
	if (!can_set_counters_back()) {
		mini_finish(&mini);
		cr_skip_test("this host's KVM cannot set a time stamp counter back");
	}
	begin = host_ticks();
	first = guest_ticks();
	cpus_pause(mini.cpus);
	pause_begin = host_ticks();
	sleep_ms(PAUSE_MS);
	pause_end = host_ticks();
	cpus_resume(mini.cpus);
	last = guest_ticks();
	end = host_ticks();
	cr_assert(gt(u64, last, first));
	cr_assert(le(u64, last - first, end - begin - (pause_end - pause_begin)));
	(void)mini_wait(&mini, 0);
	mini_finish(&mini);
}

static uint64_t kvm_clock_ns(void)
{
	struct kvm_clock_data data = { 0 };

	cr_assert(eq(int, kvm_get_clock(mini.kvm, &data), 0));
	return data.clock;
}

/* Three processors, as KVM may then compute it in another way. */
Test(clock, kvm_clock_stands_while_paused)
{
	uint64_t begin, end, pause_begin, pause_end, first, last;
	/* The two clocks of the host may be steered apart meanwhile. */
	const uint64_t tolerance_ns = 10000000;

	start_guest(3);
	begin = clock_now_ns();
	first = kvm_clock_ns();
	cpus_pause(mini.cpus);
	pause_begin = clock_now_ns();
	sleep_ms(PAUSE_MS);
	pause_end = clock_now_ns();
	cpus_resume(mini.cpus);
	last = kvm_clock_ns();
	end = clock_now_ns();
	cr_assert(gt(u64, last, first));
	cr_assert(le(u64, last - first, end - begin - (pause_end - pause_begin) + tolerance_ns));
	(void)mini_wait(&mini, 0);
	mini_finish(&mini);
}

/* A reset sets the counter to zero; nothing may be taken off that. */
Test(clock, reset_after_a_pause_begins_at_zero)
{
	uint64_t before;

	start_guest(1);
	sleep_ms(PAUSE_MS);
	before = guest_ticks();
	cpus_pause(mini.cpus);
	sleep_ms(PAUSE_MS);
	mini_boot(&mini, "clock", "");
	cr_assert(lt(u64, guest_ticks(), before + UINT64_C(1000000000000)));
	(void)mini_wait(&mini, 0);
	mini_finish(&mini);
}

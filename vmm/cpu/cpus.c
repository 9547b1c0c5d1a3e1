/* SPDX-License-Identifier: MIT */
#include "vmm/cpu/cpus.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

#include "vmm/base/thread.h"
#include "vmm/cpu/cpu.h"
#include "vmm/cpu/cpuid.h"
#include "vmm/cpu/guest_clock.h"
#include "vmm/cpu/msr.h"
#include "vmm/cpu/state.h"
#include "vmm/kvm/chips.h"

/*
 * How a processor is stopped, without a lost wake-up and without a system call on the fast path:
 * the stopper sets `immediate_exit` in the page shared with KVM, then sends the thread a signal
 * whose handler does nothing. A thread on its way into KVM_RUN sees the flag there; one that is in
 * KVM_RUN already, or went in before the flag was set, is driven out by the signal. Either way
 * KVM_RUN first completes the access of the last exit, then says -EINTR, and only then does the
 * thread park. The flag is cleared by the resumer, while the thread is parked.
 */
#define KICK_SIGNAL SIGRTMIN

struct cpu_thread {
	struct cpu cpu; /* what the thread itself uses */
	struct cpus *cpus;
	pthread_t thread;
	bool started; /* `thread` is to be joined */
	struct cpu_state power_on;

	/* guarded by the lock of cpus */
	int thread_id; /* 0 until the thread runs */
	bool parked;
	bool stopped; /* after an event, until reset */
};

struct cpus {
	struct cpus_config config;
	struct topology topology;
	struct msr_table msrs; /* equal on all processors */
	struct kvm_chips chips;

	struct mutex lock;
	struct condition changed;
	bool pausing;		  /* guarded by lock */
	bool ending;		  /* guarded by lock */
	struct guest_clock clock; /* guarded by lock */

	struct cpu_thread threads[]; /* config.count */
};

/* --- threads --- */

/* Waits until the processor is to run; false when it is to end. */
static bool park(struct cpu_thread *self)
{
	struct cpus *cpus = self->cpus;
	bool ending;

	mutex_lock(&cpus->lock);
	if (cpus->pausing || self->stopped) {
		self->parked = true;
		condition_wake_all(&cpus->changed);
	}
	while ((cpus->pausing || self->stopped) && !cpus->ending) {
		condition_wait(&cpus->changed, &cpus->lock);
	}
	self->parked = false;
	ending = cpus->ending;
	mutex_unlock(&cpus->lock);
	return !ending;
}

static void stop_self(struct cpu_thread *self)
{
	struct cpus *cpus = self->cpus;

	mutex_lock(&cpus->lock);
	self->stopped = true;
	mutex_unlock(&cpus->lock);
}

static void unblock_kick(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, KICK_SIGNAL);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void *run_thread(void *arg)
{
	struct cpu_thread *self = arg;
	struct cpus *cpus = self->cpus;

	unblock_kick();
	mutex_lock(&cpus->lock);
	self->thread_id = gettid();
	mutex_unlock(&cpus->lock);
	while (park(self)) {
		struct cpu_event event;

		if (!cpu_run(&self->cpu, &event)) {
			/* First, so that whoever is told finds the processor stopped. */
			stop_self(self);
			cpus->config.on_event(cpus->config.arg, &event);
		}
	}
	return NULL;
}

static void ignore_kick(int number)
{
	(void)number;
}

static int take_kick_signal(void)
{
	struct sigaction action = { .sa_handler = ignore_kick, .sa_flags = SA_RESTART };

	return sigaction(KICK_SIGNAL, &action, NULL) < 0 ? -errno : 0;
}

static void kick_all(struct cpus *cpus)
{
	for (unsigned i = 0; i < cpus->config.count; i++) {
		struct cpu_thread *thread = &cpus->threads[i];

		if (thread->started) {
			__atomic_store_n(&thread->cpu.kvm.run->immediate_exit, 1, __ATOMIC_RELEASE);
			(void)pthread_kill(thread->thread, KICK_SIGNAL);
		}
	}
}

static bool are_all_parked_locked(const struct cpus *cpus)
{
	for (unsigned i = 0; i < cpus->config.count; i++) {
		if (!cpus->threads[i].parked) {
			return false;
		}
	}
	return true;
}

void cpus_pause(struct cpus *cpus)
{
	bool begins;

	mutex_lock(&cpus->lock);
	begins = !cpus->pausing;
	if (begins) {
		cpus->pausing = true;
		kick_all(cpus);
	}
	while (!are_all_parked_locked(cpus)) {
		condition_wait(&cpus->changed, &cpus->lock);
	}
	if (begins) {
		guest_clock_hold(&cpus->clock, cpus->config.kvm, &cpus->threads[0].cpu.kvm);
	}
	mutex_unlock(&cpus->lock);
}

static void release_clock_locked(struct cpus *cpus)
{
	struct kvm_vcpu *vcpus[CPUS_MAX];

	for (unsigned i = 0; i < cpus->config.count; i++) {
		vcpus[i] = &cpus->threads[i].cpu.kvm;
	}
	guest_clock_release(&cpus->clock, cpus->config.kvm, vcpus, cpus->config.count);
}

void cpus_resume(struct cpus *cpus)
{
	mutex_lock(&cpus->lock);
	if (cpus->pausing) {
		release_clock_locked(cpus);
		for (unsigned i = 0; i < cpus->config.count; i++) {
			struct cpu *cpu = &cpus->threads[i].cpu;

			__atomic_store_n(&cpu->kvm.run->immediate_exit, 0, __ATOMIC_RELAXED);
			/* -EINVAL: this guest does not use kvm-clock. */
			(void)kvm_vcpu_clock_paused(&cpu->kvm);
		}
		cpus->pausing = false;
		condition_wake_all(&cpus->changed);
	}
	mutex_unlock(&cpus->lock);
}

/* --- making --- */

static int check_config(const struct cpus_config *config, struct cpus *cpus, struct error *err)
{
	int host_max = kvm_capability(config->kvm, KVM_CAP_MAX_VCPUS);

	if (!topology_init(&cpus->topology, config->count, config->sockets, config->cores,
			   config->threads)) {
		return error_set(err, -EINVAL,
				 "%u sockets of %u cores with %u threads are not %u processors; "
				 "make the product fit, or leave the topology out",
				 config->sockets, config->cores, config->threads, config->count);
	}
	if (host_max > 0 && config->count > (unsigned)host_max) {
		return error_set(err, -EINVAL, "%u processors: this host's KVM allows %d",
				 config->count, host_max);
	}
	return 0;
}

static int set_cpuid(struct cpus *cpus, const struct kvm_cpuid2 *supported, unsigned index)
{
	const struct cpuid_config config = {
		.supported = supported,
		.topology = &cpus->topology,
		.has_tsc_deadline =
			kvm_capability(cpus->config.kvm, KVM_CAP_TSC_DEADLINE_TIMER) > 0,
	};
	struct kvm_cpuid2 *cpuid AUTO_FREE = NULL;
	int code = cpuid_make(&config, index, &cpuid);

	return code == 0 ? kvm_vcpu_set_cpuid(&cpus->threads[index].cpu.kvm, cpuid) : code;
}

static int make_cpu(struct cpus *cpus, const struct kvm_cpuid2 *supported, unsigned index,
		    struct error *err)
{
	struct cpu_thread *thread = &cpus->threads[index];
	struct cpu *cpu = &thread->cpu;
	int code;

	cpu->index = index;
	cpu->pio = cpus->config.pio;
	cpu->mmio = cpus->config.mmio;
	cpu->mem = cpus->config.mem;
	thread->cpus = cpus;
	/* KVM takes the number of a vCPU as its APIC id. */
	code = kvm_vcpu_create(cpus->config.kvm, topology_apic_id(&cpus->topology, index),
			       &cpu->kvm);
	if (code < 0) {
		return error_set_errno(err, code, "KVM cannot make processor %u", index);
	}
	code = set_cpuid(cpus, supported, index);
	if (code < 0) {
		return error_set_errno(err, code, "KVM refuses the CPUID of processor %u", index);
	}
	if (index == 0) {
		code = msr_table_capture(cpus->config.kvm, &cpu->kvm, &cpus->msrs);
	}
	if (code == 0) {
		code = cpu_state_capture(&cpu->kvm, &thread->power_on);
	}
	if (code < 0) {
		return error_set_errno(err, code, "KVM does not tell the state of processor %u",
				       index);
	}
	return 0;
}

static int make_all(struct cpus *cpus, struct error *err)
{
	struct kvm_cpuid2 *supported AUTO_FREE = NULL;
	int code = kvm_get_supported_cpuid(cpus->config.kvm, &supported);

	if (code < 0) {
		return error_set_errno(err, code, "KVM does not tell which CPUID it supports");
	}
	for (unsigned i = 0; i < cpus->config.count && code == 0; i++) {
		code = make_cpu(cpus, supported, i, err);
	}
	if (code < 0) {
		return code;
	}
	code = kvm_chips_save(cpus->config.kvm, &cpus->chips);
	return code < 0 ? error_set_errno(err, code, "KVM does not tell the state of its chips")
			: 0;
}

static int start_threads(struct cpus *cpus, struct error *err)
{
	int code = take_kick_signal();

	for (unsigned i = 0; i < cpus->config.count && code == 0; i++) {
		struct cpu_thread *thread = &cpus->threads[i];
		char name[16];

		(void)snprintf(name, sizeof(name), "vcpu/%u", i);
		code = thread_start(&thread->thread, name, run_thread, thread);
		thread->started = code == 0;
	}
	return code < 0 ? error_set_errno(err, code, "threads of the processors") : 0;
}

int cpus_create(const struct cpus_config *config, struct cpus **out, struct error *err)
{
	struct cpus *cpus;
	int code;

	*out = NULL;
	if (config->count < 1 || config->count > CPUS_MAX) {
		return error_set(err, -EINVAL, "%u processors: there can be 1 to %u", config->count,
				 CPUS_MAX);
	}
	cpus = calloc(1, sizeof(*cpus) + config->count * sizeof(cpus->threads[0]));
	if (!cpus) {
		return error_set_errno(err, -ENOMEM, "processors");
	}
	cpus->config = *config;
	cpus->pausing = true;
	mutex_init(&cpus->lock);
	condition_init(&cpus->changed);
	for (unsigned i = 0; i < config->count; i++) {
		cpus->threads[i].cpu.kvm.fd = -1;
	}
	code = check_config(config, cpus, err);
	if (code == 0) {
		code = make_all(cpus, err);
	}
	if (code == 0) {
		code = start_threads(cpus, err);
	}
	if (code < 0) {
		cpus_destroy(cpus);
		return code;
	}
	cpus_pause(cpus); /* returns when each thread waits for the first resume */
	*out = cpus;
	return 0;
}

void cpus_destroy(struct cpus *cpus)
{
	if (!cpus) {
		return;
	}
	mutex_lock(&cpus->lock);
	cpus->ending = true;
	kick_all(cpus);
	condition_wake_all(&cpus->changed);
	mutex_unlock(&cpus->lock);
	for (unsigned i = 0; i < cpus->config.count; i++) {
		struct cpu_thread *thread = &cpus->threads[i];

		if (thread->started) {
			(void)pthread_join(thread->thread, NULL);
		}
		kvm_vcpu_finish(&thread->cpu.kvm);
	}
	msr_table_finish(&cpus->msrs);
	condition_finish(&cpus->changed);
	mutex_finish(&cpus->lock);
	free(cpus);
}

/* --- reset --- */

static int reset_cpu(struct cpus *cpus, struct cpu_thread *thread, const struct cpu_state *state)
{
	struct kvm_vcpu *vcpu = &thread->cpu.kvm;
	int code = cpu_state_restore(vcpu, state);

	if (code == 0) {
		code = msr_table_apply(&cpus->msrs, vcpu);
	}
	if (code == 0) {
		code = cpu_state_restore_lapic(vcpu, state);
	}
	thread->stopped = false;
	return code;
}

int cpus_reset(struct cpus *cpus, const struct cpu_entry *entry, struct error *err)
{
	struct cpu_state boot = cpus->threads[0].power_on;
	int code = kvm_chips_restore(cpus->config.kvm, &cpus->chips);

	cpu_state_enter(&boot, entry);
	mutex_lock(&cpus->lock);
	assert(cpus->pausing && are_all_parked_locked(cpus));
	guest_clock_forget(&cpus->clock);
	for (unsigned i = 0; i < cpus->config.count && code == 0; i++) {
		struct cpu_thread *thread = &cpus->threads[i];

		code = reset_cpu(cpus, thread, i == 0 ? &boot : &thread->power_on);
	}
	mutex_unlock(&cpus->lock);
	return code < 0 ? error_set_errno(err, code, "KVM refuses to reset the processors") : 0;
}

unsigned cpus_count(const struct cpus *cpus)
{
	return cpus->config.count;
}

int cpus_thread_id(const struct cpus *cpus, unsigned cpu)
{
	return cpu < cpus->config.count ? cpus->threads[cpu].thread_id : -EINVAL;
}

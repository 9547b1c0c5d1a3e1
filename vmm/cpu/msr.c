/* SPDX-License-Identifier: MIT */
#include "vmm/cpu/msr.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "vmm/base/log.h"

/* Numbers and names of Intel SDM volume 4, AMD APM volume 2 and Linux's asm/kvm_para.h. */
#define MSR_IA32_TSC		   0x10u
#define MSR_IA32_APIC_BASE	   0x1bu
#define MSR_SMI_COUNT		   0x34u
#define MSR_IA32_UCODE_REV	   0x8bu
#define MSR_CORE_CAPABILITIES	   0xcfu
#define MSR_PLATFORM_INFO	   0xceu
#define MSR_ARCH_CAPABILITIES	   0x10au
#define MSR_IA32_MISC_ENABLE	   0x1a0u
#define MISC_ENABLE_FAST_STRING	   0x1u
#define MSR_IA32_PAT		   0x277u
#define PAT_POWER_ON		   UINT64_C(0x0007040600070406)
#define MSR_MTRR_DEF_TYPE	   0x2ffu
#define MTRR_ENABLED_WRITE_BACK	   0x806u
#define MSR_IA32_PERF_CAPABILITIES 0x345u
#define MSR_VMX_FIRST		   0x480u
#define MSR_VMX_LAST		   0x493u
#define MSR_KVM_WALL_CLOCK	   0x11u
#define MSR_KVM_SYSTEM_TIME	   0x12u
#define MSR_KVM_WALL_CLOCK_NEW	   0x4b564d00u
#define MSR_KVM_SYSTEM_TIME_NEW	   0x4b564d01u
#define MSR_HYPERV_FIRST	   0x40000000u
#define MSR_HYPERV_LAST		   0x400001ffu
#define MSR_AMD_DE_CFG		   0xc0011029u

/* KVM takes at most 255 at once. */
#define CHUNK 128u
union chunk {
	struct kvm_msrs msrs;
	uint8_t room[sizeof(struct kvm_msrs) + CHUNK * sizeof(struct kvm_msr_entry)];
};

bool msr_is_state(uint32_t index)
{
	switch (index) {
	case MSR_IA32_APIC_BASE:
	case MSR_SMI_COUNT:
	case MSR_IA32_UCODE_REV:
	case MSR_CORE_CAPABILITIES:
	case MSR_PLATFORM_INFO:
	case MSR_ARCH_CAPABILITIES:
	case MSR_IA32_PERF_CAPABILITIES:
	case MSR_AMD_DE_CFG:
		return false;
	default:
		return !(index >= MSR_VMX_FIRST && index <= MSR_VMX_LAST) &&
		       !(index >= MSR_HYPERV_FIRST && index <= MSR_HYPERV_LAST);
	}
}

uint64_t msr_power_on_value(uint32_t index, uint64_t value)
{
	switch (index) {
	case MSR_IA32_TSC:
		/* Zero on every processor is also what KVM takes as "keep them synchronised". */
		return 0;
	case MSR_KVM_WALL_CLOCK:
	case MSR_KVM_WALL_CLOCK_NEW:
	case MSR_KVM_SYSTEM_TIME:
	case MSR_KVM_SYSTEM_TIME_NEW:
		return 0;
	case MSR_IA32_MISC_ENABLE:
		return value | MISC_ENABLE_FAST_STRING;
	case MSR_IA32_PAT:
		return PAT_POWER_ON;
	case MSR_MTRR_DEF_TYPE:
		return MTRR_ENABLED_WRITE_BACK;
	default:
		return value;
	}
}

/* Gets or sets all of the table. KVM stops at an MSR that it refuses: that one is dropped. */
static int transfer(struct msr_table *table, struct kvm_vcpu *vcpu, bool set)
{
	unsigned at = 0;

	while (at < table->count) {
		union chunk chunk = { .msrs.nmsrs = MIN(table->count - at, CHUNK) };
		size_t bytes = chunk.msrs.nmsrs * sizeof(chunk.msrs.entries[0]);
		int done;

		memcpy(chunk.msrs.entries, table->entries + at, bytes);
		done = set ? kvm_vcpu_set_msrs(vcpu, &chunk.msrs)
			   : kvm_vcpu_get_msrs(vcpu, &chunk.msrs);
		if (done < 0) {
			return done;
		}
		memcpy(table->entries + at, chunk.msrs.entries, bytes);
		at += (unsigned)done;
		if ((unsigned)done < chunk.msrs.nmsrs) {
			log_debug("cpu", "MSR 0x%x: KVM does not let it be %s; left alone",
				  table->entries[at].index, set ? "set" : "read");
			table->count--;
			memmove(table->entries + at, table->entries + at + 1,
				(table->count - at) * sizeof(table->entries[0]));
		}
	}
	return 0;
}

static bool has(const struct msr_table *table, uint32_t index)
{
	for (unsigned i = 0; i < table->count; i++) {
		if (table->entries[i].index == index) {
			return true;
		}
	}
	return false;
}

/* What a reset sets although KVM does not count it among the state to save. */
static void add_missing(struct msr_table *table)
{
	static const uint32_t WANTED[] = { MSR_IA32_MISC_ENABLE, MSR_IA32_PAT, MSR_MTRR_DEF_TYPE };

	for (size_t i = 0; i < ARRAY_SIZE(WANTED); i++) {
		if (!has(table, WANTED[i])) {
			table->entries[table->count++].index = WANTED[i];
		}
	}
}

int msr_table_capture(struct kvm *kvm, struct kvm_vcpu *vcpu, struct msr_table *out)
{
	struct kvm_msr_list *list AUTO_FREE = NULL;
	int code = kvm_get_msr_index_list(kvm, &list);

	*out = (struct msr_table){ 0 };
	if (code < 0) {
		return code;
	}
	out->entries = calloc(list->nmsrs + 8u, sizeof(out->entries[0]));
	if (!out->entries) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < list->nmsrs; i++) {
		if (msr_is_state(list->indices[i])) {
			out->entries[out->count++].index = list->indices[i];
		}
	}
	add_missing(out);
	code = transfer(out, vcpu, false);
	for (unsigned i = 0; i < out->count; i++) {
		struct kvm_msr_entry *entry = &out->entries[i];

		entry->data = msr_power_on_value(entry->index, entry->data);
	}
	if (code < 0) {
		msr_table_finish(out);
	}
	return code;
}

void msr_table_finish(struct msr_table *table)
{
	free(table->entries);
	*table = (struct msr_table){ 0 };
}

int msr_table_apply(struct msr_table *table, struct kvm_vcpu *vcpu)
{
	return transfer(table, vcpu, true);
}

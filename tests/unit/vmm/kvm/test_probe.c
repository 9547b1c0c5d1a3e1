/* SPDX-License-Identifier: MIT */
/* LINK: vmm/kvm/ */
#include "vmm/kvm/probe.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "vmm/kvm/device.h"
#include "vmm/kvm/kvm.h"

TestSuite(probe, .timeout = 20);

static struct kvm_probe result;

static int create(const char *path, struct error *err)
{
	struct kvm *kvm;
	int code = kvm_create(path, &kvm, err);

	cr_assert(eq(ptr, kvm, NULL));
	return code;
}

Test(probe, missing_device_says_what_to_do)
{
	struct error err = { "" };

	kvm_probe("/nowhere/kvm", &result);
	cr_assert(eq(int, (int)result.kind, KVM_KIND_NONE));
	cr_assert(eq(int, result.code, -ENOENT));
	cr_assert(ne(ptr, strstr(result.reason.text, "/nowhere/kvm"), NULL));
	/* Which advice depends on the host; it is not only the errno's text. */
	cr_assert(gt(sz, strlen(result.reason.text), 80));
	cr_assert(eq(int, create("/nowhere/kvm", &err), -ENOENT));
	cr_assert(eq(str, err.text, result.reason.text));
}

Test(probe, other_device_is_told_from_kvm)
{
	struct error err = { "" };

	kvm_probe("/dev/null", &result);
	cr_assert(eq(int, result.code, -ENODEV));
	cr_assert(ne(ptr, strstr(result.reason.text, "not a KVM device"), NULL));
	cr_assert(eq(int, create("/dev/null", &err), -ENODEV));
	cr_assert(eq(int, create("/dev/null", NULL), -ENODEV));
}

Test(probe, forbidden_device_names_the_group)
{
	struct error err = { "" };
	char path[] = "/tmp/thunderlake-kvm-XXXXXX";
	int fd AUTO_CLOSE = mkstemp(path);

	cr_assert(ge(int, fd, 0));
	cr_assert(eq(int, fchmod(fd, 0000), 0));
	if (access(path, R_OK) == 0) {
		(void)unlink(path);
		cr_skip_test("root may open everything");
	}
	cr_assert(eq(int, kvm_device_open(path, &err), -EACCES));
	(void)unlink(path);
	cr_assert(ne(ptr, strstr(err.text, "group"), NULL));
}

Test(probe, verdict_follows_the_slowdown)
{
	cr_assert(eq(int, (int)kvm_probe_judge(3000, 3000), KVM_KIND_HARDWARE));
	cr_assert(eq(int, (int)kvm_probe_judge(600, 3000), KVM_KIND_HARDWARE));
	cr_assert(eq(int, (int)kvm_probe_judge(599, 3000), KVM_KIND_SOFTWARE));
	cr_assert(eq(int, (int)kvm_probe_judge(2, 7000), KVM_KIND_SOFTWARE));
}

Test(probe, kinds_have_names)
{
	cr_assert(zero(int, strcmp(kvm_kind_name(KVM_KIND_NONE), "none")));
	cr_assert(zero(int, strcmp(kvm_kind_name(KVM_KIND_SOFTWARE), "software")));
	cr_assert(zero(int, strcmp(kvm_kind_name(KVM_KIND_HARDWARE), "hardware")));
}

Test(probe, required_features_come_first_and_fit)
{
	size_t count;
	const struct kvm_feature *features = kvm_features(&count);

	cr_assert(le(sz, count, KVM_PROBE_FEATURES_MAX));
	for (size_t i = 1; i < count; i++) {
		cr_assert(features[i - 1].required || !features[i].required);
	}
}

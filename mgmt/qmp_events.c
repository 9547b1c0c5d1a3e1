/* SPDX-License-Identifier: MIT */
#include "mgmt/qmp_events.h"

#include <stdio.h>
#include <string.h>

#include "devices/scsi/drive.h"
#include "devices/virtio/balloon.h"
#include "mgmt/qmp_command.h"
#include "version.h"

json_t *qmp_version(void)
{
	unsigned major = 0;
	unsigned minor = 0;
	unsigned micro = 0;

	/* NOLINTNEXTLINE(cert-err34-c): our own text; what is missing stays 0. */
	(void)sscanf(THUNDERLAKE_VERSION, "%u.%u.%u", &major, &minor, &micro);
	return json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu", "major", (int)major, "minor",
			 (int)minor, "micro", (int)micro, "package",
			 "Thunderlake " THUNDERLAKE_VERSION);
}

json_t *qmp_greeting(void)
{
	return json_pack("{s:{s:o, s:[]}}", "QMP", "version", qmp_version(), "capabilities");
}

/* Where QEMU's object tree has devices with an id. */
#define PERIPHERALS "/machine/peripheral/"

/* Why the machine ends, as QMP's ShutdownCause names it. */
static const char *end_reason(enum machine_end end)
{
	static const char *const reasons[] = {
		[MACHINE_END_NONE] = "host-error",
		[MACHINE_END_POWER_OFF] = "guest-shutdown",
		[MACHINE_END_REBOOT] = "guest-reset",
		[MACHINE_END_PANIC] = "guest-panic",
		[MACHINE_END_DEBUG_EXIT] = "guest-shutdown",
		[MACHINE_END_FAILED] = "host-error",
		[MACHINE_END_QUIT] = "host-qmp-quit",
		[MACHINE_END_SIGNAL] = "host-signal",
	};

	return reasons[end];
}

/* As QMP's GuestPanicAction names it. */
static const char *panic_action(enum machine_action action)
{
	static const char *const names[] = { [MACHINE_ACTION_RESTART] = "run",
					     [MACHINE_ACTION_PAUSE] = "pause",
					     [MACHINE_ACTION_EXIT] = "poweroff" };

	return names[action];
}

static json_t *plain(const char *name)
{
	return json_pack("{s:s}", "event", name);
}

/* What a device told of itself (device_env.notify). */
static json_t *device_event(const struct machine_event_info *info)
{
	if (strcmp(info->text, BALLOON_EVENT) == 0) {
		return json_pack("{s:s, s:{s:I}}", "event", "BALLOON_CHANGE", "data", "actual",
				 (json_int_t)info->value);
	}
	if (strcmp(info->text, DRIVE_TRAY_EVENT) == 0) {
		return json_pack("{s:s, s:{s:s, s:s, s:b}}", "event", "DEVICE_TRAY_MOVED", "data",
				 "device", info->device, "id", info->device, "tray-open",
				 info->value != 0);
	}
	return json_pack("{s:s, s:{s:s, s:s, s:I}}", "event", "X_THUNDERLAKE_DEVICE", "data",
			 "device", info->device, "what", info->text, "value",
			 (json_int_t)info->value);
}

json_t *qmp_event(const struct qmp_context *context, const struct machine_event_info *info)
{
	switch (info->event) {
	case MACHINE_EVENT_STOP:
		return plain("STOP");
	case MACHINE_EVENT_RESUME:
		return plain("RESUME");
	case MACHINE_EVENT_POWERDOWN:
		return plain("POWERDOWN");
	case MACHINE_EVENT_RESET:
		return json_pack("{s:s, s:{s:b, s:s, s:s*}}", "event", "RESET", "data", "guest",
				 info->value != 0, "reason",
				 info->value ? "guest-reset" : "host-qmp-system-reset",
				 "x-thunderlake-source", info->text);
	case MACHINE_EVENT_SHUTDOWN:
		return json_pack("{s:s, s:{s:b, s:s}}", "event", "SHUTDOWN", "data", "guest",
				 info->value != 0, "reason",
				 end_reason(context->ops->end(context->machine)));
	case MACHINE_EVENT_GUEST_PANICKED:
		return json_pack("{s:s, s:{s:s}}", "event", "GUEST_PANICKED", "data", "action",
				 panic_action(context->ops->on_panic(context->machine)));
	case MACHINE_EVENT_GUEST_CRASHLOADED:
		return json_pack("{s:s, s:{s:s}}", "event", "GUEST_CRASHLOADED", "data", "action",
				 "run");
	case MACHINE_EVENT_MICROPHONE:
		return json_pack("{s:s, s:{s:b}}", "event", "X_THUNDERLAKE_MICROPHONE", "data",
				 "on", info->value != 0);
	case MACHINE_EVENT_DEVICE_DELETED:
		return json_pack("{s:s, s:{s:s, s:s+}}", "event", "DEVICE_DELETED", "data",
				 "device", info->device, "path", PERIPHERALS, info->device);
	case MACHINE_EVENT_DEVICE:
		return device_event(info);
	}
	return NULL;
}

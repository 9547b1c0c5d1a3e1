/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "devices/legacy/acpi_pm.h"
#include "devices/legacy/request.h"
#include "devices/pci/q35.h"
#include "mgmt/machine_config.h"
#include "mgmt/machine_devices.h"
#include "mgmt/machine_requests.h"
#include "mgmt/machine_state.h"
#include "mgmt/sound.h"
#include "vmm/base/loop.h"
#include "vmm/cpu/cpus.h"
#include "vmm/mem/guest_mem.h"

#define TAG "machine"

/* --- telling --- */

void machine_emit(struct machine *machine, enum machine_event event, const char *device,
		  const char *text, uint64_t value)
{
	const struct machine_event_info info = { event, device, text, value };
	struct machine_listener *listener;

	list_for_each (listener, &machine->listeners, struct machine_listener, node) {
		listener->on_event(listener->arg, &info);
	}
}

void machine_listen(struct machine *machine, struct machine_listener *listener)
{
	list_append(&machine->listeners, &listener->node);
}

void machine_unlisten(struct machine_listener *listener)
{
	list_remove(&listener->node);
}

/* --- life --- */

void machine_start(struct machine *machine)
{
	machine->status = MACHINE_RUNNING;
	cpus_resume(machine->cpus);
}

/* From here on nothing touches the guest's memory. */
static void quieten(struct machine *machine)
{
	cpus_pause(machine->cpus);
	sound_pause(machine->sound);
	machine_devices_quiesce(machine->devices);
}

static void wake_devices(struct machine *machine)
{
	machine_devices_resume(machine->devices);
	sound_resume(machine->sound);
}

static void stop_all(struct machine *machine, enum machine_status status)
{
	bool ran = machine->status == MACHINE_RUNNING;

	quieten(machine);
	machine->status = status;
	if (ran) {
		machine_emit(machine, MACHINE_EVENT_STOP, NULL, NULL, 0);
	}
}

void machine_pause(struct machine *machine)
{
	if (machine->status == MACHINE_RUNNING || machine->status == MACHINE_PRELAUNCH) {
		stop_all(machine, MACHINE_PAUSED);
	}
}

int machine_resume(struct machine *machine, struct error *err)
{
	switch (machine->status) {
	case MACHINE_RUNNING:
		return 0;
	case MACHINE_PRELAUNCH:
	case MACHINE_PAUSED:
		break;
	default:
		return error_set(err, -EBUSY,
				 "the machine has ended: resetting it is required before it can "
				 "go on");
	}
	wake_devices(machine);
	machine_start(machine);
	machine_emit(machine, MACHINE_EVENT_RESUME, NULL, NULL, 0);
	return 0;
}

/* `source`: how the guest asked for it; NULL when it did not. */
static int reset(struct machine *machine, const char *source, struct error *err)
{
	bool goes_on = source || machine->status != MACHINE_PAUSED;
	int code;

	quieten(machine);
	request_inbox_forget_reset(machine->inbox); /* the guest ran on after it had asked */
	machine_devices_reset(machine->devices);
	machine_slots_reset(machine->slots);
	q35_reset(machine->q35);
	code = guest_mem_clear(machine->mem);
	if (code < 0) {
		(void)error_set_errno(err, code, "clearing the guest's memory");
	} else {
		code = machine_load(machine, err);
	}
	if (code < 0) {
		machine->status = MACHINE_INTERNAL_ERROR;
		return code;
	}
	machine_emit(machine, MACHINE_EVENT_RESET, NULL, source, source != NULL);
	machine->status = MACHINE_PAUSED;
	if (goes_on) {
		wake_devices(machine);
		machine_start(machine);
	}
	return 0;
}

int machine_reset(struct machine *machine, struct error *err)
{
	return reset(machine, NULL, err);
}

void machine_power_button(struct machine *machine)
{
	const struct machine_device *pm = machine_first_of_type(machine, &acpi_pm_type);

	if (pm) {
		acpi_pm_press_power_button(pm->state);
		machine_emit(machine, MACHINE_EVENT_POWERDOWN, NULL, NULL, 0);
	}
}

void machine_quit(struct machine *machine, enum machine_end end)
{
	if (machine->end == MACHINE_END_NONE) {
		bool by_guest = end != MACHINE_END_QUIT && end != MACHINE_END_SIGNAL;

		machine->end = end;
		machine_emit(machine, MACHINE_EVENT_SHUTDOWN, NULL, NULL, by_guest);
	}
	loop_stop(machine->main_loop);
}

/* --- what the guest wants --- */

static void act(struct machine *machine, unsigned action, enum machine_status paused_as,
		enum machine_end end, const char *source)
{
	struct error err;

	switch ((enum machine_action)action) {
	case MACHINE_ACTION_RESTART:
		if (reset(machine, source, &err) < 0) {
			log_error(TAG, "reset failed: %s", err.text);
			machine_quit(machine, MACHINE_END_FAILED);
		}
		break;
	case MACHINE_ACTION_PAUSE:
		stop_all(machine, paused_as);
		break;
	case MACHINE_ACTION_EXIT:
		machine_quit(machine, end);
		break;
	}
}

static void on_panicked(struct machine *machine, enum machine_panic kind)
{
	if (kind == MACHINE_CRASH_LOADED) {
		log_warn(TAG, "the guest's kernel crashed and runs its crash kernel");
		machine_emit(machine, MACHINE_EVENT_GUEST_CRASHLOADED, NULL, NULL, 0);
		return;
	}
	log_warn(TAG, "the guest's kernel crashed (panic)");
	machine_emit(machine, MACHINE_EVENT_GUEST_PANICKED, NULL, NULL, 0);
	act(machine, machine->config->settings.on_panic, MACHINE_GUEST_PANICKED, MACHINE_END_PANIC,
	    "panic");
}

static void on_reset(struct machine *machine, const char *source)
{
	log_debug(TAG, "reset by %s", source);
	if (strcmp(source, MACHINE_TRIPLE_FAULT) == 0) {
		log_guest(&machine->log_limit, TAG,
			  "the guest met a triple fault, which resets a PC");
	}
	act(machine, machine->config->settings.on_reboot, MACHINE_SHUTDOWN, MACHINE_END_REBOOT,
	    source);
}

static void on_cpu_failed(struct machine *machine, const char *text)
{
	log_error(TAG, "%s", text);
	stop_all(machine, MACHINE_INTERNAL_ERROR);
	machine_quit(machine, MACHINE_END_FAILED);
}

/* One round of what came in from the other threads; the gravest first. */
void machine_on_requests(void *arg, const struct request_round *round)
{
	struct machine *machine = arg;
	const struct machine_settings *settings = &machine->config->settings;

	for (size_t i = 0; i < round->notice_count; i++) {
		const struct request_notice *notice = &round->notices[i];

		machine_emit(machine, MACHINE_EVENT_DEVICE, notice->device, notice->event,
			     notice->value);
	}
	if (round->failed) {
		on_cpu_failed(machine, round->failed_text);
	} else if (round->exit) {
		machine->debug_exit_code = round->exit_code;
		machine_quit(machine, MACHINE_END_DEBUG_EXIT);
	} else if (round->panicked) {
		on_panicked(machine, round->panic_kind);
	} else if (round->power_off) {
		act(machine, settings->on_poweroff, MACHINE_SHUTDOWN, MACHINE_END_POWER_OFF,
		    "power-off");
	} else if (round->reset) {
		on_reset(machine, round->reset_source);
	}
}

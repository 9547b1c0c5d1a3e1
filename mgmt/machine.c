/* SPDX-License-Identifier: MIT */
#include "mgmt/machine.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "devices/device.h"
#include "devices/legacy/acpi_pm.h"
#include "devices/legacy/request.h"
#include "devices/pci/pci.h"
#include "devices/pci/q35.h"
#include "devices/virtio/gpu.h"
#include "display/clipboard.h"
#include "display/display.h"
#include "display/input.h"
#include "mgmt/machine_config.h"
#include "mgmt/machine_devices.h"
#include "mgmt/machine_requests.h"
#include "mgmt/recording.h"
#include "mgmt/sound.h"
#include "mgmt/uuid.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"
#include "vmm/boot/boot.h"
#include "vmm/boot/layout.h"
#include "vmm/bus/bus.h"
#include "vmm/bus/irq.h"
#include "vmm/cpu/cpus.h"
#include "vmm/kvm/kvm.h"
#include "vmm/mem/guest_mem.h"

#define TAG "machine"

struct machine {
	const struct machine_config *config;
	struct loop *main_loop;
	char name[64];
	uint8_t uuid[UUID_BYTES];

	/* Ground floor first, destroyed in reverse order. */
	struct boot_files files;
	struct kvm *kvm;
	struct guest_mem *mem;
	struct bus *pio;
	struct bus *mmio;
	struct irq_router *irqs;
	struct loop *io_loop;
	struct pci_bus *pci;
	struct q35 *q35;
	struct display *display;
	struct recording *recording;
	struct input *input;
	struct clipboard *clipboard;
	struct sound *sound; /* NULL: no sound card */
	struct machine_devices *devices;
	struct cpus *cpus;

	struct request_inbox *inbox;
	enum machine_status status;
	enum machine_end end;
	int debug_exit_code;
	struct log_limit log_limit; /* of what the guest does to itself */
	struct list listeners;
};

/* --- telling --- */

static void emit(struct machine *machine, enum machine_event event, const char *device,
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

/* --- loading --- */

static const struct boot_serial serial_places[] = {
	{ LAYOUT_COM1_PORT, LAYOUT_COM1_IRQ },
	{ LAYOUT_COM2_PORT, LAYOUT_COM2_IRQ },
	{ LAYOUT_COM3_PORT, LAYOUT_COM1_IRQ },
	{ LAYOUT_COM4_PORT, LAYOUT_COM2_IRQ },
};

/* Puts the kernel into memory and the boot processor at its entry. Processors paused. */
static int load(struct machine *machine, struct error *err)
{
	const struct machine_config *config = machine->config;
	struct boot_config boot = {
		.files = &machine->files,
		.command_line = config->settings.append,
		.cpu_count = (unsigned)config->cpus.count,
		.sockets = (unsigned)config->cpus.sockets,
		.cores = (unsigned)config->cpus.cores,
		.threads = (unsigned)config->cpus.threads,
		.serials = serial_places,
		.serial_count = MIN(config->settings.serials.count, ARRAY_SIZE(serial_places)),
		.name = machine->name,
		.uuid = machine->uuid,
	};
	const struct machine_device *gpu = machine_first_of_type(machine, &virtio_gpu_type);
	struct boot_framebuffer framebuffer;
	struct cpu_entry entry;
	int code;

	if (gpu && virtio_gpu_boot_framebuffer(gpu->state, &framebuffer)) {
		boot.framebuffer = &framebuffer;
	}
	if (getrandom(boot.rng_seed, sizeof(boot.rng_seed), 0) != sizeof(boot.rng_seed)) {
		return error_set(err, -EIO, "the host gives no random seed");
	}
	code = boot_load(&boot, machine->mem, &entry, err);
	return code < 0 ? code : cpus_reset(machine->cpus, &entry, err);
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
		emit(machine, MACHINE_EVENT_STOP, NULL, NULL, 0);
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
	emit(machine, MACHINE_EVENT_RESUME, NULL, NULL, 0);
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
	q35_reset(machine->q35);
	code = guest_mem_clear(machine->mem);
	if (code < 0) {
		(void)error_set_errno(err, code, "clearing the guest's memory");
	} else {
		code = load(machine, err);
	}
	if (code < 0) {
		machine->status = MACHINE_INTERNAL_ERROR;
		return code;
	}
	emit(machine, MACHINE_EVENT_RESET, NULL, source, source != NULL);
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
		emit(machine, MACHINE_EVENT_POWERDOWN, NULL, NULL, 0);
	}
}

void machine_quit(struct machine *machine, enum machine_end end)
{
	if (machine->end == MACHINE_END_NONE) {
		bool by_guest = end != MACHINE_END_QUIT && end != MACHINE_END_SIGNAL;

		machine->end = end;
		emit(machine, MACHINE_EVENT_SHUTDOWN, NULL, NULL, by_guest);
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
		emit(machine, MACHINE_EVENT_GUEST_CRASHLOADED, NULL, NULL, 0);
		return;
	}
	log_warn(TAG, "the guest's kernel crashed (panic)");
	emit(machine, MACHINE_EVENT_GUEST_PANICKED, NULL, NULL, 0);
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
static void on_requests(void *arg, const struct request_round *round)
{
	struct machine *machine = arg;
	const struct machine_settings *settings = &machine->config->settings;

	for (size_t i = 0; i < round->notice_count; i++) {
		const struct request_notice *notice = &round->notices[i];

		emit(machine, MACHINE_EVENT_DEVICE, notice->device, notice->event, notice->value);
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

/* --- making --- */

static int make_ground_floor(struct machine *machine, struct error *err)
{
	const struct machine_settings *settings = &machine->config->settings;
	int code = kvm_create(KVM_DEVICE_PATH, &machine->kvm, err);

	if (code < 0) {
		return code;
	}
	code = guest_mem_create(machine->kvm, settings->memory, &machine->mem, err);
	if (code < 0) {
		return code;
	}
	code = kvm_create_chips(machine->kvm, LAYOUT_TSS_GPA, err);
	if (code < 0) {
		return code;
	}
	code = bus_create(machine->kvm, BUS_PIO, &machine->pio);
	code = code ?: bus_create(machine->kvm, BUS_MMIO, &machine->mmio);
	code = code ?: irq_router_create(machine->kvm, &machine->irqs);
	code = code ?: loop_create("io", &machine->io_loop);
	code = code ?: loop_start(machine->io_loop);
	return code < 0 ? error_set_errno(err, code, "making the machine") : 0;
}

static int make_pci(struct machine *machine, struct error *err)
{
	const struct pci_bus_config config = {
		.pio = machine->pio,
		.mmio = machine->mmio,
		.irqs = machine->irqs,
		.requests = request_inbox_requests(machine->inbox),
	};
	int code = pci_bus_create(&config, &machine->pci);

	if (code < 0) {
		return error_set_errno(err, code, "making the PCI bus");
	}
	return q35_create(machine->pci, &machine->q35, err);
}

static int make_screen(struct machine *machine, struct error *err)
{
	static const struct clipboard_directions directions[] = {
		[MACHINE_CLIPBOARD_BOTH] = { .to_guest = true, .to_host = true },
		[MACHINE_CLIPBOARD_TO_GUEST] = { .to_guest = true },
		[MACHINE_CLIPBOARD_TO_HOST] = { .to_host = true },
		[MACHINE_CLIPBOARD_OFF] = { 0 },
	};
	const struct machine_config *config = machine->config;
	int code = input_create(&machine->input);

	if (code == 0 && machine_config_has_display(config)) {
		code = display_create((unsigned)config->settings.screens, &machine->display);
	}
	code = code ?: recording_create(machine->display, &machine->recording);
	code = code
		       ?: clipboard_create(&directions[config->settings.clipboard],
					   &machine->clipboard);
	return code < 0 ? error_set_errno(err, code, "making the screen") : 0;
}

static void on_listening(void *arg, bool is_listening)
{
	emit(arg, MACHINE_EVENT_MICROPHONE, NULL, NULL, is_listening);
}

static int make_sound(struct machine *machine, struct error *err)
{
	const struct sound_listener listener = { on_listening, machine };

	const int code = sound_create(machine->config, machine->name, machine->main_loop, &listener,
				      &machine->sound, err);

	recording_set_audio(machine->recording, sound_audio(machine->sound));
	return code;
}

static int make_devices(struct machine *machine, struct error *err)
{
	const struct machine_config *config = machine->config;
	const struct device_env env = {
		.mem = machine->mem,
		.pio = machine->pio,
		.mmio = machine->mmio,
		.irqs = machine->irqs,
		.pci = machine->pci,
		.display = machine->display,
		.input = machine->input,
		.clipboard = machine->clipboard,
		.audio = sound_audio(machine->sound),
		.main_loop = machine->main_loop,
		.requests = request_inbox_requests(machine->inbox),
		.notify = request_inbox_notify,
		.notify_arg = machine->inbox,
		.cpu_count = (unsigned)config->cpus.count,
		.machine_name = machine->name,
	};

	return machine_devices_create(config->devices, config->device_count, &env, machine->io_loop,
				      &machine->devices, err);
}

static int make_cpus(struct machine *machine, struct error *err)
{
	const struct machine_cpus *wanted = &machine->config->cpus;
	const struct cpus_config config = {
		.kvm = machine->kvm,
		.pio = machine->pio,
		.mmio = machine->mmio,
		.mem = machine->mem,
		.count = (unsigned)wanted->count,
		.sockets = (unsigned)wanted->sockets,
		.cores = (unsigned)wanted->cores,
		.threads = (unsigned)wanted->threads,
		.on_event = request_inbox_cpu_event,
		.arg = machine->inbox,
	};

	return cpus_create(&config, &machine->cpus, err);
}

int machine_create(const struct machine_config *config, struct loop *main_loop,
		   struct machine **out, struct error *err)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	int code;

	*out = NULL;
	if (!machine) {
		return error_set_errno(err, -ENOMEM, "making the machine");
	}
	machine->config = config;
	machine->main_loop = main_loop;
	machine->files.kernel_fd = -1;
	machine->files.initrd_fd = -1;
	list_init(&machine->listeners);
	(void)snprintf(machine->name, sizeof(machine->name), "%s", config->settings.name);
	if (!config->settings.uuid || uuid_parse(config->settings.uuid, machine->uuid) < 0) {
		uuid_of_name(machine->name, machine->uuid);
	}

	code = boot_files_open(config->settings.kernel, config->settings.initrd, &machine->files,
			       err);
	code = code ?: request_inbox_create(main_loop, on_requests, machine, &machine->inbox, err);
	code = code ?: make_ground_floor(machine, err);
	code = code ?: make_pci(machine, err);
	code = code ?: make_screen(machine, err);
	code = code ?: make_sound(machine, err);
	code = code ?: make_devices(machine, err);
	code = code ?: make_cpus(machine, err);
	code = code ?: load(machine, err);
	if (code < 0) {
		machine_destroy(machine);
		return code;
	}
	*out = machine;
	return 0;
}

void machine_destroy(struct machine *machine)
{
	if (!machine) {
		return;
	}
	recording_destroy(machine->recording);
	cpus_destroy(machine->cpus);
	machine_devices_destroy(machine->devices);
	sound_destroy(machine->sound);
	clipboard_destroy(machine->clipboard);
	display_destroy(machine->display);
	input_destroy(machine->input);
	q35_destroy(machine->q35);
	pci_bus_destroy(machine->pci);
	loop_destroy(machine->io_loop);
	irq_router_destroy(machine->irqs);
	bus_destroy(machine->mmio);
	bus_destroy(machine->pio);
	guest_mem_destroy(machine->mem);
	kvm_destroy(machine->kvm);
	request_inbox_destroy(machine->inbox);
	boot_files_close(&machine->files);
	free(machine);
}

/* --- asking --- */

enum machine_status machine_status(const struct machine *machine)
{
	return machine->status;
}

enum machine_end machine_end(const struct machine *machine)
{
	return machine->end;
}

int machine_debug_exit_code(const struct machine *machine)
{
	return machine->debug_exit_code;
}

const char *machine_name(const struct machine *machine)
{
	return machine->name;
}

const struct machine_config *machine_config(const struct machine *machine)
{
	return machine->config;
}

unsigned machine_cpu_count(const struct machine *machine)
{
	return cpus_count(machine->cpus);
}

int machine_cpu_thread_id(const struct machine *machine, unsigned cpu)
{
	return cpus_thread_id(machine->cpus, cpu);
}

struct pci_bus *machine_pci(struct machine *machine)
{
	return machine->pci;
}

struct display *machine_display(struct machine *machine)
{
	return machine->display;
}

struct recording *machine_recording(struct machine *machine)
{
	return machine->recording;
}

struct input *machine_input(struct machine *machine)
{
	return machine->input;
}

struct clipboard *machine_clipboard(struct machine *machine)
{
	return machine->clipboard;
}

struct audio *machine_audio(struct machine *machine)
{
	return sound_audio(machine->sound);
}

uint64_t machine_memory_bytes(const struct machine *machine)
{
	return guest_mem_size(machine->mem);
}

const struct machine_device *machine_device_at(const struct machine *machine, size_t index)
{
	return machine_devices_at(machine->devices, index);
}

const struct machine_device *machine_find_device(const struct machine *machine, const char *id)
{
	const struct machine_device *device;

	for (size_t i = 0; (device = machine_device_at(machine, i)); i++) {
		if (strcmp(device->id, id) == 0) {
			return device;
		}
	}
	return NULL;
}

const struct machine_device *machine_first_of_type(const struct machine *machine,
						   const struct device_type *type)
{
	const struct machine_device *device;

	for (size_t i = 0; (device = machine_device_at(machine, i)); i++) {
		if (device->type == type) {
			return device;
		}
	}
	return NULL;
}

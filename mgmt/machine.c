/* SPDX-License-Identifier: MIT */
#include "mgmt/machine.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "devices/device.h"
#include "devices/pci/pci.h"
#include "devices/pci/q35.h"
#include "devices/virtio/gpu.h"
#include "display/clipboard.h"
#include "display/display.h"
#include "display/input.h"
#include "mgmt/machine_config.h"
#include "mgmt/machine_devices.h"
#include "mgmt/machine_requests.h"
#include "mgmt/machine_state.h"
#include "mgmt/recording.h"
#include "mgmt/sound.h"
#include "vmm/base/loop.h"
#include "vmm/boot/layout.h"
#include "vmm/bus/bus.h"
#include "vmm/bus/irq.h"
#include "vmm/cpu/cpus.h"
#include "vmm/kvm/kvm.h"
#include "vmm/mem/guest_mem.h"

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
	code = q35_create(machine->pci, &machine->q35, err);
	return code < 0 ? code : machine_slots_create(machine, err);
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
	machine_emit(arg, MACHINE_EVENT_MICROPHONE, NULL, NULL, is_listening);
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
	list_init(&machine->drives);
	(void)snprintf(machine->name, sizeof(machine->name), "%s", config->settings.name);
	if (!config->settings.uuid || uuid_parse(config->settings.uuid, machine->uuid) < 0) {
		uuid_of_name(machine->name, machine->uuid);
	}

	code = boot_files_open(config->settings.kernel, config->settings.initrd, &machine->files,
			       err);
	code = code
		       ?: request_inbox_create(main_loop, machine_on_requests, machine,
					       &machine->inbox, err);
	code = code ?: make_ground_floor(machine, err);
	code = code ?: make_pci(machine, err);
	code = code ?: make_screen(machine, err);
	code = code ?: make_sound(machine, err);
	code = code ?: make_devices(machine, err);
	code = code ?: make_cpus(machine, err);
	code = code ?: machine_load(machine, err);
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
	machine_slots_destroy(machine->slots);
	machine_forget_drives(machine);
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

/* --- loading --- */

static const struct boot_serial serial_places[] = {
	{ LAYOUT_COM1_PORT, LAYOUT_COM1_IRQ },
	{ LAYOUT_COM2_PORT, LAYOUT_COM2_IRQ },
	{ LAYOUT_COM3_PORT, LAYOUT_COM1_IRQ },
	{ LAYOUT_COM4_PORT, LAYOUT_COM2_IRQ },
};

int machine_load(struct machine *machine, struct error *err)
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
		.pci_last_bus = (uint8_t)config->settings.hotplug_ports,
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

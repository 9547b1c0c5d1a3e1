/* SPDX-License-Identifier: MIT */
#include "mgmt/qmp_machine.h"

#include <errno.h>
#include <stdio.h>

#include "devices/hda/hda.h"
#include "devices/legacy/serial.h"
#include "devices/pci/pci.h"
#include "devices/pci/pci_port.h"
#include "devices/virtio/balloon.h"
#include "devices/virtio/blk.h"
#include "devices/virtio/console.h"
#include "devices/virtio/net.h"
#include "devices/virtio/snd.h"
#include "mgmt/device_types.h"

/* The machine's side of the control socket. */

static const char *name(void *machine)
{
	return machine_name(machine);
}

static enum machine_status status(void *machine)
{
	return machine_status(machine);
}

static enum machine_end end(void *machine)
{
	return machine_end(machine);
}

static enum machine_action on_panic(void *machine)
{
	return (enum machine_action)machine_config(machine)->settings.on_panic;
}

static uint64_t memory_bytes(void *machine)
{
	return machine_memory_bytes(machine);
}

static struct qmp_cpus cpus(void *machine)
{
	const struct machine_cpus *config = &machine_config(machine)->cpus;

	return (struct qmp_cpus){ .count = machine_cpu_count(machine),
				  .sockets = (unsigned)config->sockets,
				  .cores = (unsigned)config->cores,
				  .threads = (unsigned)config->threads };
}

static int cpu_thread_id(void *machine, unsigned cpu)
{
	return machine_cpu_thread_id(machine, cpu);
}

static void do_pause(void *machine)
{
	machine_pause(machine);
}

static int resume(void *machine, struct error *err)
{
	return machine_resume(machine, err);
}

static int reset(void *machine, struct error *err)
{
	return machine_reset(machine, err);
}

static void power_button(void *machine)
{
	machine_power_button(machine);
}

static void quit(void *machine)
{
	machine_quit(machine, MACHINE_END_QUIT);
}

/* The device number `index` among those of `type`, or NULL. */
static const struct machine_device *nth_of_type(void *machine, const struct device_type *type,
						size_t index)
{
	const struct machine_device *device;

	for (size_t i = 0; (device = machine_device_at(machine, i)); i++) {
		if (device->type == type && index-- == 0) {
			return device;
		}
	}
	return NULL;
}

static bool block_at(void *machine, size_t index, const char **id, const struct block_info **info)
{
	const struct machine_device *device = nth_of_type(machine, &virtio_blk_type, index);

	if (!device) {
		return false;
	}
	*id = device->id;
	*info = virtio_blk_info(device->state);
	return true;
}

static bool drive_at(void *machine, size_t index, struct qmp_drive *out)
{
	const struct machine_device *device;

	for (size_t i = 0; (device = machine_device_at(machine, i)); i++) {
		if (device->type->drive && index-- == 0) {
			*out = (struct qmp_drive){ .id = device->id,
						   .ops = device->type->drive,
						   .state = device->state };
			return true;
		}
	}
	return false;
}

static void name_console_port(const struct machine_device *device, size_t port,
			      struct qmp_chardev *out)
{
	const char *port_name = virtio_console_port_name(device->state, port);

	if (port_name) {
		(void)snprintf(out->label, sizeof(out->label), "%s.%s", device->id, port_name);
	} else {
		(void)snprintf(out->label, sizeof(out->label), "%s.%zu", device->id, port);
	}
	out->description = virtio_console_port_backend(device->state, port);
}

/* Serial lines have one back end, consoles several. */
static bool chardev_at(void *machine, size_t index, struct qmp_chardev *out)
{
	const struct machine_device *device;
	size_t ports;

	for (size_t i = 0; (device = machine_device_at(machine, i)); i++) {
		ports = 0;
		if (device->type == &serial_type) {
			ports = 1;
		} else if (device->type == &virtio_console_type) {
			ports = virtio_console_port_count(device->state);
		}
		if (index >= ports) {
			index -= ports;
			continue;
		}
		if (device->type == &serial_type) {
			(void)snprintf(out->label, sizeof(out->label), "%s", device->id);
			out->description = serial_backend(device->state);
		} else {
			name_console_port(device, index, out);
		}
		return true;
	}
	return false;
}

static bool network_at(void *machine, size_t index, struct qmp_network *out)
{
	const struct machine_device *device = nth_of_type(machine, &virtio_net_type, index);

	if (!device) {
		return false;
	}
	*out = (struct qmp_network){ .id = device->id,
				     .backend = virtio_net_backend(device->state),
				     .address = virtio_net_address(device->state),
				     .link_up = virtio_net_link_is_up(device->state) };
	return true;
}

static const struct pci_device *pci_at(void *machine, unsigned slot, unsigned function)
{
	return pci_device_at(machine_pci(machine), slot, function);
}

static const struct pci_device *pci_behind(void *machine, const struct pci_device *port)
{
	(void)machine;
	return pci_port_device(port->port);
}

static struct audio *audio(void *machine)
{
	return machine_audio(machine);
}

static int set_jack(void *machine, enum audio_jack jack, bool connected)
{
	const struct machine_device *device;
	int code = -ENODEV;

	for (size_t i = 0; (device = machine_device_at(machine, i)); i++) {
		if (device->type == &hda_type) {
			hda_set_jack(device->state, jack, connected);
			code = 0;
		} else if (device->type == &virtio_snd_type &&
			   virtio_snd_set_jack(device->state, jack, connected) == 0) {
			code = 0;
		}
	}
	return code;
}

static struct display *display(void *machine)
{
	return machine_display(machine);
}

static struct input *input(void *machine)
{
	return machine_input(machine);
}

static struct recording *recording(void *machine)
{
	return machine_recording(machine);
}

static struct clipboard *clipboard(void *machine)
{
	return machine_clipboard(machine);
}

static bool has_device(void *machine, const char *id)
{
	return machine_find_device(machine, id);
}

static bool device_at(void *machine, size_t index, struct qmp_device *out)
{
	const struct machine_device *device = machine_device_at(machine, index);

	if (!device) {
		return false;
	}
	*out = (struct qmp_device){ .id = device->id, .driver = device->type->name };
	out->can_go = machine_device_can_go(machine, device->id, &out->leaving);
	return true;
}

static int add_device(void *machine, const struct machine_new_device *wanted, struct error *err)
{
	return machine_add_device(machine, wanted, err);
}

static int remove_device(void *machine, const char *id, struct error *err)
{
	return machine_remove_device(machine, id, err);
}

static int add_drive(void *machine, const char *drive, const char *file, bool read_only,
		     struct error *err)
{
	return machine_add_drive(machine, drive, file, read_only, err);
}

static int remove_drive(void *machine, const char *drive, struct error *err)
{
	return machine_remove_drive(machine, drive, err);
}

static int set_link(void *machine, const char *id, bool up)
{
	const struct machine_device *device = machine_find_device(machine, id);

	if (!device || device->type != &virtio_net_type) {
		return -ENODEV;
	}
	virtio_net_set_link(device->state, up);
	return 0;
}

static void *balloon_of(void *machine)
{
	const struct machine_device *device = machine_first_of_type(machine, &virtio_balloon_type);

	return device ? device->state : NULL;
}

static int balloon(void *machine, struct qmp_balloon *out)
{
	const void *device = balloon_of(machine);

	if (!device) {
		return -ENODEV;
	}
	*out = (struct qmp_balloon){ .actual = balloon_actual(device),
				     .target = balloon_target(device) };
	return 0;
}

static int balloon_stats(void *machine, struct balloon_stats *out)
{
	void *device = balloon_of(machine);

	if (!device) {
		return -ENODEV;
	}
	balloon_get_stats(device, out);
	return 0;
}

static int set_balloon(void *machine, uint64_t target)
{
	void *device = balloon_of(machine);

	return device ? balloon_set_target(device, target) : -ENODEV;
}

const struct qmp_machine_ops qmp_real_machine = {
	.name = name,
	.status = status,
	.end = end,
	.on_panic = on_panic,
	.memory_bytes = memory_bytes,
	.cpus = cpus,
	.cpu_thread_id = cpu_thread_id,
	.pause = do_pause,
	.resume = resume,
	.reset = reset,
	.power_button = power_button,
	.quit = quit,
	.block_at = block_at,
	.drive_at = drive_at,
	.chardev_at = chardev_at,
	.network_at = network_at,
	.pci_at = pci_at,
	.pci_behind = pci_behind,
	.audio = audio,
	.set_jack = set_jack,
	.display = display,
	.input = input,
	.clipboard = clipboard,
	.recording = recording,
	.has_device = has_device,
	.device_at = device_at,
	.add_device = add_device,
	.remove_device = remove_device,
	.add_drive = add_drive,
	.remove_drive = remove_drive,
	.set_link = set_link,
	.balloon = balloon,
	.balloon_stats = balloon_stats,
	.set_balloon = set_balloon,
};

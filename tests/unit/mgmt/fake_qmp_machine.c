/* SPDX-License-Identifier: MIT */
#include "tests/unit/mgmt/fake_qmp_machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "devices/block/block.h"
#include "devices/pci/pci.h"
#include "devices/virtio/balloon.h"
#include "vmm/base/bytes.h"

#define MEMORY_BYTES (UINT64_C(128) << 20)

static const char *name(void *machine)
{
	(void)machine;
	return "shape";
}

static enum machine_status status(void *machine)
{
	return ((struct fake_qmp_machine *)machine)->status;
}

static enum machine_end end(void *machine)
{
	return ((struct fake_qmp_machine *)machine)->end;
}

static enum machine_action on_panic(void *machine)
{
	(void)machine;
	return MACHINE_ACTION_PAUSE;
}

static uint64_t memory_bytes(void *machine)
{
	(void)machine;
	return MEMORY_BYTES;
}

static struct qmp_cpus cpus(void *machine)
{
	(void)machine;
	return (struct qmp_cpus){ .count = 4, .sockets = 2, .cores = 2, .threads = 1 };
}

static int cpu_thread_id(void *machine, unsigned cpu)
{
	(void)machine;
	return 1000 + (int)cpu;
}

static void do_pause(void *machine)
{
	((struct fake_qmp_machine *)machine)->status = MACHINE_PAUSED;
}

static int resume(void *machine, struct error *err)
{
	struct fake_qmp_machine *fake = machine;

	if (fake->refuses) {
		return error_set(err, -EBUSY, "resetting it is required");
	}
	fake->status = MACHINE_RUNNING;
	return 0;
}

static int reset(void *machine, struct error *err)
{
	struct fake_qmp_machine *fake = machine;

	fake->resets++;
	return fake->refuses ? error_set(err, -EIO, "the kernel went away") : 0;
}

static void power_button(void *machine)
{
	((struct fake_qmp_machine *)machine)->power_buttons++;
}

static void quit(void *machine)
{
	((struct fake_qmp_machine *)machine)->end = MACHINE_END_QUIT;
}

static bool block_at(void *machine, size_t index, const char **id, const struct block_info **info)
{
	static const struct block_info disk = { .bytes = 1 << 20,
						.driver = "raw",
						.path = "/nowhere/disk.img" };

	(void)machine;
	*id = "disk0";
	*info = &disk;
	return index == 0;
}

static void get_drive_status(void *machine, struct drive_status *out)
{
	*out = ((struct fake_qmp_machine *)machine)->drive;
}

static void get_drive_counters(void *machine, struct drive_counters *out)
{
	(void)machine;
	*out = (struct drive_counters){ .reads = 3, .sectors = 70, .seeks = 2, .stalls = 1 };
}

static int open_tray(void *machine, bool force, struct error *err)
{
	struct fake_qmp_machine *fake = machine;

	fake->drive_force = force;
	if (fake->drive.locked && !force) {
		return error_set(err, -EBUSY, "cd0: locked");
	}
	if (fake->drive_is_stuck) {
		return error_set(err, -EIO, "cd0: the tray is stuck");
	}
	fake->drive.tray_open = true;
	return 0;
}

static int close_tray(void *machine, struct error *err)
{
	(void)err;
	((struct fake_qmp_machine *)machine)->drive.tray_open = false;
	return 0;
}

static int insert_disc(void *machine, const struct disc_config *disc, bool force, struct error *err)
{
	struct fake_qmp_machine *fake = machine;
	int code;

	if (strcmp(disc->path, "/nope") == 0) {
		return error_set(err, -ENOENT, "cd0: disc /nope: no such file");
	}
	code = open_tray(machine, force, err);
	if (code == 0) {
		fake->drive = (struct drive_status){ .has_disc = true, .kind = disc->kind };
		(void)snprintf(fake->drive.path, sizeof(fake->drive.path), "%s", disc->path);
	}
	return code;
}

static int remove_disc(void *machine, struct error *err)
{
	struct fake_qmp_machine *fake = machine;

	if (!fake->drive.tray_open) {
		return error_set(err, -EBUSY, "cd0: the tray is closed");
	}
	fake->drive.has_disc = false;
	return 0;
}

static int set_disc_model(void *machine, const struct disc_model_config *model, bool is_stuck,
			  struct error *err)
{
	struct fake_qmp_machine *fake = machine;

	if (fake->refuses) {
		return error_set(err, -EINVAL, "cd0: a range of bad sectors ends before it begins");
	}
	fake->drive_model = model ? *model : (struct disc_model_config){ .spin_up_ms = 0 };
	fake->drive_is_stuck = is_stuck;
	return 0;
}

static bool drive_at(void *machine, size_t index, struct qmp_drive *out)
{
	static const struct drive_ops emulated = { get_drive_status, get_drive_counters,
						   open_tray,	     close_tray,
						   insert_disc,	     remove_disc,
						   set_disc_model };
	static const struct drive_ops host = { .status = get_drive_status,
					       .counters = get_drive_counters,
					       .open_tray = open_tray,
					       .close_tray = close_tray };
	const struct fake_qmp_machine *fake = machine;

	*out = (struct qmp_drive){ .id = "cd0",
				   .ops = fake->drive_is_host ? &host : &emulated,
				   .state = machine };
	return index == 0;
}

static bool chardev_at(void *machine, size_t index, struct qmp_chardev *out)
{
	(void)machine;
	*out = (struct qmp_chardev){ .label = "serial0", .description = "pty:/dev/pts/3" };
	return index == 0;
}

static bool network_at(void *machine, size_t index, struct qmp_network *out)
{
	const struct fake_qmp_machine *fake = machine;

	*out = (struct qmp_network){ .id = "net0",
				     .backend = "user",
				     .address = "52:54:00:12:34:56",
				     .link_up = fake->link_up };
	return index == 0;
}

static const struct pci_device *pci_at(void *machine, unsigned slot, unsigned function)
{
	static struct pci_device bridge = {
		.name = "host", .identity = { .vendor = 0x8086, .class_code = 0x060000 }
	};
	static struct pci_device card = {
		.name = "net0",
		.slot = 1,
		.identity = { .vendor = 0x1af4, .device = 0x1041, .class_code = 0x020000 },
		.has_intx = true,
		.bars = { [0] = { .size = 0x20, .flags = PCI_BASE_ADDRESS_SPACE_IO },
			  [4] = { .size = 0x4000,
				  .flags = PCI_BASE_ADDRESS_MEM_TYPE_64 |
					   PCI_BASE_ADDRESS_MEM_PREFETCH } },
	};

	static struct pci_device port = {
		.name = "port1",
		.slot = 2,
		.identity = { .vendor = 0x1b36, .device = 0xc, .class_code = 0x060400 },
	};

	port.port = machine; /* never followed */
	port.config[PCI_SECONDARY_BUS] = 7;
	store_le16(port.config + PCI_MEMORY_BASE, 0xc800);
	store_le16(port.config + PCI_MEMORY_LIMIT, 0xc810);
	if (((struct fake_qmp_machine *)machine)->has_port && slot == 2 && function == 0) {
		return &port;
	}
	store_le16(card.config + PCI_COMMAND, PCI_COMMAND_MEMORY);
	store_le32(card.config + PCI_BASE_ADDRESS_4, 0x1000000c);
	store_le32(card.config + PCI_BASE_ADDRESS_5, 0x7f);
	if (function != 0 || slot > 1) {
		return NULL;
	}
	return slot ? &card : &bridge;
}

static const struct pci_device *pci_behind(void *machine, const struct pci_device *port)
{
	(void)port;
	return pci_at(machine, 1, 0);
}

static struct audio *audio(void *machine)
{
	return ((struct fake_qmp_machine *)machine)->audio;
}

static int set_jack(void *machine, enum audio_jack jack, bool connected)
{
	struct fake_qmp_machine *fake = machine;

	fake->is_unplugged[jack] = !connected;
	return fake->audio ? 0 : -ENODEV;
}

static struct display *display(void *machine)
{
	return ((struct fake_qmp_machine *)machine)->display;
}

static struct input *input(void *machine)
{
	return ((struct fake_qmp_machine *)machine)->input;
}

static struct recording *recording(void *machine)
{
	return ((struct fake_qmp_machine *)machine)->recording;
}

static struct clipboard *clipboard(void *machine)
{
	return ((struct fake_qmp_machine *)machine)->clipboard;
}

static bool has_device(void *machine, const char *id)
{
	(void)machine;
	return strcmp(id, "net0") == 0;
}

static bool device_at(void *machine, size_t index, struct qmp_device *out)
{
	(void)machine;
	*out = (struct qmp_device){ .id = "net0", .driver = "virtio-net", .can_go = true };
	return index == 0;
}

static int add_device(void *machine, const struct machine_new_device *wanted, struct error *err)
{
	struct fake_qmp_machine *fake = machine;

	if (strncmp(wanted->driver, "virtio-", 7) != 0) {
		return error_set(err, -ENOENT, "'%s' is not a valid device model name",
				 wanted->driver);
	}
	(void)snprintf(fake->added, sizeof(fake->added), "%s id=%s bus=%s drive=%s %s",
		       wanted->driver, wanted->id ? wanted->id : "-",
		       wanted->bus ? wanted->bus : "-", wanted->drive ? wanted->drive : "-",
		       wanted->options);
	return 0;
}

static int remove_device(void *machine, const char *id, struct error *err)
{
	(void)machine;
	return strcmp(id, "net0") == 0
		       ? error_set(err, -ENOTSUP, "Bus 'pcie.0' does not support hotplugging")
		       : error_set(err, -ENODEV, "Device '%s' not found", id);
}

static int add_drive(void *machine, const char *drive, const char *file, bool read_only,
		     struct error *err)
{
	struct fake_qmp_machine *fake = machine;

	(void)err;
	(void)snprintf(fake->added, sizeof(fake->added), "drive %s %s %s", drive, file,
		       read_only ? "ro" : "rw");
	return 0;
}

static int remove_drive(void *machine, const char *drive, struct error *err)
{
	(void)machine;
	return strcmp(drive, "disk0") == 0
		       ? 0
		       : error_set(err, -ENOENT, "Failed to find node with node-name='%s'", drive);
}

static int set_link(void *machine, const char *id, bool up)
{
	((struct fake_qmp_machine *)machine)->link_up = up;
	return strcmp(id, "net0") == 0 ? 0 : -ENODEV;
}

static int balloon(void *machine, struct qmp_balloon *out)
{
	const struct fake_qmp_machine *fake = machine;

	*out = (struct qmp_balloon){ .actual = MEMORY_BYTES, .target = fake->balloon_target };
	return fake->has_balloon ? 0 : -ENODEV;
}

static int balloon_stats(void *machine, struct balloon_stats *out)
{
	memset(out, 0xff, sizeof(*out));
	out->free_memory = 4096;
	return ((struct fake_qmp_machine *)machine)->has_balloon ? 0 : -ENODEV;
}

static int set_balloon(void *machine, uint64_t target)
{
	struct fake_qmp_machine *fake = machine;

	fake->balloon_target = target;
	return fake->has_balloon ? 0 : -ENODEV;
}

const struct qmp_machine_ops fake_qmp_machine_ops = {
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

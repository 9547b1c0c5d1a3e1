/* SPDX-License-Identifier: MIT */
#include "mgmt/ctl_print.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mgmt/ctl_answer.h"
#include "vmm/base/compiler.h"

#define MIB (1 << 20)

void ctl_print_summary(const json_t *summary)
{
	const int64_t cpus = number_of(summary, "cpus");
	const char *microphone = text_of(summary, "microphone");
	const bool is_off = strcmp(microphone, "off") == 0;

	(void)printf("%-20s %-14s %3" PRId64 " processor%s %7" PRId64 " MiB%s%s\n",
		     text_of(summary, "name"), text_of(summary, "status"), cpus,
		     cpus == 1 ? " " : "s", number_of(summary, "memory") / MIB,
		     is_off ? "" : "  microphone ", is_off ? "" : microphone);
}

void ctl_print_block(const json_t *disks)
{
	size_t i;
	json_t *disk;

	json_array_foreach(disks, i, disk)
	{
		const json_t *inserted = json_object_get(disk, "inserted");
		const json_t *image = json_object_get(inserted, "image");

		if (!inserted) {
			(void)printf("%-12s empty\n", text_of(disk, "device"));
			continue;
		}
		(void)printf("%-12s %-6s %10" PRId64 " MiB %-10s %s\n", text_of(disk, "device"),
			     text_of(inserted, "drv"), number_of(image, "virtual-size") / MIB,
			     is_true(inserted, "ro") ? "read-only" : "read-write",
			     text_of(inserted, "file"));
	}
}

static void print_region(const json_t *region)
{
	const int64_t address = number_of(region, "address");

	(void)printf("        BAR %" PRId64 " %-6s", number_of(region, "bar"),
		     text_of(region, "type"));
	if (address < 0) {
		(void)printf("  (not mapped)");
	} else {
		(void)printf("  at 0x%" PRIx64, (uint64_t)address);
	}
	(void)printf(", 0x%" PRIx64 " bytes\n", (uint64_t)number_of(region, "size"));
}

static void print_pci_device(const json_t *device)
{
	const json_t *class = json_object_get(device, "class_info");
	const json_t *id = json_object_get(device, "id");
	const json_t *regions = json_object_get(device, "regions");
	size_t i;
	json_t *region;

	(void)printf("%02x:%02x.%" PRId64 " %04x:%04x  %-22s %s\n",
		     (unsigned)number_of(device, "bus"), (unsigned)number_of(device, "slot"),
		     number_of(device, "function"), (unsigned)number_of(id, "vendor"),
		     (unsigned)number_of(id, "device"), text_of(class, "desc"),
		     text_of(device, "qdev_id"));
	json_array_foreach(regions, i, region)
	{
		print_region(region);
	}
}

/* And what is behind those that are bridges. */
static void print_pci_devices(const json_t *devices)
{
	size_t i;
	size_t k;
	json_t *device;
	json_t *behind;

	json_array_foreach(devices, i, device)
	{
		print_pci_device(device);
		json_array_foreach(
			json_object_get(json_object_get(device, "pci_bridge"), "devices"), k,
			behind)
		{
			print_pci_device(behind);
		}
	}
}

void ctl_print_pci(const json_t *buses)
{
	size_t i;
	json_t *bus;

	json_array_foreach(buses, i, bus)
	{
		print_pci_devices(json_object_get(bus, "devices"));
	}
}

void ctl_print_network(const json_t *cards)
{
	size_t i;
	json_t *card;

	json_array_foreach(cards, i, card)
	{
		(void)printf("%-12s %-4s %s  %s\n", text_of(card, "name"),
			     is_true(card, "up") ? "up" : "down", text_of(card, "mac"),
			     text_of(card, "backend"));
	}
}

void ctl_print_balloon(const json_t *balloon)
{
	const json_t *free_bytes = json_object_get(balloon, "free");

	(void)printf("the guest has %" PRId64 " MiB", number_of(balloon, "actual") / MIB);
	if (number_of(balloon, "target") != number_of(balloon, "actual")) {
		(void)printf(", shall have %" PRId64 " MiB", number_of(balloon, "target") / MIB);
	}
	if (free_bytes) {
		(void)printf("; %" PRId64 " MiB of it are free",
			     (int64_t)json_integer_value(free_bytes) / MIB);
	}
	(void)printf("\n");
}

static void print_size(const json_t *size)
{
	(void)printf(" %5" PRId64 " x %-5" PRId64, number_of(size, "width"),
		     number_of(size, "height"));
}

void ctl_print_screens(const json_t *screens)
{
	size_t i;
	json_t *screen;

	(void)printf("screen  plugged          wish       picture\n");
	json_array_foreach(screens, i, screen)
	{
		(void)printf("%6" PRId64 "  %-7s", number_of(screen, "scanout"),
			     is_true(screen, "connected") ? "yes" : "no");
		print_size(json_object_get(screen, "wish"));
		print_size(json_object_get(screen, "picture"));
		(void)printf("\n");
	}
}

static void print_percentiles(const char *label, const json_t *values)
{
	static const char *const names[] = { "p50", "p95", "p99", "max" };

	(void)printf("  %-18s", label);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)printf(" %s %.1f", names[i],
			     json_number_value(json_object_get(values, names[i])));
	}
	(void)printf(" ms\n");
}

void ctl_print_stats(const json_t *stats)
{
	size_t i;
	json_t *one;

	json_array_foreach(stats, i, one)
	{
		(void)printf("screen %" PRId64 ": in %.1f s %" PRId64 " flushes, %" PRId64
			     " shown, %" PRId64 " dropped, %" PRId64 " repeated\n",
			     number_of(one, "scanout"),
			     json_number_value(json_object_get(one, "measured-ms")) / 1000.0,
			     number_of(one, "flushes"), number_of(one, "presents"),
			     number_of(one, "dropped"), number_of(one, "repeated"));
		print_percentiles("present interval", json_object_get(one, "present-interval-ms"));
		print_percentiles("flush to present", json_object_get(one, "flush-to-present-ms"));
	}
}

void ctl_print_event(const json_t *event)
{
	const json_t *timestamp = json_object_get(event, "timestamp");
	const time_t seconds = number_of(timestamp, "seconds");
	AUTO_FREE char *data = json_dumps(json_object_get(event, "data"), 0);
	char clock[16] = "?";
	struct tm local;

	if (localtime_r(&seconds, &local)) {
		(void)strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	}
	(void)printf("%s.%06" PRId64 " %s%s%s\n", clock, number_of(timestamp, "microseconds"),
		     text_of(event, "event"), data ? " " : "", data ? data : "");
}

void ctl_print_json(const json_t *value)
{
	(void)json_dumpf(value, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY);
	(void)putchar('\n');
}

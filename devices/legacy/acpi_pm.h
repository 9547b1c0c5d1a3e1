/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_LEGACY_ACPI_PM_H
#define THUNDERLAKE_DEVICES_LEGACY_ACPI_PM_H

#include <stdbool.h>

#include "devices/device.h"

/*
 * ACPI power management as in the ICH9: PM1 events and control, the PM timer, GPE0 without sources,
 * the SCI. Where the registers are is said in vmm/boot/layout.h, which the FADT is written from.
 * SLP_EN with LAYOUT_ACPI_S5_SLEEP_TYPE is a request to power off.
 */
struct acpi_pm;

extern const struct device_type acpi_pm_type;

/* Presses a button and lets it go. Any thread. Returns whether the guest listens: if not, the press
 * is remembered until it does, but it may never. */
bool acpi_pm_press_power_button(struct acpi_pm *pm);
bool acpi_pm_press_sleep_button(struct acpi_pm *pm);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BOOT_LAYOUT_H
#define THUNDERLAKE_VMM_BOOT_LAYOUT_H

/* The numbers of the machine, once. vmm/README.md shows them as a table. */

/* --- guest physical addresses --- */
#define LAYOUT_GDT_GPA		0x500u
#define LAYOUT_BOOT_PARAMS_GPA	0x7000u /* Linux "zero page", or PVH start_info */
#define LAYOUT_PAGE_TABLES_GPA	0x9000u /* identity map of the first 4 GiB: 6 pages */
#define LAYOUT_COMMAND_LINE_GPA 0x20000u
#define LAYOUT_COMMAND_LINE_MAX 0x10000u
#define LAYOUT_SETUP_DATA_GPA	0x30000u /* RNG seed and other setup_data */
#define LAYOUT_LOW_RAM_END	0x9fc00u /* EBDA and BIOS above, reserved in E820 */
#define LAYOUT_BIOS_TABLES_GPA	0xe0000u /* RSDP, ACPI and SMBIOS tables, up to 1 MiB */
#define LAYOUT_BIOS_TABLES_END	0x100000u
#define LAYOUT_KERNEL_GPA	0x1000000u /* a relocatable bzImage that does not say otherwise */

#define LAYOUT_PCI_HOLE_START	0xc0000000u /* RAM ends here at most and goes on at 4 GiB */
#define LAYOUT_PCI_MMIO32_GPA	0xc0000000u /* BARs below 4 GiB */
#define LAYOUT_PCI_MMIO32_END	0xe0000000u
#define LAYOUT_ECAM_GPA		0xe0000000u /* 256 buses of 1 MiB */
#define LAYOUT_ECAM_SIZE	0x10000000u
#define LAYOUT_IOAPIC_GPA	0xfec00000u
#define LAYOUT_LAPIC_GPA	0xfee00000u
#define LAYOUT_IDENTITY_MAP_GPA 0xfeffc000u /* one page, for Intel hosts */
#define LAYOUT_TSS_GPA		0xfeffd000u /* three pages, likewise */
#define LAYOUT_HIGH_RAM_GPA	0x100000000u
/* RAM ends here at most, 64-bit BARs follow: many desktop processors have 39 address bits. */
#define LAYOUT_HIGH_RAM_END   0x4000000000u
#define LAYOUT_PCI_MMIO64_GPA 0x4000000000u /* 256 GiB .. 512 GiB */
#define LAYOUT_PCI_MMIO64_END 0x8000000000u

/* --- GDT selectors at LAYOUT_GDT_GPA --- */
#define LAYOUT_GDT_CODE64 0x10u
#define LAYOUT_GDT_DATA	  0x18u
#define LAYOUT_GDT_CODE32 0x20u
#define LAYOUT_GDT_TSS	  0x28u

/* --- I/O ports --- */
#define LAYOUT_I8042_PORT      0x60u /* and 0x64 */
#define LAYOUT_RTC_PORT	       0x70u
#define LAYOUT_COM1_PORT       0x3f8u
#define LAYOUT_COM2_PORT       0x2f8u
#define LAYOUT_COM3_PORT       0x3e8u
#define LAYOUT_COM4_PORT       0x2e8u
#define LAYOUT_DEBUG_EXIT_PORT 0xf4u /* isa-debug-exit, off unless asked for */
#define LAYOUT_PVPANIC_PORT    0x505u
#define LAYOUT_FW_CFG_PORT     0x510u /* selector, data 0x511, DMA 0x514 */
#define LAYOUT_ACPI_PM_PORT    0x600u /* ICH9 PMBASE; its registers are below */
#define LAYOUT_ACPI_PM_LENGTH  0x80u
#define LAYOUT_PCI_CONFIG_PORT 0xcf8u
#define LAYOUT_RESET_PORT      0xcf9u /* ACPI reset register */
#define LAYOUT_PCI_PIO_START   0x1000u
#define LAYOUT_PCI_PIO_END     0x10000u

/* --- ACPI power management: what the FADT tells and devices/legacy/acpi_pm.c does --- */
/* Offsets from LAYOUT_ACPI_PM_PORT and lengths in bytes. There is no SMI_CMD: the machine is in
 * ACPI mode from the start, SCI_EN reads as one. */
#define LAYOUT_ACPI_PM1_EVENT	       0x00u /* status, then enable: 2 bytes each */
#define LAYOUT_ACPI_PM1_EVENT_LENGTH   4u
#define LAYOUT_ACPI_PM1_CONTROL	       0x04u
#define LAYOUT_ACPI_PM1_CONTROL_LENGTH 2u
#define LAYOUT_ACPI_PM_TIMER	       0x08u /* 24 bits count, as in the ICH9; read as 32 */
#define LAYOUT_ACPI_PM_TIMER_LENGTH    4u
#define LAYOUT_ACPI_GPE0	       0x20u /* status, then enable: 8 bytes each */
#define LAYOUT_ACPI_GPE0_LENGTH	       16u
/* SLP_TYP for power-off in PM1 control: the value that SeaBIOS and OVMF write on this chipset. */
#define LAYOUT_ACPI_S5_SLEEP_TYPE 0u
#define LAYOUT_RESET_VALUE	  0x06u /* to LAYOUT_RESET_PORT; bit 2 rising resets */
#define LAYOUT_RTC_CENTURY	  0x32u /* index of the century byte (BCD) in the RTC's RAM */

/* --- interrupt lines (GSIs) --- */
#define LAYOUT_RTC_IRQ	    8u
#define LAYOUT_SCI_IRQ	    9u /* level-triggered, active-high: irq_line_set(true) asserts */
#define LAYOUT_COM1_IRQ	    4u
#define LAYOUT_COM2_IRQ	    3u
#define LAYOUT_KEYBOARD_IRQ 1u
#define LAYOUT_MOUSE_IRQ    12u
#define LAYOUT_PCI_INTX_IRQ 16u /* INTA of slot s: 16 + (s + pin) % 8 */

#endif

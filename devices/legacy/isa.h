/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_LEGACY_ISA_H
#define THUNDERLAKE_DEVICES_LEGACY_ISA_H

struct device_env;
struct error;
struct io_region;

/* Maps ports that are the same in every PC; `region` has all but its bus. The error names the
 * device and the ports. Returns bus_map's error. */
int isa_map(const struct device_env *env, struct io_region *region, struct error *err);

#endif

/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/scsi/host_allow.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

/* Mode pages of a drive of the host's: what a guest is told, and what it may set. */

#define MODE_SELECT	   0x55u
#define MODE_HEADER6_BYTES 4u /* SPC-4 §7.5.5 */
#define MODE_HEADER_BYTES  8u
#define MODE_PAGE_WRITE	   0x05u

_Static_assert(MODE_HEADER_BYTES - MODE_HEADER6_BYTES == HOST_MODE_HEADERS_DIFFER, "as planned");

uint32_t host_plan_shorten(const struct host_plan *plan, uint8_t *answer, uint32_t bytes)
{
	uint32_t length;

	if (!plan->is_mode_sense6) {
		return bytes;
	}
	if (bytes < MODE_HEADER_BYTES) {
		return 0;
	}
	/* Each length counts what comes behind it, of a header so much shorter. */
	length = load_be16(answer);
	length -= MIN(length, HOST_MODE_HEADERS_DIFFER + 1u - 2u);
	answer[0] = (uint8_t)MIN(length, UINT8_MAX);
	answer[1] = answer[2];
	answer[2] = answer[3];
	answer[3] = answer[7];
	memmove(answer + MODE_HEADER6_BYTES, answer + MODE_HEADER_BYTES, bytes - MODE_HEADER_BYTES);
	return bytes - HOST_MODE_HEADERS_DIFFER;
}

static enum host_verdict bad_list(struct host_plan *plan, unsigned byte)
{
	plan->bad_byte = byte;
	plan->bad_bit = -1;
	return HOST_BAD_LIST;
}

/* The one page is that of write parameters (MMC-6 §7.5.4), which is about one disc. */
enum host_verdict host_allow_list(struct host_plan *plan, const uint8_t *list)
{
	if (plan->cdb[0] != MODE_SELECT || plan->bytes == 0) {
		return HOST_PASS;
	}
	if (plan->bytes < MODE_HEADER_BYTES + 2) {
		return bad_list(plan, 0);
	}
	if (load_be16(list + 6) != 0) { /* block descriptors */
		return bad_list(plan, 6);
	}
	if (list[MODE_HEADER_BYTES] != MODE_PAGE_WRITE) {
		return bad_list(plan, MODE_HEADER_BYTES);
	}
	if (MODE_HEADER_BYTES + 2u + list[MODE_HEADER_BYTES + 1] != plan->bytes) {
		return bad_list(plan, MODE_HEADER_BYTES + 1);
	}
	return HOST_PASS;
}

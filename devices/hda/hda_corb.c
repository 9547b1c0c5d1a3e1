/* SPDX-License-Identifier: MIT */
#include "devices/hda/hda_state.h"
#include "vmm/mem/guest_mem.h"

#define RING_ENTRIES  256u
#define COMMAND_BYTES 4u
#define COMMAND_CODEC 28u /* the shift of its address */
#define COMMAND_BITS  0x0fffffffu
#define UNSOLICITED   (1u << 4)

/* As in memory. */
struct rirb_entry {
	le32 response;
	le32 extended; /* the codec's address, and whether nobody asked */
};
_Static_assert(sizeof(struct rirb_entry) == 8, "Intel HDA 1.0a §4.4.2");

/* Whether there is a codec that answers. */
static bool run_command(struct hda *hda, uint32_t command, uint32_t *response) REQUIRES(hda->lock)
{
	bool sounds_different = false;

	if (command >> COMMAND_CODEC != 0) {
		return false;
	}
	*response = hda_codec_command(&hda->codec, command & COMMAND_BITS, &sounds_different);
	for (unsigned i = 0; i < HDA_STREAMS && sounds_different; i++) {
		loop_post(hda->loop, &hda->streams[i].task);
	}
	return true;
}

/* False: the ring is not in memory. */
static bool take_command(struct hda *hda, uint32_t *command) REQUIRES(hda->lock)
{
	uint8_t *pointer = hda_register(hda, HDA_CORBRP);
	const unsigned next = (*pointer + 1) % RING_ENTRIES;
	uint8_t bytes[COMMAND_BYTES];

	if (guest_mem_read(hda->mem,
			   load_le64(hda_register(hda, HDA_CORBBASE)) + next * COMMAND_BYTES, bytes,
			   sizeof(bytes)) < 0) {
		return false;
	}
	*pointer = (uint8_t)next;
	*command = load_le32(bytes);
	return true;
}

static void give_response(struct hda *hda, uint32_t response, uint32_t extended) REQUIRES(hda->lock)
{
	const struct rirb_entry entry = { .response = le32_of(response),
					  .extended = le32_of(extended) };
	uint8_t *pointer = hda_register(hda, HDA_RIRBWP);
	const unsigned next = (*pointer + 1) % RING_ENTRIES;

	if (!(*hda_register(hda, HDA_RIRBCTL) & HDA_RIRBCTL_RUN)) {
		return;
	}
	if (guest_mem_write(hda->mem,
			    load_le64(hda_register(hda, HDA_RIRBBASE)) + next * sizeof(entry),
			    &entry, sizeof(entry)) < 0) {
		log_guest(&hda->log_limit, hda->id, "the response ring is not in memory");
		return;
	}
	*pointer = (uint8_t)next;
	/* RINTCNT is met at the latest when no command is left, which is now or soon. */
	*hda_register(hda, HDA_RIRBSTS) |= HDA_RIRBSTS_FL;
}

static bool has_command(struct hda *hda) REQUIRES(hda->lock)
{
	const uint16_t read_pointer = load_le16(hda_register(hda, HDA_CORBRP));

	return *hda_register(hda, HDA_CORBCTL) & HDA_CORBCTL_RUN &&
	       !(read_pointer & HDA_CORBRP_RST) &&
	       (uint8_t)read_pointer != *hda_register(hda, HDA_CORBWP) &&
	       pci_is_bus_master(&hda->pci);
}

void hda_corb_run(struct hda *hda)
{
	/* Each turn brings the read pointer nearer, so it is a ringful at most. */
	while (has_command(hda)) {
		uint32_t command, response;

		if (!take_command(hda, &command)) {
			*hda_register(hda, HDA_CORBSTS) |= HDA_CORBSTS_MEI;
			*hda_register(hda, HDA_CORBCTL) &= (uint8_t)~HDA_CORBCTL_RUN;
			return;
		}
		if (run_command(hda, command, &response)) {
			give_response(hda, response, 0);
		}
	}
}

void hda_unsolicited(struct hda *hda, uint32_t response)
{
	if (load_le32(hda_register(hda, HDA_GCTL)) & HDA_GCTL_UNSOL &&
	    pci_is_bus_master(&hda->pci)) {
		give_response(hda, response, UNSOLICITED);
	}
}

void hda_immediate_run(struct hda *hda)
{
	uint8_t *status = hda_register(hda, HDA_ICIS);
	uint32_t response;

	if (!(*status & HDA_ICIS_ICB)) {
		return;
	}
	*status &= (uint8_t)~HDA_ICIS_ICB;
	if (run_command(hda, load_le32(hda_register(hda, HDA_ICOI)), &response)) {
		store_le32(hda_register(hda, HDA_ICII), response);
		*status |= HDA_ICIS_IRV;
	}
}

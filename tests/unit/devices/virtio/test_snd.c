/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/snd.c devices/virtio/snd_info.c devices/virtio/snd_control.c
 *       devices/virtio/snd_event.c devices/virtio/snd_stream.c devices/virtio/snd_buffer.c
 *       devices/virtio/virtqueue.c audio/format.c vmm/mem/ vmm/kvm/
 *       tests/unit/devices/fake_audio.c tests/unit/devices/virtio/fake_snd.c
 *       tests/unit/devices/virtio/fake_ring.c tests/unit/devices/virtio/fake_transport.c */
/* Sound cards: what they say they have, requests, jacks and events. */
#include "devices/virtio/snd.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <string.h>

#include "devices/virtio/virtio.h"
#include "tests/unit/devices/virtio/fake_snd.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "vmm/base/bytes.h"

#define EVENTS (1u << VIRTIO_SND_PCM_F_EVT_XRUNS | 1u << VIRTIO_SND_PCM_F_EVT_SHMEM_PERIODS)

TestSuite(virtio_snd, .init = fake_snd_set_up, .fini = fake_snd_tear_down, .timeout = 10);

/* The status of an information request, its items in `items`. */
static uint32_t query(uint32_t code, uint32_t start, uint32_t count, uint32_t size, void *items,
		      uint32_t room)
{
	const struct virtio_snd_query_info request = {
		.hdr.code = code, .start_id = start, .count = count, .size = size
	};
	uint8_t answer[1024];
	uint32_t written = fake_snd_request(&request, sizeof(request), answer, 4 + room);

	cr_assert(eq(u32, written, load_le32(answer) == VIRTIO_SND_S_OK ? 4 + count * size : 4));
	memcpy(items, answer + 4, room);
	return load_le32(answer);
}

/* --- descriptions --- */

Test(virtio_snd, counts_are_in_configuration_space)
{
	const uint8_t *config = fake_transport.device->config;

	cr_assert(eq(u32, load_le32(config), 2));     /* jacks */
	cr_assert(eq(u32, load_le32(config + 4), 3)); /* streams */
	cr_assert(
		eq(u32, load_le32(config + 8), 7)); /* maps: mono to 7.1 out, mono and stereo in */
}

Test(virtio_snd, card_for_stereo_output_has_no_more)
{
	const uint8_t *config;

	fake_snd_finish();
	cr_assert(eq(int, fake_snd_make("playback=1,capture=0,channels=2"), 0));
	config = fake_transport.device->config;
	cr_assert(eq(u32, load_le32(config), 1));
	cr_assert(eq(u32, load_le32(config + 4), 1));
	cr_assert(eq(u32, load_le32(config + 8), 2));
	cr_assert(
		eq(int, virtio_snd_set_jack(fake_snd.card, AUDIO_JACK_MICROPHONE, false), -ENOENT));
}

Test(virtio_snd, impossible_options_are_refused)
{
	fake_snd_finish();
	cr_assert(lt(int, fake_snd_make("playback=0"), 0));
	cr_assert(lt(int, fake_snd_make("playback=9"), 0));
	cr_assert(lt(int, fake_snd_make("capture=9"), 0));
	cr_assert(lt(int, fake_snd_make("channels=9"), 0));
	cr_assert(lt(int, fake_snd_make("channels=0"), 0));
}

Test(virtio_snd, machine_without_audio_has_no_card)
{
	const struct device_env env = { .mem = fake_snd.mem, .loop = fake_snd.loop, .id = "snd0" };
	const uint64_t options[3] = { 1, 1, 2 };

	fake_snd_finish();
	fake_snd.card = calloc(1, virtio_snd_type.state_size);
	cr_assert(eq(int, virtio_snd_type.init(fake_snd.card, &env, options, &fake_snd.err),
		     -ENODEV));
	free(fake_snd.card);
	fake_snd.card = NULL;
}

Test(virtio_snd, streams_tell_what_they_take)
{
	struct virtio_snd_pcm_info info[3];

	cr_assert(eq(u32, query(VIRTIO_SND_R_PCM_INFO, 0, 3, sizeof(info[0]), info, sizeof(info)),
		     VIRTIO_SND_S_OK));
	cr_assert(eq(u8, info[0].direction, VIRTIO_SND_D_OUTPUT));
	cr_assert(eq(u8, info[1].direction, VIRTIO_SND_D_OUTPUT));
	cr_assert(eq(u8, info[2].direction, VIRTIO_SND_D_INPUT));
	cr_assert(eq(u8, info[0].channels_min, 1));
	cr_assert(eq(u8, info[0].channels_max, 8));
	cr_assert(eq(u8, info[2].channels_max, 2));
	cr_assert(eq(u32, info[0].features, EVENTS));
	/* U8, S16, S24_3, S24, S32, FLOAT of the specification's list. */
	cr_assert(eq(u64, info[0].formats,
		     1u << 4 | 1u << 5 | 1u << 11 | 1u << 15 | 1u << 17 | 1u << 19));
	/* All but 5512 and 384000 Hz. */
	cr_assert(eq(u64, info[0].rates, 0x1ffe));
}

Test(virtio_snd, channel_maps_are_in_the_order_of_alsa)
{
	static const uint8_t surround_71[] = { VIRTIO_SND_CHMAP_FL, VIRTIO_SND_CHMAP_FR,
					       VIRTIO_SND_CHMAP_RL, VIRTIO_SND_CHMAP_RR,
					       VIRTIO_SND_CHMAP_FC, VIRTIO_SND_CHMAP_LFE,
					       VIRTIO_SND_CHMAP_SL, VIRTIO_SND_CHMAP_SR };
	struct virtio_snd_chmap_info info[7];

	cr_assert(eq(u32, query(VIRTIO_SND_R_CHMAP_INFO, 0, 7, sizeof(info[0]), info, sizeof(info)),
		     VIRTIO_SND_S_OK));
	cr_assert(eq(u8, info[0].channels, 1));
	cr_assert(eq(u8, info[0].positions[0], VIRTIO_SND_CHMAP_MONO));
	cr_assert(eq(u8, info[4].channels, 8));
	cr_assert(zero(int, memcmp(info[4].positions, surround_71, sizeof(surround_71))));
	cr_assert(eq(u8, info[5].direction, VIRTIO_SND_D_INPUT));
	cr_assert(eq(u8, info[6].channels, 2));
}

Test(virtio_snd, jacks_are_a_line_out_and_a_microphone)
{
	struct virtio_snd_jack_info info[2];

	cr_assert(eq(u32, query(VIRTIO_SND_R_JACK_INFO, 0, 2, sizeof(info[0]), info, sizeof(info)),
		     VIRTIO_SND_S_OK));
	/* Default device, bits 20 to 23: 0 is line out, 10 a microphone. */
	cr_assert(eq(u32, info[0].hda_reg_defconf >> 20 & 15, 0));
	cr_assert(eq(u32, info[1].hda_reg_defconf >> 20 & 15, 10));
	cr_assert(eq(u8, info[0].connected, 1));
	cr_assert(eq(u32, info[0].features, 1u << VIRTIO_SND_JACK_F_REMAP));
}

Test(virtio_snd, drivers_may_know_shorter_and_longer_items)
{
	struct virtio_snd_jack_info info[2];
	uint8_t longer[64];
	uint32_t groups[2] = { 7, 7 };

	cr_assert(eq(u32, query(VIRTIO_SND_R_JACK_INFO, 0, 2, 4, groups, sizeof(groups)),
		     VIRTIO_SND_S_OK));
	cr_assert(zero(u32, groups[1]));
	cr_assert(eq(u32, query(VIRTIO_SND_R_JACK_INFO, 0, 2, sizeof(info[0]), info, sizeof(info)),
		     VIRTIO_SND_S_OK));
	cr_assert(eq(u32, query(VIRTIO_SND_R_JACK_INFO, 1, 1, 64, longer, 64), VIRTIO_SND_S_OK));
	cr_assert(zero(int, memcmp(longer, &info[1], sizeof(info[1]))));
	cr_assert(zero(u8, longer[63]));
}

Test(virtio_snd, queries_beyond_the_items_are_bad_messages)
{
	uint8_t items[512];

	cr_assert(eq(u32, query(VIRTIO_SND_R_PCM_INFO, 3, 0, 32, items, 0), VIRTIO_SND_S_OK));
	cr_assert(
		eq(u32, query(VIRTIO_SND_R_PCM_INFO, 2, 2, 32, items, 512), VIRTIO_SND_S_BAD_MSG));
	cr_assert(eq(u32, query(VIRTIO_SND_R_PCM_INFO, UINT32_MAX, 1, 32, items, 512),
		     VIRTIO_SND_S_BAD_MSG));
	cr_assert(eq(u32, query(VIRTIO_SND_R_PCM_INFO, 1, UINT32_MAX, 32, items, 512),
		     VIRTIO_SND_S_BAD_MSG));
	cr_assert(eq(u32, query(VIRTIO_SND_R_PCM_INFO, 0, 3, 3, items, 512), VIRTIO_SND_S_BAD_MSG));
	cr_assert(eq(u32, query(VIRTIO_SND_R_PCM_INFO, 0, 3, UINT32_MAX, items, 512),
		     VIRTIO_SND_S_BAD_MSG));
	/* No room for the third. */
	cr_assert(eq(u32, query(VIRTIO_SND_R_PCM_INFO, 0, 3, 32, items, 95), VIRTIO_SND_S_BAD_MSG));
}

/* --- requests of no good form --- */

Test(virtio_snd, unknown_requests_are_not_supported)
{
	cr_assert(eq(u32, fake_snd_command(0, 0), VIRTIO_SND_S_NOT_SUPP));
	cr_assert(eq(u32, fake_snd_command(0x300, 0), VIRTIO_SND_S_NOT_SUPP));
	cr_assert(eq(u32, fake_snd_command(UINT32_MAX, 0), VIRTIO_SND_S_NOT_SUPP));
}

Test(virtio_snd, short_requests_are_bad_messages)
{
	const struct virtio_snd_pcm_set_params params = fake_snd_params(0);
	uint32_t status;

	(void)fake_snd_request(&params, 3, &status, 4);
	cr_assert(eq(u32, status, VIRTIO_SND_S_BAD_MSG));
	(void)fake_snd_request(&params, 4, &status, 4);
	cr_assert(eq(u32, status, VIRTIO_SND_S_BAD_MSG));
	(void)fake_snd_request(&params, sizeof(params) - 1, &status, 4);
	cr_assert(eq(u32, status, VIRTIO_SND_S_BAD_MSG));
}

Test(virtio_snd, request_in_many_slices_is_one_request)
{
	const uint64_t gpa = fake_snd_alloc(16);
	const struct fake_buffer buffers[] = { { gpa, 1, false },
					       { gpa + 1, 4, false },
					       { gpa + 5, 3, false },
					       { gpa + 8, 1, true },
					       { gpa + 9, 3, true } };
	uint32_t head, written;

	store_le32(fake_snd_at(gpa, 4), VIRTIO_SND_R_PCM_PREPARE);
	(void)fake_ring_add(&fake_snd.rings[VIRTIO_SND_VQ_CONTROL], buffers, 5);
	fake_snd_notify(VIRTIO_SND_VQ_CONTROL);
	cr_assert(fake_ring_take(&fake_snd.rings[VIRTIO_SND_VQ_CONTROL], &head, &written));
	cr_assert(eq(u32, written, 4));
	cr_assert(eq(u32, load_le32(fake_snd_at(gpa + 8, 4)), VIRTIO_SND_S_BAD_MSG));
}

Test(virtio_snd, request_without_room_for_its_answer_fails_the_device)
{
	const uint32_t code = VIRTIO_SND_R_PCM_PREPARE;
	uint32_t answer;

	cr_assert(zero(u32, fake_snd_request(&code, sizeof(code), &answer, 3)));
	cr_assert(eq(u32, fake_transport.failures, 1));
}

Test(virtio_snd, unknown_streams_are_bad_messages)
{
	struct virtio_snd_pcm_set_params params = fake_snd_params(3);

	cr_assert(eq(u32, fake_snd_set(&params), VIRTIO_SND_S_BAD_MSG));
	cr_assert(eq(u32, fake_snd_command(VIRTIO_SND_R_PCM_PREPARE, 3), VIRTIO_SND_S_BAD_MSG));
	cr_assert(eq(u32, fake_snd_command(VIRTIO_SND_R_PCM_PREPARE, UINT32_MAX),
		     VIRTIO_SND_S_BAD_MSG));
}

/* --- jacks --- */

static uint32_t remap(uint32_t jack, uint32_t association, uint32_t sequence)
{
	const struct virtio_snd_jack_remap request = {
		.hdr = { .hdr.code = VIRTIO_SND_R_JACK_REMAP, .jack_id = jack },
		.association = association,
		.sequence = sequence,
	};
	uint32_t status;

	(void)fake_snd_request(&request, sizeof(request), &status, sizeof(status));
	return status;
}

static uint32_t jack_config(uint32_t jack)
{
	struct virtio_snd_jack_info info;

	(void)query(VIRTIO_SND_R_JACK_INFO, jack, 1, sizeof(info), &info, sizeof(info));
	return info.hda_reg_defconf;
}

Test(virtio_snd, remapped_jack_is_so_until_reset)
{
	const uint32_t before = jack_config(1);

	cr_assert(eq(u32, remap(1, 7, 15), VIRTIO_SND_S_OK));
	cr_assert(eq(u32, jack_config(1), (before & ~0xffu) | 0x7f));
	cr_assert(eq(u32, remap(2, 1, 1), VIRTIO_SND_S_BAD_MSG));
	cr_assert(eq(u32, remap(1, 16, 0), VIRTIO_SND_S_BAD_MSG));
	cr_assert(eq(u32, remap(1, 0, 16), VIRTIO_SND_S_BAD_MSG));
	cr_assert(eq(u32, jack_config(1), (before & ~0xffu) | 0x7f));
	virtio_snd_type.reset(fake_snd.card);
	fake_snd_start();
	cr_assert(eq(u32, jack_config(1), before));
}

Test(virtio_snd, plug_that_moves_is_an_event)
{
	uint32_t code, data;

	fake_snd_want_event();
	cr_assert(eq(int, virtio_snd_set_jack(fake_snd.card, AUDIO_JACK_LINE_OUT, true), 0));
	cr_assert(not(fake_snd_take_event(&code, &data))); /* it is in already */
	cr_assert(eq(int, virtio_snd_set_jack(fake_snd.card, AUDIO_JACK_MICROPHONE, false), 0));
	cr_assert(fake_snd_take_event(&code, &data));
	cr_assert(eq(u32, code, VIRTIO_SND_EVT_JACK_DISCONNECTED));
	cr_assert(eq(u32, data, 1));
}

/* --- events --- */

static void xrun(uint32_t index)
{
	struct audio_stream *stream = fake_audio_stream(index);

	stream->config.ops->on_xrun(stream->config.arg);
}

Test(virtio_snd, xrun_is_told_to_who_asked)
{
	uint32_t code, data;

	fake_snd_want_event();
	fake_snd_prepare(FAKE_SND_PLAYBACK, 0);
	xrun(FAKE_SND_PLAYBACK);
	cr_assert(not(fake_snd_take_event(&code, &data)));
	fake_snd_prepare(FAKE_SND_CAPTURE, 1u << VIRTIO_SND_PCM_F_EVT_XRUNS);
	xrun(FAKE_SND_CAPTURE);
	cr_assert(fake_snd_take_event(&code, &data));
	cr_assert(eq(u32, code, VIRTIO_SND_EVT_PCM_XRUN));
	cr_assert(eq(u32, data, FAKE_SND_CAPTURE));
}

Test(virtio_snd, events_wait_for_buffers_one_of_a_kind)
{
	uint32_t code, data;

	fake_snd_prepare(FAKE_SND_SECOND, EVENTS);
	xrun(FAKE_SND_SECOND);
	xrun(FAKE_SND_SECOND);
	cr_assert(not(fake_snd_take_event(&code, &data)));
	fake_snd_want_event();
	cr_assert(fake_snd_take_event(&code, &data));
	cr_assert(eq(u32, data, FAKE_SND_SECOND));
	fake_snd_want_event();
	cr_assert(not(fake_snd_take_event(&code, &data)));
}

Test(virtio_snd, released_stream_owes_no_events)
{
	uint32_t code, data;

	fake_snd_prepare(FAKE_SND_PLAYBACK, EVENTS);
	xrun(FAKE_SND_PLAYBACK);
	cr_assert(eq(u32, fake_snd_command(VIRTIO_SND_R_PCM_RELEASE, FAKE_SND_PLAYBACK),
		     VIRTIO_SND_S_OK));
	fake_snd_want_event();
	cr_assert(not(fake_snd_take_event(&code, &data)));
}

Test(virtio_snd, short_event_buffer_fails_the_device)
{
	const struct fake_buffer buffer = { fake_snd_alloc(8), 7, true };

	(void)fake_ring_add(&fake_snd.rings[VIRTIO_SND_VQ_EVENT], &buffer, 1);
	fake_snd_prepare(FAKE_SND_PLAYBACK, EVENTS);
	xrun(FAKE_SND_PLAYBACK);
	cr_assert(eq(u32, fake_transport.failures, 1));
}

/* SPDX-License-Identifier: MIT */
#include "devices/hda/hda.h"

#include "devices/device.h"
#include "devices/hda/hda_state.h"
#include "devices/pci/msi.h"
#include "vmm/base/clock.h"

/* Intel ICH9, as the chipset is. */
#define VENDOR_INTEL	 0x8086u
#define DEVICE_ICH9_HDA	 0x293eu
#define REVISION	 2u
#define SUBSYSTEM_VENDOR 0x1af4u
#define SUBSYSTEM	 0x1100u
#define CLASS_HDA	 0x040300u
#define FIRST_CAPABILITY 0x60u /* before it are registers that ICHs have there */
#define HDCTL		 0x40u
#define HDCTL_IS_HDA	 1u
#define TCSEL		 0x44u
#define TCSEL_CLASS	 7u

/* --- interrupts ------------------------------------------------------------------------------ */

static bool has_controller_event(struct hda *hda) REQUIRES(hda->lock)
{
	const unsigned responses = *hda_register(hda, HDA_RIRBSTS) &
				   *hda_register(hda, HDA_RIRBCTL) &
				   (HDA_RIRBSTS_FL | HDA_RIRBSTS_OIS);
	const unsigned commands =
		*hda_register(hda, HDA_CORBSTS) & *hda_register(hda, HDA_CORBCTL) & HDA_CORBSTS_MEI;
	const unsigned codecs = load_le16(hda_register(hda, HDA_STATESTS)) &
				load_le16(hda_register(hda, HDA_WAKEEN));

	return responses || commands || codecs;
}

/* INTSTS: who wants something, and whether anyone does who may. */
static bool update_status(struct hda *hda) REQUIRES(hda->lock)
{
	const uint32_t enabled = load_le32(hda_register(hda, HDA_INTCTL));
	uint32_t status = has_controller_event(hda) ? HDA_INTCTL_CIE : 0;

	for (unsigned i = 0; i < HDA_STREAMS; i++) {
		struct hda_stream *stream = &hda->streams[i];

		if (*hda_sd(stream, HDA_SDSTS) & *hda_sd(stream, HDA_SDCTL) & HDA_SDSTS_INTS) {
			status |= 1u << i;
		}
	}
	status |= status & enabled ? HDA_INTCTL_GIE : 0;
	store_le32(hda_register(hda, HDA_INTSTS), status);
	return status & enabled & HDA_INTCTL_GIE;
}

void hda_update_irq(struct hda *hda, bool again)
{
	const bool level = update_status(hda);

	if (level && (again || !hda->irq_level)) {
		msi_signal(hda->msi);
	}
	if (level != hda->irq_level) {
		hda->irq_level = level;
		pci_intx_set(&hda->pci, level);
	}
}

/* --- registers in the BAR -------------------------------------------------------------------- */

static uint64_t read_bar(void *device, uint64_t offset, unsigned size)
{
	struct hda *hda = device;
	uint64_t value;

	mutex_lock(&hda->lock);
	value = hda_registers_read(hda, (unsigned)offset, size);
	hda_update_irq(hda, false);
	mutex_unlock(&hda->lock);
	return value;
}

static void write_bar(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct hda *hda = device;

	mutex_lock(&hda->lock);
	hda_registers_write(hda, (unsigned)offset, size, value);
	hda_update_irq(hda, true);
	mutex_unlock(&hda->lock);
}

static const struct io_ops bar_ops = { .read = read_bar, .write = write_bar };

/* --- jacks ----------------------------------------------------------------------------------- */

static void tell_jacks(struct hda *hda) REQUIRES(hda->lock)
{
	static const enum hda_node pins[AUDIO_JACKS] = {
		[AUDIO_JACK_LINE_OUT] = HDA_LINE_OUT,
		[AUDIO_JACK_MICROPHONE] = HDA_LINE_IN,
	};
	uint32_t response;

	for (unsigned i = 0; i < AUDIO_JACKS && !hda->is_frozen; i++) {
		if (hda_codec_plug(&hda->codec, pins[i], hda->is_plugged[i], &response)) {
			hda_unsolicited(hda, response);
		}
	}
	hda_update_irq(hda, false);
}

void hda_set_jack(void *state, enum audio_jack jack, bool connected)
{
	struct hda *hda = state;

	mutex_lock(&hda->lock);
	hda->is_plugged[jack] = connected;
	tell_jacks(hda);
	mutex_unlock(&hda->lock);
}

/* --- life ------------------------------------------------------------------------------------ */

static void close_all(void *arg)
{
	struct hda *hda = arg;

	for (unsigned i = 0; i < HDA_STREAMS; i++) {
		loop_task_cancel(hda->loop, &hda->streams[i].task);
		hda_audio_close(&hda->streams[i]);
	}
}

static void reset(void *state)
{
	struct hda *hda = state;

	mutex_lock(&hda->lock);
	hda_registers_reset(hda);
	hda_update_irq(hda, false);
	mutex_unlock(&hda->lock);
	loop_call(hda->loop, close_all, hda);
	pci_device_reset(&hda->pci);
}

static void quiesce(void *state)
{
	struct hda *hda = state;

	mutex_lock(&hda->lock);
	for (unsigned i = 0; i < HDA_STREAMS; i++) {
		hda_stream_move(&hda->streams[i], clock_now_ns());
	}
	hda_update_irq(hda, false);
	hda->is_frozen = true;
	mutex_unlock(&hda->lock);
}

static void resume(void *state)
{
	struct hda *hda = state;

	mutex_lock(&hda->lock);
	hda->is_frozen = false;
	for (unsigned i = 0; i < HDA_STREAMS; i++) {
		/* No time has passed; the next callback tells the truth. */
		hda->streams[i].clock.at_ns = clock_now_ns();
		hda->streams[i].clock.rate_hz = 0;
		loop_post(hda->loop, &hda->streams[i].task);
	}
	tell_jacks(hda);
	mutex_unlock(&hda->lock);
}

static void finish(void *state)
{
	struct hda *hda = state;

	pci_device_unplug(&hda->pci);
	loop_call(hda->loop, close_all, hda);
	msi_destroy(hda->msi);
	mutex_finish(&hda->lock);
}

static void fill_function(struct hda *hda)
{
	struct pci_device *pci = &hda->pci;

	pci->name = hda->id;
	pci->owner = hda;
	pci->has_intx = true;
	pci->identity = (struct pci_identity){ .vendor = VENDOR_INTEL,
					       .device = DEVICE_ICH9_HDA,
					       .subsystem_vendor = SUBSYSTEM_VENDOR,
					       .subsystem = SUBSYSTEM,
					       .revision = REVISION,
					       .class_code = CLASS_HDA };
	pci->bars[0] = (struct pci_bar){ .size = HDA_BAR_BYTES, .ops = &bar_ops };
	pci->config[HDCTL] = HDCTL_IS_HDA;
	pci->writable[TCSEL] = TCSEL_CLASS;
	pci->next_capability = FIRST_CAPABILITY;
}

static int init(void *state, const struct device_env *env, const void *options, struct error *err)
{
	struct hda *hda = state;
	int code;

	(void)options;
	hda->id = env->id;
	hda->mem = env->mem;
	hda->audio = env->audio;
	hda->loop = env->loop;
	mutex_init(&hda->lock);
	for (unsigned i = 0; i < HDA_STREAMS; i++) {
		hda_stream_init(&hda->streams[i], hda, i);
	}
	for (unsigned i = 0; i < AUDIO_JACKS; i++) {
		hda->is_plugged[i] = true;
	}
	fill_function(hda);
	code = msi_create(&hda->pci, env->irqs, &hda->msi);
	if (code < 0) {
		mutex_finish(&hda->lock);
		return error_set(err, code, "no interrupt for the sound card");
	}
	mutex_lock(&hda->lock);
	hda_registers_reset(hda);
	mutex_unlock(&hda->lock);
	code = pci_device_plug(env->pci, &hda->pci, -1, 0, err);
	if (code < 0) {
		msi_destroy(hda->msi);
		mutex_finish(&hda->lock);
	}
	return code;
}

const struct device_type hda_type = {
	.name = "intel-hda",
	.help = "sound card for guests without a virtio-snd driver",
	.state_size = sizeof(struct hda),
	.is_on_audio_loop = true,
	.init = init,
	.reset = reset,
	.quiesce = quiesce,
	.resume = resume,
	.finish = finish,
};

/* SPDX-License-Identifier: MIT */
#include "devices/virtio/input_config.h"

#include <string.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

#define BUS_VIRTUAL 0x06u   /* of <linux/input.h>, which has a struct input_event of its own */
#define VENDOR	    0x1af4u /* as all virtio devices */
#define VERSION	    1u

/* A tablet half a metre wide. */
#define TABLET_UNITS_PER_MM 64

struct input_code_range {
	uint8_t type;
	uint16_t first, last;
};

struct input_axis {
	uint16_t code;
	int32_t max;
	int32_t units_per_mm;
};

/* --- the kinds ------------------------------------------------------------------------------- */

static const struct input_code_range keyboard_ranges[] = {
	/* The 105 keys, those of Asian boards among them. */
	{ EV_KEY, KEY_ESC, KEY_KPDOT },
	{ EV_KEY, KEY_ZENKAKUHANKAKU, KEY_RIGHTALT },
	{ EV_KEY, KEY_HOME, KEY_DELETE },
	{ EV_KEY, KEY_MUTE, KEY_KPPLUSMINUS },
	{ EV_KEY, KEY_PAUSE, KEY_PAUSE },
	{ EV_KEY, KEY_KPCOMMA, KEY_COMPOSE },
	{ EV_KEY, KEY_F13, KEY_F24 },
	/* Media keys and those of office boards. */
	{ EV_KEY, KEY_STOP, KEY_WAKEUP },
	{ EV_KEY, KEY_WWW, KEY_WWW },
	{ EV_KEY, KEY_COFFEE, KEY_COFFEE },
	{ EV_KEY, KEY_MAIL, KEY_FORWARD },
	{ EV_KEY, KEY_EJECTCD, KEY_EJECTCD },
	{ EV_KEY, KEY_NEXTSONG, KEY_REWIND },
	{ EV_KEY, KEY_HOMEPAGE, KEY_REFRESH },
	{ EV_KEY, KEY_PLAYCD, KEY_PAUSECD },
	{ EV_KEY, KEY_PLAY, KEY_FASTFORWARD },
	{ EV_KEY, KEY_PRINT, KEY_PRINT },
	{ EV_KEY, KEY_SEARCH, KEY_SEARCH },
	{ EV_KEY, KEY_BRIGHTNESSDOWN, KEY_MEDIA },
	{ EV_KEY, KEY_MICMUTE, KEY_MICMUTE },
	{ EV_LED, LED_NUML, LED_SCROLLL },
	/* The guest repeats keys that are held. */
	{ EV_REP, REP_DELAY, REP_PERIOD },
};

#define BUTTONS_AND_WHEELS                                                   \
	{ EV_KEY, BTN_LEFT, BTN_EXTRA }, { EV_REL, REL_HWHEEL, REL_HWHEEL }, \
		{ EV_REL, REL_WHEEL, REL_WHEEL },                            \
	{                                                                    \
		EV_REL, REL_WHEEL_HI_RES, REL_HWHEEL_HI_RES                  \
	}

static const struct input_code_range mouse_ranges[] = {
	BUTTONS_AND_WHEELS,
	{ EV_REL, REL_X, REL_Y },
};

static const struct input_code_range tablet_ranges[] = {
	BUTTONS_AND_WHEELS,
	{ EV_ABS, ABS_X, ABS_Y },
};

static const struct input_axis tablet_axes[] = {
	{ ABS_X, INPUT_ABS_MAX, TABLET_UNITS_PER_MM },
	{ ABS_Y, INPUT_ABS_MAX, TABLET_UNITS_PER_MM },
};

static const struct input_code_range touch_ranges[] = {
	{ EV_KEY, BTN_TOUCH, BTN_TOUCH },
	{ EV_ABS, ABS_MT_SLOT, ABS_MT_SLOT },
	{ EV_ABS, ABS_MT_POSITION_X, ABS_MT_POSITION_Y },
	{ EV_ABS, ABS_MT_TRACKING_ID, ABS_MT_TRACKING_ID },
};

static const struct input_axis touch_axes[] = {
	{ ABS_MT_SLOT, INPUT_TOUCHES_MAX - 1, 0 },
	{ ABS_MT_TRACKING_ID, UINT16_MAX, 0 },
	{ ABS_MT_POSITION_X, INPUT_ABS_MAX, TABLET_UNITS_PER_MM },
	{ ABS_MT_POSITION_Y, INPUT_ABS_MAX, TABLET_UNITS_PER_MM },
};

const struct input_profile input_keyboard_profile = {
	.name = "Thunderlake keyboard",
	.product = 1,
	.kind = INPUT_KEYBOARD,
	.ranges = keyboard_ranges,
	.range_count = ARRAY_SIZE(keyboard_ranges),
};

const struct input_profile input_mouse_profile = {
	.name = "Thunderlake mouse",
	.product = 2,
	.kind = INPUT_POINTER,
	.ranges = mouse_ranges,
	.range_count = ARRAY_SIZE(mouse_ranges),
};

const struct input_profile input_tablet_profile = {
	.name = "Thunderlake tablet",
	.product = 3,
	.kind = INPUT_TABLET,
	.ranges = tablet_ranges,
	.range_count = ARRAY_SIZE(tablet_ranges),
	.axes = tablet_axes,
	.axis_count = ARRAY_SIZE(tablet_axes),
};

const struct input_profile input_touch_profile = {
	.name = "Thunderlake touch screen",
	.product = 4,
	.kind = INPUT_TOUCH,
	.properties = 1u << INPUT_PROP_DIRECT,
	.ranges = touch_ranges,
	.range_count = ARRAY_SIZE(touch_ranges),
	.axes = touch_axes,
	.axis_count = ARRAY_SIZE(touch_axes),
};

bool input_profile_has(const struct input_profile *profile, unsigned type, unsigned code)
{
	for (size_t i = 0; i < profile->range_count; i++) {
		const struct input_code_range *range = &profile->ranges[i];

		if (range->type == type && code >= range->first && code <= range->last) {
			return true;
		}
	}
	return false;
}

/* --- answers --------------------------------------------------------------------------------- */

static void answer_string(struct virtio_input_config *config, const char *text)
{
	const size_t length = strnlen(text, sizeof(config->u.string));

	memcpy(config->u.string, text, length);
	config->size = (uint8_t)length;
}

static void set_bit(struct virtio_input_config *config, unsigned bit)
{
	config->u.bitmap[bit / 8] |= (uint8_t)(1u << (bit % 8));
	config->size = (uint8_t)MAX(config->size, bit / 8 + 1);
}

static void answer_codes(struct virtio_input_config *config, const struct input_profile *profile)
{
	for (size_t i = 0; i < profile->range_count; i++) {
		const struct input_code_range *range = &profile->ranges[i];

		for (unsigned code = range->first;
		     range->type == config->subsel && code <= range->last; code++) {
			set_bit(config, code);
		}
	}
}

static void answer_axis(struct virtio_input_config *config, const struct input_profile *profile)
{
	for (size_t i = 0; i < profile->axis_count; i++) {
		const struct input_axis *axis = &profile->axes[i];

		if (axis->code == config->subsel) {
			store_le32((uint8_t *)&config->u.abs.max, (uint32_t)axis->max);
			store_le32((uint8_t *)&config->u.abs.res, (uint32_t)axis->units_per_mm);
			config->size = sizeof(config->u.abs);
		}
	}
}

static void answer_identity(struct virtio_input_config *config, const struct input_profile *profile)
{
	store_le16((uint8_t *)&config->u.ids.bustype, BUS_VIRTUAL);
	store_le16((uint8_t *)&config->u.ids.vendor, VENDOR);
	store_le16((uint8_t *)&config->u.ids.product, profile->product);
	store_le16((uint8_t *)&config->u.ids.version, VERSION);
	config->size = sizeof(config->u.ids);
}

static void answer_properties(struct virtio_input_config *config,
			      const struct input_profile *profile)
{
	for (unsigned bit = 0; bit < 32; bit++) {
		if (profile->properties & (1u << bit)) {
			set_bit(config, bit);
		}
	}
}

void input_profile_answer(const struct input_profile *profile, const char *serial,
			  struct virtio_input_config *config)
{
	const uint8_t select = config->select;

	*config = (struct virtio_input_config){ .select = select, .subsel = config->subsel };
	switch (select) {
	case VIRTIO_INPUT_CFG_EV_BITS:
		answer_codes(config, profile);
		return;
	case VIRTIO_INPUT_CFG_ABS_INFO:
		answer_axis(config, profile);
		return;
	default:
		break;
	}
	if (config->subsel != 0) {
		return;
	}
	switch (select) {
	case VIRTIO_INPUT_CFG_ID_NAME:
		answer_string(config, profile->name);
		break;
	case VIRTIO_INPUT_CFG_ID_SERIAL:
		answer_string(config, serial);
		break;
	case VIRTIO_INPUT_CFG_ID_DEVIDS:
		answer_identity(config, profile);
		break;
	case VIRTIO_INPUT_CFG_PROP_BITS:
		answer_properties(config, profile);
		break;
	default:
		break;
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Walks through all keys and levels of a layout of X11 and notes what each makes, with the keys
 * that have to be held for it.
 */
#include <errno.h>
#include <linux/input-event-codes.h>
#include <xkbcommon/xkbcommon.h>

#include "display/keymap_table.h"
#include "vmm/base/compiler.h"
#include "vmm/base/library.h"

/* clang-format off */
#define FUNCTIONS(use) \
	use(context_new) use(context_set_log_fn) use(context_unref) use(keymap_key_for_each) \
	use(keymap_key_get_mods_for_level) use(keymap_key_get_syms_by_level) \
	use(keymap_new_from_names) use(keymap_num_levels_for_key) use(keymap_unref) \
	use(keysym_to_utf32) use(state_new) use(state_serialize_mods) use(state_unref) \
	use(state_update_key)
/* clang-format on */
/* NOLINTNEXTLINE(bugprone-macro-parentheses) a member's name */
#define MEMBER(name) __typeof__(&xkb_##name) name;
#define NAME(name)   "xkb_" #name,

/* libxkbcommon, called as libxkb.context_new and so on. */
static struct {
	FUNCTIONS(MEMBER)
} libxkb;
static const char *const names[] = { FUNCTIONS(NAME) };
static const struct library library = { "libxkbcommon.so.0", "libxkbcommon0", names,
					ARRAY_SIZE(names), &libxkb };

#define KEYCODE_OFFSET 8u /* X11's keycodes are Linux' keys after these */
#define MASKS_MAX      8u

/* Keys that layouts use to reach their levels; what they do is asked of each layout. */
static const uint16_t modifier_keys[] = {
	KEY_LEFTSHIFT, KEY_RIGHTALT, KEY_RIGHTCTRL, KEY_CAPSLOCK,
	KEY_BACKSLASH, KEY_102ND,    KEY_COMPOSE,   KEY_LEFTMETA,
};

struct walk {
	struct keymap *out;
	struct xkb_keymap *xkb;
	xkb_mod_mask_t masks[ARRAY_SIZE(modifier_keys)]; /* 0: of no use */
};

/* What a key that is held changes, unless it locks something. */
static xkb_mod_mask_t find_mask(struct xkb_keymap *xkb, unsigned key)
{
	struct xkb_state *state = libxkb.state_new(xkb);
	xkb_mod_mask_t mask;

	if (!state) {
		return 0;
	}
	(void)libxkb.state_update_key(state, key + KEYCODE_OFFSET, XKB_KEY_DOWN);
	mask = libxkb.state_serialize_mods(state, XKB_STATE_MODS_DEPRESSED);
	if (libxkb.state_serialize_mods(state, XKB_STATE_MODS_LOCKED | XKB_STATE_MODS_LATCHED)) {
		mask = 0;
	}
	libxkb.state_unref(state);
	return mask;
}

/* The modifier keys that make `mask`, and `key` after them; false: there are none such. */
static bool make_stroke(const struct walk *walk, xkb_mod_mask_t mask, unsigned key,
			struct keymap_stroke *out)
{
	out->count = 0;
	for (size_t i = 0; i < ARRAY_SIZE(modifier_keys) && mask; i++) {
		if (walk->masks[i] && !(walk->masks[i] & ~mask)) {
			if (out->count == KEYMAP_KEYS_MAX - 1 || modifier_keys[i] == key) {
				return false;
			}
			out->keys[out->count++] = modifier_keys[i];
			mask &= ~walk->masks[i];
		}
	}
	out->keys[out->count++] = (uint16_t)key;
	return mask == 0;
}

/* Keys that not every board has, or that other software looks at in other ways, come last. */
static unsigned cost_of(unsigned key)
{
	if (key >= KEY_F13) {
		return 30;
	}
	if ((key >= KEY_KP7 && key <= KEY_KPDOT) || key == KEY_KPASTERISK || key >= KEY_RO) {
		return 20;
	}
	return key == KEY_102ND ? 10 : 0;
}

static void add_level(struct walk *walk, xkb_keycode_t keycode, xkb_level_index_t level)
{
	const unsigned key = keycode - KEYCODE_OFFSET;
	xkb_mod_mask_t masks[MASKS_MAX];
	const xkb_keysym_t *keysyms;
	size_t mask_count;

	if (libxkb.keymap_key_get_syms_by_level(walk->xkb, keycode, 0, level, &keysyms) != 1) {
		return;
	}
	mask_count = libxkb.keymap_key_get_mods_for_level(walk->xkb, keycode, 0, level, masks,
							  MASKS_MAX);
	for (size_t i = 0; i < mask_count; i++) {
		struct keymap_entry entry = { .keysym = keysyms[0],
					      .character = libxkb.keysym_to_utf32(keysyms[0]) };

		if (make_stroke(walk, masks[i], key, &entry.stroke)) {
			entry.cost = cost_of(key) + entry.stroke.count;
			keymap_add(walk->out, &entry);
		}
	}
}

static void add_key(struct xkb_keymap *xkb, xkb_keycode_t keycode, void *arg)
{
	struct walk *walk = arg;
	const xkb_level_index_t levels = libxkb.keymap_num_levels_for_key(xkb, keycode, 0);

	if (keycode <= KEYCODE_OFFSET || keycode - KEYCODE_OFFSET > KEY_MICMUTE) {
		return;
	}
	for (xkb_level_index_t level = 0; level < levels; level++) {
		add_level(walk, keycode, level);
	}
}

static void stay_silent(struct xkb_context *context, enum xkb_log_level level, const char *format,
			va_list args)
{
	(void)context;
	(void)level;
	(void)format;
	(void)args;
}

int keymap_add_xkb(struct keymap *keymap, const char *layout, const char *variant)
{
	const struct xkb_rule_names rules = {
		.rules = "evdev", .model = "pc105", .layout = layout, .variant = variant
	};
	struct walk walk = { .out = keymap };
	struct xkb_context *context;
	struct error ignored;

	if (library_load(&library, &ignored) < 0) {
		return -EINVAL; /* without it there is the layout us */
	}
	context = libxkb.context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
	if (!context) {
		return -ENOMEM;
	}
	libxkb.context_set_log_fn(context, stay_silent);
	walk.xkb = libxkb.keymap_new_from_names(context, &rules, XKB_KEYMAP_COMPILE_NO_FLAGS);
	if (walk.xkb) {
		for (size_t i = 0; i < ARRAY_SIZE(modifier_keys); i++) {
			walk.masks[i] = find_mask(walk.xkb, modifier_keys[i]);
		}
		libxkb.keymap_key_for_each(walk.xkb, add_key, &walk);
	}
	libxkb.context_unref(context);
	if (!walk.xkb) {
		return -EINVAL;
	}
	libxkb.keymap_unref(walk.xkb);
	return 0;
}

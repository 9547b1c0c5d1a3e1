/* SPDX-License-Identifier: MIT */
#include "display/clipboard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/thread.h"
#include "vmm/base/utf8.h"

struct clipboard {
	struct mutex lock;     /* innermost; guards all below and the peers' node and calls */
	struct condition idle; /* a peer's last call has returned */
	struct clipboard_directions directions;
	struct clipboard_content *content;   /* one reference; NULL: nothing yet */
	const struct clipboard_peer *putter; /* NULL: gone */
	struct list peers;
};

/* --- contents -------------------------------------------------------------------------------- */

static bool is_text(const uint8_t *bytes, size_t length)
{
	size_t at = 0;

	while (at < length) {
		const size_t step = utf8_decode(bytes + at, length - at, NULL);

		if (step == 0 || bytes[at] == 0) {
			return false;
		}
		at += step;
	}
	return true;
}

static bool is_png(const uint8_t *bytes, size_t length)
{
	static const uint8_t signature[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

	return length > sizeof(signature) && memcmp(bytes, signature, sizeof(signature)) == 0;
}

static struct clipboard_content *make_content(enum clipboard_side side,
					      enum clipboard_format format, const void *bytes,
					      size_t length)
{
	struct clipboard_content *content = malloc(sizeof(*content) + length);

	if (content) {
		*content = (struct clipboard_content){
			.references = 1, .side = side, .format = format, .length = length
		};
		if (length) {
			memcpy(content->bytes, bytes, length);
		}
	}
	return content;
}

void clipboard_content_put(struct clipboard_content *content)
{
	if (content && __atomic_sub_fetch(&content->references, 1, __ATOMIC_ACQ_REL) == 0) {
		free(content);
	}
}

/* --- peers ----------------------------------------------------------------------------------- */

/* Whether what comes from one side may be seen on the other. */
static bool may_leave(const struct clipboard_directions *directions, enum clipboard_side from)
{
	return from == CLIPBOARD_HOST ? directions->to_guest : directions->to_host;
}

static bool may_see(const struct clipboard *clipboard,
		    enum clipboard_side side) NO_THREAD_SAFETY_ANALYSIS
{
	const struct clipboard_content *content = clipboard->content;

	return content &&
	       (content->side == side || may_leave(&clipboard->directions, content->side));
}

/* Wakes all but the one that put, in the order they came. A peer does not leave while it is being
 * called, so its place in the list is good when the lock is taken again. */
static void wake_peers_locked(struct clipboard *clipboard) REQUIRES(clipboard->lock)
{
	struct list *node = clipboard->peers.next;

	while (node != &clipboard->peers) {
		struct clipboard_peer *peer = list_entry(node, struct clipboard_peer, node);

		if (peer != clipboard->putter && may_see(clipboard, peer->side)) {
			peer->calls++;
			mutex_unlock(&clipboard->lock);
			peer->wake(peer->arg);
			mutex_lock(&clipboard->lock);
			peer->calls--;
			condition_wake_all(&clipboard->idle);
		}
		node = node->next;
	}
}

void clipboard_add_peer(struct clipboard *clipboard, struct clipboard_peer *peer)
{
	mutex_lock(&clipboard->lock);
	peer->calls = 0;
	list_append(&clipboard->peers, &peer->node);
	mutex_unlock(&clipboard->lock);
}

void clipboard_remove_peer(struct clipboard *clipboard, struct clipboard_peer *peer)
{
	mutex_lock(&clipboard->lock);
	while (peer->calls) {
		condition_wait(&clipboard->idle, &clipboard->lock);
	}
	list_remove(&peer->node);
	if (clipboard->putter == peer) {
		clipboard->putter = NULL;
	}
	mutex_unlock(&clipboard->lock);
}

/* --- the clipboard --------------------------------------------------------------------------- */

int clipboard_create(const struct clipboard_directions *directions, struct clipboard **out)
{
	struct clipboard *clipboard = calloc(1, sizeof(*clipboard));

	*out = clipboard;
	if (!clipboard) {
		return -ENOMEM;
	}
	mutex_init(&clipboard->lock);
	condition_init(&clipboard->idle);
	list_init(&clipboard->peers);
	clipboard->directions = *directions;
	return 0;
}

void clipboard_destroy(struct clipboard *clipboard)
{
	if (!clipboard) {
		return;
	}
	clipboard_content_put(clipboard->content);
	condition_finish(&clipboard->idle);
	mutex_finish(&clipboard->lock);
	free(clipboard);
}

int clipboard_put(struct clipboard *clipboard, struct clipboard_peer *peer,
		  enum clipboard_format format, const void *bytes, size_t length)
{
	struct clipboard_content *content;
	struct clipboard_content *old;

	if (length > CLIPBOARD_BYTES_MAX) {
		return -E2BIG;
	}
	if (format == CLIPBOARD_TEXT ? !is_text(bytes, length) : !is_png(bytes, length)) {
		return -EILSEQ;
	}
	content = make_content(peer->side, format, bytes, length);
	if (!content) {
		return -ENOMEM;
	}
	mutex_lock(&clipboard->lock);
	if (!may_leave(&clipboard->directions, peer->side)) {
		mutex_unlock(&clipboard->lock);
		clipboard_content_put(content);
		return -EPERM;
	}
	old = clipboard->content;
	clipboard->content = content;
	clipboard->putter = peer;
	wake_peers_locked(clipboard);
	mutex_unlock(&clipboard->lock);
	clipboard_content_put(old);
	return 0;
}

struct clipboard_content *clipboard_get(struct clipboard *clipboard, enum clipboard_side side)
{
	struct clipboard_content *content = NULL;

	mutex_lock(&clipboard->lock);
	if (may_see(clipboard, side)) {
		content = clipboard->content;
		(void)__atomic_add_fetch(&content->references, 1, __ATOMIC_RELAXED);
	}
	mutex_unlock(&clipboard->lock);
	return content;
}

struct clipboard_directions clipboard_directions(struct clipboard *clipboard)
{
	struct clipboard_directions directions;

	mutex_lock(&clipboard->lock);
	directions = clipboard->directions;
	mutex_unlock(&clipboard->lock);
	return directions;
}

void clipboard_set_directions(struct clipboard *clipboard,
			      const struct clipboard_directions *directions)
{
	bool was_open;

	mutex_lock(&clipboard->lock);
	was_open =
		!clipboard->content || may_leave(&clipboard->directions, clipboard->content->side);
	clipboard->directions = *directions;
	if (!was_open && may_leave(directions, clipboard->content->side)) {
		wake_peers_locked(clipboard);
	}
	mutex_unlock(&clipboard->lock);
}

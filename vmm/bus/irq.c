/* SPDX-License-Identifier: MIT */
#include "vmm/bus/irq.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "vmm/base/thread.h"
#include "vmm/kvm/kvm.h"

#define PIC_PINS    8u
#define ISA_LINES   16u
#define TIMER_GSI   0u
#define TIMER_PIN   2u /* of the IOAPIC; on the PIC, pin 2 is the cascade */
#define LINE_ROUTES (ISA_LINES + IRQ_LINES)
#define MAP_WORDS   ((IRQ_MSI_MAX + 63) / 64)
#define ROUTES_MAX  (LINE_ROUTES + IRQ_MSI_MAX)

/* A message as KVM's table has it. */
struct message {
	uint64_t address;
	uint32_t data;
	bool routed;
};

struct irq_router {
	struct kvm *kvm; /* borrowed, may be NULL */

	struct mutex lock;	    /* guards all that follows */
	unsigned raised[IRQ_LINES]; /* wires of a line that are high */
	uint64_t used[MAP_WORDS];   /* message GSIs taken, counted from IRQ_LINES */
	struct message messages[IRQ_MSI_MAX];
	struct kvm_irq_routing_entry routes[ROUTES_MAX]; /* room to build the table in */
};

static size_t add_pin(struct irq_router *router, size_t count, uint32_t gsi, uint32_t chip,
		      uint32_t pin)
{
	router->routes[count] = (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = chip, .pin = pin },
	};
	return count + 1;
}

static size_t add_lines(struct irq_router *router)
{
	size_t count = 0;

	for (uint32_t gsi = 0; gsi < IRQ_LINES; gsi++) {
		if (gsi < ISA_LINES && gsi != TIMER_PIN) {
			count = add_pin(router, count, gsi,
					gsi < PIC_PINS ? KVM_IRQCHIP_PIC_MASTER
						       : KVM_IRQCHIP_PIC_SLAVE,
					gsi % PIC_PINS);
		}
		if (gsi != TIMER_PIN) {
			count = add_pin(router, count, gsi, KVM_IRQCHIP_IOAPIC,
					gsi == TIMER_GSI ? TIMER_PIN : gsi);
		}
	}
	return count;
}

/* Gives KVM the whole table: the lines, then every message that has been set. */
static int set_routes_locked(struct irq_router *router) REQUIRES(router->lock)
{
	size_t count;

	if (!router->kvm) {
		return 0;
	}
	count = add_lines(router);
	for (uint32_t i = 0; i < IRQ_MSI_MAX; i++) {
		const struct message *message = &router->messages[i];

		if (message->routed) {
			router->routes[count++] = (struct kvm_irq_routing_entry){
				.gsi = IRQ_LINES + i,
				.type = KVM_IRQ_ROUTING_MSI,
				.u.msi = { .address_lo = (uint32_t)message->address,
					   .address_hi = (uint32_t)(message->address >> 32),
					   .data = message->data },
			};
		}
	}
	return kvm_set_gsi_routing(router->kvm, router->routes, count);
}

int irq_router_create(struct kvm *kvm, struct irq_router **out)
{
	struct irq_router *router = calloc(1, sizeof(*router));
	int code;

	*out = NULL;
	if (!router) {
		return -ENOMEM;
	}
	router->kvm = kvm;
	mutex_init(&router->lock);
	mutex_lock(&router->lock);
	code = set_routes_locked(router);
	mutex_unlock(&router->lock);
	if (code < 0) {
		irq_router_destroy(router);
		return code;
	}
	*out = router;
	return 0;
}

void irq_router_destroy(struct irq_router *router)
{
	if (!router) {
		return;
	}
	mutex_finish(&router->lock);
	free(router);
}

/* --- lines --- */

void irq_line_init(struct irq_line *line, struct irq_router *router, uint32_t gsi)
{
	assert(gsi < IRQ_LINES);
	*line = (struct irq_line){ .router = router, .gsi = gsi };
}

/* The lock stays held, so that KVM sees the edges in the order in which they are counted here. */
static void drive_locked(struct irq_line *line, bool level) REQUIRES(line->router->lock)
{
	struct irq_router *router = line->router;
	unsigned *raised = &router->raised[line->gsi];
	bool before = *raised > 0;

	if (line->level == level) {
		return;
	}
	line->level = level;
	*raised = level ? *raised + 1 : *raised - 1;
	if (router->kvm && before != (*raised > 0)) {
		int code = kvm_set_irq_line(router->kvm, line->gsi, level);

		assert(code == 0);
		(void)code;
	}
}

void irq_line_set(struct irq_line *line, bool level)
{
	mutex_lock(&line->router->lock);
	drive_locked(line, level);
	mutex_unlock(&line->router->lock);
}

void irq_line_pulse(struct irq_line *line)
{
	mutex_lock(&line->router->lock);
	drive_locked(line, true);
	drive_locked(line, false);
	mutex_unlock(&line->router->lock);
}

bool irq_router_level(struct irq_router *router, uint32_t gsi)
{
	bool level;

	assert(gsi < IRQ_LINES);
	mutex_lock(&router->lock);
	level = router->raised[gsi] > 0;
	mutex_unlock(&router->lock);
	return level;
}

/* --- messages --- */

/* A free message GSI, taken; -ENOSPC. */
static int take_gsi(struct irq_router *router)
{
	int gsi = -ENOSPC;

	mutex_lock(&router->lock);
	for (uint32_t i = 0; i < IRQ_MSI_MAX && gsi < 0; i++) {
		if (!(router->used[i / 64] & UINT64_C(1) << (i % 64))) {
			router->used[i / 64] |= UINT64_C(1) << (i % 64);
			gsi = (int)(IRQ_LINES + i);
		}
	}
	mutex_unlock(&router->lock);
	return gsi;
}

/* Its route stays in KVM's table until the next change; nothing can signal it any more. */
static void release_gsi(struct irq_router *router, uint32_t gsi)
{
	uint32_t i = gsi - IRQ_LINES;

	mutex_lock(&router->lock);
	router->used[i / 64] &= ~(UINT64_C(1) << (i % 64));
	router->messages[i].routed = false;
	mutex_unlock(&router->lock);
}

int msi_vector_init(struct msi_vector *vector, struct irq_router *router)
{
	int gsi = take_gsi(router);

	*vector = (struct msi_vector){ .fd = -1 };
	if (gsi < 0) {
		return gsi;
	}
	vector->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vector->fd < 0) {
		int code = -errno;

		release_gsi(router, (uint32_t)gsi);
		return code;
	}
	vector->gsi = (uint32_t)gsi;
	vector->router = router;
	return 0;
}

void msi_vector_finish(struct msi_vector *vector)
{
	if (!vector->router) {
		return;
	}
	(void)msi_vector_enable(vector, false);
	release_gsi(vector->router, vector->gsi);
	(void)close(vector->fd);
	*vector = (struct msi_vector){ .fd = -1 };
}

/* A change of KVM's table waits for all its readers, so an unchanged message is not set again. */
static int route_locked(struct msi_vector *vector) REQUIRES(vector->router->lock)
{
	struct message *message = &vector->router->messages[vector->gsi - IRQ_LINES];
	struct message before = *message;
	int code;

	if (message->routed && message->address == vector->address &&
	    message->data == vector->data) {
		return 0;
	}
	*message = (struct message){ vector->address, vector->data, true };
	code = set_routes_locked(vector->router);
	if (code < 0) {
		*message = before;
	}
	return code;
}

int msi_vector_set(struct msi_vector *vector, uint64_t address, uint32_t data)
{
	int code = 0;

	mutex_lock(&vector->router->lock);
	vector->address = address;
	vector->data = data;
	if (vector->enabled) {
		code = route_locked(vector);
	}
	mutex_unlock(&vector->router->lock);
	return code;
}

static int connect_locked(struct msi_vector *vector, bool enabled) REQUIRES(vector->router->lock)
{
	const struct kvm_irqfd irqfd = {
		.fd = (uint32_t)vector->fd,
		.gsi = vector->gsi,
		.flags = enabled ? 0 : KVM_IRQFD_FLAG_DEASSIGN,
	};
	int code = enabled ? route_locked(vector) : 0;

	if (code == 0 && vector->router->kvm) {
		/* KVM takes at once what is pending in the eventfd when it is connected. */
		code = kvm_assign_irqfd(vector->router->kvm, &irqfd);
	}
	if (code == 0) {
		vector->enabled = enabled;
	}
	return code;
}

int msi_vector_enable(struct msi_vector *vector, bool enabled)
{
	int code = 0;

	mutex_lock(&vector->router->lock);
	if (vector->enabled != enabled) {
		code = connect_locked(vector, enabled);
	}
	mutex_unlock(&vector->router->lock);
	return code;
}

void msi_vector_signal(struct msi_vector *vector)
{
	const uint64_t one = 1;

	/* -EAGAIN: the counter is full, and so the message is pending anyway. */
	if (write(vector->fd, &one, sizeof(one)) < 0) {
		assert(errno == EAGAIN);
	}
}

bool msi_vector_is_pending(struct msi_vector *vector)
{
	struct pollfd wait = { .fd = vector->fd, .events = POLLIN };

	return poll(&wait, 1, 0) == 1;
}

void msi_vector_clear_pending(struct msi_vector *vector)
{
	uint64_t count;

	if (read(vector->fd, &count, sizeof(count)) < 0) {
		assert(errno == EAGAIN);
	}
}

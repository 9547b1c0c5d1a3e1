/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "devices/virtio/gpu_state.h"
#include "vmm/base/compiler.h"

/*
 * What the card can do: a command's type, its queue, its length, the features without which the
 * driver may not use it. Commands of 3D contexts (their number is in the header) will be further
 * lines.
 */
struct command {
	uint32_t type;
	uint16_t queue;
	uint16_t bytes;
	uint64_t features;
	uint32_t (*run)(struct gpu *gpu, struct gpu_request *r);
};

#define FEATURE(name) (UINT64_C(1) << VIRTIO_GPU_F_##name)

static const struct command COMMANDS[] = {
	{ VIRTIO_GPU_CMD_GET_DISPLAY_INFO, GPU_CONTROL, sizeof(struct virtio_gpu_ctrl_hdr), 0,
	  gpu_get_display_info },
	{ VIRTIO_GPU_CMD_GET_EDID, GPU_CONTROL, sizeof(struct virtio_gpu_cmd_get_edid),
	  FEATURE(EDID), gpu_get_edid },
	{ VIRTIO_GPU_CMD_RESOURCE_CREATE_2D, GPU_CONTROL,
	  sizeof(struct virtio_gpu_resource_create_2d), 0, gpu_resource_create_2d },
	{ VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB, GPU_CONTROL,
	  sizeof(struct virtio_gpu_resource_create_blob), FEATURE(RESOURCE_BLOB),
	  gpu_resource_create_blob },
	{ VIRTIO_GPU_CMD_RESOURCE_UNREF, GPU_CONTROL, sizeof(struct virtio_gpu_resource_unref), 0,
	  gpu_resource_unref },
	{ VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, GPU_CONTROL,
	  sizeof(struct virtio_gpu_resource_attach_backing), 0, gpu_attach_backing },
	{ VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING, GPU_CONTROL,
	  sizeof(struct virtio_gpu_resource_detach_backing), 0, gpu_detach_backing },
	{ VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D, GPU_CONTROL,
	  sizeof(struct virtio_gpu_transfer_to_host_2d), 0, gpu_transfer_to_host_2d },
	{ VIRTIO_GPU_CMD_SET_SCANOUT, GPU_CONTROL, sizeof(struct virtio_gpu_set_scanout), 0,
	  gpu_set_scanout },
	{ VIRTIO_GPU_CMD_SET_SCANOUT_BLOB, GPU_CONTROL, sizeof(struct virtio_gpu_set_scanout_blob),
	  FEATURE(RESOURCE_BLOB), gpu_set_scanout_blob },
	{ VIRTIO_GPU_CMD_RESOURCE_FLUSH, GPU_CONTROL, sizeof(struct virtio_gpu_resource_flush), 0,
	  gpu_resource_flush },
	{ VIRTIO_GPU_CMD_UPDATE_CURSOR, GPU_CURSOR, sizeof(struct virtio_gpu_update_cursor), 0,
	  gpu_update_cursor },
	{ VIRTIO_GPU_CMD_MOVE_CURSOR, GPU_CURSOR, sizeof(struct virtio_gpu_update_cursor), 0,
	  gpu_move_cursor },
};

static const struct command *find_command(const struct gpu *gpu, const struct gpu_request *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(COMMANDS); i++) {
		const struct command *command = &COMMANDS[i];

		if (command->type == r->command.header.type && command->queue == r->queue &&
		    (command->features & ~gpu->device.driver_features) == 0) {
			return command;
		}
	}
	return NULL;
}

static uint32_t run_command(struct gpu *gpu, struct gpu_request *r, size_t bytes)
{
	const struct command *command = find_command(gpu, r);

	if (!command) {
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	}
	if (bytes < command->bytes) {
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	}
	return command->run(gpu, r);
}

/* Echoes the fence (virtio 1.2 §5.7.6.7). */
static void fill_header(struct gpu_request *r, uint32_t type)
{
	const struct virtio_gpu_ctrl_hdr *asked = &r->command.header;

	r->response.header.type = type;
	if (asked->flags & VIRTIO_GPU_FLAG_FENCE) {
		r->response.header.flags = VIRTIO_GPU_FLAG_FENCE;
		r->response.header.fence_id = asked->fence_id;
		r->response.header.ctx_id = asked->ctx_id;
	}
}

int gpu_run(struct gpu *gpu)
{
	struct gpu_request *r = &gpu->request;
	size_t bytes;

	memset(&r->command, 0, sizeof(r->command));
	memset(&r->response, 0, sizeof(r->response));
	r->response_bytes = sizeof(r->response.header);
	r->wait = NULL;
	bytes = iov_read(r->chain.iov, r->chain.readable_count, 0, &r->command, sizeof(r->command));
	if (bytes < sizeof(r->command.header)) {
		return -EPROTO;
	}
	fill_header(r, run_command(gpu, r, bytes));
	return 0;
}

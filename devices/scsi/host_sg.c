/* SPDX-License-Identifier: MIT */
#include "devices/scsi/host_sg.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/cdrom.h>
#include <linux/fs.h>
#include <scsi/sg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "devices/scsi/host_open.h"
#include "devices/scsi/scsi.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

#define SG_VERSION_MIN 30000 /* with sg_io_hdr_t */
#define SECTOR_BYTES   512u
#define PAGE_BYTES     4096u
#define SEGMENTS_FEW   32u /* where the host does not say how many it takes */
/* More would only hold up other commands. */
#define TRANSFER_MAX (1024u * 1024u)

struct node {
	struct host_sg sg;
	int fd;
};

static struct node *node_of(struct host_sg *sg)
{
	return container_of(sg, struct node, sg);
}

/* --- commands --- */

_Static_assert(sizeof(sg_iovec_t) == sizeof(struct iovec), "one is given for the other");
_Static_assert(offsetof(sg_iovec_t, iov_len) == offsetof(struct iovec, iov_len), "as above");

static int run(struct host_sg *sg, struct host_sg_request *r)
{
	static const int DIRECTIONS[] = { [HOST_NO_DATA] = SG_DXFER_NONE,
					  [HOST_IN] = SG_DXFER_FROM_DEV,
					  [HOST_OUT] = SG_DXFER_TO_DEV };
	uint8_t cdb[HOST_CDB_MAX];
	struct iovec iov[HOST_SLICES_MAX];
	struct sg_io_hdr header = {
		.interface_id = 'S',
		.dxfer_direction = DIRECTIONS[r->direction],
		.cmd_len = (unsigned char)r->cdb_bytes,
		.mx_sb_len = sizeof(r->sense),
		.cmdp = cdb,
		.sbp = r->sense,
		.timeout = r->timeout_ms,
	};

	if (r->iov_count > HOST_SLICES_MAX || r->cdb_bytes > sizeof(cdb)) {
		return -EINVAL;
	}
	memcpy(cdb, r->cdb, r->cdb_bytes);
	if (r->direction != HOST_NO_DATA) {
		memcpy(iov, r->iov, r->iov_count * sizeof(iov[0]));
		header.iovec_count = (unsigned short)r->iov_count;
		header.dxferp = iov;
		header.dxfer_len = r->bytes;
	}
	if (ioctl(node_of(sg)->fd, SG_IO, &header) < 0) {
		return -errno;
	}
	r->status = header.status;
	r->host_status = header.host_status;
	r->sense_bytes = header.sb_len_wr;
	r->moved = r->bytes;
	if (header.resid > 0) {
		r->moved -= MIN((uint32_t)header.resid, r->bytes);
	}
	return 0;
}

static void close_node(struct host_sg *sg)
{
	struct node *node = node_of(sg);

	if (node->fd >= 0) {
		(void)close(node->fd);
	}
	free(node);
}

static const struct host_sg_ops NODE_OPS = { .run = run, .close = close_node };

/* --- opening --- */

/* A number of the drive's queue, in sysfs; 0: not known. */
static unsigned queue_number(int fd, const char *name)
{
	char path[128];
	char text[32] = "";
	struct stat st;
	FILE *file;

	if (fstat(fd, &st) < 0) {
		return 0;
	}
	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/queue/%s", major(st.st_rdev),
		       minor(st.st_rdev), name);
	file = fopen(path, "re");
	if (!file) {
		return 0;
	}
	if (!fgets(text, sizeof(text), file)) {
		text[0] = '\0';
	}
	(void)fclose(file);
	return (unsigned)strtoul(text, NULL, 10);
}

/* In the worst case each page of the guest's memory is one elsewhere in the host's, and the first
 * and last are not whole. */
static uint32_t find_transfer(int fd)
{
	const unsigned segments = queue_number(fd, "max_segments") ?: SEGMENTS_FEW;
	unsigned short sectors = 0;
	uint64_t bytes = TRANSFER_MAX;

	if (ioctl(fd, BLKSECTGET, &sectors) == 0 && sectors > 0) {
		bytes = MIN(bytes, (uint64_t)sectors * SECTOR_BYTES);
	}
	if (segments > 1) {
		bytes = MIN(bytes, (uint64_t)(segments - 1) * PAGE_BYTES);
	}
	return (uint32_t)MAX(bytes, (uint64_t)PAGE_BYTES);
}

#define INQUIRY_BYTES 36u

/* That the kernel's driver of optical drives has it should say enough; but some drives have a disk
 * of drivers behind the same node. */
static bool is_optical(struct node *node)
{
	static const uint8_t CDB[6] = { SCSI_INQUIRY, 0, 0, 0, INQUIRY_BYTES };
	uint8_t answer[INQUIRY_BYTES] = { SCSI_TYPE_NONE };
	const struct iovec iov = { answer, sizeof(answer) };
	struct host_sg_request request = {
		.cdb = CDB,
		.cdb_bytes = sizeof(CDB),
		.direction = HOST_IN,
		.iov = &iov,
		.iov_count = 1,
		.bytes = sizeof(answer),
		.timeout_ms = 10000,
	};
	int version = 0;

	return ioctl(node->fd, SG_GET_VERSION_NUM, &version) == 0 && version >= SG_VERSION_MIN &&
	       ioctl(node->fd, CDROM_GET_CAPABILITY, 0) >= 0 && run(&node->sg, &request) == 0 &&
	       request.status == SCSI_GOOD && (answer[0] & 0x1f) == SCSI_TYPE_OPTICAL;
}

int host_sg_open(const char *path, struct host_sg **out, struct error *err)
{
	struct node *node = calloc(1, sizeof(*node));
	int code;

	*out = NULL;
	if (!node) {
		return error_set_errno(err, -ENOMEM, "%s", path);
	}
	node->sg.ops = &NODE_OPS;
	node->fd = host_open(path, err);
	if (node->fd < 0) {
		code = node->fd;
		goto fail;
	}
	if (!is_optical(node)) {
		code = error_set(err, -ENOTBLK,
				 "%s: does not answer as an optical drive does; see what it is "
				 "with: sudo sg_inq %s",
				 path, path);
		goto fail;
	}
	node->sg.transfer_bytes = find_transfer(node->fd);
	*out = &node->sg;
	return 0;
fail:
	close_node(&node->sg);
	return code;
}

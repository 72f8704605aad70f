// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"

size_t buf_len(const struct buf *b)
{
	return b->end - b->start;
}

/* Makes room for len more bytes at the end. */
static int buf_reserve(struct buf *b, size_t len)
{
	size_t size = b->size ? b->size : FRAME_DATA;
	char *data;

	if (b->start) {
		memmove(b->data, b->data + b->start, buf_len(b));
		b->end -= b->start;
		b->start = 0;
	}
	while (size - b->end < len)
		size *= 2;
	if (size == b->size)
		return 0;
	data = realloc(b->data, size);
	if (!data)
		return -ENOMEM;
	b->data = data;
	b->size = size;
	return 0;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
	if (!len)
		return 0;
	if (b->size - b->end < len && buf_reserve(b, len) < 0)
		return -ENOMEM;
	memcpy(b->data + b->end, data, len);
	b->end += len;
	return 0;
}

void buf_drop(struct buf *b, size_t len)
{
	b->start += len;
	if (b->start == b->end)
		b->start = b->end = 0;
}

ssize_t buf_read(struct buf *b, int fd)
{
	ssize_t n;

	if (b->size - b->end < FRAME_DATA && buf_reserve(b, FRAME_DATA) < 0)
		return -ENOMEM;
	n = read(fd, b->data + b->end, FRAME_DATA);
	if (n < 0)
		return -errno;
	b->end += (size_t)n;
	return n;
}

ssize_t buf_write(struct buf *b, int fd, size_t max)
{
	size_t len = buf_len(b);
	ssize_t n;

	n = write(fd, b->data + b->start, len < max ? len : max);
	if (n < 0)
		return -errno;
	buf_drop(b, (size_t)n);
	return n;
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

int frame_add(struct buf *b, enum frame_type type, const void *payload, size_t len)
{
	struct frame_head head = { .type = type, .len = (uint32_t)len };

	if (b->size - b->end < sizeof(head) + len && buf_reserve(b, sizeof(head) + len) < 0)
		return -ENOMEM;
	buf_add(b, &head, sizeof(head));
	buf_add(b, payload, len);
	return 0;
}

int frame_peek(const struct buf *b, struct frame_head *ret_head, const char **ret_payload)
{
	struct frame_head head;

	if (buf_len(b) < sizeof(head))
		return 0;
	memcpy(&head, b->data + b->start, sizeof(head));
	if (head.type < FRAME_START || head.type > FRAME_EXIT || head.len > FRAME_MAX)
		return -EPROTO;
	if (buf_len(b) < sizeof(head) + head.len)
		return 0;
	*ret_head = head;
	*ret_payload = b->data + b->start + sizeof(head);
	return 1;
}

void frame_drop(struct buf *b, const struct frame_head *head)
{
	buf_drop(b, sizeof(*head) + head->len);
}

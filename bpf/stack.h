/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stack of a task's open sections, atomic and local. Plain C on one struct, so that the BPF
 * programs and a unit test use the same code.
 *
 * Sections close in reverse order, but a driver may get that wrong. A frame below others then
 * leaves a hole when it is taken out, and a hole that reaches the top is dropped. A section that
 * never closes sinks to the bottom. When the stack is full, the newest frame overwrites the
 * oldest, so a leak does not hide later sections.
 *
 * A frame is doubted after an unmap of a wrong address, which may have ended its section. What
 * follows from that is not reported, and the map is counted as gone. The flag is in `backend`, so
 * that the fast path, which takes only frames of the linear backend, leaves such a frame alone.
 */
#ifndef IOMAP_STACK_H
#define IOMAP_STACK_H

#include "iomap.h"

#define IOMAP_STACK_MASK (IOMAP_STACK_DEPTH - 1)
#define IOMAP_DOUBTED	 0x80

/* The frame at a depth: 1 is the top. */
IOMAP_INLINE struct iomap_frame *iomap_stack_frame(struct iomap_stack *s, __u32 depth)
{
	return &s->frames[(s->top - depth) & IOMAP_STACK_MASK];
}

/* Walks over the frames from the newest to the oldest, including holes. i: the depth. */
#define iomap_stack_for_each(s, i, f)                                                         \
	for ((i) = 1;                                                                         \
	     (i) <= IOMAP_STACK_DEPTH && (i) <= (s)->used && ((f) = iomap_stack_frame(s, i)); \
	     (i)++)

enum iomap_pop {
	IOMAP_POP_TOP,	  /* the frame was the newest one */
	IOMAP_POP_DEEPER, /* there are newer ones */
};

/*
 * The frame that a push fills. The caller fills it and then calls iomap_stack_push(): two steps, so
 * that no frame is copied.
 */
IOMAP_INLINE struct iomap_frame *iomap_stack_next(struct iomap_stack *s)
{
	return &s->frames[s->top & IOMAP_STACK_MASK];
}

/* A push would overwrite an open section. */
IOMAP_INLINE int iomap_stack_full(const struct iomap_stack *s)
{
	return s->used >= IOMAP_STACK_DEPTH && s->frames[s->top & IOMAP_STACK_MASK].vaddr;
}

IOMAP_INLINE void iomap_stack_push(struct iomap_stack *s)
{
	s->top++;
	if (s->used < IOMAP_STACK_DEPTH)
		s->used++;
}

/* Removes the top frame and the holes that this uncovers. */
IOMAP_INLINE void iomap_stack_drop(struct iomap_stack *s)
{
	__u32 i;

	s->top--;
	s->used--;
	for (i = 0; i < IOMAP_STACK_DEPTH; i++) {
		if (!s->used || s->frames[(s->top - 1) & IOMAP_STACK_MASK].vaddr)
			break;
		s->top--;
		s->used--;
	}
}

/* How a frame fits an unmap, best first. Odd ones are of another kind. */
enum iomap_fit {
	IOMAP_FIT_EXACT,
	IOMAP_FIT_EXACT_OTHER,
	IOMAP_FIT_INSIDE, /* the address lies in the page of the map */
	IOMAP_FIT_INSIDE_OTHER,
	IOMAP_FIT_NONE,
};

/* The frame is open, and no wrong unmap may have ended it. */
IOMAP_INLINE int iomap_frame_open(const struct iomap_frame *f)
{
	return f->vaddr && !(f->backend & IOMAP_DOUBTED);
}

/* How the frame fits that iomap_stack_find() has found. */
IOMAP_INLINE __u32 iomap_stack_fit(const struct iomap_stack *s)
{
	return *(const volatile __u8 *)&s->fit;
}

/*
 * Finds the newest of the frames that fit best: its depth, 0 for none, is in `hit`, and `not_last`
 * is set if there are open frames above it. Returns how it fits; iomap_stack_take() takes it
 * out. The results pass through memory, where the BPF verifier forgets their values. Without that,
 * the verifier would check all following code once for each depth.
 */
IOMAP_INLINE __u32 iomap_stack_find(struct iomap_stack *s, __u64 vaddr, __u32 kind, __u32 page_size)
{
	struct iomap_frame *f;
	__u32 i, fit;

	s->hit = 0;
	s->fit = IOMAP_FIT_NONE;
	s->open_above = 0;
	s->not_last = 0;
	iomap_stack_for_each(s, i, f)
	{
		if (f->vaddr && (f->vaddr ^ vaddr) < page_size) {
			fit = f->vaddr == vaddr ? IOMAP_FIT_EXACT : IOMAP_FIT_INSIDE;
			fit += f->kind != kind;
			if (fit < iomap_stack_fit(s)) {
				s->fit = fit;
				s->hit = i;
				s->not_last = *(volatile __u8 *)&s->open_above;
			}
		}
		if (iomap_frame_open(f))
			s->open_above = 1;
	}
	return iomap_stack_fit(s);
}

/*
 * Takes out the frame that iomap_stack_find() has found, and copies it to *ret. Doubted frames
 * above it have ended, as this one is unmapped: drops them.
 */
IOMAP_INLINE enum iomap_pop iomap_stack_take(struct iomap_stack *s, struct iomap_frame *ret)
{
	__u32 depth = *(volatile __u8 *)&s->hit;
	struct iomap_frame *f = iomap_stack_frame(s, depth);

	*ret = *f;
	if (*(volatile __u8 *)&s->not_last) {
		f->vaddr = 0;
		return IOMAP_POP_DEEPER;
	}
	s->top -= depth - 1;
	s->used -= depth - 1;
	iomap_stack_drop(s);
	return IOMAP_POP_TOP;
}

/* The newest open atomic section, NULL when there is none. */
IOMAP_INLINE struct iomap_frame *iomap_stack_atomic(struct iomap_stack *s)
{
	struct iomap_frame *f;
	__u32 i;

	iomap_stack_for_each(s, i, f)
	{
		if (iomap_frame_open(f) && f->kind == IOMAP_ATOMIC)
			return f;
	}
	return (void *)0;
}

#endif

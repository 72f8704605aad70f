// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/debug/value.h"

#include <dwarf.h>
#include <string.h>

#define LOCATIONS_MAX 8

static bool push(struct site_value *v, enum site_code code, unsigned int arg, int64_t imm)
{
	if (v->n == SITE_STEPS_MAX)
		return false;
	v->step[v->n++] = (struct site_step){ .code = code, .arg = arg, .imm = imm };
	return true;
}

static bool push_reg(struct site_value *v, uint64_t reg, int64_t imm)
{
	return reg < SITE_REGS_MAX && push(v, SITE_REG, (unsigned int)reg, imm);
}

/* Pushes register and offset of an operation that names a register. */
static bool push_based(struct site_value *v, const Dwarf_Op *op, int64_t imm)
{
	if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31)
		return push_reg(v, op->atom - DW_OP_breg0, (int64_t)op->number + imm);
	if (op->atom == DW_OP_bregx)
		return push_reg(v, op->number, (int64_t)op->number2 + imm);
	return false;
}

/* Pushes the canonical frame address of the place plus @imm. */
static bool push_cfa(const struct place *at, struct site_value *v, int64_t imm)
{
	Dwarf_Addr bias;
	Dwarf_CFI *cfi = dwfl_module_dwarf_cfi(at->debug->mod, &bias);
	Dwarf_Frame *frame = NULL;
	bool ok = false;
	Dwarf_Op *ops;
	size_t n;

	if (!cfi)
		cfi = dwfl_module_eh_cfi(at->debug->mod, &bias);
	if (cfi && !dwarf_cfi_addrframe(cfi, at->pc + at->bias - bias, &frame))
		ok = !dwarf_frame_cfa(frame, &ops, &n) && n == 1 && push_based(v, ops, imm);
	free(frame);
	return ok;
}

/* Pushes the frame base of the function plus @imm. */
static bool push_frame(const struct place *at, struct site_value *v, int64_t imm)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t n;

	if (!dwarf_attr(at->function, DW_AT_frame_base, &attr) ||
	    dwarf_getlocation_addr(&attr, at->pc, &ops, &n, 1) != 1 || n != 1)
		return false;
	if (ops->atom == DW_OP_call_frame_cfa)
		return push_cfa(at, v, imm);
	if (ops->atom >= DW_OP_reg0 && ops->atom <= DW_OP_reg31)
		return push_reg(v, ops->atom - DW_OP_reg0, imm);
	return push_based(v, ops, imm);
}

static enum site_code binary_code(unsigned int atom)
{
	switch (atom) {
	case DW_OP_plus:
		return SITE_ADD;
	case DW_OP_minus:
		return SITE_SUB;
	case DW_OP_mul:
		return SITE_MUL;
	case DW_OP_and:
		return SITE_AND;
	case DW_OP_or:
		return SITE_OR;
	case DW_OP_xor:
		return SITE_XOR;
	case DW_OP_shl:
		return SITE_SHL;
	case DW_OP_shr:
		return SITE_SHR;
	case DW_OP_shra:
		return SITE_SAR;
	default:
		return SITE_CODE_INVALID;
	}
}

static bool push_load(struct site_value *v, uint64_t bytes)
{
	return (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8) &&
	       push(v, SITE_LOAD, (unsigned int)bytes, 0);
}

/* Translates one operation. Returns false for what a table cannot have. */
static bool translate(const struct place *at, const Dwarf_Op *op, struct site_value *v)
{
	enum site_code code = binary_code(op->atom);
	int64_t n = (int64_t)op->number;

	if (code >= 0)
		return push(v, code, 0, 0);
	if (op->atom >= DW_OP_lit0 && op->atom <= DW_OP_lit31)
		return push(v, SITE_CONST, 0, op->atom - DW_OP_lit0);
	if (op->atom >= DW_OP_const1u && op->atom <= DW_OP_consts)
		return push(v, SITE_CONST, 0, n);
	switch (op->atom) {
	case DW_OP_fbreg:
		return push_frame(at, v, n);
	case DW_OP_call_frame_cfa:
		return push_cfa(at, v, 0);
	case DW_OP_deref:
		return push_load(v, 8);
	case DW_OP_deref_size:
		return push_load(v, op->number);
	case DW_OP_plus_uconst:
		return push(v, SITE_CONST, 0, n) && push(v, SITE_ADD, 0, 0);
	default:
		return push_based(v, op, 0);
	}
}

static bool translate_all(const struct place *at, const Dwarf_Op *ops, size_t n,
			  struct site_value *v)
{
	bool is_value = false;

	*v = (struct site_value){};
	/* A parameter in a register has no other operation. */
	if (n == 1 && ops->atom >= DW_OP_reg0 && ops->atom <= DW_OP_reg31)
		return push_reg(v, ops->atom - DW_OP_reg0, 0);
	for (size_t i = 0; i < n; i++) {
		if (ops[i].atom == DW_OP_stack_value && i == n - 1)
			is_value = true;
		else if (!translate(at, &ops[i], v))
			return false;
	}
	/* Otherwise the expression is the address of the parameter. */
	return n && (is_value || push_load(v, 8)) && site_value_valid(v);
}

/*
 * An inlined copy without an instruction of its own begins and ends at one address, and so does
 * the range of its parameters: libdw does not find such a range by its address.
 */
static int find_empty_ranges(Dwarf_Attribute *attr, Dwarf_Addr pc, Dwarf_Op **ops, size_t *lens)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t next = 0;
	int n = 0;

	while (n < LOCATIONS_MAX &&
	       (next = dwarf_getlocations(attr, next, &base, &start, &end, &ops[n], &lens[n])) > 0)
		n += start == pc && end == pc;
	return n;
}

void value_find(const struct place *at, Dwarf_Die *param, struct site_value *ret)
{
	Dwarf_Op *ops[LOCATIONS_MAX];
	size_t lens[LOCATIONS_MAX];
	Dwarf_Attribute attr;
	Dwarf_Sword number;
	bool known = false;
	int n;

	*ret = (struct site_value){};
	if (dwarf_attr(param, DW_AT_const_value, &attr)) {
		if (!dwarf_formsdata(&attr, &number))
			push(ret, SITE_CONST, 0, number);
		return;
	}
	if (!dwarf_attr(param, DW_AT_location, &attr))
		return;
	n = dwarf_getlocation_addr(&attr, at->pc, ops, lens, LOCATIONS_MAX);
	if (n <= 0)
		n = find_empty_ranges(&attr, at->pc, ops, lens);
	for (int i = 0; i < n && !known; i++)
		known = translate_all(at, ops[i], lens[i], ret);
	if (!known)
		*ret = (struct site_value){};
}

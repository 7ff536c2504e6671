// SPDX-License-Identifier: MIT
/*
 * Variables: tensors that keep their values from one inference to the next. They
 * lie at the start of temporary memory, which the runtime fills once.
 */
#include <string.h>
#include "lower.h"
#include "passes.h"

static struct variable *find_variable(struct graph *g, const struct op *handle)
{
	struct variable *v;

	for (size_t i = 0; i < g->variables.n; i++) {
		v = g->variables.v[i];
		if (!strcmp(v->name, handle->shared_name) &&
		    !strcmp(v->container, handle->container))
			return v;
	}
	v = alloc(1, sizeof(*v));
	v->name = handle->shared_name;
	v->container = handle->container;
	*PUSH(&g->variables) = v;
	return v;
}

/* The variable that an operator of graph g, or of one that it calls, works on. */
static struct variable *variable_of(struct graph *main, const struct graph *g, const struct op *op)
{
	const struct tensor *handle = op_in(g, op, 0);
	const struct op *from;

	if (!handle || handle->producer < 0)
		fail_op(g, op, "its variable is not from a VAR_HANDLE: not supported");
	from = &g->ops[handle->producer];
	if (from->code != TFL_VAR_HANDLE)
		fail_op(g, op, "its variable is from %s: not supported", from->name);
	return find_variable(main, from);
}

static void set_like(const struct graph *g, const struct op *op, struct variable *v,
		     const struct tensor *t)
{
	if (!t || !t->elems)
		fail_op(g, op, "a value whose shape is empty or dynamic: not supported");
	if (v->like && (v->like->type != t->type || v->like->elems != t->elems))
		fail_op(g, op, "variable \"%s\" changes its size or type: not supported", v->name);
	if (!v->like)
		v->like = t;
}

/* A subgraph that runs once: it may only give variables values that are known. */
static void run_once(struct graph *main, struct graph *g)
{
	fold_constants(g);
	for (unsigned i = 0; i < g->nops; i++) {
		struct op *op = &g->ops[i];
		const struct tensor *value = op_in(g, op, 1);
		struct variable *v;

		if (op->dead || op->code == TFL_VAR_HANDLE)
			continue;
		if (op->code != TFL_ASSIGN_VARIABLE || op->nin != 2)
			fail_op(g, op, "in a subgraph that runs once: not supported");
		if (!value || !value->data)
			fail_op(g, op, "the initial value is not constant: not supported");
		v = variable_of(main, g, op);
		set_like(g, op, v, value);
		v->initial = value->data;
	}
}

static void take_shape(struct tensor *t, const struct tensor *like)
{
	t->rank = like->rank;
	memcpy(t->dims, like->dims, sizeof(t->dims));
	t->elems = like->elems;
	t->bytes = like->bytes;
	t->open = 0;
}

static void resolve(struct graph *g, struct op *op)
{
	bool read = op->code == TFL_READ_VARIABLE;
	struct variable *v;
	struct tensor *t;

	if (op->nin != (read ? 1 : 2) || op->nout != (read ? 1 : 0))
		fail_op(g, op, "%u inputs and %u outputs: malformed", op->nin, op->nout);
	v = variable_of(g, g, op);
	t = read ? op_out(g, op) : op_in(g, op, 1);
	/* Whose shape is missing has the variable's. */
	if (t && (t->open || !t->elems || !t->rank) && !t->data && v->like &&
	    v->like->type == t->type)
		take_shape(t, v->like);
	set_like(g, op, v, t);
	if (read && !v->initial && !v->assigned)
		fail_op(g, op, "variable \"%s\" is read before it has a value", v->name);
	v->read |= read;
	v->assigned |= !read;
	op->variable = v;
}

void find_variables(struct graph *g)
{
	for (unsigned i = 0; i < g->nops; i++) {
		struct op *op = &g->ops[i];

		switch (op->code) {
		case TFL_CALL_ONCE:
			run_once(g, op->called);
			op->dead = true;
			break;
		case TFL_VAR_HANDLE:
			op->dead = true;
			break;
		case TFL_READ_VARIABLE:
		case TFL_ASSIGN_VARIABLE:
			resolve(g, op);
			break;
		default:
			break;
		}
	}
	/* What nobody reads need not be kept. */
	for (unsigned i = 0; i < g->nops; i++)
		if (g->ops[i].code == TFL_ASSIGN_VARIABLE && !g->ops[i].variable->read)
			g->ops[i].dead = true;
}

/* Whether the value is held as fp16: if that is what all of the graph holds it as. */
static bool is_half(const struct graph *g, const struct variable *v)
{
	bool half = true;

	for (unsigned i = 0; i < g->nops; i++) {
		const struct op *op = &g->ops[i];

		if (op->dead || op->variable != v)
			continue;
		half &= op->code == TFL_READ_VARIABLE ? op_out(g, op)->half : op_in(g, op, 1)->half;
	}
	return half && v->like->type == TFL_FLOAT32;
}

static void set_initial(struct program *p, const struct variable *v, const struct buffer *b)
{
	uint8_t *to = p->state.v + b->ext_off;
	float f;

	if (!v->initial)
		return;
	if (b->dtype != APU_DTYPE_F16 || v->like->type != TFL_FLOAT32) {
		memcpy(to, v->initial, b->bytes);
		return;
	}
	for (uint64_t i = 0; i < b->elems; i++) {
		uint16_t h;

		memcpy(&f, v->initial + 4 * i, 4);
		h = constant_to_half(f);
		memcpy(to + 2 * i, &h, 2);
	}
}

void keep_buffer(struct lower *lw, struct buffer *b)
{
	b->kept = true;
	b->region = APU_REGION_TEMP;
	b->ext_off = add_state(lw->p, b->bytes);
}

/* The place of a variable in temporary memory; made at the first call. */
static struct buffer *variable_buffer(struct lower *lw, const struct op *op)
{
	const struct variable *v = op->variable;
	struct tensor like = *v->like;
	struct buffer *b;

	for (size_t i = 0; i < lw->p->buffers.n; i++)
		if (lw->p->buffers.v[i]->variable == v)
			return lw->p->buffers.v[i];
	like.half = is_half(lw->g, v);
	if (!dtype_of(&like))
		fail_op(lw->g, op, "type %s is not supported", tfl_type_name(like.type));
	b = new_buffer(lw, &like);
	b->name = v->name;
	b->variable = v;
	keep_buffer(lw, b);
	set_initial(lw->p, v, b);
	return b;
}

void lower_variable(struct lower *lw, struct op *op)
{
	struct buffer *b = variable_buffer(lw, op);
	bool read = op->code == TFL_READ_VARIABLE;
	int tensor = read ? op->out[0] : op->in[1];
	const struct tensor *t = &lw->g->tensors[tensor];
	struct view *value = place_tensor(lw, tensor), state;
	uint32_t d[4];

	tensor_shape4(t, d);
	state = view_dense(b, d[0], d[1], d[2], d[3]);
	if (read)
		add_copy(lw, op, &state, value);
	else
		add_copy(lw, op, value, &state);
}

// SPDX-License-Identifier: MIT
#include <limits.h>
#include <string.h>
#include "passes.h"
#include "plan.h"

/* Cutting a group into stripes to overlap loads and stores: not worth it below this. */
#define OVERLAP_BYTES 16384
/* A layer that needs more parts for its constants reads all of them from DRAM. */
#define MAX_PARTS 256
#define MAX_ATTEMPTS 100000

struct const_layout const_layout(const struct layer *l)
{
	struct const_layout k = {0};
	const struct apu_cmd_conv *c = &l->cmd.conv;
	uint64_t nq;

	if (!l->const_bytes)
		return k;
	if (l->kind != LAYER_CONV && l->kind != LAYER_DEPTHWISE) {
		k.weight_bytes = k.total = l->const_bytes;
		return k;
	}
	if (l->nin > 1)
		k.weight_bytes = 0;
	else if (l->kind == LAYER_DEPTHWISE)
		k.weight_bytes = (uint64_t)c->k_h * c->k_w * l->out.c * dtype_size(c->w_type);
	else
		k.weight_bytes = (uint64_t)l->w_row_bytes * l->out.c;
	nq = c->quant_mode == APU_QUANT_MODE_PER_CHANNEL  ? l->out.c
	     : c->quant_mode == APU_QUANT_MODE_PER_TENSOR ? 1
							  : 0;
	k.bias = align_up(k.weight_bytes, 8);
	k.quant = align_up(k.bias + (uint64_t)l->out.c * dtype_size(c->bias_type), 8);
	k.total = k.quant + nq * sizeof(struct apu_quant);
	return k;
}

void group_rows(struct plan *plan, const struct group *g, uint32_t y0, uint32_t y1)
{
	for (unsigned i = g->first; i <= g->last; i++) {
		plan->layers[i].y0 = UINT32_MAX;
		plan->layers[i].y1 = 0;
	}
	plan->layers[g->last].y0 = y0;
	plan->layers[g->last].y1 = y1;
	for (unsigned i = g->last + 1; i-- > g->first;) {
		const struct layer *l = &plan->p->layers.v[i];
		struct layer_plan *lp = &plan->layers[i];

		for (unsigned k = 0; k < l->nin; k++) {
			struct layer_plan *m;
			uint32_t r0, r1;

			if (lp->in[k].mode != OPERAND_STRIPE)
				continue;
			m = &plan->layers[lp->in[k].maker];
			layer_in_rows(l, k, lp->y0, lp->y1, &r0, &r1);
			if (r0 < m->y0)
				m->y0 = r0;
			if (r1 > m->y1)
				m->y1 = r1;
		}
	}
}

uint64_t layer_cycles(const struct layer *l, uint32_t rows)
{
	uint64_t n = (uint64_t)rows * l->out.w * l->out.c;
	const struct apu_cmd_conv *c = &l->cmd.conv;
	uint64_t taps = (uint64_t)c->k_h * c->k_w, rate;

	switch (l->kind) {
	case LAYER_POOL:
		return n * l->cmd.pool.k_h * l->cmd.pool.k_w / 64;
	case LAYER_ELTWISE:
		return n / 64;
	case LAYER_CONV:
	case LAYER_DEPTHWISE:
		rate = conv_rate(c);
		if (l->kind == LAYER_DEPTHWISE)
			return n * taps * APU_CYC_DEPTHWISE_DIV / rate;
		return n * taps * (l->in[0].c / c->groups) / rate;
	case LAYER_SOFTMAX:
	case LAYER_NORM:
		return n * 8 / APU_CYC_MVPU_LANES;
	case LAYER_ACTIVATION:
		return n * 2 / APU_CYC_MVPU_LANES;
	case LAYER_RESIZE:
		return n * (l->cmd.resize.kind ? 8 : 1) / APU_CYC_MVPU_LANES;
	case LAYER_ARG:
	case LAYER_REDUCE:
		return n * l->in[0].c * 2 / APU_CYC_MVPU_LANES;
	default:
		return 0;
	}
}

static bool same_view(const struct view *a, const struct view *b)
{
	return a->buf == b->buf && a->off == b->off && a->n == b->n && a->h == b->h &&
	       a->w == b->w && a->c == b->c && a->hp == b->hp && a->wp == b->wp;
}

/* May layer i compute rows of its result for layer i + 1 to use at once? */
static bool can_fuse(const struct program *p, unsigned i)
{
	const struct layer *a = &p->layers.v[i], *b = &p->layers.v[i + 1];
	const struct buffer *buf = a->out.buf;
	unsigned uses = 0;

	if (layer_moves_data(a) || layer_moves_data(b) || b->no_fuse || buf->wants_l1 ||
	    buf->region >= 0)
		return false;
	for (unsigned k = 0; k < b->nin; k++) {
		if (b->in[k].buf != buf)
			continue;
		/* All of the weights are needed for every row. */
		if (k && b->kind == LAYER_CONV)
			return false;
		if (!same_view(&b->in[k], &a->out) || b->repeat_h & 1u << k)
			return false;
		uses++;
	}
	return uses && buf->uses == uses + 1 && b->out.n == a->out.n;
}

static void make_groups(struct plan *plan)
{
	struct program *p = plan->p;

	plan->groups.n = 0;
	for (unsigned i = 0; i < p->layers.n; i++) {
		struct group *g;

		if (i && plan->o.level >= 2 && can_fuse(p, i - 1)) {
			plan->groups.v[plan->groups.n - 1].last = i;
		} else {
			g = PUSH(&plan->groups);
			*g = (struct group){.first = i, .last = i};
		}
		p->layers.v[i].group = (int)plan->groups.n - 1;
	}
}

static void set_modes(struct plan *plan, const struct group *g)
{
	for (unsigned i = g->first; i <= g->last; i++) {
		struct layer *l = &plan->p->layers.v[i];
		struct layer_plan *lp = &plan->layers[i];
		enum operand_mode dram = layer_moves_data(l) ? OPERAND_DIRECT : OPERAND_TILE;

		memset(lp, 0, sizeof(*lp));
		lp->out.mode = l->out.buf->wants_l1 ? OPERAND_L1 : dram;
		if (i < g->last)
			lp->out.mode = OPERAND_STRIPE;
		for (unsigned k = 0; k < l->nin; k++) {
			lp->in[k].mode = l->in[k].buf->wants_l1 ? OPERAND_L1 : dram;
			if (i > g->first && l->in[k].buf == l[-1].out.buf) {
				lp->in[k].mode = OPERAND_STRIPE;
				lp->in[k].maker = (int)i - 1;
			}
		}
		lp->consts_in_l1 = l->const_bytes && !l->no_l1_consts;
	}
}

static uint64_t row_bytes(const struct view *v)
{
	return (uint64_t)v->w * v->c * dtype_size(v->buf->dtype);
}

static uint64_t tile_bytes(const struct operand *o, const struct view *v)
{
	return align_up(o->rows * row_bytes(v), PLACE_ALIGN);
}

static void need_rows(struct operand *o, uint32_t rows)
{
	if (rows > o->rows)
		o->rows = rows;
}

/* Sizes tiles for stripes of rows rows; returns the bytes that they take. */
static uint64_t size_tiles(struct plan *plan, struct group *g, uint32_t rows)
{
	uint32_t h = plan->p->layers.v[g->last].out.h, n = plan->p->layers.v[g->last].out.n;
	uint64_t total = 0;
	unsigned copies;

	g->rows = rows;
	g->stripes = (uint32_t)div_up(h, rows);
	copies = (uint64_t)g->stripes * n > 1 && plan->o.level && !g->single ? 2 : 1;
	for (unsigned i = g->first; i <= g->last; i++) {
		struct layer_plan *lp = &plan->layers[i];

		lp->in[0].rows = lp->in[1].rows = lp->out.rows = 0;
		lp->in[0].copies = lp->in[1].copies = lp->out.copies = copies;
		if (lp->out.mode == OPERAND_STRIPE)
			lp->out.copies = 1;
	}
	for (uint32_t s = 0; s < g->stripes; s++) {
		group_rows(plan, g, s * rows, (uint32_t)min64(h, (int64_t)(s + 1) * rows));
		for (unsigned i = g->first; i <= g->last; i++) {
			struct layer *l = &plan->p->layers.v[i];
			struct layer_plan *lp = &plan->layers[i];

			need_rows(&lp->out, lp->y1 - lp->y0);
			for (unsigned k = 0; k < l->nin; k++) {
				uint32_t r0, r1;

				layer_in_rows(l, k, lp->y0, lp->y1, &r0, &r1);
				need_rows(&lp->in[k], r1 - r0);
			}
		}
	}
	for (unsigned i = g->first; i <= g->last; i++) {
		struct layer *l = &plan->p->layers.v[i];
		struct layer_plan *lp = &plan->layers[i];

		if (lp->out.mode == OPERAND_TILE || lp->out.mode == OPERAND_STRIPE)
			total += lp->out.copies * tile_bytes(&lp->out, &l->out);
		for (unsigned k = 0; k < l->nin; k++)
			if (lp->in[k].mode == OPERAND_TILE)
				total += lp->in[k].copies * tile_bytes(&lp->in[k], &l->in[k]);
	}
	return total;
}

/* Bytes that move between DRAM and tiles of a group. */
static uint64_t tile_traffic(const struct plan *plan, const struct group *g)
{
	uint64_t sum = 0;

	for (unsigned i = g->first; i <= g->last; i++) {
		const struct layer *l = &plan->p->layers.v[i];
		const struct layer_plan *lp = &plan->layers[i];

		if (lp->out.mode == OPERAND_TILE)
			sum += l->out.h * row_bytes(&l->out);
		for (unsigned k = 0; k < l->nin; k++)
			if (lp->in[k].mode == OPERAND_TILE)
				sum += l->in[k].h * row_bytes(&l->in[k]);
	}
	return sum;
}

/* Constants that every stripe of a group reads from DRAM again. */
static uint64_t streamed_bytes(const struct plan *plan, const struct group *g)
{
	uint64_t sum = 0;

	for (unsigned i = g->first; i <= g->last; i++)
		if (!plan->layers[i].consts_in_l1)
			sum += const_layout(&plan->p->layers.v[i]).total;
	return sum;
}

static int group_of(const struct program *p, int layer)
{
	return p->layers.v[layer].group;
}

/* From when to when a buffer occupies L1; inputs are loaded one group ahead. */
static void l1_interval(const struct program *p, const struct buffer *b, int *from, int *to)
{
	*from = group_of(p, b->first);
	*to = group_of(p, b->last);
	if (b->is_input || b->is_const)
		*from -= *from > 0;
}

/* The group during which a layer's constants are loaded. */
int load_group(const struct layer *l)
{
	return l->group > (int)l->ahead ? l->group - (int)l->ahead : 0;
}

/* Bytes of L1 that are taken from group from to group to. */
static void count_bytes(struct plan *plan, int from, int to, uint64_t bytes)
{
	plan->resident[from] += align_up(bytes, PLACE_ALIGN);
	plan->resident[to + 1] -= align_up(bytes, PLACE_ALIGN);
}

/* What is in L1 during each group, its tiles aside. */
static void count_resident(struct plan *plan)
{
	const struct program *p = plan->p;

	memset(plan->resident, 0, (plan->groups.n + 1) * sizeof(*plan->resident));
	for (size_t i = 0; i < p->buffers.n; i++) {
		const struct buffer *b = p->buffers.v[i];
		int from, to;

		if (!b->wants_l1 || b->first < 0)
			continue;
		l1_interval(p, b, &from, &to);
		count_bytes(plan, from, to, b->bytes);
	}
	for (size_t i = 0; i < p->layers.n; i++) {
		const struct layer *l = &p->layers.v[i];

		if (plan->layers[i].consts_in_l1)
			count_bytes(plan, load_group(l), l->group, const_layout(l).total);
	}
	for (size_t i = 1; i < plan->groups.n; i++)
		plan->resident[i] += plan->resident[i - 1];
}

/* Chooses the stripes of a group; false if they do not fit. */
static bool choose_rows(struct plan *plan, unsigned index, bool accept_any)
{
	struct group *g = &plan->groups.v[index];
	const struct layer *last = &plan->p->layers.v[g->last];
	uint32_t h = last->out.h, n = 1, least;
	uint64_t used, room;

	if (layer_moves_data(last)) {
		g->rows = h;
		g->stripes = 1;
		return true;
	}
	used = plan->resident[index];
	if (used > plan->o.l1_bytes)
		return false;
	room = plan->o.l1_bytes - used;
	if (plan->o.level && tile_traffic(plan, g) >= OVERLAP_BYTES + streamed_bytes(plan, g))
		n = (uint32_t)min64(plan->o.stripes, h);
	least = accept_any ? 1 : (uint32_t)min64(h, g->last > g->first ? 4 : 2);
	for (;;) {
		uint32_t rows = (uint32_t)div_up(h, n);

		if (rows < least)
			rows = least;
		if (size_tiles(plan, g, rows) <= room)
			return true;
		if (rows <= least) {
			if (!accept_any || g->single)
				return false;
			g->single = true;
			continue;
		}
		n = (uint32_t)max64(n + 1, (int64_t)n * 5 / 4);
	}
}

static struct buffer *largest_resident(const struct plan *plan, int g)
{
	const struct program *p = plan->p;
	struct buffer *best = NULL;

	for (size_t i = 0; i < p->buffers.n; i++) {
		struct buffer *b = p->buffers.v[i];
		int from, to;

		if (!b->wants_l1 || b->first < 0)
			continue;
		l1_interval(p, b, &from, &to);
		if (from <= g && g <= to && (!best || b->bytes > best->bytes))
			best = b;
	}
	return best;
}

/* The constants in L1 at the time of g, for the last group; or of g itself, the largest. */
static struct layer *pick_consts(const struct plan *plan, int g, bool own)
{
	struct program *p = plan->p;
	struct layer *best = NULL;

	for (size_t i = 0; i < p->layers.n; i++) {
		struct layer *l = &p->layers.v[i];

		if (!plan->layers[i].consts_in_l1 || load_group(l) > g)
			continue;
		if (own ? l->group != g : l->group <= g)
			continue;
		if (!best || (own ? const_layout(l).total > const_layout(best).total
				  : l->group > best->group))
			best = l;
	}
	return best;
}

/* Loads constants later that are needed furthest in the future, but one group ahead. */
static bool delay_loads(struct plan *plan, int g)
{
	struct layer *l = pick_consts(plan, g, false);

	if (!l || l->group - g < 2)
		return false;
	l->ahead = l->max_ahead = (unsigned)(l->group - g - 1);
	count_resident(plan);
	return true;
}

static _Noreturn void no_room(struct plan *plan, unsigned index)
{
	struct group *g = &plan->groups.v[index];
	const struct layer *l = &plan->p->layers.v[g->first];
	uint64_t need;

	plan->o.level = 0;
	need = size_tiles(plan, g, 1) + plan->resident[index];
	if (l->op)
		fail_op(plan->p->graph, l->op,
			"one row of it needs %llu KiB of L1, there are %llu (--l1-size-kb)",
			(unsigned long long)div_up(need, 1024),
			(unsigned long long)plan->o.l1_bytes / 1024);
	fail("a copy needs %llu KiB of L1, there are %llu (--l1-size-kb)",
	     (unsigned long long)div_up(need, 1024), (unsigned long long)plan->o.l1_bytes / 1024);
}

/* A row of it does not fit: halves it by channels, or else by columns. */
static bool split_layer(struct plan *plan, unsigned i)
{
	struct program *p = plan->p;
	const struct layer *l = &p->layers.v[i];

	/* Fewer output channels do not make the input of a convolution smaller. */
	if (l->kind == LAYER_CONV &&
	    plan->layers[i].in[0].rows * row_bytes(&l->in[0]) > plan->o.l1_bytes / 4 &&
	    layer_split_columns(p, i, 2))
		return true;
	return layer_split_channels(p, i, 2) || layer_split_columns(p, i, 2);
}

static void alloc_layers(struct plan *plan)
{
	size_t n = plan->p->layers.n + 1;

	plan->layers = alloc(n, sizeof(*plan->layers));
	/* There are at most as many groups as layers. */
	plan->resident = alloc(n, sizeof(*plan->resident));
}

/* Something must leave L1 at the time of a group. */
static void relieve(struct plan *plan, unsigned index)
{
	struct group *g = &plan->groups.v[index];
	struct buffer *b;
	struct layer *l;

	if (delay_loads(plan, (int)index))
		return;
	l = pick_consts(plan, (int)index, false);
	if (l) {
		l->ahead = l->max_ahead = 0;
		return;
	}
	b = largest_resident(plan, (int)index);
	if (b) {
		b->wants_l1 = false;
		return;
	}
	if (g->last > g->first) {
		plan->p->layers.v[g->first + (g->last - g->first + 1) / 2].no_fuse = true;
		return;
	}
	l = pick_consts(plan, (int)index, true);
	if (l) {
		l->no_l1_consts = true;
		return;
	}
	if (!split_layer(plan, g->first))
		no_room(plan, index);
	program_refresh(plan->p);
	alloc_layers(plan);
}

static bool place_l1(struct plan *plan, unsigned *failed)
{
	struct program *p = plan->p;
	struct arena a = {0};
	int from, to, bad;

	for (size_t i = 0; i < p->buffers.n; i++) {
		struct buffer *b = p->buffers.v[i];

		if (!b->wants_l1 || b->first < 0)
			continue;
		l1_interval(p, b, &from, &to);
		arena_add(&a, b->bytes, from, to, &b->l1_off);
	}
	for (size_t i = 0; i < p->layers.n; i++) {
		struct layer *l = &p->layers.v[i];
		struct layer_plan *lp = &plan->layers[i];

		if (lp->consts_in_l1)
			arena_add(&a, const_layout(l).total, load_group(l), l->group,
				  &lp->consts_off);
		for (unsigned k = 0; k <= l->nin; k++) {
			struct operand *o = k ? &lp->in[k - 1] : &lp->out;
			struct view *v = k ? &l->in[k - 1] : &l->out;

			if (o->mode != OPERAND_TILE && (o->mode != OPERAND_STRIPE || k))
				continue;
			for (unsigned c = 0; c < o->copies; c++)
				arena_add(&a, tile_bytes(o, v), l->group, l->group, &o->l1_off[c]);
		}
	}
	bad = arena_place(&a, plan->o.l1_bytes);
	plan->l1_used = a.used;
	*failed = bad < 0 ? 0 : (unsigned)bad;
	return bad < 0;
}

static void place_temp(struct plan *plan)
{
	struct program *p = plan->p;
	struct arena a = {0};

	for (size_t i = 0; i < p->buffers.n; i++) {
		struct buffer *b = p->buffers.v[i];
		const struct layer_plan *lp;

		if (b->first < 0)
			continue;
		lp = &plan->layers[b->first];
		b->place = b->wants_l1 ? PLACE_L1 : PLACE_DRAM;
		if (b->region >= 0 || b->wants_l1)
			continue;
		if (lp->out.mode == OPERAND_STRIPE) {
			b->place = PLACE_STRIPE;
			continue;
		}
		arena_add(&a, b->bytes, group_of(p, b->first), group_of(p, b->last), &b->temp_off);
	}
	arena_place(&a, UINT64_MAX);
	plan->temp_base = align_up(p->state.n, PLACE_ALIGN);
	for (size_t i = 0; i < p->buffers.n; i++)
		p->buffers.v[i]->temp_off += plan->temp_base;
	plan->temp_bytes = plan->temp_base + a.used;
	plan->temp_lower = plan->temp_base + arena_lower_bound(&a);
}

/* Which buffers to try to keep in L1. */
static void first_wishes(struct plan *plan)
{
	struct program *p = plan->p;

	for (size_t i = 0; i < p->buffers.n; i++) {
		struct buffer *b = p->buffers.v[i];

		b->wants_l1 = plan->o.level && b->first >= 0 && b->bytes <= plan->o.l1_bytes;
		/* Read once or written once: tiles overlap better. */
		if ((b->region >= 0 && b->uses < 2) || b->kept)
			b->wants_l1 = false;
	}
}

/*
 * Layers with many constants and little else become several of some output
 * channels each, so that the constants of one are loaded while another runs.
 */
static void split_consts(struct plan *plan)
{
	struct program *p = plan->p;

	for (unsigned i = 0; plan->o.const_chunk && i < p->layers.n; i++) {
		const struct layer *l = &p->layers.v[i];
		uint64_t parts = div_up(const_layout(l).total, plan->o.const_chunk);
		unsigned direct = l->direct_mode ? l->direct_mode - 1u : plan->o.direct;

		if (l->kind == LAYER_CONV && parts > MAX_PARTS) {
			p->layers.v[i].no_l1_consts = true;
			continue;
		}
		if (l->kind != LAYER_CONV || parts < 2 ||
		    l->in[0].h * row_bytes(&l->in[0]) > plan->o.l1_bytes / 4 ||
		    l->out.h * row_bytes(&l->out) > plan->o.l1_bytes / 4)
			continue;
		if (!layer_split_channels(p, i, (unsigned)parts))
			continue;
		for (unsigned k = 0; direct && k < parts; k++)
			p->layers.v[i + k].no_l1_consts = k % direct == 0;
		i += (unsigned)parts - 1;
	}
	program_refresh(p);
}

/* Bytes that can be loaded for other groups while a group computes. */
static int64_t spare_bytes(const struct plan *plan, const struct group *g)
{
	uint64_t cycles = 0, used = tile_traffic(plan, g);

	for (unsigned i = g->first; i <= g->last; i++) {
		const struct layer *l = &plan->p->layers.v[i];

		cycles += (uint64_t)l->out.n * layer_cycles(l, l->out.h);
		if (l->no_l1_consts)
			used += const_layout(l).total;
	}
	return (int64_t)(cycles / plan->o.num_mdla * plan->o.load_rate) - (int64_t)used;
}

/*
 * When constants are loaded: a fixed number of groups ahead, or as late as the
 * time that groups take allows, going back from the end.
 */
static void time_loads(struct plan *plan)
{
	struct program *p = plan->p;
	int64_t *spare = alloc(plan->groups.n + 1, sizeof(*spare));

	for (size_t i = 0; i < plan->groups.n && !plan->o.lookahead; i++)
		spare[i] = max64(0, spare_bytes(plan, &plan->groups.v[i]));
	for (size_t i = p->layers.n; i-- > 0;) {
		struct layer *l = &p->layers.v[i];
		int64_t left = (int64_t)const_layout(l).total;
		int g = l->group - 1;

		l->ahead = plan->o.lookahead;
		if (!plan->layers[i].consts_in_l1 || l->max_ahead == 0) {
			l->ahead = 0;
			continue;
		}
		while (!plan->o.lookahead && g > 0) {
			int64_t take = min64(left, spare[g]);

			spare[g] -= take;
			left -= take;
			if (left <= 0)
				break;
			g--;
		}
		if (!plan->o.lookahead)
			l->ahead = (unsigned)(l->group - (g > 0 ? g : 0));
		if (l->ahead > l->max_ahead)
			l->ahead = l->max_ahead;
	}
}

static bool try_plan(struct plan *plan, bool accept_any, unsigned *failed)
{
	make_groups(plan);
	for (unsigned i = 0; i < plan->groups.n; i++)
		set_modes(plan, &plan->groups.v[i]);
	time_loads(plan);
	count_resident(plan);
	for (unsigned i = 0; i < plan->groups.n; i++) {
		while (!choose_rows(plan, i, accept_any)) {
			*failed = i;
			if (!delay_loads(plan, (int)i))
				return false;
		}
	}
	return place_l1(plan, failed);
}

struct plan *make_plan(struct program *p, const struct plan_options *o)
{
	struct plan *plan = alloc(1, sizeof(*plan));
	unsigned failed = 0;

	plan->p = p;
	plan->o = *o;
	for (size_t i = 0; i < p->layers.n; i++)
		p->layers.v[i].max_ahead = o->level ? UINT_MAX : 0;
	split_consts(plan);
	alloc_layers(plan);
	first_wishes(plan);
	for (unsigned i = 0; i < MAX_ATTEMPTS; i++) {
		bool ok = try_plan(plan, false, &failed);

		if (!ok && !largest_resident(plan, (int)failed))
			ok = try_plan(plan, true, &failed);
		if (ok) {
			place_temp(plan);
			return plan;
		}
		relieve(plan, failed);
	}
	fail("found no plan for the L1 memory");
}

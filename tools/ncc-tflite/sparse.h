/* SPDX-License-Identifier: MIT */
/* Constants of which a file holds only what is not zero. */
#ifndef NCC_SPARSE_H
#define NCC_SPARSE_H

#include "fb.h"
#include "graph.h"

/*
 * All elements of a sparse constant, as its shape has them. sparsity: the tensor's table
 * SparsityParameters; stored: the bytes of the elements that the file holds. Ends the run if they
 * do not fit the tensor. The result is of alloc().
 */
const uint8_t *expand_sparse(const struct tensor *t, const struct fb_table *sparsity,
			     const struct fb_vec *stored);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events: /sys/kernel/tracing/events/apu.
 *
 * A job is known by its context's timeline and its number in it; the same two name
 * its hardware fence in the events of dma_fence.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM apu

#if !defined(__APU_TRACE_H__) || defined(TRACE_HEADER_MULTI_READ)
#define __APU_TRACE_H__

#include <linux/tracepoint.h>

#include "apu_ctx.h"
#include "apu_device.h"
#include "apu_sched.h"
#include "apu_vm.h"

TRACE_EVENT(apu_submit,
	    TP_PROTO(const struct apu_job *job),
	    TP_ARGS(job),
	    TP_STRUCT__entry(__string(dev, dev_name(job->ctx->adev->base.dev))
			     __field(u64, timeline)
			     __field(u64, seqno)
			     __field(u64, barrier)
			     __field(u64, deps)
			     __field(u32, streams)
			     __field(u32, classes)
			     __field(u32, l1_kib)
			     __field(u32, time_limit_us)),
	    TP_fast_assign(__assign_str(dev);
			   __entry->timeline = job->ctx->fence_context;
			   __entry->seqno = job->seqno;
			   __entry->barrier = job->barrier;
			   __entry->deps = job->deps;
			   __entry->streams = job->num_streams;
			   __entry->classes = job->classes;
			   __entry->l1_kib = job->l1_kib;
			   __entry->time_limit_us = job->time_limit_us;),
	    TP_printk("dev=%s timeline=%llu seqno=%llu barrier=%llu deps=%#llx streams=%u classes=%#x l1=%uKiB limit=%uus",
		      __get_str(dev), __entry->timeline, __entry->seqno, __entry->barrier,
		      __entry->deps, __entry->streams, __entry->classes, __entry->l1_kib,
		      __entry->time_limit_us));

TRACE_EVENT(apu_run,
	    TP_PROTO(const struct apu_job *job, unsigned int slot, u16 after),
	    TP_ARGS(job, slot, after),
	    TP_STRUCT__entry(__string(dev, dev_name(job->ctx->adev->base.dev))
			     __field(u64, timeline)
			     __field(u64, seqno)
			     __field(u32, slot)
			     __field(u16, after)
			     __field(u16, asid)
			     __field(u8, priority)),
	    TP_fast_assign(__assign_str(dev);
			   __entry->timeline = job->ctx->fence_context;
			   __entry->seqno = job->seqno;
			   __entry->slot = slot;
			   __entry->after = after;
			   __entry->asid = job->ctx->vm->pt.asid;
			   __entry->priority = job->ctx->hw_priority;),
	    TP_printk("dev=%s timeline=%llu seqno=%llu slot=%u after=%#x asid=%u priority=%u",
		      __get_str(dev), __entry->timeline, __entry->seqno, __entry->slot,
		      __entry->after, __entry->asid, __entry->priority));

TRACE_EVENT(apu_done,
	    TP_PROTO(const struct apu_job *job, unsigned int slot),
	    TP_ARGS(job, slot),
	    TP_STRUCT__entry(__string(dev, dev_name(job->ctx->adev->base.dev))
			     __field(u64, timeline)
			     __field(u64, seqno)
			     __field(u32, slot)
			     __field(u32, status)
			     __field(u64, start)
			     __field(u64, end)
			     __field(u64, cycles)
			     __field(u64, engines)),
	    TP_fast_assign(__assign_str(dev);
			   __entry->timeline = job->ctx->fence_context;
			   __entry->seqno = job->seqno;
			   __entry->slot = slot;
			   __entry->status = le32_to_cpu(job->record.status);
			   __entry->start = le64_to_cpu(job->record.start);
			   __entry->end = le64_to_cpu(job->record.end);
			   __entry->cycles = le64_to_cpu(job->record.cycles);
			   __entry->engines = le64_to_cpu(job->record.engines);),
	    TP_printk("dev=%s timeline=%llu seqno=%llu slot=%u status=%u start=%llu end=%llu cycles=%llu engines=%#llx",
		      __get_str(dev), __entry->timeline, __entry->seqno, __entry->slot,
		      __entry->status, __entry->start, __entry->end, __entry->cycles,
		      __entry->engines));

TRACE_EVENT(apu_fault,
	    TP_PROTO(const struct apu_job *job),
	    TP_ARGS(job),
	    TP_STRUCT__entry(__string(dev, dev_name(job->ctx->adev->base.dev))
			     __field(u64, timeline)
			     __field(u64, seqno)
			     __field(u64, va)
			     __field(u32, status)
			     __field(u32, detail)
			     __field(u32, offset)
			     __field(u16, asid)
			     __field(u8, stream)
			     __field(u8, engine)),
	    TP_fast_assign(__assign_str(dev);
			   __entry->timeline = job->ctx->fence_context;
			   __entry->seqno = job->seqno;
			   __entry->va = le64_to_cpu(job->record.fault_va);
			   __entry->status = le32_to_cpu(job->record.status);
			   __entry->detail = le32_to_cpu(job->record.detail);
			   __entry->offset = le32_to_cpu(job->record.fail_offset);
			   __entry->asid = job->ctx->vm->pt.asid;
			   __entry->stream = job->record.fail_stream;
			   __entry->engine = job->record.fail_engine;),
	    TP_printk("dev=%s timeline=%llu seqno=%llu status=%u detail=%#x asid=%u va=%#llx stream=%u engine=%u offset=%u",
		      __get_str(dev), __entry->timeline, __entry->seqno, __entry->status,
		      __entry->detail, __entry->asid, __entry->va, __entry->stream,
		      __entry->engine, __entry->offset));

DECLARE_EVENT_CLASS(apu_range,
		    TP_PROTO(const struct apu_pt *pt, u64 va, u64 size, bool write),
		    TP_ARGS(pt, va, size, write),
		    TP_STRUCT__entry(__string(dev, dev_name(pt->adev->base.dev))
				     __field(u64, va)
				     __field(u64, size)
				     __field(u16, asid)
				     __field(bool, write)),
		    TP_fast_assign(__assign_str(dev);
				   __entry->va = va;
				   __entry->size = size;
				   __entry->asid = pt->asid;
				   __entry->write = write;),
		    TP_printk("dev=%s asid=%u va=%#llx size=%#llx write=%d",
			      __get_str(dev), __entry->asid, __entry->va, __entry->size,
			      __entry->write));

DEFINE_EVENT(apu_range, apu_map,
	     TP_PROTO(const struct apu_pt *pt, u64 va, u64 size, bool write),
	     TP_ARGS(pt, va, size, write));

DEFINE_EVENT(apu_range, apu_unmap,
	     TP_PROTO(const struct apu_pt *pt, u64 va, u64 size, bool write),
	     TP_ARGS(pt, va, size, write));

TRACE_EVENT(apu_reset,
	    TP_PROTO(const struct apu_device *adev, const char *why),
	    TP_ARGS(adev, why),
	    TP_STRUCT__entry(__string(dev, dev_name(adev->base.dev))
			     __string(why, why)),
	    TP_fast_assign(__assign_str(dev);
			   __assign_str(why);),
	    TP_printk("dev=%s why=%s", __get_str(dev), __get_str(why)));

#endif /* __APU_TRACE_H__ */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE apu_trace
#include <trace/define_trace.h>

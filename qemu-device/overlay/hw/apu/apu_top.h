/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: TOP with its job slots, and the engines. Everything here runs under
 * the BQL. Threads that execute jobs know none of it, see apu_gang.h.
 */
#ifndef HW_APU_TOP_H
#define HW_APU_TOP_H

#include "hw/sysbus.h"
#include "qom/object.h"
#include "apu_fault.h"
#include "apu_gang.h"
#include "apu_l1.h"
#include "apu_mmu.h"
#include "apu_power.h"

#define TYPE_APU_TOP "apu-top"
OBJECT_DECLARE_SIMPLE_TYPE(ApuTop, APU_TOP)

#define TYPE_APU_ENGINE "apu-engine"
OBJECT_DECLARE_SIMPLE_TYPE(ApuEngine, APU_ENGINE)

#define APU_NUM_CLASSES 3

struct ApuEngine {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    /* Properties */
    ApuTop *top;
    uint32_t index;
    uint8_t class;
    uint8_t instance;

    uint64_t cycles;
    uint32_t cycles_hi;         /* latched by reading CYCLES_LO */
    uint64_t cmd_va;            /* while it runs no stream */
};

/*
 * A slot's life. Slots end from any state but FREE; what is then done for all
 * of them alike is in apu_slot_end().
 */
typedef enum ApuSlotState {
    APU_SLOT_FREE,
    APU_SLOT_ARMED,             /* waits for predecessors or resources */
    APU_SLOT_RUNNING,           /* a thread executes its gang */
    APU_SLOT_DONE,              /* executed, ends later in device time */
} ApuSlotState;

#define APU_SLOT_NEVER INT64_MAX

typedef struct ApuSlot {
    ApuTop *top;
    QEMUTimer *timer;
    ApuGang *gang;              /* RUNNING */

    uint8_t state;
    uint64_t desc_addr;
    uint64_t seq;               /* order of doorbells */
    uint16_t after;             /* predecessors that have not ended */
    bool pred_failed;
    bool abort;                 /* SLOT_ABORT_ACK is owed */
    bool ran;                   /* it was given engines */
    /* OK, or why the job is ended early. */
    uint32_t stop;
    int32_t lost_engine;        /* POWER_LOST: the engine, else -1 */
    uint8_t engine[APU_MAX_STREAMS];
    uint32_t detached;          /* engines that lost their part of it */
    uint64_t banks;
    uint32_t ecc_corrected;     /* DONE; not in ECC_CORRECTED yet */
    uint32_t khz;
    int64_t start_ns;
    int64_t end_ns;             /* DONE; APU_SLOT_NEVER if it hangs */
    struct apu_job_desc desc;
    struct apu_job_completion out;

    /* The two above in guest byte order, for migration */
    uint8_t desc_wire[sizeof(struct apu_job_desc)];
    uint8_t out_wire[sizeof(struct apu_job_completion)];
} ApuSlot;

#define APU_TOP_NUM_REGS (0x500 / 4)
/* Bits of IRQ_RAW */
#define APU_TOP_NUM_CAUSES (APU_NUM_SLOTS + 3)

struct ApuTop {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    qemu_irq irq;
    AddressSpace dma_as;
    ApuEngine *engine[APU_MAX_ENGINES];

    /* Properties */
    ApuPower *power;
    MemoryRegion *dma_mr;
    uint8_t num[APU_NUM_CLASSES];
    uint32_t l1_kib;
    uint32_t mmu_ns;
    bool cycle_timing;
    bool reference;
    bool in_turn;

    unsigned num_engines;
    uint32_t regs[APU_TOP_NUM_REGS];
    uint32_t timestamp_hi;      /* latched by reading TIMESTAMP_LO */
    int64_t time_base;

    ApuSlot slot[APU_NUM_SLOTS];
    uint64_t next_seq;
    ApuL1 l1;
    ApuMmu mmu;
    QEMUTimer *mmu_timer;
    unsigned mmu_epoch;
    int64_t mmu_done_ns;        /* end of the command, -1 for none */
    ThreadPool *pool;
    QEMUBH *bh;
    VMChangeStateEntry *vm_state;

    ApuFaults faults;
    char *fault_text;           /* rules given before realize; migration */
    uint32_t fault_len;         /* with the zero byte, for migration */
    bool glitch;                /* the line is up for no cause */
    QEMUTimer *late_timer;
    int64_t late_irq[APU_TOP_NUM_CAUSES];       /* -1 for none */
    int64_t late_abort[APU_NUM_SLOTS];          /* -1 for none */

    /* Counters for tests, readable as properties */
    uint64_t jobs;
    uint64_t mmu_faults;
    uint64_t timeouts;
    uint64_t aborts;
    uint64_t bad_descs;
    uint64_t bad_doorbells;
    uint64_t irqs;                              /* rising edges of the line */
    uint64_t mmio_writes;
    bool irq_level;                             /* for irqs only */
};

/* apu_top.c */
uint64_t apu_top_time(ApuTop *s, int64_t clock_ns);
void apu_top_raise(ApuTop *s, uint32_t causes);
/* The same, past fault rules. */
void apu_top_raise_now(ApuTop *s, uint32_t causes);
void apu_top_update_irq(ApuTop *s);
void apu_top_record_fault(ApuTop *s, unsigned slot,
                          const struct apu_job_desc *desc,
                          const struct apu_job_completion *out);

/* apu_top_fault.c: what fault rules do to TOP */
/* Event @on of the job in @slot. */
ApuFaultAction apu_slot_fault(const ApuSlot *slot, ApuFaultEvent on,
                              ApuFaultRule *rule);
/* Takes from @causes what is lost or late. */
uint32_t apu_top_filter_causes(ApuTop *s, uint32_t causes);
/* Has SLOT_ABORT of the slot done later. */
void apu_top_late_abort(ApuTop *s, unsigned slot, int64_t delay_ns);
bool apu_top_reads_ones(ApuTop *s, unsigned engine);
void apu_top_fault_clear(ApuTop *s);
bool apu_top_fault_realize(ApuTop *s, Error **errp);
void apu_top_fault_unrealize(ApuTop *s);
void apu_top_fault_class_init(ObjectClass *klass);
void apu_top_fault_save(ApuTop *s);
bool apu_top_fault_load(ApuTop *s);

/* apu_desc.c: descriptors and records in guest memory */
void apu_desc_from_wire(struct apu_job_desc *desc, const uint8_t *wire);
void apu_desc_to_wire(uint8_t *wire, const struct apu_job_desc *desc);
void apu_record_from_wire(struct apu_job_completion *out, const uint8_t *wire);
void apu_record_to_wire(uint8_t *wire, const struct apu_job_completion *out);
/* NULL, or what is wrong with it. */
const char *apu_desc_check(const ApuTop *s, const struct apu_job_desc *desc);
MemTxResult apu_desc_read(ApuTop *s, uint64_t addr, struct apu_job_desc *desc);
/* Its status last. */
MemTxResult apu_record_write(ApuTop *s, uint64_t desc_addr,
                             const struct apu_job_completion *out);

/* apu_slots.c: the life of a job */
void apu_slots_doorbell(ApuTop *s, uint32_t value);
void apu_slots_abort(ApuTop *s, uint32_t slots);
/* The abort of an active slot, past fault rules. */
void apu_slots_abort_now(ApuTop *s, unsigned slot);
/* Something that jobs wait for may have become true. */
void apu_slots_kick(ApuTop *s);
/* Looks for threads that have ended. */
void apu_slots_poll(ApuTop *s);
void apu_slots_engine_lost(ApuTop *s, unsigned engine);
/* Ends all jobs without a trace, for reset and loss of power. */
void apu_slots_drop(ApuTop *s);
/* Brings all threads to their end; false if one cannot. */
bool apu_slots_quiesce(ApuTop *s);
/* After a restore: sets the timer of a slot in DONE. */
void apu_slot_arm_end(ApuSlot *slot);
void apu_slots_init(ApuTop *s);
void apu_slots_exit(ApuTop *s);
uint32_t apu_slots_in_state(const ApuTop *s, ApuSlotState state);
/* SLOT_TIME: microseconds of device time that the slot's gang has had. */
uint32_t apu_slots_time(const ApuTop *s, unsigned slot);
/* Slot whose stream runs on the engine, and the stream; -1 if none. */
int apu_slots_on_engine(const ApuTop *s, unsigned engine, unsigned *stream);

/* apu_dispatch.c */
bool apu_dispatch_one(ApuTop *s);
/* Starts the gang of an armed slot that has been given its engines. */
void apu_slot_start(ApuSlot *slot);

#endif

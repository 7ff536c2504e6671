/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: power controller. Power requests with acknowledge, clock gates,
 * reset lines, operating points and on-time counters.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "apu_power.h"
#include "apu_regio.h"
#include "trace.h"

static const ApuReg apu_pwr_regs[] = { APU_PWR_REGS(APU_REG_ENTRY) };
static const ApuRegBlock apu_pwr_block = {
    .name = TYPE_APU_POWER,
    .regs = apu_pwr_regs,
    .num = ARRAY_SIZE(apu_pwr_regs),
};

static const uint32_t apu_opp_khz[APU_NUM_OPP] = {
    200000, 400000, 600000, 800000, 1000000,
};

void apu_power_connect(ApuPower *s, unsigned domain,
                       const ApuPowerClient *client)
{
    assert(domain < s->num_domains && !s->client[domain].opaque);
    s->client[domain] = *client;
}

bool apu_power_works(const ApuPower *s, unsigned domain)
{
    uint32_t reset = s->regs[R_APU_PWR_RST_ASSERT] & ~s->rst_ignored;

    return s->regs[R_APU_PWR_PWR_ACK] & s->regs[R_APU_PWR_CLK_EN] & ~reset &
           BIT(domain);
}

bool apu_power_clocked(const ApuPower *s, unsigned domain)
{
    return s->regs[R_APU_PWR_CLK_EN] & BIT(domain);
}

MemTxResult apu_power_check_mmio(ApuPower *s, unsigned domain,
                                 const char *block, hwaddr addr)
{
    const char *why;

    if (apu_power_works(s, domain)) {
        return MEMTX_OK;
    }
    if (!(s->regs[R_APU_PWR_PWR_ACK] & BIT(domain))) {
        s->mmio_unpowered++;
        why = "powered off";
    } else if (!apu_power_clocked(s, domain)) {
        s->mmio_unclocked++;
        why = "without clock";
    } else {
        s->mmio_in_reset++;
        why = "in reset";
    }
    qemu_log_mask(LOG_GUEST_ERROR,
                  "%s: access to 0x%03" HWADDR_PRIx " while domain %u is %s\n",
                  block, addr, domain, why);
    trace_apu_power_mmio_refused(block, domain, addr, why);
    return MEMTX_ERROR;
}

uint32_t apu_power_khz(const ApuPower *s)
{
    return apu_opp_khz[FIELD_EX32(s->regs[R_APU_PWR_OPP_STATUS],
                                  APU_PWR_OPP_STATUS, CURRENT)];
}

uint32_t apu_power_opp_khz(unsigned opp)
{
    return apu_opp_khz[opp];
}

static void apu_power_lost(ApuPower *s, unsigned domain)
{
    if (s->client[domain].lost) {
        s->client[domain].lost(s->client[domain].opaque);
    }
}

static void apu_power_changed(ApuPower *s, uint32_t domains)
{
    for (unsigned d = 0; d < s->num_domains; d++) {
        if ((domains & BIT(d)) && s->client[d].changed) {
            s->client[d].changed(s->client[d].opaque);
        }
    }
}

static bool apu_power_is_on(const ApuPower *s, unsigned domain)
{
    return s->regs[R_APU_PWR_PWR_ACK] & BIT(domain);
}

static uint64_t apu_power_on_ns(const ApuPower *s, unsigned domain,
                                int64_t now)
{
    return s->on_ns[domain] +
           (apu_power_is_on(s, domain) ? now - s->on_since[domain] : 0);
}

static uint64_t apu_power_on_cycles(const ApuPower *s, unsigned domain,
                                    int64_t now)
{
    return s->on_cycles[domain] +
           (apu_power_is_on(s, domain) ?
            muldiv64(now - s->on_since[domain], apu_power_khz(s), 1000000) :
            0);
}

/* Before the domain's state or the frequency changes. */
static void apu_power_count(ApuPower *s, unsigned domain, int64_t now)
{
    uint64_t cycles = apu_power_on_cycles(s, domain, now);

    s->on_ns[domain] = apu_power_on_ns(s, domain, now);
    s->on_cycles[domain] = cycles;
    s->on_since[domain] = now;
}

static void apu_power_ack(ApuPower *s, unsigned domain, bool on, int64_t now)
{
    apu_power_count(s, domain, now);
    trace_apu_power_ack(domain, on);
    if (on) {
        s->regs[R_APU_PWR_PWR_ACK] |= BIT(domain);
    } else {
        s->regs[R_APU_PWR_PWR_ACK] &= ~BIT(domain);
        s->rst_stuck &= ~BIT(domain);
        apu_power_lost(s, domain);
    }
}

static void apu_power_arm_timer(ApuPower *s)
{
    int64_t next = INT64_MAX;

    for (unsigned d = 0; d < s->num_domains; d++) {
        if (s->ack_at[d] >= 0) {
            next = MIN(next, s->ack_at[d]);
        }
    }
    if (s->settle_at >= 0) {
        next = MIN(next, s->settle_at);
    }
    if (next == INT64_MAX) {
        timer_del(s->timer);
    } else {
        timer_mod(s->timer, next);
    }
}

/*
 * Brings PWR_ACK up to date. Domains go up in ascending order, so an engine
 * that was requested with TOP comes up right after it.
 */
static void apu_power_run_acks(ApuPower *s, int64_t now)
{
    uint32_t req = s->regs[R_APU_PWR_PWR_REQ];
    uint32_t *ack = &s->regs[R_APU_PWR_PWR_ACK];
    uint32_t before = *ack;

    for (unsigned d = 0; d < s->num_domains; d++) {
        if (s->ack_at[d] < 0 || s->ack_at[d] > now) {
            continue;
        }
        s->ack_at[d] = -1;
        if (d == APU_DOMAIN_TOP && !(req & BIT(d))) {
            /* TOP first: it drops its jobs, so no engine ends one. */
            apu_power_ack(s, d, false, now);
            for (unsigned e = 1; e < s->num_domains; e++) {
                if (*ack & BIT(e)) {
                    apu_power_ack(s, e, false, now);
                }
                s->ack_at[e] = -1;
            }
        } else if (d == APU_DOMAIN_TOP) {
            apu_power_ack(s, d, true, now);
            for (unsigned e = 1; e < s->num_domains; e++) {
                if ((req & ~*ack & ~s->ack_stuck & BIT(e)) &&
                    s->ack_at[e] < 0) {
                    s->ack_at[e] = now + s->ack_ns;
                }
            }
        } else if (!(req & BIT(d))) {
            apu_power_ack(s, d, false, now);
        } else if (*ack & BIT(APU_DOMAIN_TOP)) {
            apu_power_ack(s, d, true, now);
        }
        /* else: the request waits for TOP, see above */
    }
    apu_power_changed(s, before ^ *ack);
}

static void apu_power_timer(void *opaque)
{
    ApuPower *s = opaque;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    if (s->settle_at >= 0 && s->settle_at <= now) {
        uint32_t status = 0;

        s->settle_at = -1;
        for (unsigned d = 0; d < s->num_domains; d++) {
            apu_power_count(s, d, now);
        }
        status = FIELD_DP32(status, APU_PWR_OPP_STATUS, CURRENT,
                            s->regs[R_APU_PWR_OPP_REQ]);
        status = FIELD_DP32(status, APU_PWR_OPP_STATUS, SETTLED, 1);
        s->regs[R_APU_PWR_OPP_STATUS] = status;
        trace_apu_power_opp(apu_power_khz(s));
    }
    apu_power_run_acks(s, now);
    apu_power_arm_timer(s);
}

static ApuFaultAction apu_power_fault(ApuPower *s, ApuFaultEvent on,
                                      unsigned domain, ApuFaultRule *rule)
{
    const ApuFaultPlace place = {
        .engines = domain == APU_DOMAIN_TOP ? BIT(APU_FAULT_TOP) :
                                              BIT(domain - 1),
    };

    return apu_fault(s->faults, on, &place, rule);
}

/* When the ack of a request made now follows, -1 for never. */
static int64_t apu_power_ack_time(ApuPower *s, unsigned domain, bool on,
                                  int64_t now)
{
    ApuFaultRule rule;

    switch (apu_power_fault(s, on ? APU_FAULT_ON_POWER_ON :
                                    APU_FAULT_ON_POWER_OFF, domain, &rule)) {
    case APU_FAULT_STUCK:
        s->ack_stuck |= BIT(domain);
        return -1;
    case APU_FAULT_SLOW:
        return now + s->ack_ns + apu_fault_delay_ns(&rule);
    default:
        return now + s->ack_ns;
    }
}

static void apu_power_request(ApuPower *s, uint32_t old)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    uint32_t *req = &s->regs[R_APU_PWR_PWR_REQ];
    uint32_t ack = s->regs[R_APU_PWR_PWR_ACK];

    *req &= s->regs[R_APU_PWR_PRESENT];
    for (unsigned d = 0; d < s->num_domains; d++) {
        if (!((old ^ *req) & BIT(d))) {
            continue;
        }
        trace_apu_power_request(d, *req & BIT(d));
        s->ack_stuck &= ~BIT(d);
        s->ack_at[d] = -1;
        if ((*req ^ ack) & BIT(d)) {
            s->ack_at[d] = apu_power_ack_time(s, d, *req & BIT(d), now);
        }
    }
    if (!s->ack_ns) {
        apu_power_run_acks(s, now);
    }
    apu_power_arm_timer(s);
}

static void apu_power_assert(ApuPower *s, unsigned domain)
{
    ApuFaultRule rule;

    switch (apu_power_fault(s, APU_FAULT_ON_RESET, domain, &rule)) {
    case APU_FAULT_IGNORED:
        s->rst_ignored |= BIT(domain);
        return;
    case APU_FAULT_STUCK:
        s->rst_stuck |= BIT(domain);
        break;
    default:
        break;
    }
    apu_power_lost(s, domain);
}

static void apu_power_resets(ApuPower *s, uint32_t old)
{
    uint32_t *rst = &s->regs[R_APU_PWR_RST_ASSERT];

    *rst &= s->regs[R_APU_PWR_PRESENT];
    *rst |= s->rst_stuck;
    s->rst_ignored &= *rst;
    trace_apu_power_reset(*rst);
    for (unsigned d = 0; d < s->num_domains; d++) {
        if (*rst & ~old & BIT(d)) {
            apu_power_assert(s, d);
        }
    }
    apu_power_changed(s, *rst ^ old);
}

static void apu_power_opp(ApuPower *s, uint32_t old)
{
    uint32_t *req = &s->regs[R_APU_PWR_OPP_REQ];
    const ApuFaultPlace nowhere = { 0 };
    ApuFaultRule rule;

    if (*req >= APU_NUM_OPP) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no operating point %u\n",
                      apu_pwr_block.name, *req);
        *req = old;
        return;
    }
    if (*req == old) {
        return;
    }
    s->regs[R_APU_PWR_OPP_STATUS] =
        FIELD_DP32(s->regs[R_APU_PWR_OPP_STATUS], APU_PWR_OPP_STATUS,
                   SETTLED, 0);
    s->settle_at = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + s->settle_ns;
    switch (apu_fault(s->faults, APU_FAULT_ON_OPP, &nowhere, &rule)) {
    case APU_FAULT_STUCK:
        s->settle_at = -1;
        break;
    case APU_FAULT_SLOW:
        s->settle_at += apu_fault_delay_ns(&rule);
        break;
    default:
        break;
    }
    apu_power_arm_timer(s);
}

static MemTxResult apu_power_read(void *opaque, hwaddr addr, uint64_t *data,
                                  unsigned size, MemTxAttrs attrs)
{
    ApuPower *s = opaque;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    unsigned n;
    uint32_t value;
    const ApuReg *reg = apu_reg_read(&apu_pwr_block, s->regs, addr, &n,
                                     &value);

    if (!reg) {
        return MEMTX_ERROR;
    }
    if (reg->offset == A_APU_PWR_ON_TIME_LO) {
        uint64_t ns = apu_power_on_ns(s, n, now);

        value = ns;
        s->on_time_hi = ns >> 32;
    } else if (reg->offset == A_APU_PWR_ON_TIME_HI) {
        value = s->on_time_hi;
    } else if (reg->offset == A_APU_PWR_ON_CYCLES_LO) {
        uint64_t cycles = apu_power_on_cycles(s, n, now);

        value = cycles;
        s->on_cycles_hi = cycles >> 32;
    } else if (reg->offset == A_APU_PWR_ON_CYCLES_HI) {
        value = s->on_cycles_hi;
    }
    trace_apu_power_read(reg->name, n, value);
    *data = value;
    return MEMTX_OK;
}

static MemTxResult apu_power_write(void *opaque, hwaddr addr, uint64_t data,
                                   unsigned size, MemTxAttrs attrs)
{
    ApuPower *s = opaque;
    unsigned n;
    uint32_t old = addr / 4 < ARRAY_SIZE(s->regs) ? s->regs[addr / 4] : 0;
    const ApuReg *reg = apu_reg_write(&apu_pwr_block, s->regs, addr, &n, data);

    if (!reg) {
        return MEMTX_ERROR;
    }
    trace_apu_power_write(reg->name, n, data);
    switch (reg->offset) {
    case A_APU_PWR_PWR_REQ:
        apu_power_request(s, old);
        break;
    case A_APU_PWR_CLK_EN:
        s->regs[R_APU_PWR_CLK_EN] &= s->regs[R_APU_PWR_PRESENT];
        apu_power_changed(s, old ^ s->regs[R_APU_PWR_CLK_EN]);
        break;
    case A_APU_PWR_RST_ASSERT:
        apu_power_resets(s, old);
        break;
    case A_APU_PWR_OPP_REQ:
        apu_power_opp(s, old);
        break;
    }
    return MEMTX_OK;
}

static const MemoryRegionOps apu_power_ops = {
    .read_with_attrs = apu_power_read,
    .write_with_attrs = apu_power_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4 },
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

/* The clients are reset with the machine too: nobody needs to be told. */
static void apu_power_reset_enter(Object *obj, ResetType type)
{
    ApuPower *s = APU_POWER(obj);

    timer_del(s->timer);
    apu_reg_reset(&apu_pwr_block, s->regs);
    s->regs[R_APU_PWR_PRESENT] = MAKE_64BIT_MASK(0, s->num_domains);
    s->regs[R_APU_PWR_RST_ASSERT] = s->regs[R_APU_PWR_PRESENT];
    for (unsigned i = 0; i < APU_NUM_OPP; i++) {
        s->regs[R_APU_PWR_OPP_KHZ + i] = apu_opp_khz[i];
    }
    for (unsigned d = 0; d < APU_MAX_DOMAINS; d++) {
        s->ack_at[d] = -1;
        s->on_ns[d] = 0;
        s->on_cycles[d] = 0;
        s->on_since[d] = 0;
    }
    s->settle_at = -1;
    s->on_time_hi = 0;
    s->on_cycles_hi = 0;
    s->ack_stuck = 0;
    s->rst_stuck = 0;
    s->rst_ignored = 0;
}

static int apu_power_post_load(void *opaque, int version_id)
{
    ApuPower *s = opaque;

    if (FIELD_EX32(s->regs[R_APU_PWR_OPP_STATUS], APU_PWR_OPP_STATUS,
                   CURRENT) >= APU_NUM_OPP ||
        s->regs[R_APU_PWR_OPP_REQ] >= APU_NUM_OPP) {
        return -EINVAL;
    }
    apu_power_arm_timer(s);
    return 0;
}

static const VMStateDescription vmstate_apu_power = {
    .name = TYPE_APU_POWER,
    .version_id = 3,
    .minimum_version_id = 3,
    .post_load = apu_power_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_EQUAL(num_domains, ApuPower, NULL),
        VMSTATE_UINT32_ARRAY(regs, ApuPower, 0x280 / 4),
        VMSTATE_UINT32(on_time_hi, ApuPower),
        VMSTATE_UINT32(on_cycles_hi, ApuPower),
        VMSTATE_INT64_ARRAY(ack_at, ApuPower, APU_MAX_DOMAINS),
        VMSTATE_INT64(settle_at, ApuPower),
        VMSTATE_UINT64_ARRAY(on_ns, ApuPower, APU_MAX_DOMAINS),
        VMSTATE_UINT64_ARRAY(on_cycles, ApuPower, APU_MAX_DOMAINS),
        VMSTATE_INT64_ARRAY(on_since, ApuPower, APU_MAX_DOMAINS),
        VMSTATE_UINT32(ack_stuck, ApuPower),
        VMSTATE_UINT32(rst_stuck, ApuPower),
        VMSTATE_UINT32(rst_ignored, ApuPower),
        VMSTATE_END_OF_LIST()
    }
};

static void apu_power_realize(DeviceState *dev, Error **errp)
{
    ApuPower *s = APU_POWER(dev);

    if (s->num_domains < 2 || s->num_domains > APU_MAX_DOMAINS) {
        error_setg(errp, "num-domains must be 2 to %d", APU_MAX_DOMAINS);
        return;
    }
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, apu_power_timer, s);
    memory_region_init_io(&s->iomem, OBJECT(s), &apu_power_ops, s,
                          TYPE_APU_POWER, APU_PWR_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(s), &s->iomem);
}

static void apu_power_unrealize(DeviceState *dev)
{
    ApuPower *s = APU_POWER(dev);

    timer_free(s->timer);
    s->timer = NULL;
}

static void apu_power_init(Object *obj)
{
    ApuPower *s = APU_POWER(obj);

    object_property_add_uint64_ptr(obj, "mmio-unpowered", &s->mmio_unpowered,
                                   OBJ_PROP_FLAG_READ);
    object_property_add_uint64_ptr(obj, "mmio-unclocked", &s->mmio_unclocked,
                                   OBJ_PROP_FLAG_READ);
    object_property_add_uint64_ptr(obj, "mmio-in-reset", &s->mmio_in_reset,
                                   OBJ_PROP_FLAG_READ);
    object_property_add_uint64_ptr(obj, "dma-unpowered", &s->dma_unpowered,
                                   OBJ_PROP_FLAG_READ);
}

static const Property apu_power_props[] = {
    DEFINE_PROP_UINT32("num-domains", ApuPower, num_domains, 6),
    DEFINE_PROP_UINT32("ack-ns", ApuPower, ack_ns, 20000),
    DEFINE_PROP_UINT32("settle-ns", ApuPower, settle_ns, 50000),
};

static void apu_power_class_init(ObjectClass *klass, APU_CLASS_DATA *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "APU power controller";
    dc->realize = apu_power_realize;
    dc->unrealize = apu_power_unrealize;
    dc->vmsd = &vmstate_apu_power;
    dc->user_creatable = false;
    device_class_set_props(dc, apu_power_props);
    RESETTABLE_CLASS(klass)->phases.enter = apu_power_reset_enter;
}

static const TypeInfo apu_power_info = {
    .name = TYPE_APU_POWER,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(ApuPower),
    .instance_init = apu_power_init,
    .class_init = apu_power_class_init,
};

static void apu_power_register_types(void)
{
    type_register_static(&apu_power_info);
}

type_init(apu_power_register_types)

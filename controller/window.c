#include "controller/window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"

/* Percentages fit in 32 bits and lie side by side for the scan; rates do not. */
#define NARROW_COUNT 4 /* cpu, memory, load, pressure */
#define WIDE_COUNT   4 /* network in, out, disk read, write */
_Static_assert(NARROW_COUNT + WIDE_COUNT == ASG_METRIC_NAME_COUNT,
               "each metric has a place");
_Static_assert(ASG_METRIC_NAME_NETWORK_IN == NARROW_COUNT, "narrow ones come first");

#define GROUP_NONE 0

#define NO_RATE    INT64_MIN /* no sample of a rate in this period */

/* What only ingest touches, once a report. */
struct sums {
    int64_t narrow[NARROW_COUNT];
    uint32_t sample_count;
    int32_t last_cpu;
};

/* The same for rates; only kept once a group wants one. A period may have fewer rates
 * than samples: the first report and one after a reboot give none. */
struct rates {
    int64_t sums[WIDE_COUNT];
    uint32_t counts[WIDE_COUNT];
    uint64_t counters[WIDE_COUNT]; /* of the last report */
    int64_t counters_at_ms;
};

struct window_group {
    bool is_used;
    bool is_due;
    uint32_t period_no; /* the present one; slots stamped with it have samples */
    uint32_t metrics;   /* bits */
    uint32_t member_count;
    uint64_t revision;
    int64_t evaluation_ms;
    int64_t due_ms;
};

/* Running totals of one group and metric during a collect. */
struct total {
    int64_t sum;
    int64_t min;
    int64_t max;
    uint32_t count;
};

struct asg_window {
    uint32_t slot_capacity;
    uint32_t slot_end;             /* one past the highest slot in use */
    uint32_t *group_no;            /* by slot; GROUP_NONE: does not count */
    uint32_t *stamp;               /* by slot: period_no its values belong to */
    int32_t *narrow[NARROW_COUNT]; /* by slot: mean of the period */
    int64_t *wide[WIDE_COUNT];     /* by slot; NULL until a group wants it */
    uint32_t *owner;               /* by slot: the group, counting or not */
    struct sums *sums;
    struct rates *rates; /* by slot; NULL until a group wants a rate */
    uint32_t group_capacity;
    struct window_group *groups; /* by group number */
    struct total *totals;        /* by group number, scratch of a collect */
    int64_t next_due_ms;
};

void asg_window_new(struct asg_window **ret)
{
    struct asg_window *window = asg_alloc(1, sizeof *window);
    window->next_due_ms = INT64_MAX;
    *ret = window;
}

void asg_window_destroy(struct asg_window **window)
{
    struct asg_window *w = *window;
    if (w == NULL) return;
    for (unsigned i = 0; i < NARROW_COUNT; i++) {
        free(w->narrow[i]);
    }
    for (unsigned i = 0; i < WIDE_COUNT; i++) {
        free(w->wide[i]);
    }
    free(w->group_no);
    free(w->stamp);
    free(w->owner);
    free(w->sums);
    free(w->rates);
    free(w->groups);
    free(w->totals);
    free(w);
    *window = NULL;
}

static void *grow(void *items, size_t from, size_t to, size_t size)
{
    unsigned char *grown = asg_realloc(items, to, size);
    memset(grown + from * size, 0, (to - from) * size);
    return grown;
}

static void grow_slots(struct asg_window *window, uint32_t slot)
{
    uint32_t from = window->slot_capacity;
    uint32_t to = from == 0 ? 256 : from;
    while (to <= slot) {
        to *= 2;
    }
    if (to == from) return;
    window->group_no = grow(window->group_no, from, to, sizeof *window->group_no);
    window->stamp = grow(window->stamp, from, to, sizeof *window->stamp);
    window->owner = grow(window->owner, from, to, sizeof *window->owner);
    window->sums = grow(window->sums, from, to, sizeof *window->sums);
    for (unsigned i = 0; i < NARROW_COUNT; i++) {
        window->narrow[i] = grow(window->narrow[i], from, to, sizeof(int32_t));
    }
    for (unsigned i = 0; i < WIDE_COUNT; i++) {
        if (window->wide[i] == NULL) continue;
        window->wide[i] = grow(window->wide[i], from, to, sizeof(int64_t));
    }
    if (window->rates != NULL) {
        window->rates = grow(window->rates, from, to, sizeof *window->rates);
    }
    window->slot_capacity = to;
}

static void want_wide(struct asg_window *window, uint32_t metrics)
{
    if (metrics >> NARROW_COUNT == 0) return;
    if (window->slot_capacity == 0) grow_slots(window, 0);
    for (unsigned i = 0; i < WIDE_COUNT; i++) {
        if ((metrics & 1u << (NARROW_COUNT + i)) == 0 || window->wide[i] != NULL)
            continue;
        window->wide[i] = asg_alloc(window->slot_capacity, sizeof(int64_t));
        for (uint32_t slot = 0; slot < window->slot_capacity; slot++) {
            window->wide[i][slot] = NO_RATE; /* this period may have begun already */
        }
    }
    if (window->rates == NULL) {
        window->rates = asg_alloc(window->slot_capacity, sizeof *window->rates);
    }
}

static void find_next_due(struct asg_window *window)
{
    window->next_due_ms = INT64_MAX;
    for (uint32_t i = 0; i < window->group_capacity; i++) {
        const struct window_group *group = &window->groups[i];
        if (group->is_used && group->due_ms < window->next_due_ms) {
            window->next_due_ms = group->due_ms;
        }
    }
}

static int64_t next_multiple(int64_t now_ms, int64_t period_ms)
{
    return (now_ms / period_ms + 1) * period_ms;
}

void asg_window_watch(struct asg_window *window, const struct asg_watch *watch,
                      int64_t now_ms)
{
    assert(watch->group_no != GROUP_NONE);
    if (watch->group_no >= window->group_capacity) {
        uint32_t from = window->group_capacity;
        uint32_t to = from == 0 ? 64 : from;
        while (to <= watch->group_no) {
            to *= 2;
        }
        window->groups = grow(window->groups, from, to, sizeof *window->groups);
        window->totals = grow(window->totals, from, to, sizeof *window->totals);
        window->group_capacity = to;
    }
    struct window_group *group = &window->groups[watch->group_no];
    if (watch->name == NULL || watch->name[0] == '\0') {
        /* Its members still hold their slots: they are taken out one by one. */
        *group = (struct window_group){.period_no = group->period_no + 1,
                                       .member_count = group->member_count};
    } else {
        if (!group->is_used || group->evaluation_ms != watch->evaluation_ms) {
            group->due_ms = next_multiple(now_ms, watch->evaluation_ms);
            group->period_no++;
        }
        group->is_used = true;
        group->evaluation_ms = watch->evaluation_ms;
        group->metrics = watch->metrics;
        group->revision = watch->revision;
        want_wide(window, watch->metrics);
    }
    find_next_due(window);
}

uint32_t asg_window_next_group(const struct asg_window *window, uint32_t from)
{
    for (uint32_t no = from; no < window->group_capacity; no++) {
        if (window->groups[no].is_used) return no;
    }
    return GROUP_NONE;
}

void asg_window_set(struct asg_window *window, uint32_t slot, uint32_t group_no,
                    enum asg_member_state state)
{
    assert(group_no < window->group_capacity);
    grow_slots(window, slot);
    bool did_count = window->group_no[slot] != GROUP_NONE;
    if (did_count) window->groups[window->group_no[slot]].member_count--;
    bool counts = state == ASG_MEMBER_COUNTS ||
                  (state == ASG_MEMBER_WATCHED && ASG_MUTANT(WINDOW_COUNTS_WARM_UP));
    window->group_no[slot] = counts ? group_no : GROUP_NONE;
    if (counts) window->groups[group_no].member_count++;
    /* What it said of this period before it counted was of its warm-up. */
    if (counts && !did_count && !ASG_MUTANT(WINDOW_KEEPS_WARM_UP))
        window->stamp[slot] = 0;
    if (window->owner[slot] != group_no || state == ASG_MEMBER_GONE) {
        window->sums[slot] = (struct sums){.last_cpu = -1};
        if (window->rates != NULL) window->rates[slot] = (struct rates){0};
        window->stamp[slot] = 0;
    }
    window->owner[slot] = state == ASG_MEMBER_GONE ? GROUP_NONE : group_no;
    if (slot >= window->slot_end) window->slot_end = slot + 1;
}

static int32_t narrow_value(uint32_t value)
{
    return value > INT32_MAX ? INT32_MAX : (int32_t)value;
}

/* Counters since boot become rates: thousandths of a byte a second. A counter that
 * went back (reboot) gives no sample. */
static void add_rates(struct asg_window *window, uint32_t slot,
                      const struct asg_report *report, int64_t now_ms)
{
    struct rates *rates = &window->rates[slot];
    const uint64_t counters[WIDE_COUNT] = {
        report->network_in_bytes, report->network_out_bytes, report->disk_read_bytes,
        report->disk_write_bytes};
    int64_t elapsed_ms = now_ms - rates->counters_at_ms;
    for (unsigned i = 0; i < WIDE_COUNT; i++) {
        bool is_known = rates->counters_at_ms != 0 && counters[i] >= rates->counters[i];
        if (is_known && elapsed_ms > 0 && window->wide[i] != NULL) {
            uint64_t bytes = counters[i] - rates->counters[i];
            if (bytes > UINT64_C(1) << 43)
                bytes = UINT64_C(1) << 43; /* 8 TiB an interval */
            rates->sums[i] += (int64_t)bytes * 1000000 / elapsed_ms;
            rates->counts[i]++;
            window->wide[i][slot] = rates->sums[i] / (int64_t)rates->counts[i];
        }
        rates->counters[i] = counters[i];
    }
    rates->counters_at_ms = now_ms;
}

static void begin_period(struct asg_window *window, uint32_t slot, uint32_t period_no)
{
    window->stamp[slot] = period_no;
    window->sums[slot].sample_count = 0;
    memset(window->sums[slot].narrow, 0, sizeof window->sums[slot].narrow);
    if (window->rates == NULL) return;
    struct rates *rates = &window->rates[slot];
    memset(rates->sums, 0, sizeof rates->sums);
    memset(rates->counts, 0, sizeof rates->counts);
    for (unsigned i = 0; i < WIDE_COUNT; i++) {
        if (window->wide[i] != NULL) window->wide[i][slot] = NO_RATE;
    }
}

void asg_window_add(struct asg_window *window, uint32_t slot,
                    const struct asg_report *report, int64_t now_ms)
{
    assert(slot < window->slot_end);
    uint32_t group_no = window->owner[slot];
    struct sums *sums = &window->sums[slot];
    sums->last_cpu = narrow_value(report->cpu_milli);
    if (group_no == GROUP_NONE) return;
    uint32_t period_no = window->groups[group_no].period_no;
    if (window->stamp[slot] != period_no) begin_period(window, slot, period_no);
    sums->sample_count++;
    const uint32_t values[NARROW_COUNT] = {report->cpu_milli, report->memory_milli,
                                           report->load_milli, report->pressure_milli};
    for (unsigned i = 0; i < NARROW_COUNT; i++) {
        sums->narrow[i] += narrow_value(values[i]);
        window->narrow[i][slot] = (int32_t)(sums->narrow[i] / sums->sample_count);
    }
    if (window->rates != NULL) add_rates(window, slot, report, now_ms);
}

int64_t asg_window_last_cpu(const struct asg_window *window, uint32_t slot)
{
    return slot < window->slot_end ? window->sums[slot].last_cpu : -1;
}

int64_t asg_window_next_due(const struct asg_window *window)
{
    return window->next_due_ms;
}

static void add_to(struct total *total, int64_t value)
{
    total->sum += value;
    if (value < total->min) total->min = value;
    if (value > total->max) total->max = value;
    total->count++;
}

static void reset_totals(struct asg_window *window)
{
    for (uint32_t i = 0; i < window->group_capacity; i++) {
        window->totals[i] = (struct total){.min = INT64_MAX, .max = INT64_MIN};
    }
}

/* Front to back over all slots: the hot loop of a tick. */
static void scan(struct asg_window *window, unsigned metric)
{
    reset_totals(window);
    const uint32_t *group_no = window->group_no;
    const uint32_t *stamp = window->stamp;
    const struct window_group *groups = window->groups;
    struct total *totals = window->totals;
    uint32_t end = window->slot_end;
    if (metric < NARROW_COUNT) {
        const int32_t *values = window->narrow[metric];
        for (uint32_t slot = 0; slot < end; slot++) {
            uint32_t g = group_no[slot];
            if (stamp[slot] == groups[g].period_no && g != GROUP_NONE) {
                add_to(&totals[g], values[slot]);
            }
        }
        return;
    }
    const int64_t *values = window->wide[metric - NARROW_COUNT];
    if (values == NULL) return;
    for (uint32_t slot = 0; slot < end; slot++) {
        uint32_t g = group_no[slot];
        if (stamp[slot] == groups[g].period_no && g != GROUP_NONE &&
            values[slot] != NO_RATE) {
            add_to(&totals[g], values[slot]);
        }
    }
}

static uint32_t mark_due(struct asg_window *window, int64_t now_ms)
{
    uint32_t metrics = 0;
    for (uint32_t i = 0; i < window->group_capacity; i++) {
        struct window_group *group = &window->groups[i];
        group->is_due = group->is_used && group->due_ms <= now_ms;
        if (group->is_due) metrics |= group->metrics;
    }
    return metrics;
}

static void take_rows(struct asg_window *window, unsigned metric, struct asg_arena *arena,
                      struct asg_metrics *ret, size_t *capacity)
{
    for (uint32_t i = 0; i < window->group_capacity; i++) {
        const struct window_group *group = &window->groups[i];
        if (!group->is_due || (group->metrics & 1u << metric) == 0) continue;
        struct asg_group_metric *row = asg_arena_push(
            arena, (void **)&ret->groups, &ret->group_count, capacity, sizeof *row);
        const struct total *total = &window->totals[i];
        *row = (struct asg_group_metric){
            .group_no = i,
            .metric = (enum asg_metric_name)metric,
            .revision = group->revision,
            .members = group->member_count,
            .count = total->count,
            .sum_milli = total->sum,
            .min_milli = total->count > 0 ? total->min : 0,
            .max_milli = total->count > 0 ? total->max : 0,
        };
    }
}

static int by_group_then_metric(const void *a, const void *b)
{
    const struct asg_group_metric *left = a;
    const struct asg_group_metric *right = b;
    if (left->group_no != right->group_no)
        return left->group_no < right->group_no ? -1 : 1;
    return (int)left->metric - (int)right->metric;
}

void asg_window_collect(struct asg_window *window, int64_t now_ms,
                        struct asg_arena *arena, struct asg_metrics *ret)
{
    *ret = (struct asg_metrics){0};
    size_t capacity = 0;
    uint32_t metrics = mark_due(window, now_ms);
    unsigned scans = 0;
    for (unsigned metric = 0; metric < ASG_METRIC_NAME_COUNT; metric++) {
        if ((metrics & 1u << metric) == 0) continue;
        scan(window, metric);
        take_rows(window, metric, arena, ret, &capacity);
        scans++;
    }
    if (scans > 1) { /* one metric alone is in order already */
        qsort(ret->groups, ret->group_count, sizeof *ret->groups, by_group_then_metric);
    }
    for (uint32_t i = 0; i < window->group_capacity; i++) {
        struct window_group *group = &window->groups[i];
        if (!group->is_due) continue;
        group->period_no++;
        group->due_ms = next_multiple(now_ms, group->evaluation_ms);
    }
    find_next_due(window);
}

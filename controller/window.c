#include "controller/window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Percentages fit in 32 bits and lie side by side for the scan; rates do not. */
#define NARROW_COUNT 4 /* cpu, memory, load, pressure */
#define WIDE_COUNT   4 /* network in, out, disk read, write */
_Static_assert(NARROW_COUNT + WIDE_COUNT == ASG_METRIC_NAME_COUNT,
               "each metric has a place");
_Static_assert(ASG_METRIC_NAME_NETWORK_IN == NARROW_COUNT, "narrow ones come first");

#define PLACE_NONE 0 /* of a group; also the end of the free ones */

#define NO_RATE    INT64_MIN /* no sample of a rate in this period */

/* Two reports that say they are further apart, or not in order, give no rate. */
#define ELAPSED_MS_MAX INT64_C(3600000)
#define PERIOD_MS_MAX  (INT64_C(1) << 40)

/* In a group of so many members, one value in twenty and at least one on each side is not
 * believed. Where fewer than three of them have one yet (the first period of a policy, or
 * after a restart), a single agent would speak for all: then there is none. */
#define ROBUST_FROM  5
#define VALUES_MIN   3
#define EXTREMES_PER 20

#define NO_VALUE     INT32_MIN /* nor one of another metric than CPU */

/* What only ingest touches, once a report. */
struct sums {
    int64_t cpu;
    uint32_t sample_count;
    int32_t last_cpu;
};

/* The same for memory, load and pressure; only kept once a group wants one of them. */
struct more {
    int64_t sums[NARROW_COUNT]; /* CPU's is not used */
    uint32_t sample_count;
};

/* The same for rates; only kept once a group wants one. A period may have fewer rates
 * than samples: the first report and one after a reboot give none. */
struct rates {
    uint64_t bytes[WIDE_COUNT];     /* of this period; saturates */
    int64_t elapsed_ms[WIDE_COUNT]; /* in which they came */
    uint64_t counters[WIDE_COUNT];  /* of the last report */
    int64_t counters_at_ms;         /* by the agent's clock; 0: there was none */
};

struct window_group {
    bool is_used;
    bool is_due;
    uint32_t period_no; /* the present one; slots stamped with it have samples */
    uint32_t metrics;   /* bits */
    uint32_t member_count;
    uint32_t no;
    uint32_t owned_count; /* slots that are its own, counting or not */
    uint32_t next_free;   /* while the place is */
    uint64_t revision;
    int64_t evaluation_ms;
    int64_t due_ms;
};

/* Numbers of groups are never used again, places of those that are gone are. */
struct numbered {
    uint32_t no;
    uint32_t place;
};

/* Running totals of one group and metric during a collect. */
struct total {
    int64_t sum;
    int64_t min;
    int64_t max;
    uint32_t count;
    size_t at; /* its next place in values[] */
};

struct asg_window {
    int64_t rate_max_milli;
    int32_t load_max_milli;
    uint32_t slot_capacity;
    uint32_t slot_end;             /* one past the highest slot in use */
    uint32_t *counted;             /* by slot: its group's place; NONE: does not count */
    uint32_t *stamp;               /* by slot: period_no its values belong to */
    int32_t *narrow[NARROW_COUNT]; /* by slot: mean of the period; CPU's, and those ... */
    int64_t *wide[WIDE_COUNT];     /* ... and these NULL until a group wants it */
    uint32_t *owner;               /* by slot: the same, counting or not */
    struct sums *sums;
    struct more *more;         /* by slot; NULL until a group wants one */
    struct rates *rates;       /* by slot; NULL until a group wants a rate */
    struct numbered *numbered; /* the groups that have a place, by number */
    uint32_t numbered_count;
    uint32_t group_capacity;
    uint32_t free_place;
    struct window_group *groups; /* by place */
    struct total *totals;        /* by place, scratch of a collect, as the next */
    int64_t *values;             /* of one metric, group by group */
    size_t value_capacity;
    int64_t next_due_ms;
};

void asg_window_new(const struct asg_window_limits *limits, struct asg_window **ret)
{
    struct asg_window *window = asg_alloc(1, sizeof *window);
    int64_t rate = limits != NULL ? limits->rate_bytes : ASG_WINDOW_RATE_MAX;
    int64_t load = limits != NULL ? limits->load : ASG_WINDOW_LOAD_MAX;
    assert(rate > 0 && rate <= INT64_C(1) << 50);
    assert(load > 0 && load <= 1000000);
    window->rate_max_milli = rate * 1000;
    window->load_max_milli = (int32_t)(load * 1000);
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
    free(w->counted);
    free(w->stamp);
    free(w->owner);
    free(w->sums);
    free(w->more);
    free(w->rates);
    free(w->numbered);
    free(w->groups);
    free(w->totals);
    free(w->values);
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
    window->counted = grow(window->counted, from, to, sizeof *window->counted);
    window->stamp = grow(window->stamp, from, to, sizeof *window->stamp);
    window->owner = grow(window->owner, from, to, sizeof *window->owner);
    window->sums = grow(window->sums, from, to, sizeof *window->sums);
    for (unsigned i = 0; i < NARROW_COUNT; i++) {
        if (i > 0 && window->narrow[i] == NULL) continue;
        window->narrow[i] = grow(window->narrow[i], from, to, sizeof(int32_t));
    }
    if (window->more != NULL) {
        window->more = grow(window->more, from, to, sizeof *window->more);
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

/* Of this period it has only what comes from now on. */
static void want_narrow(struct asg_window *window, uint32_t metrics)
{
    for (unsigned i = 1; i < NARROW_COUNT; i++) {
        if ((metrics & 1u << i) == 0 || window->narrow[i] != NULL) continue;
        if (window->slot_capacity == 0) grow_slots(window, 0);
        window->narrow[i] = asg_alloc(window->slot_capacity, sizeof(int32_t));
        for (uint32_t slot = 0; slot < window->slot_capacity; slot++) {
            window->narrow[i][slot] = NO_VALUE;
        }
        if (window->more != NULL) continue;
        window->more = asg_alloc(window->slot_capacity, sizeof *window->more);
    }
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
    for (uint32_t i = 0; i < window->numbered_count; i++) {
        const struct window_group *group = &window->groups[window->numbered[i].place];
        if (group->is_used && group->due_ms < window->next_due_ms) {
            window->next_due_ms = group->due_ms;
        }
    }
}

/* ---- places of groups ---- */

/* Where the first group of this number or a higher one is in `numbered`. */
static uint32_t number_at(const struct asg_window *window, uint32_t no)
{
    uint32_t low = 0;
    uint32_t high = window->numbered_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (window->numbered[middle].no < no) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint32_t find_place(const struct asg_window *window, uint32_t no)
{
    uint32_t at = number_at(window, no);
    bool is_there = at < window->numbered_count && window->numbered[at].no == no;
    return is_there ? window->numbered[at].place : PLACE_NONE;
}

static void grow_places(struct asg_window *window)
{
    uint32_t from = window->group_capacity;
    uint32_t to = from == 0 ? 64 : from * 2;
    window->groups = grow(window->groups, from, to, sizeof *window->groups);
    window->totals = grow(window->totals, from, to, sizeof *window->totals);
    window->numbered = grow(window->numbered, from, to, sizeof *window->numbered);
    window->group_capacity = to;
    uint32_t first = from > PLACE_NONE ? from : PLACE_NONE + 1;
    for (uint32_t place = first; place < to; place++) {
        window->groups[place].next_free = place + 1 < to ? place + 1 : PLACE_NONE;
    }
    window->free_place = first;
}

/* The place of a group, a new one if it has none. A new group has the highest number. */
static uint32_t take_place(struct asg_window *window, uint32_t no)
{
    uint32_t at = number_at(window, no);
    if (at < window->numbered_count && window->numbered[at].no == no)
        return window->numbered[at].place;
    if (window->free_place == PLACE_NONE) grow_places(window);
    uint32_t place = window->free_place;
    assert(place < window->group_capacity);
    assert(window->numbered_count < window->group_capacity);
    window->free_place = window->groups[place].next_free;
    window->groups[place] = (struct window_group){.no = no};
    struct numbered *numbered = window->numbered + at;
    memmove(numbered + 1, numbered, (window->numbered_count - at) * sizeof *numbered);
    *numbered = (struct numbered){.no = no, .place = place};
    window->numbered_count++;
    return place;
}

/* No slot has it as its own: whoever has the place next finds nothing of it. */
static void free_if_over(struct asg_window *window, uint32_t place)
{
    struct window_group *group = &window->groups[place];
    if (group->is_used || group->owned_count > 0) return;
    uint32_t at = number_at(window, group->no);
    assert(at < window->numbered_count && window->numbered[at].place == place);
    assert(group->member_count == 0);
    window->numbered_count--;
    struct numbered *numbered = window->numbered + at;
    memmove(numbered, numbered + 1, (window->numbered_count - at) * sizeof *numbered);
    *group = (struct window_group){.next_free = window->free_place};
    window->free_place = place;
}

static int64_t next_multiple(int64_t now_ms, int64_t period_ms)
{
    return (now_ms / period_ms + 1) * period_ms;
}

void asg_window_watch(struct asg_window *window, const struct asg_watch *watch,
                      int64_t now_ms)
{
    assert(watch->group_no != 0);
    bool is_over = watch->name == NULL || watch->name[0] == '\0';
    if (is_over && find_place(window, watch->group_no) == PLACE_NONE) return;
    uint32_t place = take_place(window, watch->group_no);
    struct window_group *group = &window->groups[place];
    int64_t was_due_ms = group->is_used ? group->due_ms : INT64_MAX;
    if (is_over) {
        /* Its members still hold their slots: they are taken out one by one. */
        *group = (struct window_group){.no = group->no,
                                       .period_no = group->period_no + 1,
                                       .member_count = group->member_count,
                                       .owned_count = group->owned_count};
    } else {
        if (!group->is_used || group->evaluation_ms != watch->evaluation_ms) {
            group->due_ms = next_multiple(now_ms, watch->evaluation_ms);
            group->period_no++;
        }
        group->is_used = true;
        group->evaluation_ms = watch->evaluation_ms;
        group->metrics = watch->metrics;
        group->revision = watch->revision;
        want_narrow(window, watch->metrics);
        want_wide(window, watch->metrics);
    }
    int64_t due_ms = group->is_used ? group->due_ms : INT64_MAX;
    if (due_ms <= window->next_due_ms) {
        window->next_due_ms = due_ms;
    } else if (was_due_ms == window->next_due_ms) { /* it may have been the only one */
        find_next_due(window);
    }
    if (is_over) free_if_over(window, place);
}

size_t asg_window_group_places(const struct asg_window *window)
{
    return window->group_capacity;
}

uint32_t asg_window_next_group(const struct asg_window *window, uint32_t from)
{
    for (uint32_t i = number_at(window, from); i < window->numbered_count; i++) {
        if (window->groups[window->numbered[i].place].is_used)
            return window->numbered[i].no;
    }
    return 0;
}

void asg_window_set(struct asg_window *window, uint32_t slot, uint32_t group_no,
                    enum asg_member_state state)
{
    assert(group_no != 0);
    grow_slots(window, slot);
    bool is_gone = state == ASG_MEMBER_GONE;
    uint32_t place = is_gone ? PLACE_NONE : take_place(window, group_no);
    uint32_t owner = window->owner[slot];
    bool did_count = window->counted[slot] != PLACE_NONE;
    assert(!did_count || window->counted[slot] == owner);
    if (did_count) window->groups[owner].member_count--;
    bool counts = state == ASG_MEMBER_COUNTS;
    window->counted[slot] = counts ? place : PLACE_NONE;
    if (counts) window->groups[place].member_count++;
    /* What it said of this period before it counted was of its warm-up. */
    if (counts && !did_count) window->stamp[slot] = 0;
    if (owner != place || is_gone) {
        window->sums[slot] = (struct sums){.last_cpu = -1};
        if (window->more != NULL) window->more[slot] = (struct more){0};
        if (window->rates != NULL) window->rates[slot] = (struct rates){0};
        window->stamp[slot] = 0;
    }
    window->owner[slot] = place;
    if (place != PLACE_NONE) window->groups[place].owned_count++;
    if (owner != PLACE_NONE) {
        window->groups[owner].owned_count--;
        free_if_over(window, owner);
    }
    if (slot >= window->slot_end) window->slot_end = slot + 1;
}

static int32_t at_most(uint32_t value, int32_t max)
{
    return value > (uint32_t)max ? max : (int32_t)value;
}

/* Thousandths of a byte a second, at most `max`. */
static int64_t rate_of(uint64_t bytes, int64_t elapsed_ms, int64_t max)
{
    assert(elapsed_ms > 0 && elapsed_ms <= PERIOD_MS_MAX);
    uint64_t ms = (uint64_t)elapsed_ms;
    uint64_t whole = bytes / ms; /* a millisecond */
    if (whole >= (uint64_t)max / 1000000 + 1) return max;
    uint64_t rate = whole * 1000000 + bytes % ms * 1000000 / ms;
    return rate < (uint64_t)max ? (int64_t)rate : max;
}

/* Counters since boot become rates. A counter that went back (reboot) gives no sample. */
static void add_rates(struct asg_window *window, uint32_t slot,
                      const struct asg_report *report)
{
    struct rates *rates = &window->rates[slot];
    const uint64_t counters[WIDE_COUNT] = {
        report->network_in_bytes, report->network_out_bytes, report->disk_read_bytes,
        report->disk_write_bytes};
    /* Neither of the two is trusted: no difference of them may overflow. */
    bool is_later = rates->counters_at_ms > 0 && report->time_ms > rates->counters_at_ms;
    int64_t elapsed_ms = is_later ? report->time_ms - rates->counters_at_ms : 0;
    bool is_known = is_later && elapsed_ms <= ELAPSED_MS_MAX;
    for (unsigned i = 0; i < WIDE_COUNT; i++) {
        uint64_t before = rates->counters[i];
        rates->counters[i] = counters[i];
        if (!is_known || counters[i] < before || window->wide[i] == NULL) continue;
        uint64_t bytes = counters[i] - before;
        uint64_t room = UINT64_MAX - rates->bytes[i];
        rates->bytes[i] += bytes < room ? bytes : room;
        if (rates->elapsed_ms[i] <= PERIOD_MS_MAX - elapsed_ms) {
            rates->elapsed_ms[i] += elapsed_ms;
        }
        window->wide[i][slot] =
            rate_of(rates->bytes[i], rates->elapsed_ms[i], window->rate_max_milli);
    }
    rates->counters_at_ms = report->time_ms;
}

static void begin_period(struct asg_window *window, uint32_t slot, uint32_t period_no)
{
    window->stamp[slot] = period_no;
    window->sums[slot].sample_count = 0;
    window->sums[slot].cpu = 0;
    if (window->more != NULL) window->more[slot] = (struct more){0};
    for (unsigned i = 1; i < NARROW_COUNT; i++) {
        if (window->narrow[i] != NULL) window->narrow[i][slot] = NO_VALUE;
    }
    if (window->rates == NULL) return;
    struct rates *rates = &window->rates[slot];
    memset(rates->bytes, 0, sizeof rates->bytes);
    memset(rates->elapsed_ms, 0, sizeof rates->elapsed_ms);
    for (unsigned i = 0; i < WIDE_COUNT; i++) {
        if (window->wide[i] != NULL) window->wide[i][slot] = NO_RATE;
    }
}

static void add_more(struct asg_window *window, uint32_t slot,
                     const struct asg_report *report)
{
    struct more *more = &window->more[slot];
    const int32_t values[NARROW_COUNT] = {
        0, at_most(report->memory_milli, ASG_PERCENT_MILLI_MAX),
        at_most(report->load_milli, window->load_max_milli),
        at_most(report->pressure_milli, ASG_PERCENT_MILLI_MAX)};
    more->sample_count++;
    for (unsigned i = 1; i < NARROW_COUNT; i++) {
        more->sums[i] += values[i];
        if (window->narrow[i] == NULL) continue;
        window->narrow[i][slot] = (int32_t)(more->sums[i] / more->sample_count);
    }
}

void asg_window_add(struct asg_window *window, uint32_t slot,
                    const struct asg_report *report)
{
    assert(slot < window->slot_end);
    uint32_t place = window->owner[slot];
    struct sums *sums = &window->sums[slot];
    sums->last_cpu = at_most(report->cpu_milli, ASG_PERCENT_MILLI_MAX);
    if (place == PLACE_NONE) return;
    uint32_t period_no = window->groups[place].period_no;
    if (window->stamp[slot] != period_no) begin_period(window, slot, period_no);
    if (sums->sample_count == UINT32_MAX) return;
    sums->sample_count++;
    sums->cpu += sums->last_cpu;
    window->narrow[ASG_METRIC_NAME_CPU][slot] = (int32_t)(sums->cpu / sums->sample_count);
    if (window->more != NULL) add_more(window, slot, report);
    if (window->rates != NULL) add_rates(window, slot, report);
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
    total->sum = value > INT64_MAX - total->sum ? INT64_MAX : total->sum + value;
    if (value < total->min) total->min = value;
    if (value > total->max) total->max = value;
    total->count++;
}

static void reset_totals(struct asg_window *window)
{
    for (uint32_t i = 0; i < window->numbered_count; i++) {
        window->totals[window->numbered[i].place] =
            (struct total){.min = INT64_MAX, .max = INT64_MIN};
    }
}

/* Front to back over all slots: the hot loop of a tick. */
static void scan(struct asg_window *window, unsigned metric)
{
    reset_totals(window);
    const uint32_t *counted = window->counted;
    const uint32_t *stamp = window->stamp;
    const struct window_group *groups = window->groups;
    struct total *totals = window->totals;
    uint32_t end = window->slot_end;
    if (metric < NARROW_COUNT) {
        const int32_t *values = window->narrow[metric];
        if (values == NULL) return;
        for (uint32_t slot = 0; slot < end; slot++) {
            uint32_t g = counted[slot];
            if (stamp[slot] == groups[g].period_no && g != PLACE_NONE &&
                values[slot] != NO_VALUE) {
                add_to(&totals[g], values[slot]);
            }
        }
        return;
    }
    const int64_t *values = window->wide[metric - NARROW_COUNT];
    if (values == NULL) return;
    for (uint32_t slot = 0; slot < end; slot++) {
        uint32_t g = counted[slot];
        if (stamp[slot] == groups[g].period_no && g != PLACE_NONE &&
            values[slot] != NO_RATE) {
            add_to(&totals[g], values[slot]);
        }
    }
}

/* ---- sums that one false value cannot move far ---- */

static void swap(int64_t *a, int64_t *b)
{
    int64_t kept = *a;
    *a = *b;
    *b = kept;
}

/* The value that would stand at place k if they were sorted; moves them about. */
static int64_t value_at(int64_t *values, size_t count, size_t k)
{
    assert(k < count);
    size_t low = 0;
    size_t high = count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (values[middle] < values[low]) swap(&values[middle], &values[low]);
        if (values[high] < values[low]) swap(&values[high], &values[low]);
        if (values[high] < values[middle]) swap(&values[high], &values[middle]);
        int64_t pivot = values[middle];
        size_t i = low;
        size_t j = high;
        while (i <= j) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i <= j) {
                swap(&values[i], &values[j]);
                i++;
                if (j == 0) break;
                j--;
            }
        }
        if (k <= j) {
            high = j;
        } else if (k >= i) {
            low = i;
        } else {
            return values[k];
        }
    }
    return values[k];
}

/* Winsorised: as many of the lowest and of the highest as are not believed count as the
 * next one does. */
static int64_t robust_sum(int64_t *values, size_t count)
{
    size_t extremes = count / EXTREMES_PER > 0 ? count / EXTREMES_PER : 1;
    int64_t low = value_at(values, count, extremes);
    int64_t high = value_at(values, count, count - 1 - extremes);
    struct total total = {.min = INT64_MAX, .max = INT64_MIN};
    for (size_t i = 0; i < count; i++) {
        add_to(&total, values[i] < low ? low : values[i] > high ? high : values[i]);
    }
    return total.sum;
}

static bool is_counted(const struct asg_window *window, uint32_t slot, unsigned metric)
{
    uint32_t g = window->counted[slot];
    if (g == PLACE_NONE || window->stamp[slot] != window->groups[g].period_no)
        return false;
    return metric < NARROW_COUNT ? window->narrow[metric][slot] != NO_VALUE
                                 : window->wide[metric - NARROW_COUNT][slot] != NO_RATE;
}

/* What has no natural limit: load and rates. After scan(), whose counts say how much room
 * each group needs. */
static void make_robust(struct asg_window *window, unsigned metric)
{
    bool is_limited = metric < NARROW_COUNT && metric != ASG_METRIC_NAME_LOAD;
    bool is_kept = metric < NARROW_COUNT ? window->narrow[metric] != NULL
                                         : window->wide[metric - NARROW_COUNT] != NULL;
    if (is_limited || !is_kept) return;
    size_t count = 0;
    for (uint32_t i = 0; i < window->numbered_count; i++) {
        struct total *total = &window->totals[window->numbered[i].place];
        total->at = count;
        count += total->count;
    }
    if (count > window->value_capacity) {
        window->values = asg_realloc(window->values, count, sizeof *window->values);
        window->value_capacity = count;
    }
    for (uint32_t slot = 0; slot < window->slot_end; slot++) {
        if (!is_counted(window, slot, metric)) continue;
        struct total *total = &window->totals[window->counted[slot]];
        window->values[total->at++] = metric < NARROW_COUNT
                                          ? window->narrow[metric][slot]
                                          : window->wide[metric - NARROW_COUNT][slot];
    }
    for (uint32_t i = 0; i < window->numbered_count; i++) {
        uint32_t place = window->numbered[i].place;
        struct total *total = &window->totals[place];
        if (window->groups[place].member_count < ROBUST_FROM) continue;
        if (total->count < VALUES_MIN) {
            *total = (struct total){0};
            continue;
        }
        total->sum = robust_sum(window->values + total->at - total->count, total->count);
    }
}

static uint32_t mark_due(struct asg_window *window, int64_t now_ms)
{
    uint32_t metrics = 0;
    for (uint32_t i = 0; i < window->numbered_count; i++) {
        struct window_group *group = &window->groups[window->numbered[i].place];
        group->is_due = group->is_used && group->due_ms <= now_ms;
        if (group->is_due) metrics |= group->metrics;
    }
    return metrics;
}

static void take_rows(struct asg_window *window, unsigned metric, struct asg_arena *arena,
                      struct asg_metrics *ret, size_t *capacity)
{
    for (uint32_t i = 0; i < window->numbered_count; i++) {
        uint32_t place = window->numbered[i].place;
        const struct window_group *group = &window->groups[place];
        if (!group->is_due || (group->metrics & 1u << metric) == 0) continue;
        struct asg_group_metric *row = asg_arena_push(
            arena, (void **)&ret->groups, &ret->group_count, capacity, sizeof *row);
        const struct total *total = &window->totals[place];
        *row = (struct asg_group_metric){
            .group_no = window->numbered[i].no,
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
        make_robust(window, metric);
        take_rows(window, metric, arena, ret, &capacity);
        scans++;
    }
    if (scans > 1) { /* one metric alone is in order already */
        qsort(ret->groups, ret->group_count, sizeof *ret->groups, by_group_then_metric);
    }
    for (uint32_t i = 0; i < window->numbered_count; i++) {
        struct window_group *group = &window->groups[window->numbered[i].place];
        if (!group->is_due) continue;
        group->period_no++;
        group->due_ms = next_multiple(now_ms, group->evaluation_ms);
    }
    find_next_due(window);
}

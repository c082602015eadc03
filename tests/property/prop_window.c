/* Random members, reports, moves and groups against a model that keeps every sample. */
#include "lib/check.h"
#include "lib/seed.h"

#include "controller/window.h"

#define SLOTS  40
#define GROUPS 5
#define ROUNDS 300
#define STEPS  400
#define CPU    (1u << ASG_METRIC_NAME_CPU)

struct slot_model {
    uint32_t group_no; /* 0: none */
    bool counts;
    int64_t sum; /* of this period */
    int64_t count;
};

struct group_model {
    bool is_watched;
    int64_t evaluation_ms;
    int64_t due_ms;
};

struct model {
    struct slot_model slots[SLOTS];
    struct group_model groups[GROUPS + 1];
};

static void begin_period(struct model *model, uint32_t group_no)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (model->slots[i].group_no != group_no) continue;
        model->slots[i].sum = 0;
        model->slots[i].count = 0;
    }
}

static void watch_group(struct asg_window *window, struct model *model, uint32_t group_no,
                        bool is_on, int64_t evaluation_ms, int64_t now_ms)
{
    struct group_model *group = &model->groups[group_no];
    const struct asg_watch watch = {group_no, is_on ? "g" : "", evaluation_ms, CPU, 1};
    asg_window_watch(window, &watch, now_ms);
    bool is_new = !group->is_watched || group->evaluation_ms != evaluation_ms;
    if (!is_on || is_new) begin_period(model, group_no);
    if (is_on && is_new) {
        group->due_ms = (now_ms / evaluation_ms + 1) * evaluation_ms;
        group->evaluation_ms = evaluation_ms;
    }
    group->is_watched = is_on;
}

static void set_slot(struct asg_window *window, struct model *model, uint32_t slot,
                     uint32_t group_no, enum asg_member_state state)
{
    asg_window_set(window, slot, group_no, state);
    struct slot_model *model_slot = &model->slots[slot];
    bool is_gone = state == ASG_MEMBER_GONE;
    bool begins = state == ASG_MEMBER_COUNTS && !model_slot->counts;
    if (begins || is_gone || model_slot->group_no != group_no)
        *model_slot = (struct slot_model){0};
    model_slot->group_no = is_gone ? 0 : group_no;
    model_slot->counts = state == ASG_MEMBER_COUNTS;
}

static void report(struct asg_window *window, struct model *model, uint32_t slot,
                   uint32_t cpu_milli)
{
    const struct asg_report said = {.cpu_milli = cpu_milli};
    asg_window_add(window, slot, &said);
    if (model->slots[slot].group_no == 0) return;
    model->slots[slot].sum += cpu_milli;
    model->slots[slot].count++;
}

static void check_row(const struct model *model, const struct asg_group_metric *row)
{
    int64_t sum = 0;
    int64_t min = INT64_MAX;
    int64_t max = 0;
    uint32_t count = 0;
    uint32_t members = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        const struct slot_model *slot = &model->slots[i];
        if (slot->group_no != row->group_no || !slot->counts) continue;
        members++;
        if (slot->count == 0) continue;
        int64_t mean = slot->sum / slot->count;
        sum += mean;
        if (mean < min) min = mean;
        if (mean > max) max = mean;
        count++;
    }
    assert_int_equal(members, row->members);
    assert_int_equal(count, row->count);
    assert_int_equal(sum, row->sum_milli);
    assert_int_equal(count > 0 ? min : 0, row->min_milli);
    assert_int_equal(max, row->max_milli);
}

static void collect(struct asg_window *window, struct model *model,
                    struct asg_arena *arena, int64_t now_ms)
{
    struct asg_metrics metrics;
    asg_arena_reset(arena);
    asg_window_collect(window, now_ms, arena, &metrics);
    size_t next = 0;
    int64_t next_due_ms = INT64_MAX;
    for (uint32_t group_no = 1; group_no <= GROUPS; group_no++) {
        struct group_model *group = &model->groups[group_no];
        if (!group->is_watched) continue;
        if (group->due_ms <= now_ms) {
            assert_true(next < metrics.group_count);
            assert_int_equal(group_no, metrics.groups[next].group_no);
            check_row(model, &metrics.groups[next++]);
            begin_period(model, group_no);
            group->due_ms = (now_ms / group->evaluation_ms + 1) * group->evaluation_ms;
        }
        if (group->due_ms < next_due_ms) next_due_ms = group->due_ms;
    }
    assert_int_equal(next, metrics.group_count);
    assert_int_equal(next_due_ms, asg_window_next_due(window));
}

static void run_round(struct seed *seed)
{
    struct asg_window *window = NULL;
    struct model model = {0};
    struct asg_arena arena = {0};
    int64_t now_ms = 1000000;
    asg_window_new(NULL, &window);
    for (uint32_t group_no = 1; group_no <= GROUPS; group_no++) {
        watch_group(window, &model, group_no, true, 1000, now_ms);
    }
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        set_slot(window, &model, slot, 1 + slot % GROUPS, ASG_MEMBER_COUNTS);
    }
    for (int step = 0; step < STEPS; step++) {
        uint32_t slot = (uint32_t)seed_below(seed, SLOTS);
        uint32_t group_no = 1 + (uint32_t)seed_below(seed, GROUPS);
        uint64_t dice = seed_below(seed, 20);
        if (dice == 0) {
            set_slot(window, &model, slot, group_no,
                     (enum asg_member_state)seed_below(seed, ASG_MEMBER_COUNT));
        } else if (dice == 1) {
            watch_group(window, &model, group_no, seed_below(seed, 4) != 0,
                        1000 * (1 + (int64_t)seed_below(seed, 3)), now_ms);
        } else if (dice <= 4) {
            now_ms += (int64_t)seed_below(seed, 700);
            collect(window, &model, &arena, now_ms);
        } else {
            report(window, &model, slot, (uint32_t)seed_below(seed, 100001));
        }
    }
    asg_arena_clear(&arena);
    asg_window_destroy(&window);
}

static void test_window_agrees_with_a_model_of_every_sample(void **state)
{
    (void)state;
    struct seed seed = seed_new("prop_window");
    for (int round = 0; round < ROUNDS; round++) {
        run_round(&seed);
    }
}

/* ---- agents that lie ---- */

#define ALL ((1u << ASG_METRIC_NAME_COUNT) - 1)

/* Numbers that hurt more often than not. */
static uint64_t any_number(struct seed *seed)
{
    static const uint64_t odd[] = {0,         1,          UINT32_MAX, INT32_MAX,
                                   INT64_MAX, UINT64_MAX, 1u << 31,   UINT64_C(1) << 43};
    if (seed_below(seed, 2) == 0) return odd[seed_below(seed, 8)] - seed_below(seed, 2);
    return seed_below(seed, UINT64_MAX);
}

static struct asg_report any_report(struct seed *seed)
{
    return (struct asg_report){.time_ms = (int64_t)any_number(seed),
                               .interval_ms = (uint32_t)any_number(seed),
                               .cpu_milli = (uint32_t)any_number(seed),
                               .memory_milli = (uint32_t)any_number(seed),
                               .load_milli = (uint32_t)any_number(seed),
                               .pressure_milli = (uint32_t)any_number(seed),
                               .network_in_bytes = any_number(seed),
                               .network_out_bytes = any_number(seed),
                               .disk_read_bytes = any_number(seed),
                               .disk_write_bytes = any_number(seed)};
}

static int64_t limit_of(unsigned metric)
{
    if (metric == ASG_METRIC_NAME_LOAD) return ASG_WINDOW_LOAD_MAX * 1000;
    if (metric >= ASG_METRIC_NAME_NETWORK_IN) return ASG_WINDOW_RATE_MAX * 1000;
    return ASG_PERCENT_MILLI_MAX;
}

static struct asg_report honest_report(struct seed *seed, int64_t time_ms, uint64_t bytes)
{
    return (struct asg_report){.time_ms = time_ms,
                               .cpu_milli = 40000 + (uint32_t)seed_below(seed, 1000),
                               .load_milli = 800 + (uint32_t)seed_below(seed, 100),
                               .network_in_bytes = bytes,
                               .network_out_bytes = bytes,
                               .disk_read_bytes = bytes,
                               .disk_write_bytes = bytes};
}

/* Some of the agents lie in every number of every report: no sum overflows, every mean is
 * within its limit, and from five on as many liars as one in twenty (one at least) cannot
 * move a mean out of what the honest ones say. */
static void lie_for_a_period(struct seed *seed)
{
    struct asg_window *window = NULL;
    asg_window_new(NULL, &window);
    const struct asg_watch watch = {1, "g", 5000, ALL, 1};
    asg_window_watch(window, &watch, 1000000);
    uint32_t count = 1 + (uint32_t)seed_below(seed, 60);
    uint32_t liars = count / 20 > 0 ? count / 20 : 1;
    for (uint32_t slot = 0; slot < count; slot++) {
        asg_window_set(window, slot, 1, ASG_MEMBER_COUNTS);
        uint64_t rate = 100000 + seed_below(seed, 10000); /* bytes a second */
        for (uint64_t i = 0; i < 5; i++) {
            struct asg_report report =
                slot < liars ? any_report(seed)
                             : honest_report(seed, 1000000 + (int64_t)i * 1000, i * rate);
            asg_window_add(window, slot, &report);
        }
    }
    struct asg_arena arena = {0};
    struct asg_metrics metrics;
    asg_window_collect(window, 1005000, &arena, &metrics);
    assert_int_equal(ASG_METRIC_NAME_COUNT, metrics.group_count);
    for (size_t i = 0; i < metrics.group_count; i++) {
        const struct asg_group_metric *row = &metrics.groups[i];
        assert_true(row->sum_milli >= 0);
        assert_true(row->max_milli <= limit_of((unsigned)row->metric));
        if (row->count == 0) continue;
        int64_t mean = row->sum_milli / row->count;
        assert_true(mean <= limit_of((unsigned)row->metric));
        if (row->count < 5) continue;
        if (row->metric == ASG_METRIC_NAME_LOAD) assert_in_range(mean, 800, 900);
        if (row->metric >= ASG_METRIC_NAME_NETWORK_IN) {
            assert_in_range(mean, 100000000, 110000000);
        }
    }
    asg_arena_clear(&arena);
    asg_window_destroy(&window);
}

static void test_window_bounds_what_agents_that_lie_can_do(void **state)
{
    (void)state;
    struct seed seed = seed_new("prop_window_lies");
    for (int round = 0; round < 20000; round++) {
        lie_for_a_period(&seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window_agrees_with_a_model_of_every_sample),
        cmocka_unit_test(test_window_bounds_what_agents_that_lie_can_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

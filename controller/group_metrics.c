#include "controller/group_metrics.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/metrics.h"

#define CODE_MAX        63 /* letters of an error code */
#define GROUP_CODES_MAX 16 /* codes of one group; the rest count as other */
#define OTHER_CODE      0
#define COPIED_AT_ONCE  4       /* groups, while the lock is held: some 3 KiB */
#define BOOTED_MS_MAX   3600000 /* seen later: it was stopped meanwhile, say */
#define JOINED_MS_MAX   3600000 /* enrolled later: it is no launch any more */

enum family {
#define X(id, name, labels, kind, help) FAMILY_##id,
    ASG_GROUP_METRICS(X) ASG_CLUSTER_METRICS(X)
#undef X
        FAMILIES
};

static const struct asg_metric_family families[FAMILIES] = {
#define X(id, metric_name, label_names, metric_kind, help_text)                          \
    [FAMILY_##id] = {.name = (metric_name),                                              \
                     .labels = (label_names),                                            \
                     .help = (help_text),                                                \
                     .kind = ASG_METRIC_##metric_kind},
    ASG_GROUP_METRICS(X) ASG_CLUSTER_METRICS(X)
#undef X
};

enum direction { OUT, IN, NEITHER, DIRECTIONS };
static const char *const direction_words[] = {"out", "in", "none"};

enum outcome { APPLIED, DRY_RUN, HELD, OUTCOMES };
static const char *const outcome_words[] = {"applied", "dry_run", "held"};

/* Of the last period in which a metric had data. */
struct measured {
    int64_t at_ms; /* 0: never */
    int64_t mean_milli;
    int64_t max_milli;
    int64_t min_milli;
};

struct code_count {
    uint8_t code; /* place in codes[] */
    uint64_t count;
};

/* Of a group. Plain data: a scrape copies it whole. */
struct entry {
    struct measured measured[ASG_METRIC_NAME_COUNT];
    uint64_t decisions[DIRECTIONS][OUTCOMES];
    uint64_t held[ASG_HOLD_COUNT]; /* how often each reason began */
    struct code_count failures[GROUP_CODES_MAX];
    size_t failure_count;
    int64_t breach_ms; /* a scale-out's, until EC2 answers its first launch; 0 */
};

/* There from its first page on until its end is durable. What comes later (the metrics
 * of a period, a worker's result) counts for nobody and makes no place for itself. */
struct place {
    uint32_t group_no;
    struct entry *entry; /* NULL: nothing was counted yet */
};

struct asg_group_metrics {
    size_t groups_max;
    pthread_mutex_t lock;
    struct place *places; /* by group_no */
    size_t count;
    size_t capacity;
    char codes[ASG_CODES_MAX][CODE_MAX + 1]; /* the first is "other" */
    size_t code_count;
};

void asg_group_metrics_new(size_t groups_max, struct asg_group_metrics **ret)
{
    struct asg_group_metrics *metrics = asg_alloc(1, sizeof *metrics);
    metrics->groups_max = groups_max;
    (void)pthread_mutex_init(&metrics->lock, NULL);
    memcpy(metrics->codes[OTHER_CODE], "other", sizeof "other");
    metrics->code_count = 1;
    *ret = metrics;
}

void asg_group_metrics_destroy(struct asg_group_metrics **metrics)
{
    if (*metrics == NULL) return;
    for (size_t i = 0; i < (*metrics)->count; i++) {
        free((*metrics)->places[i].entry);
    }
    free((*metrics)->places);
    (void)pthread_mutex_destroy(&(*metrics)->lock);
    free(*metrics);
    *metrics = NULL;
}

/* ---- counted by the loop ---- */

static size_t place_of(const struct asg_group_metrics *metrics, uint32_t group_no)
{
    size_t from = 0;
    size_t to = metrics->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (metrics->places[middle].group_no < group_no) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

static struct place *find_place(const struct asg_group_metrics *metrics,
                                uint32_t group_no)
{
    size_t at = place_of(metrics, group_no);
    bool is_there = at < metrics->count && metrics->places[at].group_no == group_no;
    return is_there ? &metrics->places[at] : NULL;
}

static struct entry *find_entry(const struct asg_group_metrics *metrics,
                                uint32_t group_no)
{
    const struct place *place = find_place(metrics, group_no);
    return place != NULL ? place->entry : NULL;
}

/* NULL: there is no such group, or no more. */
static struct entry *have_entry(struct asg_group_metrics *metrics, uint32_t group_no)
{
    struct place *place = find_place(metrics, group_no);
    if (place == NULL) return NULL;
    if (place->entry == NULL) place->entry = asg_alloc(1, sizeof *place->entry);
    return place->entry;
}

static void have_place(struct asg_group_metrics *metrics, uint32_t group_no)
{
    if (find_place(metrics, group_no) != NULL) return;
    if (metrics->count == metrics->capacity) {
        metrics->capacity = metrics->capacity == 0 ? 16 : metrics->capacity * 2;
        metrics->places =
            asg_realloc(metrics->places, metrics->capacity, sizeof *metrics->places);
    }
    size_t at = place_of(metrics, group_no);
    memmove(metrics->places + at + 1, metrics->places + at,
            (metrics->count - at) * sizeof *metrics->places);
    metrics->places[at] = (struct place){.group_no = group_no};
    metrics->count++;
}

static void forget_place(struct asg_group_metrics *metrics, uint32_t group_no)
{
    struct place *place = find_place(metrics, group_no);
    if (place == NULL) return;
    free(place->entry);
    metrics->count--;
    size_t at = (size_t)(place - metrics->places);
    memmove(place, place + 1, (metrics->count - at) * sizeof *place);
}

static void lock(struct asg_group_metrics *metrics)
{
    (void)pthread_mutex_lock(&metrics->lock);
}

static void unlock(struct asg_group_metrics *metrics)
{
    (void)pthread_mutex_unlock(&metrics->lock);
}

void asg_group_metrics_measured(struct asg_group_metrics *metrics,
                                const struct asg_metrics *measured, int64_t now_ms)
{
    if (metrics == NULL) return;
    lock(metrics);
    for (size_t i = 0; i < measured->group_count; i++) {
        const struct asg_group_metric *row = &measured->groups[i];
        if (row->count == 0) continue;
        struct entry *entry = have_entry(metrics, row->group_no);
        if (entry == NULL) continue;
        entry->measured[row->metric] = (struct measured){
            .at_ms = now_ms,
            .mean_milli = row->sum_milli / (int64_t)row->count,
            .max_milli = row->max_milli,
            .min_milli = row->min_milli,
        };
    }
    unlock(metrics);
}

static void observe_ms(enum asg_controller_metric which, int64_t since_ms, int64_t now_ms)
{
    if (since_ms <= 0) return; /* not known */
    int64_t spent_ms = now_ms > since_ms ? now_ms - since_ms : 0;
    asg_metric_observe_us(&asg_controller_metrics[which], spent_ms * 1000);
}

/* The row of that instance; NULL: the page has none. */
static const struct asg_instance_view *find_row(const struct asg_page *page, uint64_t no)
{
    size_t at = asg_page_place(page, no);
    if (at == page->leaf_count) return NULL;
    const struct asg_instance_rows *rows = &page->leaves[at]->content;
    size_t from = 0;
    size_t to = rows->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (rows->items[middle].no < no) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from < rows->count && rows->items[from].no == no ? &rows->items[from] : NULL;
}

static bool is_leaving_alive(enum asg_instance_state state)
{
    return state == ASG_INSTANCE_DETACHING || state == ASG_INSTANCE_DETACHED ||
           state == ASG_INSTANCE_ATTACHING;
}

/* From `before` (there was one) to `now` (NULL: it is gone). */
static void compare_rows(const struct asg_instance_view *before,
                         const struct asg_instance_view *now, int64_t now_ms)
{
    bool was_waiting = before->state == ASG_INSTANCE_TERMINATING_WAIT;
    if (was_waiting && (now == NULL || now->state != ASG_INSTANCE_TERMINATING_WAIT)) {
        observe_ms(ASG_COUNT_DRAIN, before->ending_ms, now_ms);
    }
    if (now == NULL) {
        if (!is_leaving_alive(before->state)) {
            observe_ms(ASG_COUNT_LIFETIME, before->launched_ms, now_ms);
        }
        return;
    }
    if (before->launched_ms == 0 && now->launched_ms != 0 &&
        before->state == ASG_INSTANCE_REQUESTED) {
        observe_ms(ASG_COUNT_LAUNCH_REQUEST, now->requested_ms, now_ms);
    }
    bool was_booting =
        before->ec2_state == ASG_EC2_UNKNOWN || before->ec2_state == ASG_EC2_PENDING;
    if (was_booting && now->ec2_state == ASG_EC2_RUNNING &&
        now_ms - now->launched_ms < BOOTED_MS_MAX) {
        observe_ms(ASG_COUNT_LAUNCH_RUNNING, now->launched_ms, now_ms);
    }
    if (before->in_service_ms == 0 && now->in_service_ms != 0) {
        observe_ms(ASG_COUNT_LAUNCH_IN_SERVICE, now->launched_ms, now_ms);
    }
}

/* Those that stand at that moment. */
static uint64_t reasons_of(const struct asg_group_view *group, int64_t now_ms)
{
    _Static_assert(ASG_HOLD_COUNT <= 64, "a bit each");
    uint64_t bits = 0;
    for (size_t i = 0; i < group->hold_count; i++) {
        const struct asg_hold *hold = &group->holds[i];
        if (hold->until_ms != 0 && hold->until_ms <= now_ms) continue;
        bits |= UINT64_C(1) << hold->reason;
    }
    return bits;
}

static void compare_holds(struct asg_group_metrics *metrics,
                          const struct asg_page *before, const struct asg_page *page,
                          int64_t now_ms)
{
    if (before->sheet == page->sheet) return;
    const struct asg_group_view *group = &page->sheet->content.group;
    uint64_t begun =
        reasons_of(group, now_ms) & ~reasons_of(&before->sheet->content.group, now_ms);
    if (begun == 0) return;
    lock(metrics);
    struct entry *entry = have_entry(metrics, group->group_no);
    for (int reason = 0; entry != NULL && reason < ASG_HOLD_COUNT; reason++) {
        if ((begun >> reason & 1) != 0) entry->held[reason]++;
    }
    unlock(metrics);
}

void asg_group_metrics_page(struct asg_group_metrics *metrics,
                            const struct asg_page *before, const struct asg_page *page,
                            const struct asg_touched_group *touched, int64_t now_ms)
{
    if (metrics == NULL) return;
    uint32_t group_no = page->sheet->content.group.group_no;
    if (before == NULL || before->sheet->content.group.group_no != group_no) {
        lock(metrics); /* it is new, or another one that has the name */
        have_place(metrics, group_no);
        unlock(metrics);
        return;
    }
    for (size_t i = 0; i < touched->instance_count; i++) {
        const struct asg_instance_view *old = find_row(before, touched->instance_nos[i]);
        if (old == NULL) continue;
        compare_rows(old, find_row(page, touched->instance_nos[i]), now_ms);
    }
    compare_holds(metrics, before, page, now_ms);
}

static enum direction direction_of(const struct asg_decision *decision,
                                   const struct asg_group_view *group)
{
    if (decision->to > decision->from) return OUT;
    if (decision->to < decision->from) return IN;
    int64_t wanted = group->wanted;
    if (wanted == ASG_UNSET || wanted == group->config->desired) return NEITHER;
    return wanted > group->config->desired ? OUT : IN;
}

static bool is_launched(const struct asg_decision *decision)
{
    return decision->kind == ASG_DECISION_STATE &&
           decision->state_from == ASG_INSTANCE_REQUESTED &&
           decision->state_to != ASG_INSTANCE_REQUESTED;
}

static void count_decision(struct asg_group_metrics *metrics,
                           const struct asg_decision *decision,
                           const struct asg_group_view *group, int64_t now_ms)
{
    if (is_launched(decision)) {
        struct entry *entry = find_entry(metrics, group->group_no);
        if (entry == NULL || entry->breach_ms == 0) return;
        observe_ms(ASG_COUNT_REACTION, entry->breach_ms, now_ms);
        entry->breach_ms = 0;
        return;
    }
    enum outcome outcome = group->config->dry_run ? DRY_RUN : APPLIED;
    switch (decision->kind) {
    case ASG_DECISION_HOLD: outcome = HELD; break;
    case ASG_DECISION_SCALE_OUT:
    case ASG_DECISION_SCALE_IN: break;
    default: return;
    }
    struct entry *entry = have_entry(metrics, group->group_no);
    if (entry == NULL) return;
    entry->decisions[direction_of(decision, group)][outcome]++;
    if (decision->kind == ASG_DECISION_SCALE_IN) entry->breach_ms = 0;
    if (decision->kind == ASG_DECISION_SCALE_OUT && entry->breach_ms == 0 &&
        outcome == APPLIED) {
        entry->breach_ms = decision->since_ms;
    }
}

/* Its agent has enrolled. */
static void note_joined(const struct asg_decision *decision, const struct asg_root *root,
                        int64_t now_ms)
{
    const struct asg_instance_view *row =
        asg_root_find_instance(root, decision->instance_id, NULL, NULL);
    if (row == NULL || row->launched_ms == 0) return;
    if (now_ms - row->launched_ms > JOINED_MS_MAX) return; /* it enrols anew */
    observe_ms(ASG_COUNT_LAUNCH_JOINED, row->launched_ms, now_ms);
}

void asg_group_metrics_decided(struct asg_group_metrics *metrics,
                               const struct asg_effects *effects,
                               const struct asg_root *root, int64_t now_ms)
{
    if (metrics == NULL) return;
    lock(metrics);
    for (size_t i = 0; i < effects->decision_count; i++) {
        const struct asg_decision *decision = &effects->decisions[i];
        if (decision->kind == ASG_DECISION_ENROLLED) {
            note_joined(decision, root, now_ms);
            continue;
        }
        const struct asg_page *page = asg_root_find(root, decision->group);
        if (page == NULL) continue;
        count_decision(metrics, decision, &page->sheet->content.group, now_ms);
    }
    for (size_t i = 0; i < effects->watch_count; i++) {
        if (effects->watches[i].name[0] != '\0') continue;
        forget_place(metrics, effects->watches[i].group_no);
    }
    unlock(metrics);
}

/* Its place in codes[]; that of "other" when there is no room. */
static uint8_t code_of(struct asg_group_metrics *metrics, const char *code)
{
    if (code[0] == '\0') code = "none";
    if (strlen(code) > CODE_MAX) return OTHER_CODE;
    for (size_t i = 0; i < metrics->code_count; i++) {
        if (strcmp(metrics->codes[i], code) == 0) return (uint8_t)i;
    }
    if (metrics->code_count == ASG_CODES_MAX) return OTHER_CODE;
    memcpy(metrics->codes[metrics->code_count], code, strlen(code) + 1);
    return (uint8_t)metrics->code_count++;
}

static void count_failure(struct asg_group_metrics *metrics, struct entry *entry,
                          const char *code)
{
    uint8_t its = code_of(metrics, code);
    /* The last place of a group is for what does not fit. */
    if (entry->failure_count >= GROUP_CODES_MAX - 1) its = OTHER_CODE;
    size_t at = 0;
    while (at < entry->failure_count && entry->failures[at].code != its) {
        at++;
    }
    if (at == entry->failure_count) {
        assert(at < GROUP_CODES_MAX);
        entry->failures[entry->failure_count++] = (struct code_count){.code = its};
    }
    entry->failures[at].count++;
}

void asg_group_metrics_launch_failed(struct asg_group_metrics *metrics, uint32_t group_no,
                                     const char *code)
{
    if (metrics == NULL) return;
    lock(metrics);
    struct entry *entry = have_entry(metrics, group_no);
    if (entry != NULL) count_failure(metrics, entry, code);
    unlock(metrics);
}

/* ---- printed ---- */

/* A group as one scrape shows it. */
struct shown {
    const struct asg_page *page;
    struct asg_group_view group; /* with its counts */
    struct asg_alarm_counts alarms;
    uint64_t held; /* bits 1 << hold_reason */
    struct entry entry;
};

struct scrape {
    const struct asg_root *root;
    int64_t now_ms;
    enum asg_metric_form form;
    struct asg_bytes *ret;
    struct shown *shown; /* by name */
    size_t count;
    char codes[ASG_CODES_MAX][CODE_MAX + 1];
};

static int by_size(const void *a, const void *b)
{
    const struct asg_page *x = *(const struct asg_page *const *)a;
    const struct asg_page *y = *(const struct asg_page *const *)b;
    if (x->counts.instances != y->counts.instances) {
        return x->counts.instances > y->counts.instances ? -1 : 1;
    }
    int64_t x_max = x->sheet->content.group.config->max;
    int64_t y_max = y->sheet->content.group.config->max;
    if (x_max != y_max) return x_max > y_max ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
    const struct asg_page *x = *(const struct asg_page *const *)a;
    const struct asg_page *y = *(const struct asg_page *const *)b;
    return strcmp(x->name, y->name);
}

static void choose_pages(struct asg_group_metrics *metrics, struct scrape *scrape)
{
    size_t all = asg_root_count(scrape->root);
    const struct asg_page **pages = asg_alloc(all + 1, sizeof(const struct asg_page *));
    for (size_t i = 0; i < all; i++) {
        pages[i] = asg_root_page(scrape->root, i);
    }
    scrape->count = all < metrics->groups_max ? all : metrics->groups_max;
    if (scrape->count < all) {
        qsort(pages, all, sizeof(const struct asg_page *), by_size);
        qsort(pages, scrape->count, sizeof(const struct asg_page *), by_name);
    }
    asg_gauge(ASG_COUNT_GROUPS_CUT, (int64_t)(all - scrape->count));
    scrape->shown = asg_alloc(scrape->count + 1, sizeof *scrape->shown);
    for (size_t i = 0; i < scrape->count; i++) {
        scrape->shown[i].page = pages[i];
    }
    free(pages);
}

static void copy_entries(struct asg_group_metrics *metrics, struct scrape *scrape)
{
    for (size_t i = 0; i < scrape->count;) {
        lock(metrics);
        for (size_t k = 0; k < COPIED_AT_ONCE && i < scrape->count; k++, i++) {
            struct shown *shown = &scrape->shown[i];
            const struct entry *entry =
                find_entry(metrics, shown->page->sheet->content.group.group_no);
            if (entry != NULL) shown->entry = *entry;
        }
        unlock(metrics);
    }
    lock(metrics);
    memcpy(scrape->codes, metrics->codes, sizeof scrape->codes);
    unlock(metrics);
}

static void read_pages(struct scrape *scrape)
{
    struct asg_arena arena = {0};
    for (size_t i = 0; i < scrape->count; i++) {
        struct shown *shown = &scrape->shown[i];
        const struct asg_group_sheet *sheet = &shown->page->sheet->content;
        shown->group = asg_page_group(shown->page, scrape->now_ms);
        shown->alarms = sheet->alarm_counts;
        if (sheet->breaker_until_ms > scrape->now_ms) {
            shown->alarms.of[ASG_ALARM_LAUNCH_BREAKER] = 1;
        }
        asg_arena_reset(&arena);
        struct asg_hold *holds = NULL;
        size_t hold_count = 0;
        asg_root_holds(scrape->root, shown->page, scrape->now_ms, &arena, &holds,
                       &hold_count);
        for (size_t k = 0; k < hold_count; k++) {
            shown->held |= UINT64_C(1) << holds[k].reason;
        }
    }
    asg_arena_clear(&arena);
}

static void row(const struct scrape *scrape, enum family family, const char *group,
                const char *second, const char *third, int64_t value)
{
    const char *const labels[ASG_METRIC_LABELS_MAX] = {group, second, third};
    asg_metric_row_print(&families[family], labels, value, scrape->ret);
}

static void print_instances(const struct scrape *scrape, const struct shown *shown)
{
    const struct asg_group_view *group = &shown->group;
    int64_t all = shown->page->counts.instances;
    int64_t known = (int64_t)group->requested + group->pending + group->in_service +
                    group->terminating;
    const struct {
        const char *word;
        int64_t count;
    } states[] = {
        {"requested", group->requested},          {"pending", group->pending},
        {"in_service", group->in_service},        {"terminating", group->terminating},
        {"other", all > known ? all - known : 0},
    };
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        row(scrape, FAMILY_INSTANCES, shown->page->name, states[i].word, NULL,
            states[i].count);
    }
}

static int64_t value_of(const struct measured *measured, enum asg_statistic statistic)
{
    switch (statistic) {
    case ASG_STATISTIC_HIGHEST: return measured->max_milli;
    case ASG_STATISTIC_LOWEST: return measured->min_milli;
    default: return measured->mean_milli;
    }
}

static void print_policies(const struct scrape *scrape, const struct shown *shown,
                           enum family family)
{
    const struct asg_group_sheet *sheet = &shown->page->sheet->content;
    for (size_t i = 0; i < sheet->policy_count && i < ASG_SHOWN_POLICIES; i++) {
        const struct asg_policy_config *policy = &sheet->policies[i];
        const struct measured *measured = &shown->entry.measured[policy->metric];
        const char *metric = asg_enum_word(&asg_metric_name_words, (int)policy->metric);
        if (family == FAMILY_METRIC_TARGET) {
            if (policy->kind != ASG_POLICY_TARGET_TRACKING) continue;
            row(scrape, family, shown->page->name, policy->name, NULL,
                policy->target_milli);
        } else if (measured->at_ms != 0) {
            row(scrape, family, shown->page->name, policy->name, metric,
                family == FAMILY_METRIC_AT ? measured->at_ms
                                           : value_of(measured, policy->statistic));
        }
    }
}

static void print_suspended(const struct scrape *scrape, const struct shown *shown)
{
    for (int process = 0; process < ASG_PROCESS_COUNT; process++) {
        if ((shown->group.suspended >> process & 1) == 0) continue;
        row(scrape, FAMILY_SUSPENDED, shown->page->name,
            asg_enum_word(&asg_process_words, process), NULL, 1);
    }
}

static void print_held(const struct scrape *scrape, const struct shown *shown)
{
    for (int reason = 0; reason < ASG_HOLD_COUNT; reason++) {
        if ((shown->held >> reason & 1) == 0) continue;
        row(scrape, FAMILY_HELD, shown->page->name,
            asg_enum_word(&asg_hold_reason_words, reason), NULL, 1);
    }
}

static void print_alarms(const struct scrape *scrape, const struct shown *shown)
{
    for (int kind = 0; kind < ASG_ALARM_COUNT; kind++) {
        if (shown->alarms.of[kind] == 0) continue;
        row(scrape, FAMILY_ALARM, shown->page->name,
            asg_enum_word(&asg_alarm_kind_words, kind), NULL, 1);
    }
}

/* Each direction from 0 on, so that the first one is seen to rise. */
static void print_decisions(const struct scrape *scrape, const struct shown *shown)
{
    for (int way = 0; way < DIRECTIONS; way++) {
        for (int outcome = 0; outcome < OUTCOMES; outcome++) {
            uint64_t count = shown->entry.decisions[way][outcome];
            bool is_usual = way != NEITHER && outcome == APPLIED;
            if (count == 0 && !is_usual) continue;
            row(scrape, FAMILY_DECISIONS, shown->page->name, direction_words[way],
                outcome_words[outcome], (int64_t)count);
        }
    }
}

static void print_decisions_held(const struct scrape *scrape, const struct shown *shown)
{
    for (int reason = 0; reason < ASG_HOLD_COUNT; reason++) {
        if (shown->entry.held[reason] == 0) continue;
        row(scrape, FAMILY_DECISIONS_HELD, shown->page->name,
            asg_enum_word(&asg_hold_reason_words, reason), NULL,
            (int64_t)shown->entry.held[reason]);
    }
}

static void print_failures(const struct scrape *scrape, const struct shown *shown)
{
    for (size_t i = 0; i < shown->entry.failure_count; i++) {
        const struct code_count *failure = &shown->entry.failures[i];
        row(scrape, FAMILY_LAUNCH_FAILURES, shown->page->name,
            scrape->codes[failure->code], NULL, (int64_t)failure->count);
    }
}

static void print_one(const struct scrape *scrape, enum family family,
                      const struct shown *shown)
{
    const struct asg_group_view *group = &shown->group;
    const char *name = shown->page->name;
    switch (family) {
    case FAMILY_DESIRED:
        row(scrape, family, name, NULL, NULL, group->config->desired);
        break;
    case FAMILY_MIN: row(scrape, family, name, NULL, NULL, group->config->min); break;
    case FAMILY_MAX: row(scrape, family, name, NULL, NULL, group->config->max); break;
    case FAMILY_WANTED:
        row(scrape, family, name, NULL, NULL,
            group->wanted != ASG_UNSET ? group->wanted : group->config->desired);
        break;
    case FAMILY_INSTANCES: print_instances(scrape, shown); break;
    case FAMILY_WARMING: row(scrape, family, name, NULL, NULL, group->warming); break;
    case FAMILY_UNHEALTHY: row(scrape, family, name, NULL, NULL, group->unhealthy); break;
    case FAMILY_METRIC_VALUE:
    case FAMILY_METRIC_TARGET:
    case FAMILY_METRIC_AT: print_policies(scrape, shown, family); break;
    case FAMILY_SUSPENDED: print_suspended(scrape, shown); break;
    case FAMILY_DRY_RUN:
        row(scrape, family, name, NULL, NULL, group->config->dry_run ? 1 : 0);
        break;
    case FAMILY_HALTED:
        row(scrape, family, name, NULL, NULL, group->is_halted ? 1 : 0);
        break;
    case FAMILY_HELD: print_held(scrape, shown); break;
    case FAMILY_ALARM: print_alarms(scrape, shown); break;
    case FAMILY_DECISIONS: print_decisions(scrape, shown); break;
    case FAMILY_DECISIONS_HELD: print_decisions_held(scrape, shown); break;
    case FAMILY_LAUNCH_FAILURES: print_failures(scrape, shown); break;
    default: break;
    }
}

static int by_offering(const void *a, const void *b)
{
    const struct asg_dry_offering *x = a;
    const struct asg_dry_offering *y = b;
    int order = strcmp(x->type, y->type);
    if (order == 0) order = strcmp(x->zone, y->zone);
    return order != 0 ? order : (x->is_spot > y->is_spot) - (x->is_spot < y->is_spot);
}

/* What several groups, or subnets of a zone, lack is one row. */
static void print_offerings(const struct scrape *scrape)
{
    struct asg_dry_offering *all = NULL;
    size_t count = 0;
    size_t capacity = 0;
    for (size_t i = 0; i < asg_root_count(scrape->root); i++) {
        const struct asg_group_sheet *sheet =
            &asg_root_page(scrape->root, i)->sheet->content;
        for (size_t k = 0; k < sheet->dry_count; k++) {
            if (sheet->dry[k].until_ms <= scrape->now_ms) continue;
            if (count == capacity) {
                capacity = capacity == 0 ? 16 : capacity * 2;
                all = asg_realloc(all, capacity, sizeof *all);
            }
            all[count++] = sheet->dry[k];
        }
    }
    asg_metric_family_print(&families[FAMILY_UNAVAILABLE], scrape->form, scrape->ret);
    if (count > 1) qsort(all, count, sizeof *all, by_offering);
    size_t printed = 0;
    for (size_t i = 0; i < count && printed < ASG_SHOWN_OFFERINGS; i++) {
        if (i > 0 && by_offering(&all[i - 1], &all[i]) == 0) continue;
        row(scrape, FAMILY_UNAVAILABLE, all[i].type[0] != '\0' ? all[i].type : "template",
            all[i].zone, all[i].is_spot ? "spot" : "on-demand", 1);
        printed++;
    }
    free(all);
}

void asg_group_metrics_print(struct asg_group_metrics *metrics,
                             const struct asg_root *root, enum asg_metric_form form,
                             struct asg_bytes *ret)
{
    struct scrape scrape = {
        .root = root, .now_ms = asg_root_time_ms(root), .form = form, .ret = ret};
    choose_pages(metrics, &scrape);
    copy_entries(metrics, &scrape);
    read_pages(&scrape);
    for (int family = 0; family < FAMILY_UNAVAILABLE; family++) {
        asg_metric_family_print(&families[family], form, ret);
        for (size_t i = 0; i < scrape.count; i++) {
            print_one(&scrape, (enum family)family, &scrape.shown[i]);
        }
    }
    print_offerings(&scrape);
    free(scrape.shown);
}

void asg_agents_metric_print(const struct asg_version_count *rows, size_t count,
                             enum asg_metric_form form, struct asg_bytes *ret)
{
    const struct asg_metric_family *family = &families[FAMILY_AGENTS];
    asg_metric_family_print(family, form, ret);
    for (size_t i = 0; i < count; i++) {
        uint32_t version = rows[i].version;
        char text[32] = "unknown";
        if (version == UINT32_MAX) {
            (void)snprintf(text, sizeof text, "other");
        } else if (version != 0) {
            (void)snprintf(text, sizeof text, "%u.%u.%u", version >> 20,
                           version >> 10 & 1023, version & 1023);
        }
        const char *const labels[] = {text};
        asg_metric_row_print(family, labels, rows[i].agents, ret);
    }
}

/* decisions - plays loads before rules and prints what came of it, a line a run; what the
 * lines mean together says decisions.py.
 *
 *   bench_decisions [--set tuned|kept|trace|all] [--quick] [--seeds A..B]
 *                   [--launch MS]... [--settle MS] [--traces FOLDER]
 *                   [--curve SHAPE] RULE...
 *
 * --settle: an instance in service takes load only so much later. A line: rule, shape,
 * family, set, launch_ms, seed, span_ms, over_ms, demand_ms, lost_ms, alive_ms,
 * oracle_ms, changes, turns; separated by tabs. --curve prints, of one shape and every 15
 * s, second, demand, alive, serving and desired instead. The same arguments give the same
 * bytes on any machine. */
#include <assert.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/curve_score.h"
#include "rule.h"
#include "shapes.h"

#define TARGET_MILLI 500 /* of an instance: 50 %, by which all are judged */
#define LAUNCHES_MAX 8
#define TRACES_MAX   32
#define CURVE_EVERY  15
#define QUICK_EVERY  7 /* of the shapes, one in so many */

struct options {
    const char *set;
    bool is_quick;
    uint64_t seed_from;
    uint64_t seed_to;
    int64_t launch_ms[LAUNCHES_MAX];
    size_t launch_count;
    const char *traces;
    const char *curve;
    int64_t settle_ms;
};

static void stop(const char *message, const char *what)
{
    (void)fprintf(stderr, "decisions: %s%s\n", message, what);
    exit(2);
}

static uint32_t peak_of(const struct shape *shape)
{
    int32_t peak = 1;
    for (uint32_t t = 0; t < shape->seconds; t++) {
        if (shape->demand[t] > peak) peak = shape->demand[t];
    }
    return (uint32_t)(peak / TARGET_MILLI) + 1;
}

static int64_t oracle_ms(const struct shape *shape, const struct rule_group *group,
                         int64_t launch_ms)
{
    const struct asg_curve_oracle oracle = {.target_milli = TARGET_MILLI,
                                            .launch_ms = launch_ms,
                                            .min = group->min,
                                            .max = group->max};
    struct asg_curve_step *steps = asg_alloc(shape->seconds, sizeof *steps);
    for (uint32_t t = 0; t < shape->seconds; t++) {
        steps[t] = (struct asg_curve_step){.time_ms = (int64_t)t * 1000,
                                           .demand_milli = shape->demand[t]};
    }
    int64_t sum = asg_curve_oracle_ms(&oracle, steps, shape->seconds,
                                      (int64_t)shape->seconds * 1000, NULL);
    free(steps);
    return sum;
}

static struct rule_group group_of(const struct shape *shape)
{
    uint32_t needs = (uint32_t)(shape->demand[0] + TARGET_MILLI - 1) / TARGET_MILLI;
    return (struct rule_group){
        .min = 1, .max = peak_of(shape) * 2, .begins_with = needs > 0 ? needs : 1};
}

static void play(const struct options *options, const struct rule *rule, const char *text,
                 const struct shape *shape, int64_t launch_ms, uint64_t seed)
{
    const struct rule_group group = group_of(shape);
    struct fleet fleet;
    struct rule_state *state = NULL;
    struct asg_curve_score score;
    fleet_init(&fleet, group.begins_with, launch_ms, options->settle_ms, seed * 31 + 5);
    rule->begin(rule, &group, &fleet, &state);
    asg_curve_begin(&score, TARGET_MILLI);
    for (uint32_t t = 0; t < shape->seconds; t++) {
        int64_t now_ms = (int64_t)t * 1000;
        const struct asg_curve_step step = {.time_ms = now_ms,
                                            .demand_milli = shape->demand[t],
                                            .serving = fleet_taking(&fleet, now_ms),
                                            .alive = fleet_alive(&fleet, now_ms),
                                            .desired = rule->desired(state)};
        asg_curve_note(&score, &step);
        if (options->curve != NULL && t % CURVE_EVERY == 0) {
            (void)printf("%" PRIu32 "\t%" PRId32 "\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu32
                         "\n",
                         t, shape->demand[t], step.alive, step.serving, step.desired);
        }
        fleet_work(&fleet, now_ms, shape->demand[t]);
        rule->second(state, &fleet, now_ms + 1000);
    }
    asg_curve_end(&score, (int64_t)shape->seconds * 1000);
    rule->end(&state);
    fleet_clear(&fleet);
    if (options->curve != NULL) return;
    static const char *const sets[] = {"tuned", "kept", "trace"};
    (void)printf(
        "%s\t%s\t%s\t%s\t%" PRId64 "\t%" PRIu64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64
        "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRIu32 "\t%" PRIu32 "\n",
        text, shape->name, shape->family, sets[shape->set], launch_ms, seed,
        score.span_ms, score.over_ms, score.demand_ms, score.lost_ms, score.alive_ms,
        oracle_ms(shape, &group, launch_ms), score.changes, score.turns);
}

static void play_all(const struct options *options, char **rules, size_t rule_count,
                     const struct shape *shape, uint64_t seed)
{
    if (options->curve != NULL && strcmp(options->curve, shape->name) != 0) return;
    for (size_t i = 0; i < rule_count; i++) {
        struct rule rule;
        if (!rule_find(rules[i], &rule)) exit(2);
        for (size_t j = 0; j < options->launch_count; j++) {
            play(options, &rule, rules[i], shape, options->launch_ms[j], seed);
        }
    }
}

static bool is_wanted(const struct options *options, enum shape_set set)
{
    static const char *const sets[] = {"tuned", "kept", "trace"};
    return strcmp(options->set, "all") == 0 || strcmp(options->set, sets[set]) == 0;
}

static void play_shapes(const struct options *options, char **rules, size_t rule_count)
{
    for (size_t no = 0; no < shape_count(); no++) {
        if (options->is_quick && no % QUICK_EVERY != 0) continue;
        for (uint64_t seed = options->seed_from; seed <= options->seed_to; seed++) {
            struct shape shape;
            shape_make(no, seed, &shape);
            if (is_wanted(options, shape.set)) {
                play_all(options, rules, rule_count, &shape, seed);
            }
            free(shape.demand);
        }
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void play_traces(const struct options *options, char **rules, size_t rule_count)
{
    if (options->traces == NULL || !is_wanted(options, SHAPE_TRACE)) return;
    DIR *folder = opendir(options->traces);
    if (folder == NULL) stop("no folder of traces ", options->traces);
    char *paths[TRACES_MAX];
    size_t count = 0;
    for (const struct dirent *entry = NULL; (entry = readdir(folder)) != NULL;) {
        size_t length = strlen(entry->d_name);
        bool is_text = length > 4 && strcmp(entry->d_name + length - 4, ".txt") == 0;
        if (!is_text || count == TRACES_MAX) continue;
        size_t size = strlen(options->traces) + length + 2;
        paths[count] = asg_alloc(size, 1);
        (void)snprintf(paths[count++], size, "%s/%s", options->traces, entry->d_name);
    }
    (void)closedir(folder);
    qsort(paths, count, sizeof paths[0], by_text);
    for (size_t i = 0; i < count; i++) {
        struct shape shape;
        if (shape_read_trace(paths[i], options->seed_from, &shape)) {
            play_all(options, rules, rule_count, &shape, options->seed_from);
            free(shape.demand);
        }
        free(paths[i]);
    }
}

static const char *value_of(int argc, char **argv, int *i)
{
    if (*i + 1 == argc) stop("no value after ", argv[*i]);
    return argv[++*i];
}

/* The place of the first rule. */
static int read_options(int argc, char **argv, struct options *ret)
{
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        const char *name = argv[i];
        if (strcmp(name, "--set") == 0) {
            ret->set = value_of(argc, argv, &i);
        } else if (strcmp(name, "--quick") == 0) {
            ret->is_quick = true;
        } else if (strcmp(name, "--traces") == 0) {
            ret->traces = value_of(argc, argv, &i);
        } else if (strcmp(name, "--settle") == 0) {
            ret->settle_ms = atoll(value_of(argc, argv, &i));
        } else if (strcmp(name, "--curve") == 0) {
            ret->curve = value_of(argc, argv, &i);
        } else if (strcmp(name, "--launch") == 0 && ret->launch_count < LAUNCHES_MAX) {
            ret->launch_ms[ret->launch_count++] = atoll(value_of(argc, argv, &i));
        } else if (strcmp(name, "--seeds") == 0) {
            if (sscanf(value_of(argc, argv, &i), "%" SCNu64 "..%" SCNu64, &ret->seed_from,
                       &ret->seed_to) != 2)
                stop("not seeds: ", argv[i]);
        } else {
            stop("no option ", name);
        }
    }
    return i;
}

int main(int argc, char **argv)
{
    struct options options = {.set = "tuned", .seed_from = 1, .seed_to = SEEDS_TUNED};
    int first = read_options(argc, argv, &options);
    if (first == argc) stop("name a rule", "");
    if (options.launch_count == 0) {
        options.launch_ms[options.launch_count++] = 30000;
        options.launch_ms[options.launch_count++] = 120000;
    }
    play_shapes(&options, argv + first, (size_t)(argc - first));
    play_traces(&options, argv + first, (size_t)(argc - first));
    return 0;
}

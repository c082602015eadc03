/* openasg-sim - runs seeds: openasg-sim SEED [--narrate] | --seeds A..B | --hours H |
 * --saved FILE. `./dev sim` builds and calls it; docs/simulator.md tells the rest. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mutant.h"
#include "sim/sim.h"

#define BUDGET_CHECK  4000 /* reports a run, where many seeds matter */
#define BUDGET_MUTANT 2500
#define BUDGET_LONG   400000 /* where long life does */
#define YEAR_US       (365.25 * 24 * 3600e6)

struct totals {
    uint64_t seeds;
    uint64_t failed;
    double simulated_us;
    double converged_us;
    int64_t worst_us;
    struct sim_counts counts;
    uint64_t hits[SIM_FAULTS];
};

static struct totals totals;

static void add_up(void)
{
    const uint64_t *from = (const uint64_t *)(const void *)&sim.counts;
    uint64_t *to = (uint64_t *)(void *)&totals.counts;
    for (size_t i = 0; i < sizeof sim.counts / sizeof *from; i++) {
        to[i] += from[i];
    }
    for (int fault = 0; fault < SIM_FAULTS; fault++) {
        totals.hits[fault] += sim.swarm.hits[fault];
    }
    totals.seeds++;
    totals.simulated_us += (double)sim.now_us;
    if (sim.converged_us > totals.worst_us) totals.worst_us = sim.converged_us;
}

/* Twice: the same seed must give the same log. */
static bool run_seed(const struct sim_options *options)
{
    uint8_t first[32] = {0};
    bool is_fine = true;
    for (int round = 0; round < 2 && is_fine; round++) {
        struct sim_options once = *options;
        once.is_narrated = options->is_narrated && round == 0;
        sim_begin(&once);
        sim_run();
        if (round == 1 && memcmp(first, sim.digest, sizeof first) != 0) {
            sim_break("same_seed_same_log", "the second run gave another log");
        }
        memcpy(first, sim.digest, sizeof first);
        if (round == 1 || sim.is_broken) add_up();
        if (sim.is_broken) {
            is_fine = false;
            totals.failed++;
            if (options->scenario != NULL) {
                (void)printf("./dev sim --scenario %s   # %s: %s\n", options->scenario,
                             sim.law, sim.why);
            } else {
                (void)printf("./dev sim %" PRIu64 "   # %s: %s\n", options->seed, sim.law,
                             sim.why);
            }
            (void)fflush(stdout);
        }
        sim_end();
    }
    return is_fine;
}

#ifdef ASG_MUTANTS
#define MUTANT_SEEDS 200

int asg_mutant;
unsigned asg_mutant_passes;

static const struct {
    const char *name;
    const char *law;
    const char *what;
} mutants[] = {{"none", "", ""},
#define X(mutant, law_name, text) {#mutant, law_name, text},
               ASG_MUTANT_LIST(X)
#undef X
};

/* The seed by which the law that is meant sees it; 0: none does. */
static uint64_t hunt(int mutant, bool is_told)
{
    for (uint64_t seed = 1; seed <= MUTANT_SEEDS; seed++) {
        const struct sim_options options = {.seed = seed, .budget = BUDGET_MUTANT};
        asg_mutant = mutant;
        asg_mutant_passes = 0;
        sim_begin(&options);
        sim_run();
        bool is_caught = sim.is_broken && strcmp(sim.law, mutants[mutant].law) == 0;
        if (sim.is_broken && is_told) {
            (void)printf("    seed %" PRIu64 " %s: %s\n", seed, sim.law, sim.why);
        }
        sim_end();
        if (is_caught) return seed;
    }
    return 0;
}

static int run_mutants(const char *only)
{
    int caught = 0;
    int total = 0;
    for (int mutant = 1; mutant < ASG_MUTANTS_END; mutant++) {
        if (only != NULL && strcmp(only, mutants[mutant].name) != 0) continue;
        uint64_t seed = hunt(mutant, only != NULL);
        total++;
        caught += seed != 0 ? 1 : 0;
        (void)printf("%-28s %-7s seed %3" PRIu64 "  %s  (%s)\n", mutants[mutant].name,
                     seed != 0 ? "caught" : "MISSED", seed, mutants[mutant].law,
                     mutants[mutant].what);
        (void)fflush(stdout);
    }
    (void)printf("%d/%d\n", caught, total);
    return caught == total ? 0 : 1;
}
#endif

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print_totals(double took_s)
{
    double years = totals.simulated_us / YEAR_US;
    (void)printf("%" PRIu64 " seeds, %.2f cluster-years, %" PRIu64 " events, %" PRIu64
                 " frames, %" PRIu64 " reports, %" PRIu64 " EC2 calls, %" PRIu64
                 " launches, %" PRIu64 " ends, %" PRIu64 " decisions, %" PRIu64
                 " commits, %" PRIu64 " starts of a controller\n",
                 totals.seeds, years, totals.counts.events, totals.counts.frames,
                 totals.counts.reports, totals.counts.calls, totals.counts.launches,
                 totals.counts.ends, totals.counts.decisions, totals.counts.commits,
                 totals.counts.leads);
    uint64_t all = 0;
    for (int fault = 0; fault < SIM_FAULTS; fault++) {
        all += totals.hits[fault];
        (void)printf("  %-36s %10" PRIu64 "  %s\n", sim_fault_words[fault],
                     totals.hits[fault], sim_fault_texts[fault]);
    }
    (void)printf("%" PRIu64 " faults; the slowest fleet was whole %" PRId64
                 " min after the last one\n",
                 all, totals.worst_us / SIM_MINUTE);
    (void)printf("%.1f s, %.2f seeds a second, %.1f cluster-years a core-hour\n", took_s,
                 (double)totals.seeds / took_s, years * 3600 / took_s);
    (void)printf("%" PRIu64 "/%" PRIu64 " seeds hold\n", totals.seeds - totals.failed,
                 totals.seeds);
}

static void run_range(uint64_t from, uint64_t to)
{
    for (uint64_t seed = from; seed <= to; seed++) {
        const struct sim_options options = {.seed = seed, .budget = BUDGET_CHECK};
        (void)run_seed(&options);
    }
}

static void run_hours(double hours)
{
    double until_s = seconds_now() + hours * 3600;
    uint64_t seed = (uint64_t)time(NULL) * 1000;
    for (; seconds_now() < until_s; seed++) {
        const struct sim_options options = {.seed = seed, .budget = BUDGET_LONG};
        (void)run_seed(&options);
    }
}

static int run_saved(const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        (void)fprintf(stderr, "openasg-sim: cannot read %s\n", path);
        return 2;
    }
    char line[256];
    while (fgets(line, sizeof line, file) != NULL) {
        char *end = NULL;
        uint64_t seed = strtoull(line, &end, 10);
        if (end == line) continue;
        const struct sim_options options = {.seed = seed, .budget = BUDGET_CHECK};
        (void)run_seed(&options);
    }
    (void)fclose(file);
    return 0;
}

static int usage(void)
{
    (void)fprintf(stderr, "usage: openasg-sim SEED [--narrate] | --seeds A..B | "
                          "--hours H | --saved FILE | --scenario FILE...\n");
    return 2;
}

int main(int argc, char **argv)
{
    if (argc < 2) return usage();
#ifdef ASG_MUTANTS
    if (strcmp(argv[1], "--mutants") == 0) return run_mutants(argc > 2 ? argv[2] : NULL);
#endif
    double began_s = seconds_now();
    if (strcmp(argv[1], "--seeds") == 0 && argc == 3) {
        char *rest = NULL;
        uint64_t from = strtoull(argv[2], &rest, 10);
        if (strncmp(rest, "..", 2) != 0) return usage();
        run_range(from, strtoull(rest + 2, NULL, 10));
    } else if (strcmp(argv[1], "--hours") == 0 && argc == 3) {
        run_hours(strtod(argv[2], NULL));
    } else if (strcmp(argv[1], "--saved") == 0 && argc == 3) {
        if (run_saved(argv[2]) != 0) return 2;
    } else if (strcmp(argv[1], "--scenario") == 0 && argc >= 3) {
        bool is_narrated = strcmp(argv[argc - 1], "--narrate") == 0;
        for (int i = 2; i < argc - (is_narrated ? 1 : 0); i++) {
            const struct sim_options options = {.seed = 1,
                                                .budget = UINT64_MAX / 100,
                                                .scenario = argv[i],
                                                .is_narrated = is_narrated};
            (void)run_seed(&options);
        }
    } else if (argv[1][0] >= '0' && argv[1][0] <= '9') {
        const struct sim_options options = {
            .seed = strtoull(argv[1], NULL, 10),
            /* Long seeds are told by their size: --hours counts from the clock. */
            .budget = strtoull(argv[1], NULL, 10) > UINT64_C(1000000000) ? BUDGET_LONG
                                                                         : BUDGET_CHECK,
            .is_narrated = argc == 3 && strcmp(argv[2], "--narrate") == 0};
        (void)run_seed(&options);
    } else {
        return usage();
    }
    print_totals(seconds_now() - began_s);
    return totals.failed == 0 ? 0 : 1;
}

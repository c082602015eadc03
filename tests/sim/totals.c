#include "sim/totals.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define YEAR_US (365.25 * 24 * 3600e6)

static double clock_s(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double sim_seconds_now(void)
{
    return clock_s(CLOCK_MONOTONIC);
}

double sim_years(double simulated_us)
{
    return simulated_us / YEAR_US;
}

static void add_counts(struct sim_counts *to, const struct sim_counts *from)
{
    const uint64_t *more = (const uint64_t *)(const void *)from;
    uint64_t *sums = (uint64_t *)(void *)to;
    for (size_t i = 0; i < sizeof *to / sizeof *sums; i++) {
        sums[i] += more[i];
    }
}

void sim_totals_add(struct sim_totals *to, const struct sim_totals *from)
{
    to->seeds += from->seeds;
    to->failed += from->failed;
    to->bursts += from->bursts;
    to->distinct_us += from->distinct_us;
    to->run_us += from->run_us;
    to->instance_us += from->instance_us;
    to->cpu_s += from->cpu_s;
    if (from->slowest_us > to->slowest_us) {
        to->slowest_us = from->slowest_us;
        to->slowest_seed = from->slowest_seed;
    }
    add_counts(&to->counts, &from->counts);
    for (int fault = 0; fault < SIM_FAULTS; fault++) {
        to->hits[fault] += from->hits[fault];
    }
}

/* What the run that is over adds; the second one has the same numbers. */
static void add_run(struct sim_totals *totals)
{
    struct sim_totals once = {.seeds = 1,
                              .bursts = sim.bursts,
                              .distinct_us = (double)sim.now_us * sim.cluster_count,
                              .instance_us = sim.instance_us,
                              .slowest_us = sim.slowest_us,
                              .slowest_seed = sim.options.seed,
                              .counts = sim.counts};
    memcpy(once.hits, sim.swarm.hits, sizeof once.hits);
    sim_totals_add(totals, &once);
}

static void print_broken(const struct sim_options *options)
{
    if (options->scenario != NULL) {
        (void)printf("./dev sim --scenario %s   # %s: %s\n", options->scenario, sim.law,
                     sim.why);
    } else {
        (void)printf("./dev sim %" PRIu64 "   # %s: %s\n", options->seed, sim.law,
                     sim.why);
    }
    (void)fflush(stdout);
}

bool sim_run_twice(const struct sim_options *options, struct sim_totals *totals)
{
    uint8_t first[32] = {0};
    bool is_fine = true;
    double before_s = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    for (int round = 0; round < 2 && is_fine; round++) {
        struct sim_options once = *options;
        once.is_narrated = options->is_narrated && round == 0;
        once.is_second = round == 1;
        sim_begin(&once);
        sim_run();
        if (round == 1 && memcmp(first, sim.digest, sizeof first) != 0) {
            sim_break("same_seed_same_log", "the second run gave another log");
        }
        memcpy(first, sim.digest, sizeof first);
        totals->run_us += (double)sim.now_us * sim.cluster_count;
        if (round == 1 || sim.is_broken) add_run(totals);
        if (sim.is_broken) {
            is_fine = false;
            totals->failed++;
            print_broken(options);
        }
        sim_end();
    }
    totals->cpu_s += clock_s(CLOCK_PROCESS_CPUTIME_ID) - before_s;
    return is_fine;
}

static void print_faults(const struct sim_totals *totals)
{
    uint64_t all = 0;
    int never = 0;
    for (int fault = 0; fault < SIM_FAULTS; fault++) {
        all += totals->hits[fault];
        never += totals->hits[fault] == 0 ? 1 : 0;
        (void)printf("  %-36s %10" PRIu64 "  %s\n", sim_fault_words[fault],
                     totals->hits[fault], sim_fault_texts[fault]);
    }
    (void)printf("%" PRIu64
                 " faults of %d kinds of %d; the slowest fleet was whole %" PRId64
                 " min after the last one (seed %" PRIu64 ")\n",
                 all, SIM_FAULTS - never, SIM_FAULTS, totals->slowest_us / SIM_MINUTE,
                 totals->slowest_seed);
}

void sim_print_totals(const struct sim_totals *totals, double took_s)
{
    double years = sim_years(totals->distinct_us);
    double run_years = sim_years(totals->run_us);
    double core_hours = totals->cpu_s / 3600;
    const struct sim_counts *counts = &totals->counts;
    (void)printf("%" PRIu64 " seeds, %.2f cluster-years, %" PRIu64
                 " times whole again, %" PRIu64 " events, %" PRIu64 " frames, %" PRIu64
                 " reports, %" PRIu64 " EC2 calls, %" PRIu64 " launches, %" PRIu64
                 " ends, %" PRIu64 " decisions, %" PRIu64 " commits, %" PRIu64
                 " starts of a controller\n",
                 totals->seeds, years, totals->bursts, counts->events, counts->frames,
                 counts->reports, counts->calls, counts->launches, counts->ends,
                 counts->decisions, counts->commits, counts->leads);
    print_faults(totals);
    (void)printf("%.1f instances in the mean; %.1f s, %.1f s of one core, %.2f seeds a "
                 "second\n",
                 totals->distinct_us > 0 ? totals->instance_us / totals->distinct_us
                                         : 0.0,
                 took_s, totals->cpu_s, (double)totals->seeds / took_s);
    (void)printf("all runs, the second of each seed too: %.2f cluster-years, %.1f a "
                 "core-hour; each seed once: %.2f, %.1f a core-hour\n",
                 run_years, run_years / core_hours, years, years / core_hours);
    (void)printf("%" PRIu64 "/%" PRIu64 " seeds hold\n", totals->seeds - totals->failed,
                 totals->seeds);
    (void)fflush(stdout);
}

/* totals - a seed run twice, and what many of them come to. */
#ifndef ASG_SIM_TOTALS_H
#define ASG_SIM_TOTALS_H

#include "sim/sim.h"

struct sim_totals {
    uint64_t seeds;
    uint64_t failed;
    uint64_t bursts;
    double distinct_us; /* simulated, each seed once */
    double run_us;      /* simulated in all runs, the second of each seed too */
    double instance_us; /* as distinct_us, each instance for itself */
    double cpu_s;       /* of the processor, for everything */
    int64_t slowest_us; /* from the last fault until all was well again */
    uint64_t slowest_seed;
    struct sim_counts counts; /* of each seed once */
    uint64_t hits[SIM_FAULTS];
};

/* Runs a seed twice, compares both logs, replays the log alone; adds to `totals` what it
 * took. A broken law is printed on one line that repeats it. */
bool sim_run_twice(const struct sim_options *options, struct sim_totals *totals);
void sim_totals_add(struct sim_totals *to, const struct sim_totals *from);
void sim_print_totals(const struct sim_totals *totals, double took_s);
double sim_seconds_now(void);
double sim_years(double simulated_us);

#endif

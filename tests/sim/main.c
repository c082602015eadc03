/* openasg-sim - runs seeds: openasg-sim SEED [--narrate] | --seeds A..B |
 * --hours H [--jobs N] | --saved FILE | --scenario FILE... `./dev sim` builds and calls
 * it; docs/simulator.md tells the rest. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/lives.h"
#include "sim/sim.h"
#include "sim/totals.h"

#define BUDGET_CHECK  4000 /* reports a run, where many seeds matter */
#define BUDGET_MUTANT 2500

static struct sim_totals totals;

#ifdef ASG_MUTANTS
#include "sim/mutants/mutant.h"

#define MUTANT_SEEDS 400

int asg_mutant;
unsigned asg_mutant_passes;

static const struct {
    const char *name;
    const char *law;
    uint64_t seed; /* known to show it; 0: none is */
    const char *what;
} mutants[] = {{"none", "", 0, ""},
#define X(mutant, law_name, known, text) {#mutant, law_name, known, text},
               ASG_MUTANT_LIST(X)
#undef X
};

/* Those of checkers/: each has to catch one mutant at least. */
static const char *const laws[] = {
    "never_above_max",
    "not_below_min_when_quiet",
    "no_launch_twice_for_one_job",
    "no_orphan_when_quiet",
    "no_terminate_of_protected",
    "no_mass_termination_on_silence",
    "every_effect_was_committed_first",
    "acknowledged_commands_survive",
    "log_has_no_gap",
    "replay_gives_identical_state",
    "every_decision_has_a_reason_whose_numbers_add_up",
    "desired_reached_when_quiet",
    "no_flapping",
    "dead_letters_have_history",
    "neighbours_are_left_alone",
    "sized_for_its_load_when_quiet",
    "ends_keep_their_share",
    "suspended_processes_rest",
    "drained_before_terminated",
    "request_rates_are_kept",
    "one_agent_moves_its_share",
    "an_old_log_hurts_nobody",
    "schedules_run_or_say_why",
    "one_key_one_instance",
    "thieves_are_never_bound",
    "reports_count_of_bound_keys_only",
    "bindings_survive_restarts",
    "only_spot_is_taken_back",
    "no_policy_goes_to_and_fro",
    "state_agrees_with_itself",
    "activities_tell_what_is_done",
    "activities_end_when_quiet",
    "calls_are_answered_once",
    "view_equals_core",
    "moved_as_ordered",
    "applies_are_whole",
};
#define LAWS (int)(sizeof laws / sizeof laws[0])

/* How many laws have caught one: what each has caught is printed. */
static int print_laws(const uint64_t *seeds)
{
    int proved = 0;
    for (int law = 0; law < LAWS; law++) {
        int caught = 0;
        (void)printf("%s:", laws[law]);
        for (int mutant = 1; mutant < ASG_MUTANTS_END; mutant++) {
            if (seeds[mutant] == 0 || strcmp(mutants[mutant].law, laws[law]) != 0)
                continue;
            (void)printf(" %s", mutants[mutant].name);
            caught++;
        }
        (void)printf("%s\n", caught > 0 ? "" : " NOTHING");
        proved += caught > 0 ? 1 : 0;
    }
    (void)printf("%d/%d laws can fail\n", proved, LAWS);
    return proved;
}

/* The seed by which the law that is meant sees it; 0: none does. */
static uint64_t hunt(int mutant, bool is_told)
{
    uint64_t first = mutants[mutant].seed != 0 ? 0 : 1;
    for (uint64_t turn = first; turn <= MUTANT_SEEDS; turn++) {
        uint64_t seed = turn == 0 ? mutants[mutant].seed : turn;
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
    uint64_t seeds[ASG_MUTANTS_END] = {0};
    for (int mutant = 1; mutant < ASG_MUTANTS_END; mutant++) {
        if (only != NULL && strcmp(only, mutants[mutant].name) != 0) continue;
        uint64_t seed = hunt(mutant, only != NULL);
        seeds[mutant] = seed;
        total++;
        caught += seed != 0 ? 1 : 0;
        (void)printf("%-28s %-7s seed %3" PRIu64 "  %s  (%s)\n", mutants[mutant].name,
                     seed != 0 ? "caught" : "MISSED", seed, mutants[mutant].law,
                     mutants[mutant].what);
        (void)fflush(stdout);
    }
    bool is_proved = only != NULL || print_laws(seeds) == LAWS;
    (void)printf("%d/%d\n", caught, total);
    return caught == total && is_proved ? 0 : 1;
}
#endif

static void run_range(uint64_t from, uint64_t to)
{
    for (uint64_t seed = from; seed <= to; seed++) {
        const struct sim_options options = {.seed = seed, .budget = BUDGET_CHECK};
        (void)sim_run_twice(&options, &totals);
    }
}

static void run_one(uint64_t seed, bool is_narrated)
{
    bool is_life = sim_is_life(seed);
    const struct sim_options options = {.seed = seed,
                                        .budget = is_life ? SIM_BUDGET_ALL : BUDGET_CHECK,
                                        .is_long = is_life,
                                        .is_narrated = is_narrated};
    (void)sim_run_twice(&options, &totals);
    (void)printf("seed %" PRIu64 ": digest of the log ", seed);
    for (size_t i = 0; i < 8; i++) {
        (void)printf("%02x", sim.digest[i]);
    }
    (void)printf("\n");
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
        run_one(seed, /* is_narrated */ false);
    }
    (void)fclose(file);
    return 0;
}

static int usage(void)
{
    (void)fprintf(stderr, "usage: openasg-sim SEED [--narrate] | --seeds A..B | "
                          "--hours H [--jobs N] | --saved FILE | --scenario FILE...\n");
    return 2;
}

int main(int argc, char **argv)
{
    if (argc < 2) return usage();
#ifdef ASG_MUTANTS
    if (strcmp(argv[1], "--mutants") == 0) return run_mutants(argc > 2 ? argv[2] : NULL);
#endif
    if (strcmp(argv[1], "--hours") == 0 && (argc == 3 || argc == 5)) {
        bool has_jobs = argc == 5 && strcmp(argv[3], "--jobs") == 0;
        if (argc == 5 && !has_jobs) return usage();
        return sim_run_lives(strtod(argv[2], NULL),
                             has_jobs ? (int)strtol(argv[4], NULL, 10) : 1);
    }
    double began_s = sim_seconds_now();
    if (strcmp(argv[1], "--seeds") == 0 && argc == 3) {
        char *rest = NULL;
        uint64_t from = strtoull(argv[2], &rest, 10);
        if (strncmp(rest, "..", 2) != 0) return usage();
        run_range(from, strtoull(rest + 2, NULL, 10));
    } else if (strcmp(argv[1], "--saved") == 0 && argc == 3) {
        if (run_saved(argv[2]) != 0) return 2;
    } else if (strcmp(argv[1], "--scenario") == 0 && argc >= 3) {
        bool is_narrated = strcmp(argv[argc - 1], "--narrate") == 0;
        for (int i = 2; i < argc - (is_narrated ? 1 : 0); i++) {
            const struct sim_options options = {.seed = 1,
                                                .budget = SIM_BUDGET_ALL,
                                                .scenario = argv[i],
                                                .is_narrated = is_narrated};
            (void)sim_run_twice(&options, &totals);
        }
    } else if (argv[1][0] >= '0' && argv[1][0] <= '9') {
        run_one(strtoull(argv[1], NULL, 10),
                argc == 3 && strcmp(argv[2], "--narrate") == 0);
    } else {
        return usage();
    }
    sim_print_totals(&totals, sim_seconds_now() - began_s);
    return totals.failed == 0 ? 0 : 1;
}

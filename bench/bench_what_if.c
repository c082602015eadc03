/* bench_what_if - thirty days of one group, a period every 5 s: how long the whole
 * command takes, and its parts (goal: under 2 s).
 *
 * The log is written by the scripted world of the tests (tests/lib/load_world.h): real
 * core, a daily curve with noise, launches that take 20 to 60 s. Rounds are interleaved:
 * load the log, run the recorded policy, run another one, the whole command. */
#include <assert.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/what_if/load_trace.h"
#include "cli/what_if/run_model.h"
#include "lib/load_world.h"
#include "rows.h"

#define DAYS   30
#define ROUNDS 5

static struct asg_clock the_clock;

static double seconds_since(int64_t start_us)
{
    return (double)(asg_clock_monotonic_us(&the_clock) - start_us) / 1e6;
}

static int64_t month(int64_t second)
{
    return load_daily(second) + load_noise(second) / 4;
}

static struct asg_policy_config target(const char *name, int64_t target_milli)
{
    return (struct asg_policy_config){.group = "web",
                                      .name = name,
                                      .kind = ASG_POLICY_TARGET_TRACKING,
                                      .target_milli = target_milli,
                                      .scale_in_permille = 900,
                                      .scale_out_periods = 3,
                                      .stabilisation_ms = 300000,
                                      .cooldown_ms = ASG_UNSET,
                                      .warmup_ms = ASG_UNSET};
}

static void must(enum asg_status status, const struct asg_error *error)
{
    if (status != ASG_OK) (void)fprintf(stderr, "%s\n", error->text);
    assert(status == ASG_OK);
}

static size_t load(const char *path, struct asg_trace *ret)
{
    const struct asg_log_options options = {.path = path, .is_read_only = true};
    const struct asg_trace_range range = {.group = "web"};
    struct asg_log *log = NULL;
    struct asg_error error = {""};
    must(asg_log_open_sqlite(&options, &log, &error), &error);
    must(asg_trace_load(log, &range, ret, &error), &error);
    asg_log_close(&log);
    return ret->sample_count;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* The program as a user runs it: with another policy, or (NULL) with every preset. */
static double command_seconds(const char *program, const char *log, const char *policy,
                              double *ret_cpu)
{
    int64_t start_us = asg_clock_monotonic_us(&the_clock);
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stdout) == NULL) _exit(126);
        if (policy == NULL) {
            (void)execl(program, program, "what-if", log, "--presets", (char *)NULL);
        } else {
            (void)execl(program, program, "what-if", log, "--policy", policy,
                        (char *)NULL);
        }
        _exit(127);
    }
    int code = 0;
    struct rusage usage;
    pid_t ended = wait4(child, &code, 0, &usage);
    assert(ended == child && code == 0);
    (void)ended;
    *ret_cpu = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    return seconds_since(start_us);
}

static void measure(const char *program, const char *path, const char *policy_path)
{
    double loads[ROUNDS];
    double models[ROUNDS];
    double others[ROUNDS];
    double commands[ROUNDS];
    double cpu[ROUNDS];
    double presets[ROUNDS];
    double presets_cpu[ROUNDS];
    double errors[ROUNDS];
    struct asg_policy_config other = target("cpu70", 70000);
    const struct asg_rules rules = {.policies = &other, .policy_count = 1};
    struct asg_figures *figures = asg_alloc(1, sizeof *figures);
    size_t periods = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct asg_trace trace;
        struct asg_error error = {""};
        struct asg_model_run run = {.level_milli = 50000};
        int64_t start_us = asg_clock_monotonic_us(&the_clock);
        periods = load(path, &trace);
        loads[round] = seconds_since(start_us);
        start_us = asg_clock_monotonic_us(&the_clock);
        must(asg_model_run(&trace, &run, figures, &error), &error);
        models[round] = seconds_since(start_us);
        double apart = (double)(figures->instance_ms - trace.recorded.instance_ms);
        errors[round] =
            100 * (apart < 0 ? -apart : apart) / (double)trace.recorded.instance_ms;
        asg_figures_clear(figures);
        run.rules = &rules;
        start_us = asg_clock_monotonic_us(&the_clock);
        must(asg_model_run(&trace, &run, figures, &error), &error);
        others[round] = seconds_since(start_us);
        asg_figures_clear(figures);
        asg_trace_clear(&trace);
        commands[round] = command_seconds(program, path, policy_path, &cpu[round]);
        presets[round] = command_seconds(program, path, NULL, &presets_cpu[round]);
    }
    free(figures);
    char words[64];
    (void)snprintf(words, sizeof words, "%zu periods (goal 2)", periods);
    (void)bench_row("what_if_30_days", commands, ROUNDS, "s", words);
    (void)bench_row("what_if_30_days_cpu", cpu, ROUNDS, "s",
                    "of one core, the whole command");
    (void)bench_row("what_if_presets_30_days", presets, ROUNDS, "s",
                    "all presets, two of them every 1 s");
    (void)bench_row("what_if_presets_30_days_cpu", presets_cpu, ROUNDS, "s",
                    "of one core, the whole command");
    (void)bench_row("load_log", loads, ROUNDS, "s", "read, decode, replay every event");
    (void)bench_row("model_recorded_policy", models, ROUNDS, "s", "");
    (void)bench_row("model_other_policy", others, ROUNDS, "s", "");
    (void)bench_row("model_error", errors, ROUNDS, "%", "of instance-hours (goal 10)");
}

int main(int argc, char **argv)
{
    (void)argc;
    the_clock = asg_clock_real();
    char folder[] = "/tmp/openasg-bench-XXXXXX";
    const char *made = mkdtemp(folder);
    assert(made != NULL);
    (void)made;
    char path[64];
    char policy_path[64];
    (void)snprintf(path, sizeof path, "%s/openasg.log", folder);
    (void)snprintf(policy_path, sizeof policy_path, "%s/other.yaml", folder);
    FILE *file = fopen(policy_path, "w");
    assert(file != NULL);
    (void)fputs("name: cpu70\nkind: target-tracking\ntarget: 70\n", file);
    (void)fclose(file);
    const struct asg_policy_config fifty = target("cpu50", 50000);
    const struct load_setting setting = {.shape = month,
                                         .seconds = DAYS * 86400,
                                         .evaluation_ms = 5000,
                                         .warmup_ms = 60000,
                                         .boot_least_s = 20,
                                         .boot_most_s = 60,
                                         .min = 2,
                                         .max = 40,
                                         .desired = 6,
                                         .policies = &fifty,
                                         .policy_count = 1,
                                         .seed = 42,
                                         .hash_events = 1000};
    (void)load_write(path, &setting);
    char program[512];
    char here[400];
    (void)snprintf(here, sizeof here, "%s", argv[0]);
    (void)snprintf(program, sizeof program, "%s/../bin/openasg", dirname(here));
    measure(program, path, policy_path);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r '%s'", folder);
    int code = system(command);
    assert(code == 0);
    (void)code;
    return 0;
}

/* write_logs - the golden logs of tests/golden/replay, from scripts and fixed seeds: the
 * same program writes the same bytes. `./dev golden` runs it and renews the digests.
 * Beside them a saved state, for the corpus of tests/fuzz/fuzz_core_load.c.
 *
 *     write_golden_logs FOLDER STATE_FILE
 *
 * The logs go to FOLDER/rules-N, N being the newest rules: those of older ones stay.
 */
#include <sqlite3.h>
#include <sys/stat.h>

#include "golden/play_orders.h"
#include "lib/load_world.h"
#include "unit/cli/make_log.h"

static int64_t two_spikes(int64_t second)
{
    return second % 1800 > 600 && second % 1800 < 1000 ? 700000 : 140000;
}

static int64_t slope(int64_t second)
{
    return load_triangle(second, 3600, 90000, 600000) + load_noise(second) / 10;
}

static struct asg_policy_config policy(const char *name, enum asg_policy_kind kind)
{
    return (struct asg_policy_config){.group = "web",
                                      .name = name,
                                      .kind = kind,
                                      .scale_in_permille = 900,
                                      .scale_out_periods = 2,
                                      .stabilisation_ms = 120000,
                                      .has_threshold = true,
                                      .periods = 2,
                                      .cooldown_ms = ASG_UNSET,
                                      .warmup_ms = ASG_UNSET};
}

static struct load_setting common_setting(void)
{
    return (struct load_setting){.shape = slope,
                                 .seconds = 3000,
                                 .evaluation_ms = 15000,
                                 .warmup_ms = 45000,
                                 .boot_least_s = 15,
                                 .boot_most_s = 70,
                                 .health_check = ASG_HEALTH_CHECK_EC2,
                                 .min = 2,
                                 .max = 14,
                                 .desired = 2,
                                 .seed = 3,
                                 .hash_events = 20};
}

static void write_target(const char *path)
{
    struct asg_policy_config target = policy("cpu50", ASG_POLICY_TARGET_TRACKING);
    target.target_milli = 50000;
    struct load_setting setting = common_setting();
    setting.shape = two_spikes;
    setting.health_check = ASG_HEALTH_CHECK_AGENT;
    setting.policies = &target;
    setting.policy_count = 1;
    (void)load_write(path, &setting);
}

static void write_step(const char *path)
{
    struct asg_step out[] = {
        {.has_lower = true, .has_upper = true, .upper_milli = 15000, .adjustment = 1},
        {.has_lower = true, .lower_milli = 15000, .adjustment = 3}};
    struct asg_step in[] = {{.has_upper = true, .adjustment = -10}};
    struct asg_policy_config steps[] = {policy("out", ASG_POLICY_STEP),
                                        policy("in", ASG_POLICY_STEP)};
    steps[0].threshold_milli = 60000;
    steps[0].steps = out;
    steps[0].step_count = 2;
    steps[1].threshold_milli = 35000;
    steps[1].comparison = ASG_COMPARISON_LESS_OR_EQUAL;
    steps[1].adjustment_type = ASG_ADJUSTMENT_PERCENT;
    steps[1].min_magnitude = 1;
    steps[1].steps = in;
    steps[1].step_count = 1;
    struct load_setting setting = common_setting();
    setting.policies = steps;
    setting.policy_count = 2;
    (void)load_write(path, &setting);
}

static void write_simple(const char *path)
{
    struct asg_policy_config simple[] = {policy("out", ASG_POLICY_SIMPLE),
                                         policy("in", ASG_POLICY_SIMPLE)};
    simple[0].statistic = ASG_STATISTIC_HIGHEST;
    simple[0].threshold_milli = 70000;
    simple[0].adjustment = 2;
    simple[1].statistic = ASG_STATISTIC_LOWEST;
    simple[1].comparison = ASG_COMPARISON_LESS;
    simple[1].threshold_milli = 19000;
    simple[1].adjustment = -1;
    struct load_setting setting = common_setting();
    setting.policies = simple;
    setting.policy_count = 2;
    setting.desired_at_s = 1500;
    setting.desired_to = 9;
    (void)load_write(path, &setting);
}

static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    assert(in != NULL && out != NULL);
    char data[65536];
    size_t length;
    while ((length = fread(data, 1, sizeof data, in)) > 0) {
        size_t written = fwrite(data, 1, length, out);
        assert(written == length);
        (void)written;
    }
    (void)fclose(in);
    int code = fclose(out);
    assert(code == 0);
    (void)code;
}

static void write_played(const char *path, bool has_orders)
{
    struct world world;
    begin_world(&world);
    play_a_day(&world);
    if (has_orders) play_orders(&world);
    save_snapshot(&world);
    asg_log_close(&world.log);
    copy_file(world.path, path);
    end_world(&world);
}

/* Some minutes of a group of two with a simple policy, and a snapshot. */
static void write_day(const char *path)
{
    write_played(path, /* has_orders */ false);
}

/* What operators order, and what goes wrong, after such a day. */
static void write_orders(const char *path)
{
    write_played(path, /* has_orders */ true);
}

static void write_state(const char *path)
{
    struct world world;
    begin_world(&world);
    play_a_day(&world);
    struct asg_bytes state = {0};
    asg_core_save(world.core, &state);
    FILE *file = fopen(path, "wb");
    assert(file != NULL);
    size_t written = fwrite(state.data, 1, state.length, file);
    int code = fclose(file);
    assert(written == state.length && code == 0);
    (void)written;
    (void)code;
    asg_bytes_clear(&state);
    end_world(&world);
}

/* One file, without the writer's leftovers, its pages in one order. */
static int tidy_log(const char *path)
{
    sqlite3 *db = NULL;
    int code = sqlite3_open(path, &db);
    if (code == SQLITE_OK) {
        code =
            sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE); VACUUM", NULL, NULL, NULL);
    }
    if (code != SQLITE_OK) (void)fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(db));
    if (sqlite3_close(db) != SQLITE_OK) return 1;
    char lock[512];
    (void)snprintf(lock, sizeof lock, "%s.lock", path);
    (void)unlink(lock);
    return code == SQLITE_OK && chmod(path, 0644) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*write)(const char *path);
    } logs[] = {{"target.sqlite", write_target},
                {"step.sqlite", write_step},
                {"simple.sqlite", write_simple},
                {"day.sqlite", write_day},
                {"orders.sqlite", write_orders}};
    if (argc != 3) {
        (void)fprintf(stderr, "usage: write_golden_logs FOLDER STATE_FILE\n");
        return 2;
    }
    char folder[300];
    (void)snprintf(folder, sizeof folder, "%s/rules-%u", argv[1],
                   asg_core_newest_rules());
    (void)mkdir(folder, 0755);
    for (size_t i = 0; i < sizeof logs / sizeof logs[0]; i++) {
        char path[400];
        (void)snprintf(path, sizeof path, "%s/%s", folder, logs[i].name);
        (void)unlink(path);
        logs[i].write(path);
        if (tidy_log(path) != 0) return 1;
        (void)printf("wrote %s\n", path);
    }
    write_state(argv[2]);
    (void)printf("wrote %s\n", argv[2]);
    return 0;
}

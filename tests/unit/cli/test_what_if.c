/* What-if: the model must find again what really happened, and tell policies apart. */
#include "cli/what_if/load_trace.h"
#include "cli/what_if/run_model.h"
#include "lib/check.h"
#include "lib/load_world.h"
#include "lib/step_core.h"
#include "model/presets.h"
#include "unit/cli/run_line.h"

struct fixture {
    char folder[64];
    char path[96];
    struct said said;
};

static int set_up(void **state)
{
    struct fixture *fixture = asg_alloc(1, sizeof *fixture);
    (void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/openasg-if-XXXXXX");
    if (mkdtemp(fixture->folder) == NULL) return 1;
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/openasg.log",
                   fixture->folder);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    clear_said(&fixture->said);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r '%s'", fixture->folder);
    int code = system(command);
    free(fixture);
    return code;
}

static struct asg_policy_config target(const char *name, int64_t target_milli)
{
    return (struct asg_policy_config){.group = "web",
                                      .name = name,
                                      .kind = ASG_POLICY_TARGET_TRACKING,
                                      .metric = ASG_METRIC_NAME_CPU,
                                      .statistic = ASG_STATISTIC_MEAN,
                                      .target_milli = target_milli,
                                      .scale_in_permille = 900,
                                      .scale_out_periods = 3,
                                      .stabilisation_ms = 300000,
                                      .has_threshold = true,
                                      .periods = 1,
                                      .cooldown_ms = ASG_UNSET,
                                      .warmup_ms = ASG_UNSET};
}

/* As a file or the command line puts it. */
static struct asg_policy_config put_target(const char *name, int64_t target_milli)
{
    struct asg_policy_config policy = target(name, target_milli);
    asg_preset_fill(&policy, 0);
    return policy;
}

static struct load_setting setting_of(load_shape *shape, int64_t seconds,
                                      const struct asg_policy_config *policies,
                                      size_t count)
{
    return (struct load_setting){.shape = shape,
                                 .seconds = seconds,
                                 .evaluation_ms = 5000,
                                 .warmup_ms = 60000,
                                 .boot_least_s = 20,
                                 .boot_most_s = 60,
                                 .min = 2,
                                 .max = 20,
                                 .desired = 3,
                                 .policies = policies,
                                 .policy_count = count,
                                 .seed = 42};
}

static int64_t apart_milli(int64_t a, int64_t b)
{
    int64_t apart = a > b ? a - b : b - a;
    return apart * 100000 / (b > 0 ? b : 1);
}

/* Write a log, load it, run its own policy through the model. */
static int64_t model_error(struct fixture *fixture, const char *name,
                           const struct load_setting *setting)
{
    (void)unlink(fixture->path);
    char lock[128];
    (void)snprintf(lock, sizeof lock, "%s.lock", fixture->path);
    (void)unlink(lock);
    (void)load_write(fixture->path, setting);
    const struct asg_log_options options = {.path = fixture->path, .is_read_only = true};
    struct asg_log *log = NULL;
    struct asg_error error = {0};
    if (asg_log_open_sqlite(&options, &log, &error) != ASG_OK) fail_msg("%s", error.text);
    struct asg_trace trace;
    const struct asg_trace_range range = {.group = "web"};
    if (asg_trace_load(log, &range, &trace, &error) != ASG_OK) {
        fail_msg("%s: %s", name, error.text);
    }
    const struct asg_model_run run = {.metric = ASG_METRIC_NAME_CPU,
                                      .level_milli = 50000};
    struct asg_figures *figures = asg_alloc(1, sizeof *figures);
    if (asg_model_run(&trace, &run, figures, &error) != ASG_OK) {
        fail_msg("%s: %s", name, error.text);
    }
    int64_t apart = apart_milli(figures->instance_ms, trace.recorded.instance_ms);
    print_message("%-28s recorded %7.2f h, model %7.2f h: %.2f %% apart; scalings "
                  "%u+%u, %u+%u\n",
                  name, (double)trace.recorded.instance_ms / 3600000,
                  (double)figures->instance_ms / 3600000, (double)apart / 1000,
                  trace.recorded.scale_outs, trace.recorded.scale_ins,
                  figures->scale_outs, figures->scale_ins);
    asg_figures_clear(figures);
    free(figures);
    asg_trace_clear(&trace);
    asg_log_close(&log);
    return apart;
}

static void test_the_model_finds_the_recorded_capacity_again(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_policy_config fifty = target("cpu50", 50000);
    static const struct {
        const char *name;
        load_shape *shape;
        int64_t seconds;
    } shapes[] = {
        {"steady", load_steady, 7200},       {"ramp", load_ramp, 10800},
        {"spike", load_spike, 14400},        {"daily curve", load_daily, 86400},
        {"saw-tooth", load_sawtooth, 14400}, {"noise", load_noise, 28800},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct load_setting setting =
            setting_of(shapes[i].shape, shapes[i].seconds, &fifty, 1);
        assert_true(model_error(fixture, shapes[i].name, &setting) < 10000);
        setting.health_check = ASG_HEALTH_CHECK_AGENT;
        setting.boot_least_s = 5;
        setting.boot_most_s = 200;
        setting.seed = 7 + i;
        char name[64];
        (void)snprintf(name, sizeof name, "%s, agents, 5-200 s", shapes[i].name);
        assert_true(model_error(fixture, name, &setting) < 10000);
    }
}

static void test_the_model_follows_step_and_simple_policies(void **state)
{
    struct fixture *fixture = *state;
    struct asg_step out[] = {
        {.has_lower = true, .has_upper = true, .upper_milli = 15000, .adjustment = 1},
        {.has_lower = true, .lower_milli = 15000, .adjustment = 3}};
    struct asg_step in[] = {{.has_upper = true, .adjustment = -1}};
    struct asg_policy_config steps[] = {target("out", 0), target("in", 0)};
    steps[0].kind = steps[1].kind = ASG_POLICY_STEP;
    steps[0].threshold_milli = 60000;
    steps[0].periods = 2;
    steps[0].steps = out;
    steps[0].step_count = 2;
    steps[1].comparison = ASG_COMPARISON_LESS_OR_EQUAL;
    steps[1].threshold_milli = 30000;
    steps[1].periods = 12;
    steps[1].steps = in;
    steps[1].step_count = 1;
    struct load_setting setting = setting_of(load_daily, 86400, steps, 2);
    assert_true(model_error(fixture, "daily curve, step", &setting) < 10000);
    struct asg_policy_config simple[] = {target("out", 0), target("in", 0)};
    simple[0].kind = simple[1].kind = ASG_POLICY_SIMPLE;
    simple[0].statistic = ASG_STATISTIC_HIGHEST;
    simple[0].threshold_milli = 70000;
    simple[0].adjustment = 1;
    simple[1].statistic = ASG_STATISTIC_LOWEST;
    simple[1].comparison = ASG_COMPARISON_LESS;
    simple[1].threshold_milli = 19000;
    simple[1].adjustment = -1;
    setting.policies = simple;
    setting.warmup_ms = 0;
    assert_true(model_error(fixture, "daily curve, simple", &setting) < 10000);
    setting.desired_at_s = 50000; /* an operator's order is passed on */
    setting.desired_to = 15;
    assert_true(model_error(fixture, "daily curve, an order", &setting) < 10000);
}

static int64_t load_up_and_down(int64_t second)
{
    return second < 900 || second > 2400 ? 700000 : 100000;
}

struct part {
    const char *name;
    int64_t from_s;
    const struct asg_rules *rules;
};

/* A part of the log that begins in the middle of something. */
static void run_part(struct fixture *fixture, const struct part *part,
                     struct asg_figures *recorded, struct asg_figures *model)
{
    const struct asg_log_options options = {.path = fixture->path, .is_read_only = true};
    struct asg_log *log = NULL;
    struct asg_error error = {0};
    if (asg_log_open_sqlite(&options, &log, &error) != ASG_OK) fail_msg("%s", error.text);
    struct asg_trace trace;
    const struct asg_trace_range range = {.group = "web",
                                          .from_ms = LOAD_BEGAN_MS + part->from_s * 1000};
    const struct asg_model_run run = {
        .rules = part->rules, .metric = ASG_METRIC_NAME_CPU, .level_milli = 50000};
    enum asg_status status = asg_trace_load(log, &range, &trace, &error);
    if (status == ASG_OK) {
        asg_trace_judge(&trace, ASG_METRIC_NAME_CPU, 50000);
        *recorded = trace.recorded;
        status = asg_model_run(&trace, &run, model, &error);
    }
    if (status != ASG_OK) fail_msg("%s: %s", part->name, error.text);
    print_message("%s: recorded %.2f h, %u to %u; model %.2f h, %u to %u\n", part->name,
                  (double)recorded->instance_ms / 3600000, recorded->least,
                  recorded->most, (double)model->instance_ms / 3600000, model->least,
                  model->most);
    asg_figures_clear(model);
    asg_trace_clear(&trace);
    asg_log_close(&log);
}

static void test_a_part_begins_with_what_was_there(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_policy_config fifty = target("cpu50", 50000);
    struct load_setting setting = setting_of(load_up_and_down, 3000, &fifty, 1);
    setting.evaluation_ms = 15000;
    setting.max = 14;
    (void)load_write(fixture->path, &setting);
    struct asg_figures *recorded = asg_alloc(1, sizeof *recorded);
    struct asg_figures *model = asg_alloc(1, sizeof *model);
    /* A scale-in from 14 to 2 that the interlocks let go only slowly. */
    const struct part shrinking = {.name = "held back", .from_s = 1300};
    run_part(fixture, &shrinking, recorded, model);
    assert_true(recorded->least >= 7 && recorded->most >= 11);
    assert_true(apart_milli(model->instance_ms, recorded->instance_ms) < 3000);
    assert_int_equal(recorded->least, model->least);
    /* FILE's group is no order to shrink at once either. */
    struct asg_rules rules = {.has_group = true, .group = asg_group_defaults()};
    rules.group.drain_ms = 1000;
    for (size_t i = 0; i < asg_group_config_schema.field_count; i++) {
        if (strcmp(asg_group_config_schema.fields[i].name, "drain_ms") == 0)
            rules.group_present = UINT64_C(1) << i;
    }
    assert_true(rules.group_present != 0);
    const struct part with_group = {
        .name = "held back, FILE has a group", .from_s = 1300, .rules = &rules};
    run_part(fixture, &with_group, recorded, model);
    assert_int_equal(recorded->least, model->least);
    /* The sample that asks for more, and samples while those are on their way. */
    for (int64_t from_s = 2400; from_s <= 2500; from_s += 5) {
        char name[32];
        (void)snprintf(name, sizeof name, "launching, %d s", (int)from_s);
        const struct part growing = {.name = name, .from_s = from_s};
        run_part(fixture, &growing, recorded, model);
        assert_true(model->least <= recorded->least);
        assert_true(apart_milli(model->instance_ms, recorded->instance_ms) < 10000);
    }
    free(recorded);
    free(model);
}

/* A part that begins in a cooldown waits for its end, as the group did. */
static void test_a_part_begins_in_its_cooldown(void **state)
{
    struct fixture *fixture = *state;
    struct asg_policy_config out = target("out", 0);
    out.kind = ASG_POLICY_SIMPLE;
    out.threshold_milli = 70000;
    out.adjustment = 1;
    struct load_setting setting = setting_of(load_steady, 900, &out, 1);
    setting.warmup_ms = 0;
    setting.desired = 2; /* too few before 240 %: four are enough */
    (void)load_write(fixture->path, &setting);
    struct asg_figures *recorded = asg_alloc(1, sizeof *recorded);
    struct asg_figures *model = asg_alloc(1, sizeof *model);
    const struct part cooling = {.name = "cooling", .from_s = 150};
    run_part(fixture, &cooling, recorded, model);
    assert_int_equal(1, recorded->scale_outs);
    assert_int_equal(1, model->scale_outs);
    assert_true(apart_milli(model->instance_ms, recorded->instance_ms) < 1000);
    free(recorded);
    free(model);
}

/* Two instances at most before a load for five: too much all the time. */
static void test_time_above_follows_the_groups_period(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_policy_config fifty = target("cpu50", 50000);
    struct load_setting setting = setting_of(load_steady, 7200, &fifty, 1);
    setting.max = 2;
    setting.desired = 2;
    setting.evaluation_at_s = 1800;
    setting.evaluation_to_ms = 60000;
    (void)load_write(fixture->path, &setting);
    struct asg_figures *recorded = asg_alloc(1, sizeof *recorded);
    struct asg_figures *model = asg_alloc(1, sizeof *model);
    const struct part whole = {.name = "a longer period"};
    run_part(fixture, &whole, recorded, model);
    assert_true(recorded->above_ms > 6900000 && recorded->above_ms <= 7200000);
    assert_int_equal(recorded->above_ms, model->above_ms);
    free(recorded);
    free(model);
}

/* All of the group's trace; the caller clears it and closes the log. */
static void load_trace(const struct fixture *fixture, struct asg_log **ret_log,
                       struct asg_trace *ret)
{
    const struct asg_log_options options = {.path = fixture->path, .is_read_only = true};
    const struct asg_trace_range range = {.group = "web"};
    struct asg_error error = {0};
    assert_status(ASG_OK, asg_log_open_sqlite(&options, ret_log, &error));
    assert_status(ASG_OK, asg_trace_load(*ret_log, &range, ret, &error));
}

/* The CPU is at 100 % while the group grows; only what comes after the stretch tells what
 * was asked for, and only when it is more than what was measured. */
static int64_t load_beyond(int64_t second)
{
    if (second < 600) return 60000;
    return second < 1500 ? 1500000 : 40000;
}

static void test_a_saturated_stretch_asks_what_comes_after_it(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_policy_config fifty = target("cpu50", 50000);
    struct load_setting setting = setting_of(load_beyond, 1800, &fifty, 1);
    setting.max = 12; /* saturated to the end of the stretch */
    (void)load_write(fixture->path, &setting);
    struct asg_log *log = NULL;
    struct asg_trace trace;
    load_trace(fixture, &log, &trace);
    uint32_t fewest = UINT32_MAX;
    uint32_t most = 0;
    for (size_t i = 0; i < trace.sample_count; i++) {
        const struct asg_sample *sample = &trace.samples[i];
        if (!sample->is_saturated) continue;
        assert_int_equal(sample->mean_milli * sample->serving, sample->demand_milli);
        if (sample->serving < fewest) fewest = sample->serving;
        if (sample->serving > most) most = sample->serving;
    }
    assert_true(fewest < most); /* so that one could be told for another */
    asg_trace_clear(&trace);
    asg_log_close(&log);
}

/* The recorded side is no model: it must be what the world itself counted. */
static void test_the_recorded_hours_are_those_of_the_world(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_policy_config fifty = target("cpu50", 50000);
    struct load_setting setting = setting_of(load_noise, 28800, &fifty, 1);
    int64_t truth_ms = load_write(fixture->path, &setting);
    struct asg_log *log = NULL;
    struct asg_trace trace;
    load_trace(fixture, &log, &trace);
    /* The world counts by whole seconds and from before the first period. */
    assert_true(apart_milli(trace.recorded.instance_ms, truth_ms) < 1500);
    assert_int_equal(1000, trace.launch_ms - trace.launch_ms % 1000 - 1000);
    assert_true(trace.service_ms >= 20000 && trace.service_ms <= 61000);
    asg_trace_clear(&trace);
    asg_log_close(&log);
}

static void run(struct fixture *fixture, int code, const char *format)
{
    char line[512];
    (void)snprintf(line, sizeof line, format, fixture->path, fixture->folder,
                   fixture->folder, fixture->folder);
    run_line(&fixture->said, line);
    if (fixture->said.code != code) {
        fail_msg("%s: exit %d\n%s%s", line, fixture->said.code, fixture->said.out,
                 fixture->said.err);
    }
}

static void says(const char *text, const char *words)
{
    if (strstr(text, words) == NULL) fail_msg("\"%s\" lacks \"%s\"", text, words);
}

static void put(struct fixture *fixture, const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(0, fclose(file));
}

static void read_file(struct fixture *fixture, const char *name, char *ret, size_t size)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    ret[fread(ret, 1, size - 1, file)] = '\0';
    assert_int_equal(0, fclose(file));
}

/* Field of the JSON of one side. */
static long number_of(const char *json, const char *side, const char *field)
{
    const char *at = strstr(json, side);
    if (at != NULL) at = strstr(at, field);
    if (at == NULL) fail_msg("no %s of %s in %s", field, side, json);
    return strtol(at + strlen(field), NULL, 10);
}

static void test_what_if_tells_a_cheaper_policy_from_a_safer_one(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_policy_config fifty = put_target("cpu50", 50000);
    struct load_setting setting = setting_of(load_noise, 28800, &fifty, 1);
    (void)load_write(fixture->path, &setting);
    put(fixture, "cheap.yaml",
        "policies:\n  - group: web\n    name: cpu80\n    kind: target-tracking\n"
        "    target: 80\n");
    put(fixture, "safe.yaml", "name: cpu30\nkind: target-tracking\ntarget: 30\n");
    put(fixture, "prices.yaml", "c5.large: 0.085\n");
    run(fixture, 0, "what-if %s --policy %s/cheap.yaml --prices %s/prices.yaml -o json");
    const char *json = fixture->said.out;
    static const char hours[] = "\"instance_hours_milli\":\t";
    static const char above[] = "\"above_level_ms\":\t";
    long recorded = number_of(json, "\"recorded\"", hours);
    long cheap = number_of(json, "\"what-if\"", hours);
    assert_true(cheap < recorded * 80 / 100);
    assert_true(number_of(json, "\"what-if\"", above) >
                number_of(json, "\"recorded\"", above));
    long cost = number_of(json, "\"recorded\"", "\"cost_micro\":\t");
    assert_in_range(cost, recorded * 85 - 100, recorded * 85 + 100);
    run(fixture, 0, "what-if %s --policy %s/safe.yaml -o json");
    json = fixture->said.out;
    assert_true(number_of(json, "\"what-if\"", hours) > recorded * 120 / 100);
    assert_true(number_of(json, "\"what-if\"", above) <
                number_of(json, "\"recorded\"", above));
    /* The same policy is the model itself. */
    put(fixture, "same.yaml", "name: cpu50\nkind: target-tracking\ntarget: 50\n");
    run(fixture, 0, "what-if %s --policy %s/same.yaml -o json");
    json = fixture->said.out;
    assert_int_equal(number_of(json, "\"model\"", hours),
                     number_of(json, "\"what-if\"", hours));
    run(fixture, 0,
        "what-if %s --policy %s/cheap.yaml --prices %s/prices.yaml --plot "
        "%s/plot.svg");
    says(fixture->said.out, "RECORDED          MODEL        WHAT-IF");
    says(fixture->said.out, "cost ");
    static char svg[65536];
    read_file(fixture, "plot.svg", svg, sizeof svg);
    static const char *const parts[] = {"<svg xmlns=",
                                        "Group web: instances in service and load",
                                        "load, in instances at 50 %",
                                        "recorded: cpu50",
                                        "what-if: cpu80",
                                        "2026-11-23, UTC",
                                        "</svg>\n"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        says(svg, parts[i]);
    assert_null(strstr(svg, "nan"));
    run(fixture, 0, "what-if %s --policy %s/cheap.yaml -o csv");
    says(fixture->said.out, "name,policies,instance_hours_milli,cost_micro,");
    says(fixture->said.out, ",is_best,metric,level_milli,model_error_milli\r\n");
    says(fixture->said.out, "\r\n\"what-if\",\"cpu80\",");
    says(fixture->said.out, ",cpu,50000,");
    run(fixture, 0, "what-if %s --plot %s/model.svg");
    read_file(fixture, "model.svg", svg, sizeof svg);
    says(svg, "model: cpu50");
    assert_null(strstr(svg, "what-if: "));
}

/* Three instances for ten minutes at about a cent an hour. */
static void test_small_costs_are_told_apart(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_policy_config fifty = target("cpu50", 50000);
    struct load_setting setting = setting_of(load_steady, 600, &fifty, 1);
    (void)load_write(fixture->path, &setting);
    put(fixture, "prices.yaml", "c5.large: 0.0104\n");
    put(fixture, "cheap.yaml", "name: cpu80\nkind: target-tracking\ntarget: 80\n");
    static const char hours[] = "\"instance_hours_milli\":\t";
    static const char cost[] = "\"cost_micro\":\t";
    run(fixture, 0, "what-if %s --policy %s/cheap.yaml --prices %s/prices.yaml -o json");
    long thousandths = number_of(fixture->said.out, "\"what-if\"", hours);
    long micro = number_of(fixture->said.out, "\"what-if\"", cost);
    assert_true(thousandths > 200 && thousandths < 900);
    assert_in_range(micro, thousandths * 104 / 10 - 12, thousandths * 104 / 10 + 12);
    run(fixture, 0, "what-if %s --policy %s/cheap.yaml --prices %s/prices.yaml");
    char text[32];
    (void)snprintf(text, sizeof text, micro < 10000 ? " %.6f" : " %.4f",
                   (double)micro / 1000000);
    says(fixture->said.out, text);
}

static void test_what_if_takes_a_part_of_the_log(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_policy_config fifty = target("cpu50", 50000);
    struct load_setting setting = setting_of(load_noise, 28800, &fifty, 1);
    (void)load_write(fixture->path, &setting);
    run(fixture, 0,
        "what-if %s --from 2026-11-23T02:00:00Z --to 2026-11-23T04:00:00Z "
        "-o json");
    says(fixture->said.out, "\"periods\":\t1440,");
    assert_true(number_of(fixture->said.out, "", "\"model_error_milli\":\t") < 10000);
    run(fixture, 1, "what-if %s --from 2027-11-23T02:00:00Z");
    says(fixture->said.err, "in that time");
    run(fixture, 1, "what-if %s --group db");
    says(fixture->said.err, "no metrics of a group \"db\"");
}

/* FILE's schedules stand instead of those of the log, those that came later too. */
static void test_what_if_replaces_schedules(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_policy_config fifty = target("cpu50", 50000);
    struct load_setting setting = setting_of(load_steady, 3600, &fifty, 1);
    setting.schedule_at_s = 600;
    (void)load_write(fixture->path, &setting);
    static const char most[] = "\"instances_most\":\t";
    put(fixture, "mine.yaml",
        "schedules:\n  - name: mine\n    start: 2026-11-23T00:40:00Z\n    min: 8\n");
    run(fixture, 0, "what-if %s --policy %s/mine.yaml -o json");
    assert_int_equal(15, number_of(fixture->said.out, "\"recorded\"", most));
    assert_int_equal(15, number_of(fixture->said.out, "\"model\"", most));
    assert_int_equal(8, number_of(fixture->said.out, "\"what-if\"", most));
    /* One that had begun, goes on; in its own time zone. */
    put(fixture, "zone.yaml",
        "schedules:\n  - name: mine\n    start: 2026-11-22T00:00:00Z\n"
        "    recurrence: \"40 5 * * *\"\n    time_zone: Asia/Kolkata\n    min: 9\n");
    run(fixture, 0, "what-if %s --policy %s/zone.yaml -o json");
    assert_int_equal(9, number_of(fixture->said.out, "\"what-if\"", most));
}

static void test_what_if_names_what_is_wrong_with_a_policy(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_policy_config fifty = target("cpu50", 50000);
    struct load_setting setting = setting_of(load_steady, 600, &fifty, 1);
    (void)load_write(fixture->path, &setting);
    static const struct {
        const char *text;
        const char *words;
    } bad[] = {
        {"policies:\n  - name: x\n    kind: sideways\n", "bad.yaml:3"},
        {"policies:\n  - name: x\n    kind: target-tracking\n    targt: 5\n",
         "bad.yaml:4"},
        {"policies:\n  - name: x\n    kind: target-tracking\n    target: 0\n", "target"},
        {"policies:\n  - name: x\n    kind: target-tracking\n    target: 50\n"
         "    metric: memory\n",
         "policy x uses memory"},
        {"policies:\n  - group: db\n    name: x\n    kind: target-tracking\n"
         "    target: 50\n",
         "no metrics of a group \"db\""},
        {"polices: []\n", "bad.yaml"},
        {"{", "bad.yaml"},
        {"\x01\x02", "bad.yaml"},
        {"", "bad.yaml says nothing of group"},
        {"{}", "bad.yaml: a policy needs a name"},
        {"name: x\nkind: step\nthreshold: 50\n", "bad.yaml: policy x has 0 steps"},
        {"policies:\n  - name: a\n    target: 50\n  - name: a\n    target: 60\n",
         "bad.yaml has two policies named a"},
        {"schedules:\n  - name: s\n    recurrence: \"99 * * * *\"\n    desired: 4\n",
         "bad.yaml: "},
        {"schedules:\n  - name: s\n    recurrence: \"0 0 * * *\"\n    min: 9\n    max: "
         "4\n",
         "bad.yaml: scheduled action s: min 9 is above max 4"},
        {"schedules:\n  - name: s\n    start: 2020-01-01T00:00:00Z\n    min: 9\n"
         "    max: 4\n",
         "bad.yaml: scheduled action s: min 9 is above max 4"},
        {"schedules:\n  - name: s\n    recurrence: \"0 0 * * *\"\n    desired: 4\n"
         "  - name: s\n    recurrence: \"0 1 * * *\"\n    desired: 5\n",
         "bad.yaml has two schedules named s"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put(fixture, "bad.yaml", bad[i].text);
        char line[256];
        (void)snprintf(line, sizeof line, "what-if %s --policy %s/bad.yaml",
                       fixture->path, fixture->folder);
        run_line(&fixture->said, line);
        if (fixture->said.code == 0) fail_msg("accepted: %s", bad[i].text);
        if (strstr(bad[i].text, "group: db") == NULL)
            assert_int_equal(2, fixture->said.code);
        says(fixture->said.err, bad[i].words);
    }
    run(fixture, 2, "what-if %s --policy %s/none.yaml");
    says(fixture->said.err, "none.yaml");
    run(fixture, 2, "what-if %s --prices %s/none.yaml");
    says(fixture->said.err, "none.yaml");
    put(fixture, "past.yaml",
        "schedules:\n  - name: s\n    start: 2020-01-01T00:00:00Z\n    min: 4\n");
    run(fixture, 0, "what-if %s --policy %s/past.yaml");
    says(fixture->said.err, "past.yaml: scheduled action s was over");
    put(fixture, "prices.yaml", "t3.micro: 0.0104\n");
    run(fixture, 2, "what-if %s --prices %s/prices.yaml");
    says(fixture->said.err, "no price for \"c5.large\"");
    put(fixture, "prices.yaml", "c5.large: cheap\n");
    run(fixture, 2, "what-if %s --prices %s/prices.yaml");
    says(fixture->said.err, "prices.yaml:1");
    put(fixture, "prices.yaml", "default: 1\n");
    run(fixture, 0, "what-if %s --prices %s/prices.yaml");
}

/* FILE's group evaluates more often or less often than the recorded one: 240 % before
 * two instances, out after one period, as that is far above. */
static void test_another_period_reacts_at_its_own_pace(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_policy_config fifty = put_target("cpu50", 50000);
    struct load_setting setting = setting_of(load_steady, 3600, &fifty, 1);
    setting.desired = 2;
    (void)load_write(fixture->path, &setting);
    static const struct {
        const char *period;
        long over_least_ms; /* an hour, at least and at most */
        long over_most_ms;
    } rows[] = {{"1s", 30000, 130000}, {"5s", 40000, 140000}, {"60s", 80000, 140000}};
    static const char over[] = "\"over_an_hour_ms\":\t";
    long before = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[160];
        (void)snprintf(text, sizeof text,
                       "group:\n  name: web\n  evaluation: %s\npolicies:\n"
                       "  - group: web\n    name: cpu50\n    target: 50\n",
                       rows[i].period);
        put(fixture, "period.yaml", text);
        run(fixture, 0, "what-if %s --policy %s/period.yaml -o json");
        long ms = number_of(fixture->said.out, "\"what-if\"", over);
        print_message("every %s: over %ld ms an hour\n", rows[i].period, ms);
        assert_in_range(ms, rows[i].over_least_ms, rows[i].over_most_ms);
        assert_true(ms > before);
        before = ms;
        if (strcmp(rows[i].period, "5s") != 0) continue;
        assert_int_equal(ms, number_of(fixture->said.out, "\"model\"", over));
    }
}

/* FILE may say that agents check health, or that the group mixes: what is launched comes
 * into service all the same. */
static void test_another_kind_of_group_is_served_as_well(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_policy_config fifty = target("cpu50", 50000);
    struct load_setting setting = setting_of(load_spike, 10800, &fifty, 1);
    (void)load_write(fixture->path, &setting);
    static const char *const groups[] = {
        "  health_check: agent\n",
        ("  mixed:\n    on_demand_base: 1\n    on_demand_percent: 50\n"
         "  instance_types: [c5.large, c5a.large]\n"),
        "  drain: 1s\n"};
    static const char hours[] = "\"instance_hours_milli\":\t";
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        char text[200];
        (void)snprintf(text, sizeof text, "group:\n  name: web\n%s", groups[i]);
        put(fixture, "kind.yaml", text);
        run(fixture, 0, "what-if %s --policy %s/kind.yaml -o json");
        long model = number_of(fixture->said.out, "\"model\"", hours);
        long what_if = number_of(fixture->said.out, "\"what-if\"", hours);
        print_message("%smodel %ld, what-if %ld\n", groups[i], model, what_if);
        assert_in_range(what_if, model * 99 / 100, model * 101 / 100);
    }
}

static int64_t load_bursts(int64_t second)
{
    uint64_t z = (uint64_t)(second / 600) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    return load_noise(second) * 2 / 3 + ((z >> 60) == 3 ? 400000 : 0);
}

static void test_presets_are_compared_and_the_best_is_named(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_policy_config fifty = target("cpu50", 50000);
    struct load_setting setting = setting_of(load_bursts, 86400, &fifty, 1);
    (void)load_write(fixture->path, &setting);
    run(fixture, 0, "what-if %s --presets");
    says(fixture->said.out, "DEFAULT         AWS        CALM       QUICK");
    says(fixture->said.out, "over 60 %, s an hour");
    says(fixture->said.out, "best in resamples");
    says(fixture->said.out, "\nBest for this group: ");
    says(fixture->said.out, "\nConfidence ");
    says(fixture->said.out, "1000 resamples of the record's 24 hours");
    run(fixture, 0, "what-if %s --presets -o json");
    const char *json = fixture->said.out;
    static const char over[] = "\"over_an_hour_ms\":\t";
    static const char hours[] = "\"instance_hours_milli\":\t";
    static const char turns[] = "\"turns_an_hour_milli\":\t";
    static const char period[] = "\"evaluation_ms\":\t";
    says(json, "\"blocks\":\t24,");
    assert_true(number_of(json, "", "\"confidence_permille\":\t") >= 0);
    assert_true(number_of(json, "\"calm\"", hours) > number_of(json, "\"aws\"", hours));
    assert_true(number_of(json, "\"calm\"", over) < number_of(json, "\"aws\"", over));
    assert_true(number_of(json, "\"calm\"", turns) < number_of(json, "\"aws\"", turns));
    assert_int_equal(1000, number_of(json, "\"quick\",\n", period));
    assert_int_equal(5000, number_of(json, "\"aws\",\n", period));
    run(fixture, 0, "what-if %s --preset calm --preset aws,calm -o csv");
    says(fixture->said.out, ",turns_an_hour_milli,evaluation_ms,best_permille,is_best,");
    says(fixture->said.out, "\r\n\"calm\",\"cpu50\",");
    says(fixture->said.out, "\r\n\"aws\",\"cpu50\",");
    assert_null(strstr(fixture->said.out, "\"quick\""));
    /* Tried on FILE's policy, at its target. */
    put(fixture, "cheap.yaml", "name: cpu70\nkind: target-tracking\ntarget: 70\n");
    run(fixture, 0, "what-if %s --policy %s/cheap.yaml --preset calm");
    says(fixture->said.out, "over 80 %, s an hour");
    says(fixture->said.out, "cpu70          cpu70\n");
    run(fixture, 0, "what-if %s --policy %s/cheap.yaml");
    assert_null(strstr(fixture->said.out, "Best for this group"));
}

static void test_what_cannot_be_said_of_presets_is_said(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_policy_config fifty = target("cpu50", 50000);
    struct load_setting setting = setting_of(load_beyond, 1800, &fifty, 1);
    (void)load_write(fixture->path, &setting);
    run(fixture, 0, "what-if %s --preset calm");
    says(fixture->said.out, "The record of 28m 40s is too short to say how");
    says(fixture->said.out, "Load lost is at least what is shown.");
    run(fixture, 2, "what-if %s --preset clam");
    says(fixture->said.err, "--preset cannot be \"clam\": it is one of default, aws, ");
    struct asg_policy_config simple = target("out", 0);
    simple.kind = ASG_POLICY_SIMPLE;
    simple.threshold_milli = 70000;
    simple.adjustment = 1;
    setting = setting_of(load_steady, 600, &simple, 1);
    (void)unlink(fixture->path);
    char lock[128];
    (void)snprintf(lock, sizeof lock, "%s.lock", fixture->path);
    (void)unlink(lock);
    (void)load_write(fixture->path, &setting);
    run(fixture, 2, "what-if %s --presets");
    says(fixture->said.err, "a preset needs a target tracking policy, and group web has "
                            "none in this log: give one with --policy FILE");
}

/* The state of the trace, after an order for `count` instances whose launches EC2 has
 * answered: all of them are pending. */
static void launch_thousands(struct asg_trace *trace, uint32_t count)
{
    struct asg_error error = {0};
    struct asg_core *core = NULL;
    struct asg_effects effects = {0};
    struct asg_arena arena = {0};
    assert_status(ASG_OK,
                  asg_core_load(trace->state.data, trace->state.length, &core, &error));
    const struct asg_group_config config = {.min = count, .max = count, .desired = count};
    const struct asg_command order = {.kind = ASG_COMMAND_GROUP_UPDATE,
                                      .group = "web",
                                      .name = "",
                                      .cluster_id = "",
                                      .actor = "ann",
                                      .group_config = &config,
                                      .group_fields = UINT64_C(1) << ASG_GROUP_MIN |
                                                      UINT64_C(1) << ASG_GROUP_MAX |
                                                      UINT64_C(1) << ASG_GROUP_DESIRED};
    struct asg_event event = {
        .kind = ASG_EVENT_COMMAND, .time_ms = asg_core_now_ms(core), .command = &order};
    assert_status(ASG_OK, step_core(core, &event, &effects));
    assert_true(effects.reply.is_ok);
    struct asg_job *jobs = NULL;
    size_t job_count = 0;
    uint32_t launched = 0;
    asg_core_open_jobs(core, &arena, &jobs, &job_count);
    for (size_t i = 0; i < job_count; i++) {
        if (jobs[i].kind != ASG_JOB_LAUNCH) continue;
        size_t of_job = jobs[i].launch->count;
        struct asg_seen_instance *seen = asg_arena_take(&arena, of_job * sizeof *seen);
        for (size_t k = 0; k < of_job; k++) {
            const char *id = asg_arena_format(&arena, "i-t%u", launched++);
            seen[k] = load_seen(id, ASG_EC2_PENDING, &jobs[i]);
        }
        const struct asg_result result = load_result(&jobs[i], seen, of_job);
        event = (struct asg_event){.kind = ASG_EVENT_RESULT,
                                   .time_ms = asg_core_now_ms(core),
                                   .result = &result};
        assert_status(ASG_OK, step_core(core, &event, &effects));
    }
    assert_true(launched > count - 10);
    asg_bytes_reset(&trace->state);
    assert_true(asg_core_save_group(core, "web", &trace->state));
    asg_arena_clear(&arena);
    asg_effects_clear(&effects);
    asg_core_destroy(&core);
}

/* Each that is still coming is an answer of its own that the model waits for. */
static void test_thousands_may_be_coming_at_once(void **state)
{
    enum { COMING = 4500 };
    struct fixture *fixture = *state;
    const struct asg_policy_config fifty = target("cpu50", 50000);
    struct load_setting setting = setting_of(load_steady, 600, &fifty, 1);
    (void)load_write(fixture->path, &setting);
    struct asg_log *log = NULL;
    struct asg_trace trace;
    load_trace(fixture, &log, &trace);
    launch_thousands(&trace, COMING);
    const struct asg_model_run run = {.metric = ASG_METRIC_NAME_CPU,
                                      .level_milli = 50000};
    struct asg_figures *figures = asg_alloc(1, sizeof *figures);
    struct asg_error error = {0};
    if (asg_model_run(&trace, &run, figures, &error) != ASG_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(figures->most, COMING);
    asg_figures_clear(figures);
    free(figures);
    asg_trace_clear(&trace);
    asg_log_close(&log);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_model_finds_the_recorded_capacity_again),
        TEST(test_the_model_follows_step_and_simple_policies),
        TEST(test_a_part_begins_with_what_was_there),
        TEST(test_a_part_begins_in_its_cooldown),
        TEST(test_time_above_follows_the_groups_period),
        TEST(test_a_saturated_stretch_asks_what_comes_after_it),
        TEST(test_the_recorded_hours_are_those_of_the_world),
        TEST(test_what_if_tells_a_cheaper_policy_from_a_safer_one),
        TEST(test_small_costs_are_told_apart),
        TEST(test_what_if_takes_a_part_of_the_log),
        TEST(test_what_if_replaces_schedules),
        TEST(test_what_if_names_what_is_wrong_with_a_policy),
        TEST(test_another_period_reacts_at_its_own_pace),
        TEST(test_another_kind_of_group_is_served_as_well),
        TEST(test_presets_are_compared_and_the_best_is_named),
        TEST(test_what_cannot_be_said_of_presets_is_said),
        TEST(test_thousands_may_be_coming_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

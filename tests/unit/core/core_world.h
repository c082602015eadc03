/* core_world - core in front of a pretended EC2 that answers every job at once, or as the
 * test says: for tests of what a group does. Each test begins with a new world. */
#ifndef ASG_TESTS_CORE_WORLD_H
#define ASG_TESTS_CORE_WORLD_H

#include <stdio.h>

#include "core/check.h"
#include "core/core.h"
#include "lib/check.h"
#include "lib/step_core.h"
#include "model/check_texts.h"
#include "model/copy.h"
#include "model/schemas.h"

#define BEGAN_MS INT64_C(1795444609000)
#define SEEN_MAX 2048 /* of instances a test may launch, or end */

struct world {
    struct asg_core *core;
    struct asg_effects effects;
    int64_t now_ms;
    int instance_count;       /* launched so far: i-1, i-2, ... */
    char ended[SEEN_MAX][20]; /* ids EC2 was asked to end */
    int ended_count;
    bool says_unknown; /* EC2 does not know the ids it is to end */
    bool protects;     /* and keeps them all */
    enum asg_outcome launch_outcome;
    uint32_t launch_deliveries; /* of the job, before that outcome */
    const char *launch_error;   /* EC2's code with it; NULL: of a missing image */
    const char *full_subnet; /* there it is launch_outcome, elsewhere ok; NULL: always */
    enum asg_outcome terminate_outcome;
    enum asg_ec2_state launch_state; /* of what is launched; UNKNOWN: running */
    size_t launch_most;              /* instances a call starts at most; 0: all */
    bool is_spot;                    /* so is what is launched */
    bool has_no_address;             /* nor does EC2 say its address at once */
    bool starts_none;                /* launches succeed and start nothing */
    bool is_slow;                    /* launches wait for answer_launches() */
    bool lists;                      /* whole listings are whole, and show `there` */
    struct asg_seen_instance there[4];
    size_t there_count;
    uint64_t recalled[8]; /* by the last step */
    size_t recalled_count;
    int launch_requests; /* handed out, repeats included */
    int end_requests;
    uint64_t revision; /* of the last group whose members changed */
    bool is_ok;        /* the reply to the last order, its code and its words */
    char code[64];
    char reply[512];
    char said[65536];  /* every decision, a line each */
    char facts[65536]; /* of each: "i-1 scale-in in-service>terminating" */
};

static struct world w;

/* The activities of the first group, as they were told last, by their numbers. */
static struct {
    struct asg_arena arena;
    struct asg_activity rows[SEEN_MAX];
    uint64_t last;
    size_t open;
} told;

static void step(struct asg_event event);

static void answer_launch(const struct asg_job *job)
{
    static struct asg_seen_instance seen[SEEN_MAX];
    static char ids[SEEN_MAX][20];
    static char addresses[SEEN_MAX][24];
    bool is_elsewhere =
        w.full_subnet != NULL && strcmp(job->launch->subnet_id, w.full_subnet) != 0;
    enum asg_outcome outcome = is_elsewhere ? ASG_OUTCOME_OK : w.launch_outcome;
    const char *error = w.launch_error != NULL ? w.launch_error : "InvalidAMIID.NotFound";
    size_t count = outcome == ASG_OUTCOME_OK && !job->is_dry_run ? job->launch->count : 0;
    if (w.launch_most > 0 && count > w.launch_most) count = w.launch_most;
    if (w.starts_none) count = 0;
    for (size_t i = 0; i < count; i++) {
        w.instance_count++;
        (void)snprintf(ids[i], sizeof ids[i], "i-%d", w.instance_count);
        (void)snprintf(addresses[i], sizeof addresses[i], "127.0.%d.%d",
                       w.instance_count / 250, w.instance_count % 250 + 1);
        seen[i] = (struct asg_seen_instance){
            .instance_id = ids[i],
            .state = w.launch_state != ASG_EC2_UNKNOWN ? w.launch_state : ASG_EC2_RUNNING,
            .instance_type = "t3.micro",
            .subnet_id = job->launch->subnet_id,
            .zone = job->launch->zone,
            .private_ip = w.has_no_address ? "" : addresses[i],
            .is_spot = w.is_spot};
    }
    const struct asg_result result = {.job_id = job->id,
                                      .attempt = job->attempt,
                                      .incarnation = job->incarnation,
                                      .outcome = outcome,
                                      .worker = "w",
                                      .error_code = count > 0 ? "" : error,
                                      .message = "",
                                      .request_id = "",
                                      .instances = seen,
                                      .instance_count = count,
                                      .deliveries = w.launch_deliveries};
    step((struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
}

static void answer_terminate(const struct asg_job *job)
{
    static struct asg_seen_instance seen[SEEN_MAX];
    bool is_done = w.terminate_outcome == ASG_OUTCOME_OK && !w.protects;
    size_t count = is_done ? job->terminate->instance_ids.count : 0;
    for (size_t i = 0; i < count; i++) {
        const char *id = job->terminate->instance_ids.items[i];
        (void)snprintf(w.ended[w.ended_count++], 20, "%s", id);
        seen[i] = (struct asg_seen_instance){.instance_id = id,
                                             .state = ASG_EC2_TERMINATED,
                                             .instance_type = "",
                                             .subnet_id = "",
                                             .zone = "",
                                             .private_ip = ""};
    }
    const struct asg_result result = {
        .job_id = job->id,
        .attempt = job->attempt,
        .incarnation = job->incarnation,
        .outcome = w.terminate_outcome,
        .worker = "w",
        .error_code = "",
        .message = "",
        .request_id = "",
        .instances = seen,
        .instance_count = w.says_unknown ? 0 : count,
        .gone = w.says_unknown ? job->terminate->instance_ids : (struct asg_texts){0},
        .protected_ids =
            w.protects ? job->terminate->instance_ids : (struct asg_texts){0}};
    step((struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
}

static void answer_describe(const struct asg_job *job)
{
    bool is_whole = w.lists && job->describe->instance_ids.count == 0;
    struct asg_observed observed = {.job_id = job->id, .is_complete = is_whole};
    if (is_whole) observed.instances = w.there;
    if (is_whole) observed.instance_count = w.there_count;
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
}

/* Jobs of one step, answered in order; what they lead to is answered in turn. */
static void answer(void)
{
    struct asg_effects effects = w.effects;
    w.effects = (struct asg_effects){0};
    for (size_t i = 0; i < effects.job_count; i++) {
        const struct asg_job *job = &effects.jobs[i];
        w.launch_requests += job->kind == ASG_JOB_LAUNCH;
        if (job->kind == ASG_JOB_LAUNCH && !w.is_slow) answer_launch(job);
        w.end_requests += job->kind == ASG_JOB_TERMINATE;
        if (job->kind == ASG_JOB_TERMINATE) answer_terminate(job);
        if (job->kind == ASG_JOB_DESCRIBE) answer_describe(job);
    }
    asg_effects_clear(&effects);
}

static void note_facts(const struct asg_decision *decision)
{
    size_t used = strlen(w.facts);
    const char *what =
        decision->instance_id[0] != '\0' ? decision->instance_id : decision->policy;
    (void)snprintf(w.facts + used, sizeof w.facts - used, "%s %s %s>%s\n", what,
                   asg_enum_word(&asg_cause_words, (int)decision->cause),
                   asg_enum_word(&asg_instance_state_words, (int)decision->state_from),
                   asg_enum_word(&asg_instance_state_words, (int)decision->state_to));
}

/* Numbered without a gap, begun once, ended once and never changed after that. */
static void take_activity(const struct asg_activity *row)
{
    if (row->group_no != 1) return;
    struct asg_activity *known = &told.rows[row->no];
    if (row->no == told.last + 1) {
        told.last++;
        told.open++;
    } else {
        assert_true(row->no > 0 && row->no <= told.last);
        assert_int_equal(0, known->end_ms);
        assert_int_equal(known->kind, row->kind);
        assert_int_equal(known->start_ms, row->start_ms);
        assert_string_equal(known->cause, row->cause);
    }
    assert_int_equal(row->end_ms != 0, row->progress == 100);
    told.open -= row->end_ms != 0;
    asg_model_copy(&asg_activity_schema, row, &told.arena, known);
}

static void step(struct asg_event event)
{
    event.time_ms = w.now_ms;
    assert_status(ASG_OK, step_core(w.core, &event, &w.effects));
    /* Whatever it says can be written into the log. */
    assert_status(ASG_OK, asg_model_check_limits(&asg_effects_schema, &w.effects, NULL));
    struct asg_error wrong = {""};
    if (asg_core_check(w.core, &wrong) != ASG_OK) fail_msg("%s", wrong.text);
    for (size_t i = 0; i < w.effects.decision_count; i++) {
        size_t used = strlen(w.said);
        (void)snprintf(w.said + used, sizeof w.said - used, "%s\n",
                       w.effects.decisions[i].text);
        note_facts(&w.effects.decisions[i]);
    }
    for (size_t i = 0; i < w.effects.activity_count; i++) {
        take_activity(&w.effects.activities[i]);
    }
    if (w.effects.reply.is_set) {
        w.is_ok = w.effects.reply.is_ok;
        (void)snprintf(w.code, sizeof w.code, "%s", w.effects.reply.code);
        (void)snprintf(w.reply, sizeof w.reply, "%s", w.effects.reply.message);
    }
    w.recalled_count = 0;
    for (size_t i = 0; i < w.effects.recalled_jobs.count; i++) {
        w.recalled[w.recalled_count++] = w.effects.recalled_jobs.items[i];
    }
    for (size_t i = 0; i < w.effects.watch_count; i++) {
        w.revision = w.effects.watches[i].revision;
    }
    answer();
}

/* The launches that wait, in order. */
static inline void answer_launches(void)
{
    struct asg_arena arena = {0};
    struct asg_job *jobs = NULL;
    size_t count = 0;
    asg_core_open_jobs(w.core, &arena, &jobs, &count);
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].kind == ASG_JOB_LAUNCH) answer_launch(&jobs[i]);
    }
    asg_arena_clear(&arena);
}

/* One period in which `count` of `members` instances had this CPU, in percent. */
static inline void measure(uint32_t count, uint32_t members, int64_t percent)
{
    struct asg_group_metric row = {.group_no = 1,
                                   .metric = ASG_METRIC_NAME_CPU,
                                   .revision = w.revision,
                                   .members = members,
                                   .count = count,
                                   .sum_milli = percent * 1000 * count,
                                   .min_milli = percent * 1000,
                                   .max_milli = percent * 1000};
    const struct asg_metrics metrics = {.groups = &row, .group_count = 1};
    w.now_ms += 1000;
    step((struct asg_event){.kind = ASG_EVENT_METRICS, .metrics = &metrics});
}

static void order(struct asg_command command)
{
    command.actor = "test";
    step((struct asg_event){.kind = ASG_EVENT_COMMAND, .command = &command});
    if (command.kind != ASG_COMMAND_LEAD) return;
    const struct asg_observed listing = {.is_complete = true}; /* launches wait for it */
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &listing});
}

static inline void pass(int64_t ms)
{
    w.now_ms += ms;
    step((struct asg_event){.kind = ASG_EVENT_TICK});
}

static void sign(int number, enum asg_sign which)
{
    char id[20];
    (void)snprintf(id, sizeof id, "i-%d", number);
    struct asg_health_sign row = {.instance_id = id, .sign = which, .detail = ""};
    const struct asg_health health = {.signs = &row, .sign_count = 1};
    step((struct asg_event){.kind = ASG_EVENT_HEALTH, .health = &health});
}

static inline bool was_ended(int number)
{
    char id[20];
    (void)snprintf(id, sizeof id, "i-%d", number);
    for (int i = 0; i < w.ended_count; i++) {
        if (strcmp(w.ended[i], id) == 0) return true;
    }
    return false;
}

static struct asg_group_view group(struct asg_arena *arena)
{
    struct asg_group_view *views = NULL;
    size_t count = 0;
    asg_core_view_groups(w.core, "web", arena, &views, &count);
    assert_int_equal(1, count);
    return views[0];
}

/* Of a kind, of all groups and of what belongs to none; not the breakers, which are over
 * by themselves. */
static inline uint32_t alarms_of(enum asg_alarm_kind kind)
{
    struct asg_arena arena = {0};
    struct asg_cluster_sheet cluster;
    asg_core_view_cluster(w.core, &arena, &cluster);
    uint32_t count = cluster.alarm_counts.of[kind];
    for (uint32_t no = 1; no <= 8; no++) {
        struct asg_group_sheet sheet;
        if (!asg_core_view_sheet(w.core, no, &arena, &sheet)) continue;
        count += sheet.alarm_counts.of[kind];
    }
    asg_arena_clear(&arena);
    return count;
}

/* The alarms that stand, for `openasg status` and the gauge. */
static inline void expect_alarms(size_t count, const char *words)
{
    struct asg_arena arena = {0};
    struct asg_status_view view;
    asg_core_view_status(w.core, &arena, &view);
    assert_int_equal(count, view.alarms.count);
    if (count > 0) assert_non_null(strstr(view.alarms.items[0], words));
    asg_arena_clear(&arena);
}

static inline uint32_t in_service(void)
{
    struct asg_arena arena = {0};
    struct asg_group_view view = group(&arena);
    asg_arena_clear(&arena);
    return view.in_service;
}

static inline uint32_t desired(void)
{
    struct asg_arena arena = {0};
    uint32_t value = group(&arena).config->desired;
    asg_arena_clear(&arena);
    return value;
}

static inline void set_desired(uint32_t value)
{
    order((struct asg_command){.kind = ASG_COMMAND_SET_DESIRED,
                               .group = "web",
                               .desired = value,
                               .force = true});
}

/* One that carries the cluster's tag and belongs to no group that is known. */
static inline struct asg_seen_instance an_orphan(const char *id, int64_t launched_ms)
{
    return (struct asg_seen_instance){.instance_id = id,
                                      .state = ASG_EC2_RUNNING,
                                      .instance_type = "",
                                      .subnet_id = "",
                                      .zone = "us-east-1a",
                                      .private_ip = "",
                                      .group = "nobody",
                                      .client_token = "",
                                      .launched_ms = launched_ms};
}

/* What a look at EC2 shows of one instance of web in us-east-1a. */
static inline void show(int number, struct asg_seen_instance seen)
{
    char id[20];
    (void)snprintf(id, sizeof id, "i-%d", number);
    seen.instance_id = id;
    seen.instance_type = "";
    seen.subnet_id = "";
    seen.zone = "us-east-1a";
    seen.private_ip = "";
    seen.group = "web";
    seen.client_token = "";
    const struct asg_observed observed = {.instances = &seen, .instance_count = 1};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
}

/* In us-east-1a, at most 20, whatever `changes` does not say. */
static inline void make_group(uint32_t desired, struct asg_group_config changes)
{
    static struct asg_subnet subnet = {"subnet-1", "us-east-1a"};
    changes.name = "web";
    if (changes.max == 0) changes.max = 20;
    changes.desired = desired;
    changes.template_name = "";
    changes.template_id = "lt-0123456789abcdef0";
    changes.template_version = "1";
    if (changes.subnet_count == 0) {
        changes.subnets = &subnet;
        changes.subnet_count = 1;
    }
    changes.warmup_ms = 0;
    changes.evaluation_ms = 1000;
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_CREATE, .group = "web", .group_config = &changes});
    for (int i = 1; i <= w.instance_count; i++) {
        sign(i, ASG_SIGN_REPORTING);
    }
}

/* The state saved, loaded and saved again is the same bytes; the test goes on with what
 * was loaded. */
static inline void save_and_load(void)
{
    struct asg_bytes saved = {0};
    asg_core_save(w.core, &saved);
    asg_core_destroy(&w.core);
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_core_load(saved.data, saved.length, &w.core, &error));
    struct asg_bytes again = {0};
    asg_core_save(w.core, &again);
    assert_int_equal(saved.length, again.length);
    assert_memory_equal(saved.data, again.data, saved.length);
    asg_bytes_clear(&saved);
    asg_bytes_clear(&again);
}

static int begin(void **state)
{
    (void)state;
    memset(&w, 0, sizeof w);
    told.last = 0;
    told.open = 0;
    w.now_ms = BEGAN_MS;
    asg_core_new(&w.core);
    order((struct asg_command){.kind = ASG_COMMAND_INIT,
                               .cluster_id = "0123456789abcdef0123456789abcdef",
                               .seed = 7});
    order((struct asg_command){
        .kind = ASG_COMMAND_LEAD, .rules = asg_core_newest_rules(), .epoch = 1});
    return 0;
}

static int end(void **state)
{
    (void)state;
    asg_core_destroy(&w.core);
    asg_effects_clear(&w.effects);
    asg_arena_clear(&told.arena);
    return 0;
}

#endif

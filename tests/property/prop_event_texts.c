/* No text that a client, a worker or an agent sends ends leadership: every text of every
 * order, result, sign and observation, in all the lengths and shapes that hurt, goes
 * through the way of the controller (check, wire, core, log). It is refused in words, or
 * it is taken, committed, and comes back from the log. */
#include "lib/check.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "controller/commit_log.h"
#include "model/check_texts.h"
#include "model/copy.h"
#include "wire/wire.h"

#define NOW       INT64_C(1795442400000)
#define SLOTS_MAX 200
#define TEXTS_MAX 40

struct slot {
    const char *name;
    size_t limit;
    const char **text;
};

struct world {
    char folder[64];
    char path[128];
    struct asg_commit *commit;
    int64_t time_ms;
    const char *texts[TEXTS_MAX];
    size_t text_count;
    struct asg_arena text_arena;
    size_t taken;
    size_t refused;
};

/* ---- the texts ---- */

static const char *repeated(struct world *w, const char *unit, size_t length)
{
    char *text = asg_arena_take(&w->text_arena, length + 1);
    size_t step = strlen(unit);
    for (size_t i = 0; i + step <= length; i += step) {
        memcpy(text + i, unit, step);
    }
    return text;
}

static void make_texts(struct world *w)
{
    static const size_t lengths[] = {0,   1,    20,   128,  192,   255,
                                     256, 1024, 1025, 2048, 65536, 65537};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        w->texts[w->text_count++] = repeated(w, "a", lengths[i]);
    }
    static const char *const odd[] = {
        "\x1b]0;owned\x07", "a\nb", "\x7f", "\xc2\x9b[2J", "\xe2\x80\xaegnp.exe",
        "\xff\xfe",         "\xc3", "%s%n", "../../x",     "\xed\xa0\x80",
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        w->texts[w->text_count++] = odd[i];
    }
    /* Characters of more than one byte across every limit at which something is cut. */
    w->texts[w->text_count++] = repeated(w, "\xe2\x82\xac", 1023);
    w->texts[w->text_count++] = repeated(w, "\xf0\x9f\x90\xad", 254);
    w->texts[w->text_count++] = repeated(w, "\xc3\xa4", 65536);
    assert_true(w->text_count <= TEXTS_MAX);
}

/* ---- every text of a struct ---- */

static void find_slots(const struct asg_schema *schema, void *object, struct slot *ret,
                       size_t *count)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        char *place = (char *)object + field->offset;
        if (field->type == ASG_FIELD_TEXT) {
            assert_true(*count < SLOTS_MAX);
            ret[(*count)++] =
                (struct slot){field->name, field->limit, (const char **)(void *)place};
        } else if (field->type == ASG_FIELD_STRUCT) {
            find_slots(field->sub, place, ret, count);
        } else if (field->type == ASG_FIELD_PART && *(void **)(void *)place != NULL) {
            find_slots(field->sub, *(void **)(void *)place, ret, count);
        } else if (field->type == ASG_FIELD_LIST) {
            size_t items = *(size_t *)(void *)((char *)object + field->count_offset);
            if (items > 0) find_slots(field->sub, *(void **)(void *)place, ret, count);
        } else if (field->type == ASG_FIELD_TEXTS) {
            struct asg_texts *texts = (struct asg_texts *)(void *)place;
            if (texts->count > 0)
                ret[(*count)++] =
                    (struct slot){field->name, ASG_TEXT_MAX, &texts->items[0]};
        }
    }
}

/* ---- the world ---- */

static void open_log(struct world *w)
{
    const struct asg_commit_options options = {.log_path = w->path,
                                               .snapshot_records = 1000000,
                                               .snapshot_ms = INT64_C(3600000),
                                               .hash_events = 50};
    struct asg_error error = {""};
    enum asg_status status = asg_commit_open(&options, w->time_ms, &w->commit, &error);
    if (status != ASG_OK) print_error("%s\n", error.text);
    assert_status(ASG_OK, status);
    w->time_ms = asg_commit_last_ms(w->commit);
}

static int set_up(void **state)
{
    struct world *w = test_calloc(1, sizeof *w);
    /* Thousands of commits: in memory, where there is a place for it. */
    (void)snprintf(w->folder, sizeof w->folder, "%s/asg-texts-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(w->folder) == NULL) return 1;
    (void)snprintf(w->path, sizeof w->path, "%s/log.db", w->folder);
    w->time_ms = NOW;
    make_texts(w);
    open_log(w);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    asg_commit_close(&w->commit, false);
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char path[160];
        (void)snprintf(path, sizeof path, "%s%s", w->path, ends[i]);
        (void)unlink(path);
    }
    (void)rmdir(w->folder);
    asg_arena_clear(&w->text_arena);
    test_free(w);
    return 0;
}

/* Every record that was written can be read again by those who explain it. */
static const char *find_unreadable(struct world *w, uint64_t from_seq)
{
    const struct asg_log_filter filter = {.from_seq = from_seq};
    struct asg_log_cursor *cursor = NULL;
    struct asg_error error = {""};
    if (asg_log_cursor_open(asg_commit_log(w->commit), &filter, &cursor, &error) !=
        ASG_OK)
        return "the log";
    const char *bad = NULL;
    struct asg_record record;
    struct asg_arena arena = {0};
    while (asg_log_cursor_next(cursor, &record, &error) == ASG_OK) {
        struct asg_effects effects;
        asg_arena_reset(&arena);
        if (!asg_utf8_is_valid(record.note, strlen(record.note))) bad = "a note";
        if (!asg_utf8_is_valid(record.subject, strlen(record.subject))) bad = "a subject";
        if (strcmp(record.kind, "effects") == 0 &&
            asg_wire_decode(&asg_effects_schema, record.payload, record.payload_length,
                            &arena, &effects) != ASG_OK) {
            bad = "effects";
        }
    }
    asg_arena_clear(&arena);
    asg_log_cursor_close(&cursor);
    return bad;
}

/* What the controller does with an event once it has it. */
static void take(struct world *w, struct asg_event *event, const char *what)
{
    event->time_ms = ++w->time_ms;
    uint64_t head = asg_log_head(asg_commit_log(w->commit)).seq;
    enum asg_status status = asg_commit_apply(w->commit, event, (struct asg_waiter){0});
    if (status != ASG_OK) {
        w->refused++;
        return;
    }
    w->taken++;
    struct asg_error error = {""};
    status = asg_commit_flush(w->commit, NULL, NULL, &error);
    if (status != ASG_OK) print_error("%s: %s\n", what, error.text);
    assert_status(ASG_OK, status);
    const char *bad = find_unreadable(w, head + 1);
    if (bad != NULL) print_error("%s: cannot read %s\n", what, bad);
    assert_null(bad);
}

/* An order as it comes from a client: what passes the check passes the wire as well. */
static void send_order(const struct asg_command *command)
{
    struct asg_error error = {""};
    bool is_fit = asg_model_check_texts(&asg_command_schema, command, &error) == ASG_OK;
    assert_true(is_fit || error.text[0] != '\0');
    const struct asg_request request = {
        .request_no = 7, .command = command, .group = "", .name = ""};
    struct asg_bytes frame = {0};
    struct asg_arena arena = {0};
    struct asg_request read;
    asg_wire_encode_message(ASG_MESSAGE_REQUEST, &request, &frame);
    enum asg_status status = asg_wire_decode_message(frame.data, frame.length,
                                                     ASG_MESSAGE_REQUEST, &arena, &read);
    if (status != ASG_OK) {
        assert_false(is_fit);
        struct asg_error why = {""};
        asg_wire_explain_message(frame.data, frame.length, ASG_MESSAGE_REQUEST, &why);
        assert_non_null(strchr(why.text, '.')); /* names struct and field */
    }
    asg_arena_clear(&arena);
    asg_bytes_clear(&frame);
}

static void torment(struct world *w, const struct asg_event *base)
{
    struct asg_arena arena = {0};
    struct asg_event event;
    asg_model_copy(&asg_event_schema, base, &arena, &event);
    struct slot slots[SLOTS_MAX];
    size_t count = 0;
    find_slots(&asg_event_schema, &event, slots, &count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        const char *before = *slots[i].text;
        for (size_t t = 0; t < w->text_count; t++) {
            *slots[i].text = w->texts[t];
            if (event.command != NULL) send_order(event.command);
            take(w, &event, slots[i].name); /* also what nobody has checked */
        }
        *slots[i].text = before;
    }
    asg_arena_clear(&arena);
}

/* ---- what there is ---- */

static struct asg_subnet subnets[] = {{"subnet-0a", "us-east-1a"}};
static struct asg_tag tags[] = {{.key = "team", .value = "blue"}};
static struct asg_launch_parameter parameters[] = {{"EbsOptimized", "true"}};
static const char *types[] = {"t3.micro"};
static const char *ids[] = {"i-00000000000000001"};
static const char *policies[] = {"default"};
static struct asg_step steps[] = {{true, false, 0, 0, 1}};

static struct asg_kept_member kept[] = {{"PlacementGroup", "near"}};
static struct asg_source sources[] = {
    {.kind = ASG_SOURCE_TARGET_GROUP, .identifier = "arn:tg"}};
static struct asg_group_tag group_tags[] = {
    {.group = "web", .key = "stage", .value = "test"}};
static struct asg_launch_parameter origin[] = {{"ImageId", "ami-1"},
                                               {"InstanceType", "t3.micro"}};

static const struct asg_mixed mixed = {.spot_max_price = "0.1"};
static const struct asg_group_config group = {
    .name = "web",
    .min = 0,
    .max = 4,
    .desired = 2,
    .template_id = "lt-0123456789abcdef0",
    .template_version = "1",
    .instance_types = {types, 1},
    .subnets = subnets,
    .subnet_count = 1,
    .termination_policies = {policies, 1},
    .launch_parameters = parameters,
    .launch_parameter_count = 1,
    .tags = tags,
    .tag_count = 1,
    .mixed = &mixed,
    .uuid = "00000000-0000-4000-8000-000000000000",
    .kept = kept,
    .kept_count = 1,
    .sources = sources,
    .source_count = 1,
};
static const struct asg_launch_configuration configuration = {
    .name = "cpu",
    .uuid = "00000000-0000-4000-8000-000000000000",
    .parameters = origin,
    .parameter_count = 2,
    .kept = kept,
    .kept_count = 1,
};
static const struct asg_policy_config policy = {
    .group = "web",
    .name = "cpu",
    .kind = ASG_POLICY_STEP,
    .adjustment_type = ASG_ADJUSTMENT_CHANGE,
    .steps = steps,
    .step_count = 1,
    .kept = kept,
    .kept_count = 1,
};
static const struct asg_schedule_config schedule = {
    .group = "web",
    .name = "morning",
    .min = -1,
    .max = -1,
    .desired = 3,
    .start_ms = NOW + INT64_C(86400000),
    .recurrence = "0 8 * * *",
    .time_zone = "UTC",
};
static const struct asg_template_config template_config = {
    .name = "base",
    .image_id = "ami-0123456789abcdef0",
    .instance_type = "t3.micro",
    .security_group_ids = {ids, 1},
    .tags = tags,
    .tag_count = 1,
    .parameters = parameters,
    .parameter_count = 1,
};

static struct asg_command command_of(enum asg_command_kind kind)
{
    return (struct asg_command){
        .kind = kind,
        .actor = "tests",
        .cluster_id = "",
        .group = "web",
        .name = kind == ASG_COMMAND_SCHEDULE_DELETE ? "morning" : "cpu",
        .group_config = &group,
        .group_fields = ~UINT64_C(0),
        .policy_config = &policy,
        .schedule_config = &schedule,
        .template_config = &template_config,
        .launch_configuration = &configuration,
        .group_tags = group_tags,
        .group_tag_count = 1,
        .sources = sources,
        .source_count = 1,
        .desired = 3,
        .force = true,
        .instance_ids = {ids, 1},
        .is_protected = true,
        .job_id = 1,
        .has_metric_value = true,
        .metric_value_milli = 1000,
    };
}

static void create_group(struct world *w)
{
    const struct asg_command create = command_of(ASG_COMMAND_GROUP_CREATE);
    struct asg_event event = {.kind = ASG_EVENT_COMMAND, .command = &create};
    take(w, &event, "create");
}

static void reopen_and_compare(struct world *w)
{
    struct asg_bytes before = {0};
    asg_core_save(asg_commit_core(w->commit), &before);
    struct asg_core *loaded = NULL;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_core_load(before.data, before.length, &loaded, &error));
    asg_core_destroy(&loaded);
    asg_bytes_clear(&before);
    asg_commit_close(&w->commit, /* with_snapshot */ false);
    open_log(w); /* verifies every record, replays, compares every hash */
    asg_commit_close(&w->commit, /* with_snapshot */ true);
    open_log(w);
}

static void test_every_text_of_every_order_leaves_the_controller_leading(void **state)
{
    struct world *w = *state;
    create_group(w);
    for (int kind = 0; kind < ASG_COMMAND_COUNT; kind++) {
        if (kind == ASG_COMMAND_INIT || kind == ASG_COMMAND_LEAD) continue;
        const struct asg_command command = command_of((enum asg_command_kind)kind);
        const struct asg_event event = {.kind = ASG_EVENT_COMMAND, .command = &command};
        torment(w, &event);
    }
    assert_true(w->taken > 1000 && w->refused > 1000);
    reopen_and_compare(w);
}

static void test_a_group_name_of_256_bytes_is_refused_and_taken_no_further(void **state)
{
    struct world *w = *state;
    struct asg_command command = command_of(ASG_COMMAND_GROUP_CREATE);
    char name[257];
    memset(name, 'a', 256);
    name[256] = '\0';
    command.group = name;
    struct asg_error error = {""};
    assert_status(ASG_ERR_LIMIT,
                  asg_model_check_texts(&asg_command_schema, &command, &error));
    assert_string_equal("group has 256 bytes; at most 255 are allowed", error.text);
    struct asg_event event = {.kind = ASG_EVENT_COMMAND, .command = &command};
    take(w, &event, "a name of 256 bytes");
    assert_int_equal(0, w->taken);
}

static void test_every_text_of_a_result_leaves_the_controller_leading(void **state)
{
    struct world *w = *state;
    create_group(w);
    struct asg_seen_instance seen[] = {{
        .instance_id = "i-00000000000000001",
        .state = ASG_EC2_RUNNING,
        .state_reason = "x",
        .group = "web",
        .job_id = 1,
    }};
    struct asg_dry_pool pools[] = {{.instance_type = "t3.micro", .error_code = "x"}};
    for (int outcome = 0; outcome < ASG_OUTCOME_COUNT; outcome++) {
        const struct asg_result result = {.job_id = 1,
                                          .attempt = 1,
                                          .outcome = (enum asg_outcome)outcome,
                                          .worker = "one",
                                          .error_code = "x",
                                          .message = "x",
                                          .instances = seen,
                                          .instance_count = 1,
                                          .gone = {ids, 1},
                                          .protected_ids = {ids, 1},
                                          .dry_pools = pools,
                                          .dry_pool_count = 1};
        const struct asg_event event = {.kind = ASG_EVENT_RESULT, .result = &result};
        torment(w, &event);
    }
    const struct asg_observed observed = {
        .is_complete = true, .instances = seen, .instance_count = 1};
    for (int known = 0; known < 2; known++) {
        seen[0].job_id = known == 1 ? 1 : 99; /* one is an orphan */
        const struct asg_event event = {.kind = ASG_EVENT_OBSERVED,
                                        .observed = &observed};
        torment(w, &event);
    }
    for (int sign = 0; sign < ASG_SIGN_COUNT; sign++) {
        struct asg_health_sign row = {
            .instance_id = ids[0], .sign = (enum asg_sign)sign, .detail = "x"};
        const struct asg_health health = {.signs = &row, .sign_count = 1};
        const struct asg_event event = {.kind = ASG_EVENT_HEALTH, .health = &health};
        torment(w, &event);
    }
    reopen_and_compare(w);
}

/* ---- answers to jobs that are open ---- */

static bool find_open(struct world *w, enum asg_job_kind kind, struct asg_result *ret)
{
    struct asg_arena arena = {0};
    struct asg_job *jobs = NULL;
    size_t count = 0;
    bool is_found = false;
    asg_core_open_jobs(asg_commit_core(w->commit), &arena, &jobs, &count);
    for (size_t i = 0; i < count && !is_found; i++) {
        if (jobs[i].kind != kind) continue;
        ret->job_id = jobs[i].id;
        ret->attempt = jobs[i].attempt;
        ret->incarnation = jobs[i].incarnation;
        is_found = true;
    }
    asg_arena_clear(&arena);
    return is_found;
}

/* An instance of the group that nobody remembers, and an order to terminate it. */
static void end_another(struct world *w)
{
    static unsigned number;
    char id[20];
    (void)snprintf(id, sizeof id, "i-%017x", ++number);
    struct asg_seen_instance seen = {
        .instance_id = id, .state = ASG_EC2_RUNNING, .group = "web", .job_id = 1};
    const struct asg_observed observed = {.instances = &seen, .instance_count = 1};
    struct asg_event event = {.kind = ASG_EVENT_OBSERVED, .observed = &observed};
    take(w, &event, "adopt");
    struct asg_command order = command_of(ASG_COMMAND_TERMINATE_INSTANCE);
    const char *one[] = {id};
    order.instance_ids = (struct asg_texts){one, 1};
    event = (struct asg_event){.kind = ASG_EVENT_COMMAND, .command = &order};
    take(w, &event, "terminate");
}

/* The listings that are asked for show nothing new. */
static void list(struct world *w)
{
    struct asg_result job = {0};
    if (!find_open(w, ASG_JOB_DESCRIBE, &job)) return;
    const struct asg_observed observed = {.job_id = job.job_id, .is_complete = true};
    struct asg_event event = {.kind = ASG_EVENT_OBSERVED, .observed = &observed};
    take(w, &event, "listing");
}

/* A job of that kind that is open, with what it takes to have one. */
static void address(struct world *w, enum asg_job_kind kind, struct asg_result *ret)
{
    const struct asg_command put = command_of(ASG_COMMAND_TEMPLATE_PUT);
    for (int i = 0; i < 20 && !find_open(w, kind, ret); i++) {
        struct asg_event event = {.kind = ASG_EVENT_TICK};
        if (kind == ASG_JOB_TERMINATE) end_another(w);
        if (kind == ASG_JOB_TEMPLATE) {
            event = (struct asg_event){.kind = ASG_EVENT_COMMAND, .command = &put};
        }
        take(w, &event, "time passes");
        list(w);
        w->time_ms += 1800000; /* whatever pause there is */
    }
    if (!find_open(w, kind, ret)) {
        fail_msg("no %s is open", asg_enum_word(&asg_job_kind_words, (int)kind));
    }
}

static void torment_answer(struct world *w, enum asg_job_kind kind,
                           const struct asg_result *base)
{
    struct asg_arena arena = {0};
    struct asg_result result;
    asg_model_copy(&asg_result_schema, base, &arena, &result);
    struct slot slots[SLOTS_MAX];
    size_t count = 0;
    find_slots(&asg_result_schema, &result, slots, &count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        const char *before = *slots[i].text;
        for (size_t t = 0; t < w->text_count; t++) {
            address(w, kind, &result);
            *slots[i].text = w->texts[t];
            struct asg_event event = {.kind = ASG_EVENT_RESULT, .result = &result};
            take(w, &event, slots[i].name);
        }
        *slots[i].text = before;
    }
    asg_arena_clear(&arena);
}

static void test_every_text_of_an_answer_that_is_awaited_leaves_it_leading(void **state)
{
    struct world *w = *state;
    static const enum asg_job_kind kinds[] = {ASG_JOB_LAUNCH, ASG_JOB_TERMINATE,
                                              ASG_JOB_TEMPLATE};
    static const enum asg_outcome outcomes[] = {
        ASG_OUTCOME_OK,        ASG_OUTCOME_CAPACITY,    ASG_OUTCOME_QUOTA,
        ASG_OUTCOME_THROTTLED, ASG_OUTCOME_BAD_REQUEST, ASG_OUTCOME_PROTECTED,
        ASG_OUTCOME_AMBIGUOUS};
    struct asg_group_config large = group;
    large.max = 200;
    large.desired = 100;
    large.mixed = NULL;
    struct asg_command create = command_of(ASG_COMMAND_GROUP_CREATE);
    create.group_config = &large;
    struct asg_event event = {.kind = ASG_EVENT_COMMAND, .command = &create};
    take(w, &event, "create");
    struct asg_seen_instance seen[] = {{.instance_id = "i-00000000000000001",
                                        .state = ASG_EC2_RUNNING,
                                        .state_reason = "x",
                                        .group = "web"}};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        for (size_t o = 0; o < sizeof outcomes / sizeof outcomes[0]; o++) {
            const struct asg_result result = {.outcome = outcomes[o],
                                              .worker = "one",
                                              .error_code = "x",
                                              .message = "x",
                                              .instances = seen,
                                              .instance_count = 1,
                                              .gone = {ids, 1},
                                              .protected_ids = {ids, 1},
                                              .template_version = "1"};
            torment_answer(w, kinds[k], &result);
        }
    }
    reopen_and_compare(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_group_name_of_256_bytes_is_refused_and_taken_no_further),
        TEST(test_every_text_of_every_order_leaves_the_controller_leading),
        TEST(test_every_text_of_a_result_leaves_the_controller_leading),
        TEST(test_every_text_of_an_answer_that_is_awaited_leaves_it_leading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

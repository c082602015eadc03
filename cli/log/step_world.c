/* step_world - replay --step: decision by decision, beside what the log has. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/log/open_log.h"
#include "cli/log/rebuild_world.h"
#include "cli/log/show_world.h"
#include "cli/show/print_decision.h"
#include "model/schemas.h"

/* One decision, made again. */
struct step_view {
    uint64_t seq; /* of its record */
    uint64_t event_seq;
    int64_t time_ms;
    const char *group;
    const char *cause; /* the event: "metrics", "command: set-desired by ann" */
    enum asg_decision_kind kind;
    const char *policy;
    const char *instance_id;
    int64_t from;
    int64_t to;
    uint64_t job_id;
    bool is_identical;
    const char *text;
    const char *in_log;
};

#define FIELD(kind, field)                                                               \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##kind,                                        \
        .offset = offsetof(struct step_view, field)                                      \
    }
static const struct asg_field step_fields[] = {
    FIELD(U64, seq),
    FIELD(U64, event_seq),
    FIELD(I64, time_ms),
    FIELD(TEXT, group),
    FIELD(TEXT, cause),
    {.name = "kind",
     .type = ASG_FIELD_ENUM,
     .offset = offsetof(struct step_view, kind),
     .names = &asg_decision_kind_words},
    FIELD(TEXT, policy),
    FIELD(TEXT, instance_id),
    FIELD(I64, from),
    FIELD(I64, to),
    FIELD(U64, job_id),
    FIELD(BOOL, is_identical),
    FIELD(TEXT, text),
    FIELD(TEXT, in_log),
};
static const struct asg_schema step_schema = {
    .name = "step",
    .size = sizeof(struct step_view),
    .fields = step_fields,
    .field_count = sizeof step_fields / sizeof step_fields[0],
};
static const struct asg_render_column unused_columns[] = {{"SEQ", "seq", NULL, false}};

struct stepper {
    struct asg_cli *cli;
    const struct asg_step_options *options;
    struct asg_arena arena; /* of the event's cause */
    const char *cause;
    uint64_t event_seq;
    size_t index;            /* of the next decision of that event */
    bool is_group_known;     /* the one asked for was there, or came */
    bool is_stopping;        /* after each decision */
    bool is_ended;           /* the user has seen enough */
    struct step_view *views; /* unless a table is shown */
    size_t count;
    size_t capacity;
    uint64_t shown;
    uint64_t different;
};

static void begin_steps(void *context, const struct asg_core *core, uint64_t seq)
{
    struct stepper *stepper = context;
    const char *group = stepper->options->group;
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    struct asg_group_view *groups = NULL;
    size_t count = 0;
    asg_core_view_groups(core, group, &arena, &groups, &count);
    stepper->is_group_known = group == NULL || count > 0;
    if (seq + 1 > stepper->options->from_seq && seq > 0 &&
        stepper->options->from_seq <= seq) {
        (void)fprintf(
            stepper->cli->err,
            "openasg: records up to %" PRIu64 " are pruned; beginning after them\n", seq);
    }
}

static void print_step(struct asg_cli *cli, const struct step_view *view)
{
    asg_print_decision(cli->out, view->time_ms, view->group, view->text);
    asg_cli_print(cli->out, "    record %" PRIu64 ", because of record %" PRIu64 ": ",
                  view->seq, view->event_seq);
    asg_cli_write(cli->out, view->cause, strlen(view->cause));
    (void)fputc('\n', cli->out);
    if (view->is_identical) return;
    (void)fputs("    DIFFERENT: the log says\n", cli->out);
    asg_print_decision(cli->out, view->time_ms, view->group, view->in_log);
}

/* The instances of the decision's group, as they are after it. */
static void show_state(struct asg_cli *cli, const struct asg_core *core,
                       const char *group)
{
    static const struct asg_render_column columns[] = {
        {"INSTANCE", "instance_id", NULL, false}, {"STATE", "state", NULL, false},
        {"WARMING", "is_warming", NULL, false},   {"HEALTHY", "is_healthy", NULL, false},
        {"LAUNCHED", "launched_ms", NULL, false}, {"JOB", "job_id", NULL, false},
    };
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    struct asg_instance_view *instances = NULL;
    size_t count = 0;
    asg_core_view_instances(core, group, &arena, &instances, &count);
    (void)asg_cli_show_list(cli, &asg_instance_view_schema, instances, count,
                            ASG_COLUMNS(columns));
}

static void wait_for_user(struct stepper *stepper, const struct asg_core *core,
                          const char *group)
{
    struct asg_cli *cli = stepper->cli;
    char line[64];
    for (;;) {
        (void)fflush(cli->out);
        (void)fputs("[Enter] next  [s] state  [g] continue to the end  [q] quit: ",
                    cli->err);
        (void)fflush(cli->err);
        if (fgets(line, sizeof line, stdin) == NULL || line[0] == 'q') {
            stepper->is_ended = true;
            return;
        }
        if (line[0] == 'g') stepper->is_stopping = false;
        if (line[0] != 's') return;
        show_state(cli, core, group);
    }
}

static void keep_step(struct stepper *stepper, const struct step_view *view)
{
    struct asg_arena *arena = &stepper->cli->arena;
    struct step_view *kept =
        asg_arena_push(arena, (void **)&stepper->views, &stepper->count,
                       &stepper->capacity, sizeof *stepper->views);
    *kept = *view;
    kept->group = asg_arena_text(arena, view->group);
    kept->cause = asg_arena_text(arena, view->cause);
    kept->policy = asg_arena_text(arena, view->policy);
    kept->instance_id = asg_arena_text(arena, view->instance_id);
    kept->text = asg_arena_text(arena, view->text);
    kept->in_log = asg_arena_text(arena, view->in_log);
}

static void take_decision(struct stepper *stepper, const struct asg_world_visit *visit)
{
    static const struct asg_decision none = {.group = "", .text = "(no such decision)"};
    const struct asg_record *record = visit->record;
    const struct asg_effects *effects = visit->effects;
    size_t index = stepper->index++;
    bool is_made = effects != NULL && index < effects->decision_count;
    const struct asg_decision *decision = is_made ? &effects->decisions[index] : &none;
    struct step_view view = {
        .seq = record->seq,
        .event_seq = stepper->event_seq,
        .time_ms = record->time_ms,
        .group = record->subject,
        .cause = stepper->cause != NULL ? stepper->cause : "",
        .kind = decision->kind,
        .policy = decision->policy != NULL ? decision->policy : "",
        .instance_id = decision->instance_id != NULL ? decision->instance_id : "",
        .from = decision->from,
        .to = decision->to,
        .job_id = decision->job_id,
        .text = decision->text,
        .in_log = record->note,
    };
    view.is_identical = strcmp(decision->text, record->note) == 0 &&
                        strcmp(decision->group, record->subject) == 0;
    if (!view.is_identical) stepper->different++;
    const char *group = stepper->options->group;
    if (group != NULL && strcmp(group, record->subject) == 0)
        stepper->is_group_known = true;
    bool is_meant = record->seq >= stepper->options->from_seq &&
                    (group == NULL || strcmp(group, record->subject) == 0);
    if (!is_meant && view.is_identical) return;
    stepper->shown++;
    if (stepper->cli->settings.output != ASG_OUTPUT_TABLE) {
        keep_step(stepper, &view);
        return;
    }
    print_step(stepper->cli, &view);
    if (stepper->is_stopping) wait_for_user(stepper, visit->core, record->subject);
}

static bool visit_step(void *context, const struct asg_world_visit *visit)
{
    struct stepper *stepper = context;
    const struct asg_record *record = visit->record;
    if (visit->event != NULL) {
        asg_arena_reset(&stepper->arena);
        stepper->event_seq = record->seq;
        stepper->index = 0;
        const char *kind = asg_enum_word(&asg_event_kind_words, (int)visit->event->kind);
        stepper->cause =
            strcmp(record->note, kind) == 0
                ? asg_arena_text(&stepper->arena, kind)
                : asg_arena_format(&stepper->arena, "%s: %s", kind, record->note);
    } else if (strcmp(record->kind, "decision") == 0) {
        take_decision(stepper, visit);
    }
    return !stepper->is_ended && !ferror(stepper->cli->out);
}

int asg_step_world(struct asg_cli *cli, struct asg_log *log,
                   const struct asg_step_options *options)
{
    struct asg_error error = {0};
    struct stepper stepper = {.cli = cli, .options = options};
    bool is_table = cli->settings.output == ASG_OUTPUT_TABLE;
    stepper.is_stopping =
        is_table && cli->out == stdout && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    const struct asg_world_walk walk = {.start_seq = options->from_seq,
                                        .to_seq = options->to_seq,
                                        .begin = begin_steps,
                                        .visit = visit_step,
                                        .context = &stepper};
    enum asg_status status = asg_world_walk(log, &walk, &error);
    asg_arena_clear(&stepper.arena);
    if (status != ASG_OK) return asg_log_failed(cli, status, &error);
    if (!stepper.is_group_known && stepper.shown == 0) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED, "there is no group %s in these records",
                            options->group);
    }
    if (!is_table) {
        (void)asg_cli_show_list(cli, &step_schema, stepper.views, stepper.count,
                                ASG_COLUMNS(unused_columns));
    } else {
        asg_cli_print(cli->out, "%" PRIu64 " decisions shown, %" PRIu64 " different\n",
                      stepper.shown, stepper.different);
    }
    return stepper.different == 0 ? ASG_EXIT_OK : ASG_EXIT_DIFFERS;
}

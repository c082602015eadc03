/* command_tail - the newest records of a log, and those that follow. */
#include <inttypes.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/lists/end_quietly.h"
#include "cli/log/open_log.h"
#include "cli/show/print_decision.h"
#include "text/moment.h"

#define FOLLOW_PAUSE_MS 300

static void print_record(struct asg_cli *cli, const struct asg_record *record)
{
    if (strcmp(record->kind, "decision") == 0) {
        asg_print_decision(cli->out, record->time_ms, record->subject, record->note);
        return;
    }
    char when[ASG_MOMENT_TEXT_MAX];
    asg_moment_print_ms(record->time_ms, when);
    asg_cli_print(cli->out, "%s %" PRIu64 " %s%s%s%s", when, record->seq, record->kind,
                  record->subject[0] != '\0' ? " " : "", record->subject,
                  record->note[0] != '\0' ? ": " : "");
    asg_cli_write(cli->out, record->note, strlen(record->note));
    (void)fputs(record->is_pruned ? " (pruned)\n" : "\n", cli->out);
}

static int tail_from(struct asg_cli *cli, struct asg_log *log,
                     const struct asg_log_filter *filter, uint64_t *next_seq)
{
    ASG_CLEANUP(asg_log_cursor_close) struct asg_log_cursor *cursor = NULL;
    struct asg_error error = {0};
    struct asg_record record;
    enum asg_status status = asg_log_cursor_open(log, filter, &cursor, &error);
    while (status == ASG_OK) {
        status = asg_log_cursor_next(cursor, &record, &error);
        if (status != ASG_OK) break;
        print_record(cli, &record);
        *next_seq = record.seq + 1;
    }
    (void)fflush(cli->out);
    return status == ASG_ERR_EMPTY ? ASG_EXIT_OK : asg_log_failed(cli, status, &error);
}

/* A record as "log tail" shows it to machines; "log export" has the payloads too. */
struct record_view {
    uint64_t seq;
    uint64_t epoch;
    int64_t time_ms;
    const char *kind;
    const char *subject;
    const char *note;
    bool is_pruned;
};

#define FIELD(kind, field)                                                               \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##kind,                                        \
        .offset = offsetof(struct record_view, field)                                    \
    }
static const struct asg_field record_fields[] = {
    FIELD(U64, seq),      FIELD(U64, epoch), FIELD(I64, time_ms),    FIELD(TEXT, kind),
    FIELD(TEXT, subject), FIELD(TEXT, note), FIELD(BOOL, is_pruned),
};
static const struct asg_schema record_schema = {
    .name = "record",
    .size = sizeof(struct record_view),
    .fields = record_fields,
    .field_count = sizeof record_fields / sizeof record_fields[0],
};

static int show_records(struct asg_cli *cli, struct asg_log *log, uint64_t from_seq)
{
    ASG_CLEANUP(asg_log_cursor_close) struct asg_log_cursor *cursor = NULL;
    struct asg_error error = {0};
    struct record_view *views = NULL;
    size_t count = 0;
    size_t capacity = 0;
    struct asg_record record;
    const struct asg_log_filter filter = {.from_seq = from_seq};
    enum asg_status status = asg_log_cursor_open(log, &filter, &cursor, &error);
    while (status == ASG_OK) {
        status = asg_log_cursor_next(cursor, &record, &error);
        if (status != ASG_OK) break;
        struct record_view *view =
            asg_arena_push(&cli->arena, (void **)&views, &count, &capacity, sizeof *view);
        *view = (struct record_view){
            .seq = record.seq,
            .epoch = record.epoch,
            .time_ms = record.time_ms,
            .kind = asg_arena_format(&cli->arena, "%s", record.kind),
            .subject = asg_arena_format(&cli->arena, "%s", record.subject),
            .note = asg_arena_format(&cli->arena, "%s", record.note),
            .is_pruned = record.is_pruned,
        };
    }
    if (status != ASG_ERR_EMPTY) return asg_log_failed(cli, status, &error);
    static const struct asg_render_column unused[] = {{"SEQ", "seq", NULL, false}};
    return asg_cli_show_list(cli, &record_schema, views, count, ASG_COLUMNS(unused));
}

static const struct asg_argument log_argument[] = {ASG_LOG_ARGUMENT};

static const struct asg_option tail_options[] = {
    {.name = "lines",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .letter = 'n',
     .min = 1,
     .max = 1000000000,
     .help = "How many of the newest records.",
     .default_text = "20"},
    {.name = "follow",
     .type = ASG_OPTION_FLAG,
     .letter = 'F',
     .help = "Keep showing new records until interrupted."},
    ASG_LOG_IMMUTABLE,
};

static int run_tail(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    bool follows = asg_option_flag(arguments, "follow");
    int code = asg_cli_check_follow(cli, follows);
    if (code != ASG_EXIT_OK) return code;
    if (follows) asg_end_quietly();
    ASG_CLEANUP(asg_log_close) struct asg_log *log = NULL;
    code = asg_open_log(cli, arguments, 0, &log);
    if (code != ASG_EXIT_OK) return code;
    uint64_t lines = (uint64_t)asg_option_number(arguments, "lines", 20);
    uint64_t head = asg_log_head(log).seq;
    uint64_t next_seq = head > lines ? head - lines + 1 : 1;
    if (cli->settings.output != ASG_OUTPUT_TABLE) {
        return show_records(cli, log, next_seq);
    }
    for (;;) {
        const struct asg_log_filter filter = {.from_seq = next_seq};
        if (head >= next_seq) code = tail_from(cli, log, &filter, &next_seq);
        if (code != ASG_EXIT_OK || !follows) return code;
        asg_pause_ms(FOLLOW_PAUSE_MS);
        struct asg_error error = {0};
        enum asg_status status = asg_log_refresh(log, &error);
        if (status != ASG_OK) return asg_log_failed(cli, status, &error);
        head = asg_log_head(log).seq;
    }
}

static const struct asg_command_entry commands[] = {
    {.name = "log tail",
     .shows = &record_schema,
     .shows_many = true,
     .summary = "Show the newest records",
     .examples = "openasg log tail -n 50\nopenasg log tail --follow",
     ASG_ARGUMENTS(log_argument),
     ASG_OPTIONS(tail_options),
     .run = run_tail},
};

const struct asg_family asg_tail_family = ASG_FAMILY(commands);

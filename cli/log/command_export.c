/* command_export - records of a log as lines of JSON, as CSV, or as tables of SQLite. */
#include <inttypes.h>

#include "cli/commands.h"
#include "cli/log/export_tables.h"
#include "cli/log/open_log.h"
#include "cli/log/write_record.h"
#include "cli/show/print_decision.h"
#include "cli/show/progress.h"
#include "cli/show/show_result.h"
#include "cli/terminal.h"

#define WRITE_BYTES ((size_t)256 * 1024)

static const char *const kind_list[] = {"event",    "metrics",    "effects",
                                        "decision", "state_hash", "prune"};
static const struct asg_enum kinds = {"kind of record", kind_list, 6};

static const char *const form_list[] = {"jsonl", "csv"};
static const struct asg_enum forms = {"export form", form_list, 2};

static const struct asg_argument log_argument[] = {ASG_LOG_ARGUMENT};

static const struct asg_option export_options[] = {
    {.name = "format",
     .type = ASG_OPTION_WORD,
     .value = "FORM",
     .words = &forms,
     .help = "JSON lines, or CSV.",
     .default_text = "jsonl"},
    ASG_LOG_FROM("First record."),
    ASG_LOG_TO,
    {.name = "kind",
     .type = ASG_OPTION_WORD,
     .value = "KIND",
     .words = &kinds,
     .help = "Only records of this kind."},
    {.name = "subject",
     .type = ASG_OPTION_TEXT,
     .value = "GROUP",
     .help = "Only records about this group."},
    {.name = "since",
     .type = ASG_OPTION_TEXT,
     .value = "TIME",
     .help = "Only from this time on (2026-11-23T14:36:49Z, or 10m: ten minutes ago)."},
    {.name = "sqlite",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help = "Write a new SQLite file of plain tables and views instead: events, "
             "decisions, jobs, attempts, instances; always of the whole log."},
    ASG_LOG_IMMUTABLE,
};

static bool has_filter(const struct asg_arguments *arguments)
{
    static const char *const names[] = {"format", "from",    "to",
                                        "kind",   "subject", "since"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (asg_option_is_set(arguments, names[i])) return true;
    }
    return false;
}

static int export_tables(struct asg_cli *cli, const struct asg_arguments *arguments)
{
    const char *path = asg_option_text(arguments, "sqlite");
    if (has_filter(arguments)) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "--sqlite exports the whole log: filter with SQL in the "
                            "exported file instead");
    }
    ASG_CLEANUP(asg_log_close) struct asg_log *log = NULL;
    int code = asg_open_log(cli, arguments, 0, &log);
    if (code != ASG_EXIT_OK) return code;
    struct asg_export_counts counts;
    struct asg_error error = {0};
    struct asg_progress *progress =
        asg_progress_new(cli, "exporting", asg_log_head(log).seq);
    enum asg_status status = asg_export_tables(log, path, progress, &counts, &error);
    asg_progress_end(&progress);
    if (status != ASG_OK) return asg_log_failed(cli, status, &error);
    if (counts.first_seq > 1) {
        asg_cli_print(cli->err,
                      "openasg: records up to %" PRIu64
                      " are not included: their payloads are pruned\n",
                      counts.first_seq - 1);
    }
    const struct asg_done done = {
        .kind = "file",
        .name = path,
        .is_changed = true,
        .message = asg_arena_format(
            &cli->arena,
            "%s: %" PRIu64 " events, %" PRIu64 " decisions, %" PRIu64 " jobs, %" PRIu64
            " instances; try SELECT * FROM terminations",
            path, counts.events, counts.decisions, counts.jobs, counts.instances)};
    return asg_cli_result(cli, &done);
}

/* That are looked at, whatever is left out. */
static uint64_t records_of(const struct asg_log *log, const struct asg_log_filter *filter)
{
    uint64_t head = asg_log_head(log).seq;
    uint64_t to = filter->to_seq != 0 && filter->to_seq < head ? filter->to_seq : head;
    return to > filter->from_seq ? to - filter->from_seq : 1;
}

static int export_all(struct asg_cli *cli, struct asg_log *log,
                      const struct asg_log_filter *filter, bool is_csv)
{
    ASG_CLEANUP(asg_log_cursor_close) struct asg_log_cursor *cursor = NULL;
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes lines = {0};
    struct asg_error error = {0};
    struct asg_record record;
    if (is_csv) asg_bytes_append_text(&lines, asg_record_csv_titles());
    /* Records on the terminal are progress enough. */
    bool is_shown = asg_terminal_width(cli->out) == 0;
    ASG_CLEANUP(asg_progress_end)
    struct asg_progress *progress =
        is_shown ? asg_progress_new(cli, "exporting", records_of(log, filter)) : NULL;
    enum asg_status status = asg_log_cursor_open(log, filter, &cursor, &error);
    while (status == ASG_OK && !ferror(cli->out)) {
        status = asg_log_cursor_next(cursor, &record, &error);
        if (status != ASG_OK) break;
        asg_progress_step(progress, record.seq - filter->from_seq);
        asg_arena_reset(&arena);
        if (is_csv) {
            asg_write_record_csv(&record, &arena, &lines);
        } else {
            asg_write_record_json(&record, &arena, &lines);
        }
        if (lines.length < WRITE_BYTES) continue;
        (void)fwrite(lines.data, 1, lines.length, cli->out);
        asg_bytes_reset(&lines);
    }
    if (lines.length > 0) (void)fwrite(lines.data, 1, lines.length, cli->out);
    return status == ASG_ERR_EMPTY || status == ASG_OK
               ? ASG_EXIT_OK
               : asg_log_failed(cli, status, &error);
}

static int run_export(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    if (asg_option_is_set(arguments, "sqlite")) return export_tables(cli, arguments);
    struct asg_log_filter filter = {
        .from_seq = (uint64_t)asg_option_number(arguments, "from", 0),
        .to_seq = (uint64_t)asg_option_number(arguments, "to", 0),
        .kind = asg_option_text(arguments, "kind"),
        .subject = asg_option_text(arguments, "subject"),
    };
    if (!asg_read_since(cli, asg_option_text(arguments, "since"), &filter.from_time_ms)) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "--since must be a time (2026-11-23T14:36:49Z) or a length "
                            "(10m)");
    }
    /* Hashes are checked on the way where nothing is left out. */
    filter.is_verified =
        filter.kind == NULL && filter.subject == NULL && filter.from_time_ms == 0;
    ASG_CLEANUP(asg_log_close) struct asg_log *log = NULL;
    int code = asg_open_log(cli, arguments, 0, &log);
    if (code != ASG_EXIT_OK) return code;
    return export_all(cli, log, &filter, asg_option_number(arguments, "format", 0) == 1);
}

static const struct asg_command_entry commands[] = {
    {.name = "log export",
     .summary = "Write records as lines of JSON or as CSV",
     .details = "Payloads of events and effects are decoded; others are in hex. With "
                "--sqlite a database of plain tables and views instead, for questions "
                "such as who terminated an instance and why (docs/audit.md).",
     .examples = "openasg log export --kind decision --since 1h\n"
                 "openasg log export --format csv > log.csv\n"
                 "openasg log export --sqlite audit.db",
     ASG_ARGUMENTS(log_argument),
     ASG_OPTIONS(export_options),
     .run = run_export},
};

const struct asg_family asg_export_family = ASG_FAMILY(commands);

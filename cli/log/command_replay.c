/* command_replay - decide everything again and compare. */
#include <inttypes.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/log/open_log.h"
#include "cli/log/replay_log.h"
#include "cli/log/show_world.h"
#include "cli/show/print_decision.h"
#include "core/core.h"

struct replay_view {
    const char *log;
    bool is_identical;
    uint64_t first_seq;
    uint64_t last_seq;
    uint64_t records;
    uint64_t events;
    uint64_t effects;
    uint64_t decisions;
    uint64_t state_hashes;
    uint64_t state_form;
    struct asg_replay_part *rules;
    size_t rules_count;
    uint64_t records_per_second;
    uint64_t bad_seq;
    const char *what;
    const char *in_log;
    const char *in_replay;
};

#define FIELD(kind, field)                                                               \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##kind,                                        \
        .offset = offsetof(struct replay_view, field)                                    \
    }
static const struct asg_field part_fields[] = {
    {.name = "rules",
     .type = ASG_FIELD_U32,
     .offset = offsetof(struct asg_replay_part, rules)},
    {.name = "first_seq",
     .type = ASG_FIELD_U64,
     .offset = offsetof(struct asg_replay_part, first_seq)},
    {.name = "last_seq",
     .type = ASG_FIELD_U64,
     .offset = offsetof(struct asg_replay_part, last_seq)},
};
static const struct asg_schema part_schema = {
    .name = "part",
    .size = sizeof(struct asg_replay_part),
    .fields = part_fields,
    .field_count = sizeof part_fields / sizeof part_fields[0],
};
static const struct asg_field replay_fields[] = {
    FIELD(TEXT, log),
    FIELD(BOOL, is_identical),
    FIELD(U64, first_seq),
    FIELD(U64, last_seq),
    FIELD(U64, records),
    FIELD(U64, events),
    FIELD(U64, effects),
    FIELD(U64, decisions),
    FIELD(U64, state_hashes),
    FIELD(U64, state_form),
    {.name = "rules",
     .type = ASG_FIELD_LIST,
     .offset = offsetof(struct replay_view, rules),
     .count_offset = offsetof(struct replay_view, rules_count),
     .sub = &part_schema},
    FIELD(U64, records_per_second),
    FIELD(U64, bad_seq),
    FIELD(TEXT, what),
    FIELD(TEXT, in_log),
    FIELD(TEXT, in_replay),
};
static const struct asg_schema replay_schema = {
    .name = "replay",
    .size = sizeof(struct replay_view),
    .fields = replay_fields,
    .field_count = sizeof replay_fields / sizeof replay_fields[0],
};
static const struct asg_render_column unused_columns[] = {{"log", "log", NULL, false}};

static void print_table(struct asg_cli *cli, const struct replay_view *view,
                        int64_t took_us)
{
    if (view->first_seq > 1) {
        asg_cli_print(cli->out,
                      "records 1 to %" PRIu64
                      " are not replayed: the snapshot after them "
                      "was used\n",
                      view->first_seq - 1);
    }
    if (!view->is_identical) {
        asg_cli_print(cli->out,
                      "first difference at record %" PRIu64
                      " (%s)\n  log:    %s\n  replay: %s\n",
                      view->bad_seq, view->what, view->in_log, view->in_replay);
    }
    asg_cli_print(cli->out,
                  "%s: %" PRIu64 " events, %" PRIu64 " effects, %" PRIu64
                  " decisions, %" PRIu64 " state hashes in %" PRIu64
                  " records, %.3f s, %" PRIu64 " records a second\n",
                  view->is_identical ? "identical" : "up to there", view->events,
                  view->effects, view->decisions, view->state_hashes, view->records,
                  (double)took_us / 1e6, view->records_per_second);
}

/* Which rules decided what, and of which form the state was. */
static void print_rules(struct asg_cli *cli, const struct replay_view *view)
{
    for (size_t i = 0; i < view->rules_count; i++) {
        const struct asg_replay_part *part = &view->rules[i];
        asg_cli_print(cli->out, "rules %u decided records %" PRIu64 " to %" PRIu64 "\n",
                      part->rules, part->first_seq, part->last_seq);
    }
    if (view->state_form == 0) return;
    asg_cli_print(cli->out, "the last state hash has form %" PRIu64 " of the state%s\n",
                  view->state_form,
                  view->state_form < asg_core_form() ? ", an older one" : "");
}

static void print_difference(struct asg_cli *cli, const struct replay_view *view)
{
    if (view->is_identical) return;
    asg_cli_print(cli->out,
                  "this openasg decides record %" PRIu64
                  " differently under the rules that the log names: the log was written "
                  "by a build that was never released, or one of the two has a defect. "
                  "Replay it with the release that wrote it, and report the difference. "
                  "`openasg log verify` tells whether anything was altered\n",
                  view->bad_seq);
}

static int compare_all(struct asg_cli *cli, const struct asg_arguments *arguments,
                       struct asg_log *log)
{
    struct asg_replay_options options = {
        .from_seq = (uint64_t)asg_option_number(arguments, "from", 0),
        .to_seq = (uint64_t)asg_option_number(arguments, "to", 0),
        .skip_hash_check = asg_option_flag(arguments, "no-verify"),
    };
    uint64_t last = asg_log_head(log).seq;
    if (options.to_seq != 0 && options.to_seq < last) last = options.to_seq;
    uint64_t count = last > options.from_seq ? last - options.from_seq : 1;
    options.progress = asg_progress_new(cli, "replaying", count);
    struct asg_error error = {0};
    ASG_CLEANUP(asg_replay_result_clear) struct asg_replay_result result = {0};
    int64_t start_us = asg_clock_monotonic_us(&cli->clock);
    enum asg_status status = asg_replay_log(log, &options, &result, &error);
    int64_t took_us = asg_clock_monotonic_us(&cli->clock) - start_us;
    asg_progress_end(&options.progress);
    if (status != ASG_OK) return asg_log_failed(cli, status, &error);
    const struct replay_view view = {
        .log = asg_log_path(cli, arguments, 0),
        .is_identical = result.is_identical,
        .first_seq = result.first_seq,
        .last_seq = result.last_seq,
        .records = result.record_count,
        .events = result.event_count,
        .effects = result.effects_count,
        .decisions = result.decision_count,
        .state_hashes = result.hash_count,
        .state_form = result.form,
        .rules = result.parts,
        .rules_count = result.part_count,
        .records_per_second =
            result.record_count * 1000000 / (uint64_t)(took_us > 0 ? took_us : 1),
        .bad_seq = result.bad_seq,
        .what = result.what,
        .in_log = asg_bytes_text(&result.in_log),
        .in_replay = asg_bytes_text(&result.in_replay),
    };
    if (cli->settings.output == ASG_OUTPUT_TABLE) {
        print_table(cli, &view, took_us);
        print_rules(cli, &view);
        print_difference(cli, &view);
    } else {
        asg_cli_show_one(cli, &replay_schema, &view, ASG_COLUMNS(unused_columns));
    }
    return result.is_identical ? ASG_EXIT_OK : ASG_EXIT_DIFFERS;
}

static int run_replay(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *at = asg_option_text(arguments, "at");
    bool is_stepping = asg_option_flag(arguments, "step");
    const char *group = asg_option_text(arguments, "group");
    int64_t at_ms = 0;
    if (at != NULL && !asg_read_since(cli, at, &at_ms)) {
        return asg_cli_fail(
            cli, ASG_EXIT_USAGE,
            "--at must be a time (2026-11-23T14:36:49Z) or a length (10m: "
            "ten minutes ago)");
    }
    if (at != NULL && is_stepping) {
        return asg_cli_fail(
            cli, ASG_EXIT_USAGE,
            "--at shows one moment and --step all of them: use one or the other");
    }
    if (at != NULL &&
        (asg_option_is_set(arguments, "from") || asg_option_is_set(arguments, "to"))) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "--at shows one moment and takes neither --from nor --to");
    }
    if (group != NULL && at == NULL && !is_stepping) {
        return asg_cli_fail(
            cli, ASG_EXIT_USAGE,
            "--group needs --at or --step: a plain replay compares every group");
    }
    ASG_CLEANUP(asg_log_close) struct asg_log *log = NULL;
    int code = asg_open_log(cli, arguments, 0, &log);
    if (code != ASG_EXIT_OK) return code;
    if (at != NULL) return asg_show_world_at(cli, log, at_ms, group);
    if (!is_stepping) return compare_all(cli, arguments, log);
    const struct asg_step_options options = {
        .from_seq = (uint64_t)asg_option_number(arguments, "from", 0),
        .to_seq = (uint64_t)asg_option_number(arguments, "to", 0),
        .group = group,
    };
    return asg_step_world(cli, log, &options);
}

static const struct asg_argument log_argument[] = {ASG_LOG_ARGUMENT};
static const struct asg_option replay_options[] = {
    {.name = "at",
     .type = ASG_OPTION_TEXT,
     .value = "TIME",
     .help = "Show the state at that time: groups, instances, jobs, last metrics "
             "(2026-11-23T14:36:49Z, or 10m: ten minutes ago)."},
    {.name = "step",
     .type = ASG_OPTION_FLAG,
     .help = "Step through the decisions; on a terminal it waits after each."},
    {.name = "group",
     .type = ASG_OPTION_TEXT,
     .value = "GROUP",
     .complete = "groups",
     .help = "With --at or --step: only this group."},
    ASG_LOG_FROM("First record; what is older comes from the newest snapshot before it."),
    ASG_LOG_TO,
    {.name = "no-verify",
     .type = ASG_OPTION_FLAG,
     .help = "Do not check the hash chain while reading."},
    ASG_LOG_IMMUTABLE,
};

static const struct asg_command_entry commands[] = {
    {.name = "replay",
     .shows = &replay_schema,
     .summary = "Decide the whole log again and compare every effect and state",
     .details = "Feeds each event of the log to core again, under the rules that decided "
                "then, compares what follows byte by byte, and says which rules decided "
                "which records. Exit code 5 at the first difference, "
                "which is shown from both sides. Where payloads were pruned it starts at "
                "the oldest snapshot.",
     .examples = "openasg replay\nopenasg replay /var/lib/openasg/openasg.log -o json\n"
                 "openasg replay --at 2026-11-23T14:36:49Z\n"
                 "openasg replay --step --group web",
     ASG_ARGUMENTS(log_argument),
     ASG_OPTIONS(replay_options),
     .run = run_replay},
};

const struct asg_family asg_replay_family = ASG_FAMILY(commands);

/* command_apply - groups, policies and scheduled actions as files want them: what
 * differs, and one order that makes up for it. */
#include <inttypes.h>
#include <string.h>

#include "cli/ask/ask_controller.h"
#include "cli/ask/ask_yes.h"
#include "cli/ask/confirm_ends.h"
#include "cli/ask/wait_group.h"
#include "cli/commands.h"
#include "cli/files/compare.h"
#include "cli/files/declared.h"
#include "cli/files/finish_order.h"
#include "cli/files/note_policy.h"
#include "cli/files/read_present.h"
#include "cli/files/show_differences.h"
#include "cli/show/show_result.h"
#include "wire/wire.h"

#define TRIES_MAX 5 /* of comparing again, while others change the same groups */

/* diff's own: 1 says that there are differences (docs/files.md) */
#define DIFF_DIFFERS 1
#define DIFF_FAILED  2

static const struct asg_argument file_argument[] = {{.name = "FILE",
                                                     .help = "As --file.",
                                                     .is_file = true,
                                                     .is_optional = true,
                                                     .is_repeated = true}};

#define FILE_OPTION                                                                      \
    {                                                                                    \
        .name = "file", .letter = 'f', .type = ASG_OPTION_FILES, .value = "FILE|DIR",    \
        .help = "YAML or JSON with groups, policies and schedules; \"-\" for standard "  \
                "input; of a folder its *.yaml, *.yml and *.json. May be given several " \
                "times."                                                                 \
    }
#define SET_DESIRED_OPTION                                                               \
    {                                                                                    \
        .name = "set-desired", .type = ASG_OPTION_FLAG,                                  \
        .help = "Set desired of existing groups as well; without it, desired is used "   \
                "only when a group is created."                                          \
    }
#define PRUNE_OPTION                                                                     \
    {                                                                                    \
        .name = "prune", .type = ASG_OPTION_FLAG,                                        \
        .help = "Delete policies and scheduled actions that are not in the files, of "   \
                "groups that are. Groups are never deleted."                             \
    }

static const struct asg_option apply_options[] = {
    FILE_OPTION,
    {.name = "dry-run",
     .type = ASG_OPTION_FLAG,
     .help = "Let the controller check the whole change, show it, and change nothing."},
    SET_DESIRED_OPTION,
    PRUNE_OPTION,
    {.name = "if-revision",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .max = INT64_MAX,
     .help = "Only if none of the groups was changed after revision N, as \"diff\" and "
             "\"--dry-run\" show it."},
    {.name = "force",
     .type = ASG_OPTION_FLAG,
     .help = "Proceed even if it terminates more than a quarter of a group at the same "
             "time."},
    ASG_WAIT_OPTION,
    ASG_YES_OPTION,
};

static const struct asg_option diff_options[] = {
    FILE_OPTION,
    SET_DESIRED_OPTION,
    PRUNE_OPTION,
};

/* One apply or diff. */
struct run {
    struct asg_cli *cli;
    const struct asg_arguments *arguments;
    struct asg_declared declared;
    struct asg_present present;
    struct asg_differences differences;
    struct asg_apply order;
    uint32_t pruned; /* deletions that were asked about */
};

/* ---- what is declared ---- */

static struct asg_texts paths_of(const struct asg_arguments *arguments,
                                 struct asg_arena *arena)
{
    struct asg_texts files = asg_option_texts(arguments, "file");
    struct asg_texts paths = {0};
    paths.items = asg_arena_take(arena, (files.count + arguments->values.count + 1) *
                                            sizeof *paths.items);
    for (size_t i = 0; i < files.count; i++) {
        paths.items[paths.count++] = files.items[i];
    }
    for (size_t i = 0; i < arguments->values.count; i++) {
        paths.items[paths.count++] = arguments->values.items[i];
    }
    return paths;
}

static int read_declared(struct run *run)
{
    struct asg_cli *cli = run->cli;
    struct asg_error error = {0};
    struct asg_texts paths = paths_of(run->arguments, &cli->arena);
    if (paths.count == 0) {
        return asg_cli_fail(
            cli, ASG_EXIT_USAGE,
            "which file? Give -f FILE, a folder, or - for standard input");
    }
    enum asg_status status =
        asg_declared_read(&paths, &cli->arena, &run->declared, &error);
    if (status != ASG_OK) return asg_cli_fail_file(cli, &error);
    const struct asg_declared *declared = &run->declared;
    if (declared->group_count + declared->policy_count + declared->schedule_count == 0) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "%s has no group, no policy and no scheduled action",
                            paths.items[0]);
    }
    if (asg_option_flag(run->arguments, "prune") && declared->group_count == 0) {
        return asg_cli_fail(
            cli, ASG_EXIT_USAGE,
            "--prune deletes policies and scheduled actions of the groups "
            "in the files, and the files define no group");
    }
    return ASG_EXIT_OK;
}

/* The group that all is about; NULL: there are several. */
static const char *only_group(const struct asg_declared *declared)
{
    const char *name = NULL;
    size_t policies = declared->policy_count;
    size_t schedules = declared->schedule_count;
    if (declared->group_count > 1) return NULL;
    if (declared->group_count > 0) name = declared->groups[0].config.name;
    /* in order of groups: the first and the last are enough */
    const char *ends[4] = {
        policies > 0 ? declared->policies[0].config.group : NULL,
        policies > 0 ? declared->policies[policies - 1].config.group : NULL,
        schedules > 0 ? declared->schedules[0].config.group : NULL,
        schedules > 0 ? declared->schedules[schedules - 1].config.group : NULL,
    };
    for (size_t i = 0; i < 4; i++) {
        if (ends[i] == NULL) continue;
        if (name == NULL) name = ends[i];
        if (strcmp(name, ends[i]) != 0) return NULL;
    }
    return name;
}

static int compare(struct run *run)
{
    struct asg_cli *cli = run->cli;
    int code =
        asg_read_present(cli, only_group(&run->declared), &cli->arena, &run->present);
    if (code != ASG_EXIT_OK) return code;
    const struct asg_compare_options options = {
        .now_ms = asg_clock_wall_ms(&cli->clock),
        .sets_desired = asg_option_flag(run->arguments, "set-desired"),
        .prunes = asg_option_flag(run->arguments, "prune"),
    };
    struct asg_error error = {0};
    enum asg_status status =
        asg_compare(&run->declared, &run->present, &options, &cli->arena,
                    &run->differences, &run->order, &error);
    return status == ASG_OK ? ASG_EXIT_OK : asg_cli_fail_status(cli, status, &error);
}

/* ---- may it be sent? ---- */

static int check_refused(struct run *run)
{
    for (size_t i = 0; i < run->differences.difference_count; i++) {
        const struct asg_difference *difference = &run->differences.differences[i];
        if (difference->refused[0] == '\0') continue;
        return asg_cli_fail(run->cli, ASG_EXIT_FAILED, "%s:%" PRIu64 ": group %s: %s",
                            difference->file, difference->line, difference->group,
                            difference->refused);
    }
    return ASG_EXIT_OK;
}

static int confirm_ends(struct run *run)
{
    bool force = asg_option_flag(run->arguments, "force");
    for (size_t i = 0; i < run->differences.capacity_count; i++) {
        const struct asg_capacity_difference *capacity = &run->differences.capacities[i];
        const struct asg_group_view *view =
            asg_present_find_group(&run->present, capacity->group);
        if (view == NULL) continue;
        int code = asg_confirm_ends(run->cli, view, capacity->desired, force);
        if (code != ASG_EXIT_OK) return code;
    }
    return ASG_EXIT_OK;
}

/* "2 policies and 1 scheduled action" */
static const char *name_deletions(struct run *run)
{
    size_t policies = 0;
    size_t schedules = 0;
    for (size_t i = 0; i < run->order.group_count; i++) {
        policies += run->order.groups[i].gone_policies.count;
        schedules += run->order.groups[i].gone_schedules.count;
    }
    struct asg_arena *arena = &run->cli->arena;
    const char *text = "";
    if (policies > 0) {
        text =
            asg_arena_format(arena, "%zu polic%s", policies, policies == 1 ? "y" : "ies");
    }
    if (schedules == 0) return text;
    return asg_arena_format(arena, "%s%s%zu scheduled action%s", text,
                            policies > 0 ? " and " : "", schedules,
                            schedules == 1 ? "" : "s");
}

static int confirm_deletions(struct run *run)
{
    uint32_t deleted = run->differences.deleted;
    if (deleted <= run->pruned) return ASG_EXIT_OK; /* asked already */
    int code =
        asg_cli_ask_yes(run->cli, run->arguments, "delete %s that the files do not name",
                        name_deletions(run));
    if (code == ASG_EXIT_OK) run->pruned = deleted;
    return code;
}

static int confirm(struct run *run)
{
    int code = confirm_ends(run);
    return code == ASG_EXIT_OK ? confirm_deletions(run) : code;
}

/* ---- the order ---- */

static int check_size(struct asg_cli *cli, const struct asg_request *request)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes frame = {0};
    asg_wire_encode_message(ASG_MESSAGE_REQUEST, request, &frame);
    if (frame.length <= ASG_ORDER_BYTES_MAX) return ASG_EXIT_OK;
    const double mib = 1024.0 * 1024.0;
    return asg_cli_fail_more(
        cli, ASG_EXIT_USAGE, "TooLarge",
        "Split the files and apply them one after the other: each part is then applied "
        "as a whole or not at all.",
        "the change is %.1f MiB, and one request can have %.0f MiB at most; nothing was "
        "sent",
        (double)frame.length / mib, ASG_ORDER_BYTES_MAX / mib);
}

/* *ret says no as well: "Changed" may be tried again. */
static int send(struct run *run, bool is_dry_run, struct asg_answer *ret)
{
    struct asg_cli *cli = run->cli;
    if (asg_option_is_set(run->arguments, "if-revision")) {
        run->order.revision =
            (uint64_t)asg_option_number(run->arguments, "if-revision", 0);
    }
    struct asg_command command = asg_new_command(ASG_COMMAND_APPLY, "");
    command.apply = &run->order;
    const struct asg_request request = {.query =
                                            is_dry_run ? ASG_QUERY_TRY : ASG_QUERY_NONE,
                                        .command = &command,
                                        .group = "",
                                        .name = ""};
    int code = check_size(cli, &request);
    return code == ASG_EXIT_OK ? asg_ask_any(cli, &request, &cli->arena, ret) : code;
}

/* What the controller says no to is written somewhere. */
static int say_denied(struct run *run, const struct asg_answer *answer)
{
    const struct asg_place place = asg_declared_place_of(&run->declared, answer->message);
    if (place.file == NULL) return asg_say_denied(run->cli, answer);
    struct asg_answer placed = *answer;
    placed.message = asg_arena_format(&run->cli->arena, "%s (%s:%zu)", answer->message,
                                      place.file, place.line);
    return asg_say_denied(run->cli, &placed);
}

static bool is_changed(const struct asg_answer *answer)
{
    return !answer->is_ok && answer->code != NULL && strcmp(answer->code, "Changed") == 0;
}

/* The revision that the order gave to its groups. */
static uint64_t ask_revision(struct run *run)
{
    const struct asg_group_view *view = NULL;
    int code = asg_ask_group(run->cli, run->order.groups[0].name, /* must_exist */ false,
                             &run->cli->arena, &view);
    return code == ASG_EXIT_OK && view != NULL ? view->revision : 0;
}

/* ---- what came of it ---- */

static void note_policies(struct run *run)
{
    for (size_t i = 0; i < run->order.group_count; i++) {
        const struct asg_apply_group *group = &run->order.groups[i];
        for (size_t k = 0; k < group->policy_count; k++) {
            asg_note_policy(run->cli, &group->policies[k]);
        }
    }
}

static void say_end(struct run *run, const char *what)
{
    if (run->cli->settings.output != ASG_OUTPUT_TABLE) return;
    asg_cli_print(run->cli->err, "%s: %s; revision %" PRIu64 "\n", what,
                  asg_count_differences(&run->differences, &run->cli->arena),
                  run->differences.revision);
}

/* With --wait: until the groups whose number of instances changes have those. */
static int wait_if_asked(struct run *run)
{
    size_t count = run->differences.capacity_count;
    struct asg_group_goal *goals =
        asg_arena_take(&run->cli->arena, (count + 1) * sizeof *goals);
    for (size_t i = 0; i < count; i++) {
        goals[i] = asg_group_goal_of(run->differences.capacities[i].group);
        goals[i].is_met = true;
    }
    if (count == 0) return ASG_EXIT_OK;
    return asg_wait_if_asked(run->cli, run->arguments, ASG_EXIT_OK, goals, count);
}

static int show_applied(struct run *run, bool is_dry_run, const char *note)
{
    run->differences.note = note;
    run->differences.is_dry_run = is_dry_run;
    run->differences.is_applied = !is_dry_run;
    if (!is_dry_run) run->differences.revision = ask_revision(run);
    asg_show_differences(run->cli, &run->differences);
    say_end(run, is_dry_run ? "dry run, nothing was changed" : "applied");
    if (run->cli->settings.output == ASG_OUTPUT_TABLE) asg_cli_note(run->cli, note);
    if (is_dry_run) return ASG_EXIT_OK;
    if (run->cli->settings.output == ASG_OUTPUT_TABLE) note_policies(run);
    return wait_if_asked(run);
}

static int show_unchanged(struct run *run, bool is_dry_run)
{
    run->differences.is_dry_run = is_dry_run;
    asg_show_differences(run->cli, &run->differences);
    say_end(run, "nothing to change");
    return ASG_EXIT_OK;
}

static int run_apply(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    struct run run = {.cli = cli, .arguments = arguments};
    bool is_dry_run = asg_option_flag(arguments, "dry-run");
    bool is_fixed = asg_option_is_set(arguments, "if-revision");
    int code = read_declared(&run);
    struct asg_answer answer = {0};
    for (int tries = 1; code == ASG_EXIT_OK; tries++) {
        code = compare(&run);
        if (code != ASG_EXIT_OK) return code;
        if (run.differences.difference_count == 0) {
            return show_unchanged(&run, is_dry_run);
        }
        code = check_refused(&run);
        if (code == ASG_EXIT_OK && !is_dry_run) code = confirm(&run);
        if (code == ASG_EXIT_OK) code = asg_finish_order(cli, &run.declared, &run.order);
        if (code == ASG_EXIT_OK) code = send(&run, is_dry_run, &answer);
        if (code != ASG_EXIT_OK) return code;
        if (answer.is_ok) return show_applied(&run, is_dry_run, answer.note);
        if (!is_changed(&answer) || is_fixed || tries == TRIES_MAX) {
            return say_denied(&run, &answer);
        }
    }
    return code;
}

/* ---- diff ---- */

static int run_diff(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    struct run run = {.cli = cli, .arguments = arguments};
    cli->failed_code = DIFF_FAILED; /* 1 says that there are differences */
    int code = read_declared(&run);
    if (code == ASG_EXIT_OK) code = compare(&run);
    if (code != ASG_EXIT_OK) return code == ASG_EXIT_FAILED ? DIFF_FAILED : code;
    asg_show_differences(cli, &run.differences);
    bool is_same = run.differences.difference_count == 0;
    say_end(&run, is_same ? "no difference" : "differs");
    if (fflush(cli->out) != 0 || ferror(cli->out)) return DIFF_FAILED;
    return is_same ? ASG_EXIT_OK : DIFF_DIFFERS;
}

static const struct asg_command_entry commands[] = {
    {.name = "apply",
     .shows = &asg_differences_schema,
     .summary = "Create or change groups, policies and schedules to match files",
     .details = "Compares the files with the current state and sends all differences "
                "as one request, which is applied as a whole or not at all. Of a group "
                "that exists "
                "only the fields that a file names are changed, and desired only with "
                "--set-desired; a policy or schedule is changed as a whole. What the "
                "files do not name stays, unless --prune is given.",
     .examples = "openasg apply -f examples/student.yaml\n"
                 "openasg apply -f groups/ --dry-run\n"
                 "openasg apply -f groups/ --prune --yes",
     ASG_ARGUMENTS(file_argument),
     ASG_OPTIONS(apply_options),
     .run = run_apply},
    {.name = "diff",
     .shows = &asg_differences_schema,
     .summary = "Show what apply would change",
     .details =
         "Exit code 0: nothing. 1: there are differences. Above 1: they could not "
         "be compared (2: a file, the command line or a refusal; 3: no answer from "
         "the controller).",
     .examples = "openasg diff -f groups/\n"
                 "openasg diff -f groups/ --prune || echo \"drift, or an error\"",
     ASG_ARGUMENTS(file_argument),
     ASG_OPTIONS(diff_options),
     .run = run_diff},
};

const struct asg_family asg_apply_family = ASG_FAMILY(commands);

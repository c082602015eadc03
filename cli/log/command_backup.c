/* command_backup - a copy of the log, made while the controller goes on. */
#include <inttypes.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/log/open_log.h"
#include "cli/show/progress.h"
#include "cli/show/show_result.h"
#include "cli/terminal.h"

static const struct asg_argument arguments_of_backup[] = {
    {.name = "FILE", .help = "The new file.", .is_file = true}};

/* A bar for a person; lines for a log of cron, but none beside JSON. */
struct progress {
    struct asg_cli *cli;
    struct asg_progress *bar; /* of this step */
    const char *step;
    uint64_t told; /* tenths of it */
};

static bool draw(struct progress *progress, const char *step, uint64_t done,
                 uint64_t total)
{
    if (strcmp(progress->step, step) != 0) {
        progress->step = step;
        asg_progress_end(&progress->bar);
        bool is_copy = strcmp(step, "copied") == 0;
        progress->bar =
            asg_progress_new(progress->cli, is_copy ? "copying" : "verifying", total);
    }
    asg_progress_step(progress->bar, done);
    return true;
}

static bool tell(void *context, const char *step, uint64_t done, uint64_t total)
{
    struct progress *progress = context;
    struct asg_cli *cli = progress->cli;
    if (asg_terminal_can_draw(cli->err)) return draw(progress, step, done, total);
    if (cli->settings.output != ASG_OUTPUT_TABLE) return true;
    if (strcmp(progress->step, step) != 0) {
        progress->step = step;
        progress->told = 0;
    }
    uint64_t tenths = total == 0 ? 10 : done * 10 / total;
    if (tenths <= progress->told) return true;
    progress->told = tenths;
    asg_cli_print(cli->err, "%s %" PRIu64 " %%\n", step, tenths * 10);
    return true;
}

static int run_backup(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *path = asg_argument_text(arguments, 0);
    const struct asg_log_options options = {.path = cli->settings.log,
                                            .is_read_only = true};
    struct asg_error error = {0};
    ASG_CLEANUP(asg_log_close) struct asg_log *log = NULL;
    enum asg_status status = asg_log_open_sqlite(&options, &log, &error);
    if (status != ASG_OK) return asg_log_failed(cli, status, &error);
    struct progress progress = {.cli = cli, .step = ""};
    struct asg_log_verdict verdict;
    status = asg_log_copy(log, path, tell, &progress, &verdict, &error);
    asg_progress_end(&progress.bar);
    if (status != ASG_OK) {
        return asg_log_failed_more(cli, status, &error, verdict.advice);
    }
    const struct asg_done done = {
        .kind = "log",
        .name = path,
        .is_changed = true,
        .message = asg_arena_format(&cli->arena,
                                    "%s: records 1 to %" PRIu64
                                    " of cluster %s, verified; what else to keep, "
                                    "and how to restore: docs/recovery.md",
                                    path, verdict.last_seq, asg_log_cluster_id(log))};
    return asg_cli_result(cli, &done);
}

static const struct asg_command_entry commands[] = {
    {.name = "log backup",
     .shows = &asg_done_schema,
     .summary = "Back up the log, also while the controller runs",
     .details =
         "The copy is a consistent snapshot, is verified record by record before it "
         "gets its name, is readable by its owner only and never replaces a file. "
         "Restoring one is described in docs/recovery.md: read it before you start a "
         "controller from an old copy.",
     .examples = "openasg log backup /backup/openasg.log",
     ASG_ARGUMENTS(arguments_of_backup),
     .run = run_backup},
};

const struct asg_family asg_backup_family = ASG_FAMILY(commands);

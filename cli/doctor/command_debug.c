/* command_debug - one archive with what somebody needs who helps from afar. */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/doctor/bundle.h"
#include "cli/doctor/doctor.h"
#include "cli/show/progress.h"

static const struct asg_argument file_argument[] = {
    {.name = "FILE",
     .help = "The archive to write, a .tar.gz; none: openasg-debug-TIME.tar.gz here. It "
             "must not exist yet.",
     .is_optional = true,
     .is_file = true}};

static const struct asg_option bundle_options[] = {
    {.name = "etc",
     .type = ASG_OPTION_FILE,
     .value = "DIR",
     .help = "Folder of controller.yaml, worker.yaml and agent.yaml of this host.",
     .default_text = "/etc/openasg"},
};

static const char readme[] =
    "A debug bundle of openasg: what `openasg debug bundle` found on one host.\n"
    "\n"
    "doctor.txt     what is ok, and what is not\n"
    "controller/    answers of the controller, and its metrics\n"
    "log/           the last 1,000 records of its log\n"
    "settings/      settings in force; secret files are named, not read\n"
    "processes/     programs of openasg here, and what each of their threads waits for\n"
    "files.txt      names, modes and sizes in the controller's folder\n"
    "system/        memory, load, limits\n"
    "missing.txt    what could not be read, and why\n"
    "\n"
    "It holds no keys, no credentials and no user data. It does name groups, instances,\n"
    "addresses, tags and public keys: review it before you send it.\n";

static void add_text(struct asg_bundle *bundle, const char *name, const char *text)
{
    struct asg_bytes bytes = {0};
    asg_bytes_append_text(&bytes, text);
    asg_bundle_add(bundle, name, &bytes);
    asg_bytes_clear(&bytes);
}

static void add_doctor(struct asg_bundle *bundle)
{
    struct asg_doctor doctor = {.cli = bundle->cli, .etc = bundle->etc};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    asg_doctor_check_all(&doctor);
    asg_doctor_write(&doctor, &text);
    asg_bundle_add(bundle, "doctor.txt", &text);
}

static void collect(struct asg_bundle *bundle)
{
    struct asg_progress *progress =
        asg_progress_new(bundle->cli, "collecting", /* total */ 3);
    asg_bundle_learn_secrets(bundle);
    add_text(bundle, "README.txt", readme);
    add_doctor(bundle);
    asg_progress_step(progress, 1);
    asg_bundle_add_host(bundle);
    asg_progress_step(progress, 2);
    asg_bundle_add_cluster(bundle);
    asg_progress_end(&progress);
    asg_bundle_add(bundle, "missing.txt", &bundle->missing);
    asg_bundle_forget_secrets(bundle);
}

static const char *name_by_time(struct asg_cli *cli, int64_t wall_ms)
{
    time_t at = (time_t)(wall_ms / 1000);
    struct tm utc;
    char text[32];
    (void)strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", gmtime_r(&at, &utc));
    return asg_arena_format(&cli->arena, "openasg-debug-%s", text);
}

static int run_bundle(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    int64_t wall_ms = asg_clock_wall_ms(&cli->clock);
    const char *name = name_by_time(cli, wall_ms);
    const char *path = asg_argument_text(arguments, 0);
    const char *etc = asg_option_text(arguments, "etc");
    if (path == NULL) path = asg_arena_format(&cli->arena, "%s.tar.gz", name);
    struct asg_bundle bundle = {
        .cli = cli, .folder = name, .etc = etc != NULL ? etc : "/etc/openasg"};
    struct asg_error error = {""};
    enum asg_status status = asg_tar_gz_new(path, wall_ms / 1000, &bundle.tar, &error);
    if (status != ASG_OK) return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s", error.text);
    collect(&bundle);
    size_t missing = 0;
    for (size_t i = 0; i < bundle.missing.length; i++) {
        missing += bundle.missing.data[i] == '\n';
    }
    asg_bytes_clear(&bundle.missing);
    status = asg_tar_gz_end(&bundle.tar, &error);
    if (status != ASG_OK) return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s", error.text);
    asg_cli_print(cli->err,
                  "openasg: %s written: %zu files, %zu that could not be read "
                  "(missing.txt). It has no secrets; it names groups, instances and "
                  "addresses.\n",
                  path, bundle.count, missing);
    return ASG_EXIT_OK;
}

static const struct asg_command_entry commands[] = {
    {.name = "debug bundle",
     .summary = "Write one archive with everything that support needs",
     .details =
         "Settings, the findings of doctor, answers of the controller, its metrics, "
         "the last 1,000 records of the log when it can be read, versions, limits, and "
         "what each thread of the programs of this host waits for. No keys, "
         "credentials or user data: secret files are not read into it, and known "
         "secrets elsewhere become ****. Works when the controller does not; run it as "
         "root, or as the user of the service, to get everything.",
     .examples = "openasg debug bundle\nopenasg debug bundle /tmp/openasg.tar.gz",
     ASG_ARGUMENTS(file_argument),
     ASG_OPTIONS(bundle_options),
     .run = run_bundle},
};

const struct asg_family asg_debug_family = ASG_FAMILY(commands);

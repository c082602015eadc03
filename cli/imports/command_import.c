/* command_import - Auto Scaling groups of AWS as files that `openasg apply` takes. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/safe_file.h"
#include "cli/commands.h"
#include "cli/imports/read_scaling.h"
#include "cli/imports/write_import.h"
#include "cli/show/progress.h"

static const struct asg_argument import_arguments[] = {
    {.name = "NAME",
     .help = "Name of the Auto Scaling group; several may be given.",
     .is_optional = true,
     .is_repeated = true},
};

static const struct asg_option import_options[] = {
    {.name = "all", .type = ASG_OPTION_FLAG, .help = "Every group of the region."},
    {.name = "region",
     .type = ASG_OPTION_TEXT,
     .value = "REGION",
     .help = "AWS region of the groups.",
     .default_text = "AWS_REGION, or the profile's"},
    {.name = "profile",
     .type = ASG_OPTION_TEXT,
     .value = "NAME",
     .help = "Profile of the AWS files whose credentials are used.",
     .default_text = "AWS_PROFILE, or default"},
    {.name = "endpoint-url",
     .type = ASG_OPTION_TEXT,
     .value = "URL",
     .help = "Endpoint of EC2 Auto Scaling, instead of AWS's own."},
    {.name = "into",
     .old_name = "to",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help = "Write one file with all groups; it must not exist yet.",
     .default_text = "standard output"},
    {.name = "into-dir",
     .old_name = "to-dir",
     .type = ASG_OPTION_FILE,
     .value = "DIR",
     .help = "Write one file a group, NAME.yaml, into this folder; none may exist yet."},
};

static bool check_words(struct asg_cli *cli, const struct asg_arguments *arguments,
                        int *ret)
{
    bool is_all = asg_option_flag(arguments, "all");
    bool has_names = arguments->values.count > 0;
    *ret = ASG_EXIT_OK;
    if (is_all == has_names) {
        *ret = asg_cli_fail(cli, ASG_EXIT_USAGE,
                            is_all ? "give names or --all, not both"
                                   : "which groups? give their names, or --all");
    } else if (asg_option_is_set(arguments, "into") &&
               asg_option_is_set(arguments, "into-dir")) {
        *ret = asg_cli_fail(cli, ASG_EXIT_USAGE, "give --into or --into-dir, not both");
    }
    return *ret == ASG_EXIT_OK;
}

static int fail_read(struct asg_cli *cli, enum asg_status status,
                     const struct asg_error *error)
{
    int code = ASG_EXIT_FAILED;
    if (status == ASG_ERR_IO || status == ASG_ERR_TIMEOUT || status == ASG_ERR_CLOSED) {
        code = ASG_EXIT_UNREACHABLE;
    }
    if (status == ASG_ERR_INVALID || status == ASG_ERR_NOT_FOUND) code = ASG_EXIT_USAGE;
    return asg_cli_fail(cli, code, "%s", error->text);
}

/* Names that AWS does not know are said at once, all of them. */
static int check_found(struct asg_cli *cli, const struct asg_texts *names,
                       const struct asg_answer_list *groups, const char *region)
{
    int code = ASG_EXIT_OK;
    for (size_t i = 0; i < names->count; i++) {
        bool is_found = false;
        for (size_t g = 0; g < groups->count && !is_found; g++) {
            is_found = strcmp(asg_answer_text(groups->items[g], "AutoScalingGroupName"),
                              names->items[i]) == 0;
        }
        if (is_found) continue;
        code = asg_cli_fail_more(cli, ASG_EXIT_FAILED, "NotFound",
                                 "Check the name, --region and --profile; --all imports "
                                 "every group.",
                                 "there is no Auto Scaling group %s in %s",
                                 names->items[i], region);
    }
    if (code == ASG_EXIT_OK && groups->count == 0) {
        code = asg_cli_fail(cli, ASG_EXIT_FAILED, "there is no Auto Scaling group in %s",
                            region);
    }
    return code;
}

/* ---- where it is written ---- */

static int write_new(struct asg_cli *cli, const char *path, const struct asg_bytes *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 && errno == EEXIST) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED,
                            "%s exists: it is not overwritten; give another name, or "
                            "move it away",
                            path);
    }
    size_t at = 0;
    while (fd >= 0 && at < text->length) {
        ssize_t written = write(fd, text->data + at, text->length - at);
        if (written < 0 && errno != EINTR) break;
        if (written > 0) at += (size_t)written;
    }
    int why = errno;
    bool is_whole = fd >= 0 && at == text->length;
    if (fd >= 0 && close(fd) != 0) is_whole = false;
    if (is_whole) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_FAILED, "cannot write %s: %s", path, strerror(why));
}

/* A file's name out of a group's: names may hold slashes and blanks. */
static const char *file_of(struct asg_arena *arena, const char *folder, const char *group)
{
    char *name = asg_arena_take(arena, strlen(group) + 1);
    for (size_t i = 0; group[i] != '\0'; i++) {
        bool is_plain = (group[i] >= '0' && group[i] <= '9') ||
                        (group[i] >= 'A' && group[i] <= 'Z') ||
                        (group[i] >= 'a' && group[i] <= 'z') ||
                        strchr("-_.", group[i]) != NULL;
        name[i] = is_plain ? group[i] : '_';
    }
    if (name[0] == '.') name[0] = '_';
    return asg_arena_format(arena, "%s/%s.yaml", folder, name);
}

static int write_to(struct asg_cli *cli, const struct asg_arguments *arguments,
                    const struct asg_imported *imported, size_t count, const char *region)
{
    const char *folder = asg_option_text(arguments, "into-dir");
    const char *file = asg_option_text(arguments, "into");
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    int code = ASG_EXIT_OK;
    if (folder != NULL && mkdir(folder, 0755) != 0 && errno != EEXIST) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED, "cannot create the folder %s: %s",
                            folder, strerror(errno));
    }
    for (size_t i = 0; i < count && code == ASG_EXIT_OK; i++) {
        if (folder != NULL) asg_bytes_reset(&text);
        if (text.length > 0) asg_bytes_append_text(&text, "---\n");
        asg_write_import(&imported[i], region, &text);
        if (folder != NULL) {
            code = write_new(cli, file_of(&cli->arena, folder, imported[i].group.name),
                             &text);
        }
    }
    if (folder != NULL || code != ASG_EXIT_OK) return code;
    if (file != NULL && strcmp(file, "-") != 0) return write_new(cli, file, &text);
    (void)fwrite(text.data, 1, text.length, cli->out);
    return code;
}

static void say_notes(struct asg_cli *cli, const struct asg_imported *imported)
{
    for (size_t i = 0; i < imported->note_count; i++) {
        /* Names are AWS's: a line feed of theirs would begin a line of ours. */
        ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
        ASG_CLEANUP(asg_bytes_clear) struct asg_bytes line = {0};
        asg_bytes_printf(&text, "openasg: %s: %s %s", imported->group.name,
                         imported->notes[i].what, imported->notes[i].todo);
        asg_escape_append((const char *)text.data, text.length, ASG_LAYOUT_BLANK, &line);
        asg_cli_write(cli->err, (const char *)line.data, line.length);
        (void)fputc('\n', cli->err);
    }
}

static int import_read(struct asg_cli *cli, const struct asg_arguments *arguments,
                       struct asg_scaling_reader *reader)
{
    struct asg_answer_list groups = {0};
    struct asg_import_answers answers;
    struct asg_error error = {0};
    const struct asg_texts *names = &arguments->values;
    const char *region = asg_scaling_reader_region(reader);
    struct asg_progress *progress = asg_progress_new(cli, "reading from AWS", 0);
    enum asg_status status = asg_scaling_read(reader, names, &groups, &answers, &error);
    asg_progress_end(&progress);
    if (status != ASG_OK) return fail_read(cli, status, &error);
    int code = check_found(cli, names, &groups, region);
    if (code != ASG_EXIT_OK) return code;
    struct asg_imported *imported =
        asg_arena_take(&cli->arena, groups.count * sizeof *imported);
    for (size_t i = 0; i < groups.count; i++) {
        asg_import_group(groups.items[i], &answers, &cli->arena, &imported[i]);
    }
    code = write_to(cli, arguments, imported, groups.count, region);
    for (size_t i = 0; i < groups.count && code == ASG_EXIT_OK; i++) {
        say_notes(cli, &imported[i]);
    }
    return code;
}

static int run_import(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    int code = ASG_EXIT_OK;
    if (!check_words(cli, arguments, &code)) return code;
    const struct asg_scaling_options options = {
        .region = asg_option_text(arguments, "region"),
        .profile = asg_option_text(arguments, "profile"),
        .endpoint_url = asg_option_text(arguments, "endpoint-url"),
        .clock = cli->clock,
        .arena = &cli->arena,
    };
    struct asg_scaling_reader *reader = NULL;
    struct asg_error error = {0};
    enum asg_status status = asg_scaling_reader_new(&options, &reader, &error);
    code = status == ASG_OK ? import_read(cli, arguments, reader)
                            : fail_read(cli, status, &error);
    asg_scaling_reader_destroy(&reader);
    return code;
}

static const struct asg_command_entry commands[] = {
    {.name = "import asg",
     .summary = "Read Auto Scaling groups from AWS and write them as files for apply",
     .details =
         "Asks EC2 Auto Scaling, CloudWatch and EC2 with your own AWS credentials, by "
         "Describe calls only: nothing in AWS is changed. What openasg does not have "
         "(lifecycle hooks, warm pools, metrics from outside, ...) is a comment in the "
         "file and a line on standard error, each with what to do about it. The file has "
         "dry_run: true, so that applying it launches and terminates nothing; "
         "docs/migrate-from-aws.md describes the rest.",
     .examples = "openasg import asg web --region eu-central-1 --into web.yaml\n"
                 "openasg import asg --all --into-dir groups\n"
                 "openasg import asg web | openasg apply -",
     ASG_ARGUMENTS(import_arguments),
     ASG_OPTIONS(import_options),
     .run = run_import},
};

const struct asg_family asg_import_family = ASG_FAMILY(commands);

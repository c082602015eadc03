/* command_export_files - groups as files that apply takes back unchanged. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/ask/ask_controller.h"
#include "cli/commands.h"
#include "cli/files/read_present.h"
#include "cli/files/spell_files.h"
#include "cli/show/show_result.h"

static const struct asg_argument group_arguments[] = {
    {.name = "GROUP",
     .help = "Name of a group; without one, all groups.",
     .is_optional = true,
     .is_repeated = true,
     .complete = "groups"}};

static const struct asg_option export_options[] = {
    {.name = "into-dir",
     .old_name = "to-dir",
     .type = ASG_OPTION_FILE,
     .value = "DIR",
     .help = "Write one file for each group, GROUP.yaml, into this folder instead of "
             "documents to standard output. Files of that name are replaced, others "
             "stay."},
    {.name = "full",
     .type = ASG_OPTION_FLAG,
     .help = "Write fields that have their default as well: \"diff\" compares only what "
             "a file names of a group."},
};

static bool is_asked_for(const struct asg_arguments *arguments, const char *name)
{
    if (arguments->values.count == 0) return true;
    for (size_t i = 0; i < arguments->values.count; i++) {
        if (strcmp(arguments->values.items[i], name) == 0) return true;
    }
    return false;
}

static int check_names(struct asg_cli *cli, const struct asg_arguments *arguments,
                       const struct asg_present *present)
{
    for (size_t i = 0; i < arguments->values.count; i++) {
        const char *name = arguments->values.items[i];
        if (asg_present_find_group(present, name) != NULL) continue;
        return asg_cli_fail(
            cli, ASG_EXIT_FAILED,
            "there is no group \"%s\"; \"openasg group list\" shows the groups", name);
    }
    return ASG_EXIT_OK;
}

static void close_file(FILE **file)
{
    if (*file != NULL) (void)fclose(*file);
}

/* A file of its own: not what somebody has put in its place, which a link may lead
 * anywhere. */
static bool write_text(const char *path, const struct asg_bytes *text)
{
    (void)unlink(path);
    ASG_CLEANUP(close_file) FILE *file = fopen(path, "wxe");
    return file != NULL && fwrite(text->data, 1, text->length, file) == text->length &&
           fflush(file) == 0;
}

/* Whoever looks sees the old file or the new one. It is not synced: thousands of them
 * would take a minute, and can be written again. */
static int write_file(struct asg_cli *cli, const char *folder, const char *group,
                      const struct asg_bytes *text)
{
    const char *path = asg_arena_format(&cli->arena, "%s/%s", folder,
                                        asg_spell_file_name(group, &cli->arena));
    const char *new_path = asg_arena_format(&cli->arena, "%s.new", path);
    if (write_text(new_path, text) && rename(new_path, path) == 0) return ASG_EXIT_OK;
    int failure = errno;
    (void)unlink(new_path);
    return asg_cli_fail(cli, ASG_EXIT_FAILED, "cannot write %s: %s", path,
                        strerror(failure));
}

static int make_folder(struct asg_cli *cli, const char *folder)
{
    if (folder == NULL || mkdir(folder, 0755) == 0 || errno == EEXIST) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_FAILED, "cannot create %s: %s", folder,
                        strerror(errno));
}

/* One document; with a folder, one file. */
static int export_group(struct asg_cli *cli, const struct asg_arguments *arguments,
                        const struct asg_present *present, size_t at, bool is_first)
{
    const char *folder = asg_option_text(arguments, "into-dir");
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    if (folder == NULL && !is_first) asg_bytes_append_text(&text, "---\n");
    asg_spell_group(present, at, asg_option_flag(arguments, "full"), &text);
    if (folder != NULL) {
        return write_file(cli, folder, present->groups[at].config->name, &text);
    }
    (void)fwrite(text.data, 1, text.length, cli->out);
    return ASG_EXIT_OK;
}

static int say_written(struct asg_cli *cli, const char *folder, size_t count)
{
    if (folder == NULL) return ASG_EXIT_OK;
    const struct asg_done result = {
        .kind = "file",
        .name = folder,
        .is_changed = true,
        .message = asg_arena_format(&cli->arena, "%zu group%s written to %s", count,
                                    count == 1 ? "" : "s", folder)};
    return asg_cli_result(cli, &result);
}

static int run_export(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *folder = asg_option_text(arguments, "into-dir");
    bool is_one = arguments->values.count == 1;
    struct asg_present present;
    int code = asg_read_present(cli, is_one ? arguments->values.items[0] : NULL,
                                &cli->arena, &present);
    if (code == ASG_EXIT_OK) code = check_names(cli, arguments, &present);
    if (code == ASG_EXIT_OK) code = make_folder(cli, folder);
    size_t count = 0;
    for (size_t i = 0; i < present.group_count && code == ASG_EXIT_OK; i++) {
        const struct asg_group_view *view = &present.groups[i];
        if (!is_asked_for(arguments, view->config->name)) continue;
        if (view->is_deleting) {
            asg_cli_print(cli->err, "openasg: group %s is being deleted; left out\n",
                          view->config->name);
            continue;
        }
        code = export_group(cli, arguments, &present, i, count == 0);
        count++;
    }
    return code == ASG_EXIT_OK ? say_written(cli, folder, count) : code;
}

static const struct asg_command_entry commands[] = {
    {.name = "export",
     .summary = "Write groups with their policies and schedules as files for apply",
     .details = "YAML that \"apply\" accepts and in which \"diff\" finds no difference. "
                "Instances, suspended processes and secrets are not in it.",
     .examples = "openasg export web > web.yaml\n"
                 "openasg export --into-dir groups/",
     ASG_ARGUMENTS(group_arguments),
     ASG_OPTIONS(export_options),
     .run = run_export},
};

const struct asg_family asg_export_files_family = ASG_FAMILY(commands);

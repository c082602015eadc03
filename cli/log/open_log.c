#include "cli/log/open_log.h"

#include <unistd.h>

const char *asg_log_path(const struct asg_cli *cli, const struct asg_arguments *arguments,
                         size_t place)
{
    const char *path = asg_argument_text(arguments, place);
    return path != NULL ? path : cli->settings.log;
}

int asg_log_failed_more(struct asg_cli *cli, enum asg_status status,
                        const struct asg_error *error, const char *advice)
{
    int code =
        status == ASG_ERR_CORRUPT ? (int)ASG_EXIT_NOT_VERIFIED : (int)ASG_EXIT_FAILED;
    return asg_cli_fail_more(cli, code, NULL, advice[0] != '\0' ? advice : NULL, "%s",
                             error->text[0] != '\0' ? error->text
                                                    : asg_status_text(status));
}

int asg_log_failed(struct asg_cli *cli, enum asg_status status,
                   const struct asg_error *error)
{
    return asg_log_failed_more(cli, status, error, "");
}

struct asg_log_options asg_log_options_of(const struct asg_cli *cli,
                                          const struct asg_arguments *arguments,
                                          size_t place)
{
    return (struct asg_log_options){
        .path = asg_log_path(cli, arguments, place),
        .is_read_only = true,
        .is_immutable = asg_option_flag(arguments, "immutable"),
    };
}

int asg_open_log(struct asg_cli *cli, const struct asg_arguments *arguments, size_t place,
                 struct asg_log **ret)
{
    const struct asg_log_options options = asg_log_options_of(cli, arguments, place);
    struct asg_error error = {0};
    enum asg_status status = asg_log_open_sqlite(&options, ret, &error);
    if (status == ASG_OK) return ASG_EXIT_OK;
    bool is_guessed = asg_argument_text(arguments, place) == NULL;
    if (is_guessed && access(options.path, F_OK) != 0) {
        return asg_cli_fail_more(cli, ASG_EXIT_FAILED, "NotFound",
                                 "Name the log's file, or give --dir or OPENASG_DIR the "
                                 "controller's folder.",
                                 "%s", error.text);
    }
    return asg_log_failed(cli, status, &error);
}

#include "cli/check_config.h"

#include <unistd.h>

#include "bus/keys.h"
#include "text/problems.h"

static void check_keys(const struct asg_cli_settings *settings,
                       struct asg_problems *problems)
{
    struct asg_error error = {""};
    struct asg_bus_keys keys;
    char server_key[ASG_BUS_KEY_SIZE];
    enum asg_status status = asg_bus_keys_load(settings->key_file, &keys, &error);
    if (status == ASG_OK) asg_bus_keys_clear(&keys);
    if (status == ASG_ERR_NOT_FOUND) {
        asg_problem_add(
            problems,
            "key_file: %s does not exist: create a key with `openasg keys make`",
            settings->key_file);
    } else {
        (void)asg_problem_take(problems, status, &error);
    }
    error.text[0] = '\0';
    if (settings->server_key[0] == '\0') {
        status = asg_bus_public_key_load(settings->server_key_file, server_key, &error);
        (void)asg_problem_take(problems, status, &error);
    } else if (!asg_bus_is_key(settings->server_key)) {
        asg_problem_add(problems, "server_key: not a public key of 40 characters");
    }
}

int asg_cli_check_config(struct asg_cli *cli, const struct asg_arguments *arguments)
{
    struct asg_problems problems = {.arena = &cli->arena};
    struct asg_error error = {""};
    enum asg_status status =
        asg_cli_load_settings(arguments, environ, &cli->arena, &cli->settings, &error);
    if (asg_problem_take(&problems, status, &error) && !cli->settings.allow_plaintext) {
        check_keys(&cli->settings, &problems);
    }
    if (problems.count == 0) asg_cli_print(cli->out, "openasg: the settings are fine\n");
    return asg_problems_print(&problems, "openasg", cli->err);
}

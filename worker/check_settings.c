#include "worker/check_settings.h"

#include "worker/connect_aws.h"
#include "worker/settings.h"

static void check_keys(const struct asg_worker_settings *settings,
                       struct asg_problems *problems)
{
    if (settings->allow_plaintext) return;
    struct asg_bus_keys keys;
    struct asg_error error = {""};
    char server_key[ASG_BUS_KEY_SIZE];
    const char *path = settings->key_file;
    if (path[0] == '\0') {
        (void)asg_problem_folder(problems, "dir", settings->dir);
        path = asg_arena_format(problems->arena, "%s/worker.key", settings->dir);
    }
    enum asg_status status = asg_bus_keys_load(path, &keys, &error);
    if (status == ASG_OK) asg_bus_keys_clear(&keys);
    if (status != ASG_ERR_NOT_FOUND) { /* a start makes it */
        (void)asg_problem_take(problems, status, &error);
    }
    (void)asg_problem_take(problems, asg_worker_server_key(settings, server_key, &error),
                           &error);
}

void asg_worker_check_settings(const void *settings, struct asg_problems *problems)
{
    const struct asg_worker_settings *given = settings;
    struct asg_error error = {""};
    check_keys(given, problems);
    (void)asg_problem_take(problems, asg_worker_aws_check(given, &error), &error);
    asg_problem_readable(problems, "ec2.ca_file", given->ec2_ca_file);
    asg_problem_address(problems, "listen.http", given->listen_http);
}

#include "cli/ask/hush_errors.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void asg_hush(struct asg_cli *cli, int64_t timeout_ms, struct asg_hushed *hushed)
{
    *hushed =
        (struct asg_hushed){.err = cli->err, .timeout_ms = cli->settings.timeout_ms};
    cli->err = open_memstream(&hushed->words, &hushed->length);
    if (cli->err == NULL) abort(); /* out of memory, as base/arena.h does */
    if (timeout_ms > 0 && timeout_ms < hushed->timeout_ms) {
        cli->settings.timeout_ms = timeout_ms;
    }
}

void asg_unhush(struct asg_cli *cli, struct asg_hushed *hushed)
{
    assert(hushed->err != NULL);
    (void)fclose(cli->err);
    cli->err = hushed->err;
    cli->settings.timeout_ms = hushed->timeout_ms;
    hushed->err = NULL;
}

void asg_unhush_unless_away(struct asg_cli *cli, struct asg_hushed *hushed, int code)
{
    asg_unhush(cli, hushed);
    if (code == ASG_EXIT_OK || code == ASG_EXIT_UNREACHABLE) return;
    (void)fwrite(hushed->words, 1, hushed->length, cli->err);
}

void asg_say_away(struct asg_cli *cli, bool *was_away, bool is_away)
{
    if (*was_away == is_away) return;
    *was_away = is_away;
    asg_cli_print(cli->err, "openasg: %s\n",
                  is_away ? "the controller cannot be reached, trying again"
                          : "the controller is back");
    (void)fflush(cli->err);
}

const char *asg_hushed_reason(const struct asg_hushed *hushed)
{
    static const char prefix[] = "openasg: ";
    bool has_prefix = strncmp(hushed->words, prefix, sizeof prefix - 1) == 0;
    return hushed->words + (has_prefix ? sizeof prefix - 1 : 0);
}

void asg_hushed_clear(struct asg_hushed *hushed)
{
    free(hushed->words);
    *hushed = (struct asg_hushed){0};
}

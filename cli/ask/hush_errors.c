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

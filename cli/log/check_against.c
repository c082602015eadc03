#include "cli/log/check_against.h"

#include <inttypes.h>

#include "text/yaml_tree.h"

static int read_checkpoint(struct asg_cli *cli, const char *path,
                           const struct asg_sign_key *key, struct asg_checkpoint *ret)
{
    const char *text = NULL;
    size_t length = 0;
    struct asg_error error = {0};
    enum asg_status status = asg_yaml_read_file(path, ASG_CHECKPOINT_BYTES_MAX,
                                                &cli->arena, &text, &length, &error);
    if (status != ASG_OK) return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s", error.text);
    status = asg_checkpoint_read(text, length, key, ret, &error);
    if (status == ASG_OK) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_NOT_VERIFIED, "%s: %s", path, error.text);
}

int asg_check_against(struct asg_cli *cli, struct asg_log *log, uint64_t from_seq,
                      const struct asg_texts *paths, const char *key_path,
                      struct asg_against *ret)
{
    *ret = (struct asg_against){0};
    ASG_CLEANUP(asg_sign_key_destroy) struct asg_sign_key *key = NULL;
    struct asg_error error = {0};
    enum asg_status status = asg_sign_key_read_public(key_path, &key, &error);
    if (status != ASG_OK) return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s", error.text);
    for (size_t i = 0; i < paths->count; i++) {
        struct asg_checkpoint checkpoint = {0};
        int code = read_checkpoint(cli, paths->items[i], key, &checkpoint);
        if (code != ASG_EXIT_OK) return code;
        if (checkpoint.seq + 1 < from_seq) {
            return asg_cli_fail(
                cli, ASG_EXIT_USAGE,
                "%s signs the log up to record %" PRIu64 "; verify from record %" PRIu64
                " at the latest, so that the chain is followed from there",
                paths->items[i], checkpoint.seq, checkpoint.seq + 1);
        }
        status = asg_checkpoint_compare(&checkpoint, log, &error);
        ret->count++;
        if (status == ASG_OK) {
            if (checkpoint.seq > ret->good_seq) ret->good_seq = checkpoint.seq;
        } else if (status != ASG_ERR_CORRUPT) {
            return asg_cli_fail_status(cli, status, &error);
        } else if (ret->bad_seq == 0 || checkpoint.seq < ret->bad_seq) {
            ret->bad_seq = checkpoint.seq;
            (void)asg_fail(&ret->what, status, "%s: %s", paths->items[i], error.text);
        }
    }
    return ASG_EXIT_OK;
}

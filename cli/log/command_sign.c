/* command_sign - a signed checkpoint of the log's head, to be kept elsewhere. */
#include <inttypes.h>
#include <string.h>

#include "base/safe_file.h"
#include "cli/commands.h"
#include "cli/log/open_log.h"
#include "store/checkpoint.h"

static const struct asg_argument log_argument[] = {ASG_LOG_ARGUMENT};

static const struct asg_option sign_options[] = {
    {.name = "key",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help = "The signer's Ed25519 key pair in PEM; created there, for its owner alone, "
             "if there is none.",
     .default_text = "audit.key in DIR"},
    {.name = "into",
     .old_name = "to",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help = "Write the checkpoint there instead of to standard output; never over "
             "another file."},
    {.name = "public",
     .type = ASG_OPTION_FLAG,
     .help = "Print the public key for auditors, sign nothing."},
    {.name = "no-verify",
     .type = ASG_OPTION_FLAG,
     .help = "Sign the head without verifying the records before it."},
    ASG_LOG_IMMUTABLE,
};

static int load_key(struct asg_cli *cli, const struct asg_arguments *arguments,
                    struct asg_sign_key **ret)
{
    const char *path = asg_option_text(arguments, "key");
    if (path == NULL) {
        path = asg_arena_format(&cli->arena, "%s/audit.key", cli->settings.dir);
    }
    struct asg_error error = {0};
    bool is_new = false;
    enum asg_status status = asg_sign_key_load_or_make(path, &is_new, ret, &error);
    if (status != ASG_OK) return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s", error.text);
    if (!is_new) return ASG_EXIT_OK;
    char id[ASG_KEY_ID_TEXT_SIZE];
    asg_sign_key_id(*ret, id);
    asg_cli_print(cli->err,
                  "%s: a new key pair (%s). Give auditors its public half: openasg log "
                  "sign --key %s --public\n",
                  path, id, path);
    return ASG_EXIT_OK;
}

/* The last record as it is now, or after everything before it was proved. */
static enum asg_status find_head(struct asg_log *log, bool is_verified,
                                 struct asg_checkpoint *ret, struct asg_error *error)
{
    struct asg_log_head head = asg_log_head(log);
    ret->seq = head.seq;
    memcpy(ret->chain_hash, head.chain_hash, sizeof ret->chain_hash);
    if (is_verified) {
        struct asg_log_verdict verdict = {0};
        enum asg_status status = asg_log_verify(log, 0, NULL, NULL, &verdict, error);
        if (status != ASG_OK) return status;
        ret->seq = verdict.last_seq;
        memcpy(ret->chain_hash, verdict.chain_hash, sizeof ret->chain_hash);
    }
    if (ret->seq == 0) {
        return asg_fail(error, ASG_ERR_EMPTY, "the log is empty: nothing to sign");
    }
    return asg_log_read_stamp(log, ret->seq, &ret->time_ms, NULL, error);
}

static int write_checkpoint(struct asg_cli *cli, const char *path,
                            const struct asg_bytes *text)
{
    if (path == NULL || strcmp(path, "-") == 0) {
        (void)fwrite(text->data, 1, text->length, cli->out);
        return ASG_EXIT_OK;
    }
    struct asg_error error = {0};
    if (asg_safe_file_make(path, 0644, text->data, text->length, &error) == ASG_OK) {
        return ASG_EXIT_OK;
    }
    return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s", error.text);
}

static int run_sign(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    ASG_CLEANUP(asg_sign_key_destroy) struct asg_sign_key *key = NULL;
    if (asg_option_flag(arguments, "public")) {
        int code = load_key(cli, arguments, &key);
        if (code != ASG_EXIT_OK) return code;
        asg_sign_key_public_pem(key, &text);
        (void)fwrite(text.data, 1, text.length, cli->out);
        return ASG_EXIT_OK;
    }
    ASG_CLEANUP(asg_log_close) struct asg_log *log = NULL;
    int code = asg_open_log(cli, arguments, 0, &log);
    if (code != ASG_EXIT_OK) return code;
    struct asg_checkpoint checkpoint = {0};
    struct asg_error error = {0};
    enum asg_status status =
        find_head(log, !asg_option_flag(arguments, "no-verify"), &checkpoint, &error);
    if (status != ASG_OK) return asg_log_failed(cli, status, &error);
    (void)snprintf(checkpoint.cluster_id, sizeof checkpoint.cluster_id, "%s",
                   asg_log_cluster_id(log));
    code = load_key(cli, arguments, &key);
    if (code != ASG_EXIT_OK) return code;
    asg_checkpoint_write(&checkpoint, key, &text);
    const char *path = asg_option_text(arguments, "into");
    code = write_checkpoint(cli, path, &text);
    if (code == ASG_EXIT_OK && path != NULL) {
        asg_cli_print(cli->err, "%s: signed up to record %" PRIu64 "\n", path,
                      checkpoint.seq);
    }
    return code;
}

static const struct asg_command_entry commands[] = {
    {.name = "log sign",
     .summary = "Sign the newest record of the log: a checkpoint for auditors",
     .details =
         "Verifies the log, then writes seven lines of text with the sequence number "
         "and chain hash of its last record and an Ed25519 signature. Kept on "
         "another machine it shows later whether the whole log was rewritten or "
         "cut: log verify --against. Beside a running controller or without one.",
     .examples = "openasg log sign --public > audit.pub\n"
                 "openasg log sign --into checkpoint-1.txt",
     ASG_ARGUMENTS(log_argument),
     ASG_OPTIONS(sign_options),
     .run = run_sign},
};

const struct asg_family asg_sign_family = ASG_FAMILY(commands);

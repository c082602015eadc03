#include "store/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/crypto.h"

#define TITLE     "openasg checkpoint "
#define FORM      "1"
#define SIGNATURE "signature: "
/* 64 bytes in base64 */
#define SIGNATURE_TEXT_SIZE (4 * ((ASG_SIGNATURE_BYTES + 2) / 3) + 1)

/* The lines that are signed. There is one way to write a checkpoint: a text that reads
 * as one is written again and compared. */
static void write_lines(const struct asg_checkpoint *checkpoint, struct asg_bytes *ret)
{
    char when[ASG_TIME_TEXT_MAX];
    char hash[2 * ASG_LOG_HASH_BYTES + 1];
    asg_time_format(checkpoint->time_ms, when);
    asg_hex_encode(checkpoint->chain_hash, ASG_LOG_HASH_BYTES, hash);
    asg_bytes_printf(ret,
                     TITLE FORM "\ncluster: %s\nsequence: %" PRIu64
                                "\ntime: %s\nchain-hash: %s\nkey-id: %s\n",
                     checkpoint->cluster_id, checkpoint->seq, when, hash,
                     checkpoint->key_id);
}

void asg_checkpoint_write(const struct asg_checkpoint *checkpoint,
                          const struct asg_sign_key *key, struct asg_bytes *ret)
{
    struct asg_checkpoint signed_by = *checkpoint;
    asg_sign_key_id(key, signed_by.key_id);
    size_t from = ret->length;
    write_lines(&signed_by, ret);
    uint8_t signature[ASG_SIGNATURE_BYTES];
    asg_sign(key, ret->data + from, ret->length - from, signature);
    char text[SIGNATURE_TEXT_SIZE];
    asg_base64_encode(signature, sizeof signature, text);
    asg_bytes_printf(ret, SIGNATURE "%s\n", text);
}

/* The rest of the line that begins with `name`, cut out of *at; NULL when another line
 * stands there. */
static char *take_line(char **at, const char *name)
{
    size_t length = strlen(name);
    char *end = strchr(*at, '\n');
    if (end == NULL || strncmp(*at, name, length) != 0) return NULL;
    char *value = *at + length;
    *end = '\0';
    *at = end + 1;
    return value;
}

static bool read_number(const char *text, uint64_t *ret)
{
    if (text == NULL || text[0] < '0' || text[0] > '9' || strlen(text) > 19) return false;
    char *end = NULL;
    *ret = strtoull(text, &end, 10);
    return *end == '\0';
}

static bool copy_word(const char *text, char *ret, size_t size)
{
    if (text == NULL || strlen(text) >= size) return false;
    memcpy(ret, text, strlen(text) + 1);
    return true;
}

static bool read_lines(char *text, struct asg_checkpoint *ret,
                       uint8_t signature[ASG_SIGNATURE_BYTES])
{
    char *at = text;
    if (take_line(&at, TITLE FORM) == NULL) return false;
    if (!copy_word(take_line(&at, "cluster: "), ret->cluster_id, sizeof ret->cluster_id))
        return false;
    if (!read_number(take_line(&at, "sequence: "), &ret->seq) || ret->seq == 0)
        return false;
    const char *when = take_line(&at, "time: ");
    ret->time_ms = when != NULL ? asg_time_parse(when) : -1;
    if (ret->time_ms < 0) return false;
    const char *hash = take_line(&at, "chain-hash: ");
    if (hash == NULL ||
        asg_hex_decode(hash, ret->chain_hash, ASG_LOG_HASH_BYTES) != ASG_OK)
        return false;
    if (!copy_word(take_line(&at, "key-id: "), ret->key_id, sizeof ret->key_id))
        return false;
    const char *line = take_line(&at, SIGNATURE);
    uint8_t bytes[3 * (SIGNATURE_TEXT_SIZE / 4) + 3];
    size_t length = 0;
    if (line == NULL || strlen(line) != SIGNATURE_TEXT_SIZE - 1 || *at != '\0' ||
        asg_base64_decode(line, bytes, &length) != ASG_OK ||
        length != ASG_SIGNATURE_BYTES)
        return false;
    memcpy(signature, bytes, ASG_SIGNATURE_BYTES);
    return true;
}

/* Is this how we would have written it? Leaves no second spelling of a number, a time
 * or a signature. */
static bool is_canonical(const struct asg_checkpoint *checkpoint,
                         const uint8_t signature[ASG_SIGNATURE_BYTES], const char *text,
                         size_t length, struct asg_bytes *lines)
{
    write_lines(checkpoint, lines);
    size_t signed_length = lines->length;
    char signature_text[SIGNATURE_TEXT_SIZE];
    asg_base64_encode(signature, ASG_SIGNATURE_BYTES, signature_text);
    asg_bytes_printf(lines, SIGNATURE "%s\n", signature_text);
    bool is_same = lines->length == length && memcmp(lines->data, text, length) == 0;
    lines->length = signed_length;
    return is_same;
}

static enum asg_status refuse_form(const char *text, struct asg_error *error)
{
    size_t title = strlen(TITLE);
    if (strncmp(text, TITLE, title) == 0 && strchr(text, '\r') != NULL) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "lines end in CR LF, those of a checkpoint in LF: a mail program "
                        "or an editor changed it; tr -d '\\r' < FILE gives it back");
    }
    if (strncmp(text, TITLE, title) == 0 && text[title] >= '0' && text[title] <= '9' &&
        strncmp(text + title, FORM "\n", 2) != 0) {
        return asg_fail(
            error, ASG_ERR_VERSION,
            "a checkpoint of form %.*s; this program knows form " FORM
            ": use the openasg that wrote it, or a newer one",
            (int)strcspn(text + title, "\n") > 8 ? 8 : (int)strcspn(text + title, "\n"),
            text + title);
    }
    return asg_fail(
        error, ASG_ERR_MALFORMED,
        "not a checkpoint, or altered: `openasg log sign` writes seven lines, "
        "\"" TITLE FORM "\" to \"signature: ...\", and nothing else");
}

enum asg_status asg_checkpoint_read(const char *text, size_t length,
                                    const struct asg_sign_key *key,
                                    struct asg_checkpoint *ret, struct asg_error *error)
{
    char copy[ASG_CHECKPOINT_BYTES_MAX + 1];
    if (length > ASG_CHECKPOINT_BYTES_MAX || memchr(text, '\0', length) != NULL) {
        return refuse_form("", error);
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    struct asg_checkpoint read = {0};
    uint8_t signature[ASG_SIGNATURE_BYTES];
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes lines = {0};
    if (!read_lines(copy, &read, signature) ||
        !is_canonical(&read, signature, text, length, &lines)) {
        memcpy(copy, text, length);
        return refuse_form(copy, error);
    }
    char key_id[ASG_KEY_ID_TEXT_SIZE];
    asg_sign_key_id(key, key_id);
    if (strcmp(key_id, read.key_id) != 0) {
        return asg_fail(error, ASG_ERR_DENIED,
                        "signed by key %s, and the key given is %s: ask who signed it",
                        read.key_id, key_id);
    }
    if (!asg_sign_is_valid(key, lines.data, lines.length, signature)) {
        return asg_fail(
            error, ASG_ERR_DENIED,
            "the signature does not match: the checkpoint was altered or signed "
            "with another key");
    }
    *ret = read;
    return ASG_OK;
}

enum asg_status asg_checkpoint_compare(const struct asg_checkpoint *checkpoint,
                                       struct asg_log *log, struct asg_error *error)
{
    char when[ASG_TIME_TEXT_MAX];
    asg_time_format(checkpoint->time_ms, when);
    if (strcmp(checkpoint->cluster_id, asg_log_cluster_id(log)) != 0) {
        return asg_fail(error, ASG_ERR_CORRUPT,
                        "the checkpoint is of cluster %s, this is the log of cluster %s",
                        checkpoint->cluster_id, asg_log_cluster_id(log));
    }
    uint64_t head = asg_log_head(log).seq;
    if (checkpoint->seq > head) {
        return asg_fail(error, ASG_ERR_CORRUPT,
                        "the log ends at record %" PRIu64 "; at %s record %" PRIu64
                        " was signed: everything from record %" PRIu64
                        " on was cut off or an old copy was put in its place",
                        head, when, checkpoint->seq, head + 1);
    }
    uint8_t hash[ASG_LOG_HASH_BYTES];
    enum asg_status status = asg_log_read_stamp(log, checkpoint->seq, NULL, hash, error);
    if (status == ASG_ERR_EMPTY) {
        return asg_fail(error, ASG_ERR_CORRUPT, "record %" PRIu64 " is not in the log",
                        checkpoint->seq);
    }
    if (status != ASG_OK) return status;
    if (memcmp(hash, checkpoint->chain_hash, sizeof hash) == 0) return ASG_OK;
    char in_log[2 * ASG_LOG_HASH_BYTES + 1];
    char was_signed[2 * ASG_LOG_HASH_BYTES + 1];
    asg_hex_encode(hash, sizeof hash, in_log);
    asg_hex_encode(checkpoint->chain_hash, sizeof hash, was_signed);
    return asg_fail(error, ASG_ERR_CORRUPT,
                    "the log was rewritten: the chain hash of record %" PRIu64
                    " is %s, at %s %s was signed",
                    checkpoint->seq, in_log, when, was_signed);
}

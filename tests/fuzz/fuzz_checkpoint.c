/* fuzz_checkpoint - any text as a signed checkpoint: only what the key has signed is
 * read, and what is written is read back; a text in which one byte differs is refused.
 *
 * Input: an even first byte: the rest is the text. An odd one: cluster id and numbers of
 * a checkpoint that is written, and a byte of it to change.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fuzz_file.h"
#include "store/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of this test only: inputs that are kept are signed by it. */
static const char key_pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

static struct asg_sign_key *load_key(void)
{
    static struct asg_sign_key *key;
    if (key != NULL) return key;
    const char *path = fuzz_file((const uint8_t *)key_pem, sizeof key_pem - 1);
    bool is_new = false;
    enum asg_status status = asg_sign_key_load_or_make(path, &is_new, &key, NULL);
    assert(status == ASG_OK && !is_new);
    return key;
}

static void read_any(const struct asg_sign_key *key, const char *text, size_t length)
{
    struct asg_checkpoint read;
    struct asg_error error = {""};
    if (asg_checkpoint_read(text, length, key, &read, &error) != ASG_OK) {
        assert(error.text[0] != '\0');
        return;
    }
    struct asg_bytes again = {0};
    asg_checkpoint_write(&read, key, &again);
    assert(again.length == length && memcmp(again.data, text, length) == 0);
    asg_bytes_clear(&again);
}

static void change_one(const struct asg_sign_key *key, const uint8_t *data, size_t size)
{
    if (size < 8) return;
    struct asg_checkpoint written = {
        .seq = 1 + data[0] * UINT64_C(72057594037927) + data[1],
        .time_ms = (int64_t)(data[2] * UINT64_C(1000000007))};
    memset(written.chain_hash, data[3], sizeof written.chain_hash);
    (void)snprintf(written.cluster_id, sizeof written.cluster_id, "c%02x%02x", data[4],
                   data[5]);
    struct asg_bytes text = {0};
    asg_checkpoint_write(&written, key, &text);
    struct asg_checkpoint read;
    enum asg_status status =
        asg_checkpoint_read((const char *)text.data, text.length, key, &read, NULL);
    assert(status == ASG_OK && read.seq == written.seq &&
           read.time_ms == written.time_ms &&
           strcmp(read.cluster_id, written.cluster_id) == 0);
    size_t place = (size_t)data[6] << 1 | (data[7] & 1);
    uint8_t *byte = &text.data[place % text.length];
    *byte ^= (uint8_t)(1 << (data[7] >> 5));
    status = asg_checkpoint_read((const char *)text.data, text.length, key, &read, NULL);
    assert(status != ASG_OK);
    asg_bytes_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct asg_sign_key *key = load_key();
    if (size == 0) return 0;
    if ((data[0] & 1) == 0) {
        read_any(key, (const char *)data + 1, size - 1);
    } else {
        change_one(key, data + 1, size - 1);
    }
    return 0;
}

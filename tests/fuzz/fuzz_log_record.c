/* fuzz_log_record - the records of a log with anything changed, as they are checked one
 * by one: whatever was changed is found, and what was not is read. All in memory; whole
 * files are fuzz_log_file's.
 *
 * Input: changes of 4 bytes each: the record, the field, and two bytes of what to do.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "store/check_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COUNT 6
#define TEXT  32

/* A record with room of its own for what it points to. */
struct held {
    struct asg_record record;
    char kind[TEXT];
    char subject[TEXT];
    char note[TEXT];
    uint8_t payload[TEXT];
};

static struct held good[COUNT];
static struct asg_chain chain;
static uint8_t genesis[ASG_LOG_HASH_BYTES];

static void point(struct held *held)
{
    held->record.kind = held->kind;
    held->record.subject = held->subject;
    held->record.note = held->note;
    held->record.payload = held->payload;
}

static void make(size_t at, const char *kind, const char *subject, const char *payload)
{
    struct held *held = &good[at];
    strcpy(held->kind, kind);
    strcpy(held->subject, subject);
    strcpy(held->note, at % 2 == 0 ? "" : "propose 7 (now 4)");
    size_t length = strlen(payload);
    memcpy(held->payload, payload, length);
    held->record = (struct asg_record){.seq = at + 1,
                                       .epoch = 1 + at / 3,
                                       .time_ms = 1000 + (int64_t)at,
                                       .payload_length = length};
    point(held);
    asg_chain_content(&chain, held->payload, length, held->record.content_hash);
    asg_chain_link(&chain, at == 0 ? genesis : good[at - 1].record.chain_hash,
                   &held->record, held->record.chain_hash);
}

static void set_up(void)
{
    asg_chain_init(&chain);
    asg_chain_genesis(&chain, "fuzz", 1, genesis);
    make(0, "lead", "", "payload");
    make(1, "decision", "web", "");
    make(2, "event", "", "more");
    make(3, ASG_LOG_KIND_PRUNE, "event", "\0\0\0\0\0\0\0\1");
    make(4, "event", "", "newer");
    make(5, "decision", "db", "nothing");
}

/* One change; it may be none, when the byte was the same. */
static void change(struct held *held, const uint8_t what[3])
{
    size_t place = what[1];
    uint8_t byte = what[2];
    switch (what[0] % 10) {
    case 0: held->record.seq ^= UINT64_C(1) << (place % 64); break;
    case 1: held->record.epoch ^= UINT64_C(1) << (place % 64); break;
    case 2: held->record.time_ms ^= INT64_C(1) << (place % 63); break;
    case 3: held->kind[place % (TEXT - 1)] = (char)byte; break;
    case 4: held->subject[place % (TEXT - 1)] = (char)byte; break;
    case 5: held->note[place % (TEXT - 1)] = (char)byte; break;
    case 6: held->payload[place % TEXT] = byte; break;
    case 7: held->record.content_hash[place % ASG_LOG_HASH_BYTES] = byte; break;
    case 8: held->record.chain_hash[place % ASG_LOG_HASH_BYTES] = byte; break;
    default: held->record.payload_length = byte % (TEXT + 1); break;
    }
}

static bool is_same(const struct held *a, const struct held *b)
{
    const struct asg_record *one = &a->record;
    const struct asg_record *other = &b->record;
    return one->seq == other->seq && one->epoch == other->epoch &&
           one->time_ms == other->time_ms && strcmp(one->kind, other->kind) == 0 &&
           strcmp(one->subject, other->subject) == 0 &&
           strcmp(one->note, other->note) == 0 &&
           one->payload_length == other->payload_length &&
           memcmp(a->payload, b->payload, one->payload_length) == 0 &&
           memcmp(one->content_hash, other->content_hash, ASG_LOG_HASH_BYTES) == 0 &&
           memcmp(one->chain_hash, other->chain_hash, ASG_LOG_HASH_BYTES) == 0;
}

/* What verify says of them. */
static bool is_taken(struct held *records)
{
    struct asg_checker checker;
    struct asg_log_flaw_found flaw = {.flaw = ASG_LOG_FLAW_NONE};
    asg_checker_init(&checker, 1, 0, genesis);
    for (size_t i = 0; i < COUNT; i++) {
        if (strcmp(records[i].kind, ASG_LOG_KIND_PRUNE) == 0) {
            asg_checker_note_prune(&checker, &records[i].record);
        }
    }
    bool is_fine = true;
    for (size_t i = 0; i < COUNT && is_fine; i++) {
        bool is_content = asg_checker_is_content(&chain, &records[i].record);
        is_fine =
            asg_checker_take(&checker, &chain, &records[i].record, is_content, &flaw);
    }
    is_fine = is_fine && asg_checker_finish(&checker, COUNT, true, &flaw);
    assert(is_fine == (flaw.flaw == ASG_LOG_FLAW_NONE));
    assert(is_fine || flaw.what[0] != '\0');
    asg_checker_clear(&checker);
    return is_fine;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (chain.hasher == NULL) set_up();
    struct held records[COUNT];
    memcpy(records, good, sizeof records);
    for (size_t i = 0; i < COUNT; i++) {
        point(&records[i]);
    }
    for (size_t at = 0; at + 4 <= size && at < 64; at += 4) {
        change(&records[data[at] % COUNT], data + at + 1);
    }
    bool is_whole = true;
    for (size_t i = 0; i < COUNT; i++) {
        is_whole = is_whole && is_same(&records[i], &good[i]);
    }
    assert(is_taken(records) == is_whole);
    return 0;
}

#include "controller/make_snapshot.h"

#include <assert.h>

#include "controller/replay_tail.h"

/* Read in one go: a reader that stays long keeps the write-ahead log from beginning anew.
 */
#define PIECE_RECORDS 2000

void asg_made_snapshot_clear(struct asg_made_snapshot *made)
{
    asg_bytes_clear(&made->state);
    made->snapshot = (struct asg_log_snapshot){0};
}

static enum asg_status replay(struct asg_tail *tail, uint64_t seq,
                              struct asg_error *error)
{
    enum asg_status status = ASG_OK;
    while (status == ASG_OK && tail->from_seq <= seq) {
        uint64_t left = seq - tail->from_seq + 1;
        tail->to_seq = left <= PIECE_RECORDS ? seq : tail->from_seq + PIECE_RECORDS - 1;
        status = asg_log_refresh(tail->log, error);
        if (status == ASG_OK) status = asg_replay_tail(tail, error);
        tail->from_seq = tail->to_seq + 1;
    }
    return status;
}

enum asg_status asg_make_snapshot(struct asg_log *log, uint64_t seq,
                                  const atomic_bool *stop, struct asg_made_snapshot *ret,
                                  struct asg_error *error)
{
    assert(seq > 0);
    struct asg_core *core = NULL;
    struct asg_error note = {""}; /* a damaged one is skipped, and told at the start */
    uint64_t loaded_seq = 0;
    size_t loaded_length = 0;
    enum asg_status status =
        asg_load_newest(log, seq, &core, &loaded_seq, &loaded_length, &note, error);
    if (status != ASG_OK) return status;
    struct asg_tail tail = {
        .log = log, .core = core, .from_seq = loaded_seq + 1, .stop = stop};
    status = replay(&tail, seq, error);
    if (status == ASG_OK) asg_core_save(core, &ret->state);
    asg_core_destroy(&core);
    ret->snapshot = (struct asg_log_snapshot){
        .seq = seq, .bytes = ret->state.data, .length = ret->state.length};
    if (status == ASG_OK) status = asg_log_hash_snapshot(log, &ret->snapshot, error);
    if (status != ASG_OK) asg_made_snapshot_clear(ret);
    return status;
}

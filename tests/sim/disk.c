/* disk - the log's disk: the memory log of lib/store with a machine's troubles in front.
 *
 * An append is durable when it answers; a process that dies while it is under way finds
 * the batch either whole or not at all, as SQLite's journal promises. What is kept
 * outlives the process that wrote it: closing frees nothing. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "store/log_backend.h"
#include "store/log_memory.h"

struct sim_disk {
    struct asg_log *log; /* NULL: nothing was ever written */
    const struct asg_log_backend *inner;
    struct asg_log_backend outer;
    bool is_open;
    uint64_t durable; /* records */
};

void sim_disk_new(struct sim_disk **ret)
{
    *ret = asg_alloc(1, sizeof **ret);
}

void sim_disk_destroy(struct sim_disk **disk)
{
    if (*disk == NULL) return;
    if ((*disk)->log != NULL) (*disk)->inner->close((*disk)->log);
    free(*disk);
    *disk = NULL;
}

struct asg_log *sim_disk_log(struct sim_disk *disk)
{
    return disk->log;
}

uint64_t sim_disk_durable(const struct sim_disk *disk)
{
    return disk->durable;
}

void sim_disk_go_back(struct sim_disk *disk, uint64_t seq)
{
    asg_log_memory_cut(disk->log, seq);
    disk->durable = seq;
}

static void close_log(struct asg_log *log)
{
    (void)log;
    our->disk->is_open = false;
}

static enum asg_status refuse(struct asg_error *error, const char *why)
{
    return asg_fail(error, ASG_ERR_IO, "cannot write: %s", why);
}

/* The batch lasts and the books learn of it. */
static enum asg_status keep(struct asg_log *log, const struct asg_record *records,
                            size_t count, struct asg_error *error)
{
    enum asg_status status = our->disk->inner->append(log, records, count, error);
    if (status != ASG_OK) return status;
    our->disk->durable += count;
    sim.counts.commits++;
    sim_durable(records, count);
    return ASG_OK;
}

static enum asg_status append(struct asg_log *log, const struct asg_record *records,
                              size_t count, struct asg_error *error)
{
    if (our->host.is_dying) return refuse(error, "the process is dead");
    if (our->is_disk_full) return refuse(error, "no space left on device");
    if (sim_strikes(SIM_FAULT_CRASH_BEFORE_COMMIT)) {
        sim_die(&our->host);
        return refuse(error, "the process is dead");
    }
    if (sim_strikes(SIM_FAULT_LOST_UNSYNCED_WRITE)) {
        sim_die(&our->host); /* written, not synced, and the power went */
        return refuse(error, "the power is gone");
    }
    if (sim_strikes(SIM_FAULT_TORN_WRITE)) return refuse(error, "input/output error");
    enum asg_status status = keep(log, records, count, error);
    if (status != ASG_OK) return status;
    if (sim_strikes(SIM_FAULT_CRASH_AFTER_COMMIT)) {
        sim_die(&our->host);
        return ASG_OK;
    }
    if (sim_strikes(SIM_FAULT_ANSWER_LOST_BY_DISK)) {
        return refuse(error, "input/output error, after all of it was written");
    }
    return ASG_OK;
}

static enum asg_status save_part(struct asg_log *log, struct asg_log_snapshot *snapshot,
                                 const void *bytes, size_t length,
                                 struct asg_error *error)
{
    if (our->host.is_dying) return refuse(error, "the process is dead");
    if (our->is_disk_full) return refuse(error, "no space left on device");
    if (sim_strikes(SIM_FAULT_DAMAGED_SNAPSHOT)) length /= 2;
    return our->disk->inner->save_part(log, snapshot, bytes, length, error);
}

static enum asg_status finish_snapshot(struct asg_log *log,
                                       struct asg_log_snapshot *snapshot,
                                       struct asg_error *error)
{
    if (our->host.is_dying) return refuse(error, "the process is dead");
    if (our->is_disk_full) return refuse(error, "no space left on device");
    return our->disk->inner->finish_snapshot(log, snapshot, error);
}

/* What goes is replayed before: nobody can afterwards. */
static enum asg_status prune(struct asg_log *log, const char *kind, uint64_t from_seq,
                             uint64_t to_seq, const struct asg_record *record,
                             struct asg_error *error)
{
    if (our->host.is_dying) return refuse(error, "the process is dead");
    if (our->is_disk_full) return refuse(error, "no space left on device");
    if (!sim.options.is_second) law_replay_until(to_seq);
    enum asg_status status =
        our->disk->inner->prune(log, kind, from_seq, to_seq, record, error);
    if (status != ASG_OK) return status;
    our->disk->durable++;
    sim.counts.prunes++;
    sim_durable(record, 1);
    return ASG_OK;
}

static enum asg_status find_head(struct sim_disk *disk, struct asg_error *error)
{
    struct asg_log *log = disk->log;
    asg_log_memory_reopen(log);
    log->cursor_count = 0; /* those of a process that died */
    if (disk->durable == 0) return ASG_OK;
    uint64_t epoch = 0;
    log->head.seq = disk->durable;
    return disk->inner->chain_hash(log, disk->durable, log->head.chain_hash, &epoch,
                                   error);
}

/* Instead of SQLite's. */
enum asg_status asg_log_open_sqlite(const struct asg_log_options *options,
                                    struct asg_log **ret, struct asg_error *error)
{
    struct sim_disk *disk = our->disk;
    if (our->host.is_dying) return refuse(error, "the process is dead");
    if (our->is_disk_full) return refuse(error, "no space left on device");
    if (disk->is_open) sim_break("log_has_no_gap", "two writers have the log open");
    if (disk->log == NULL) {
        asg_log_open_memory(options, &disk->log);
        disk->inner = disk->log->backend;
        disk->outer = *disk->inner;
        disk->outer.close = close_log;
        disk->outer.append = append;
        disk->outer.save_part = save_part;
        disk->outer.finish_snapshot = finish_snapshot;
        disk->outer.prune = prune;
        disk->log->backend = &disk->outer;
    } else {
        enum asg_status status = find_head(disk, error);
        if (status != ASG_OK) return status;
    }
    disk->is_open = true;
    *ret = disk->log;
    return ASG_OK;
}

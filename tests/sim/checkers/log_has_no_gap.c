/* log_has_no_gap - records are numbered without a gap, their time and epoch never go
 * back, one epoch has one writer, and the chain of hashes holds. */
#include "sim/sim.h"

void law_log_has_no_gap(const struct asg_record *record)
{
    if (record->seq != our->last_seq + 1) {
        sim_break("log_has_no_gap", "record %llu follows record %llu",
                  (unsigned long long)record->seq, (unsigned long long)our->last_seq);
    }
    if (record->epoch < our->last_epoch) {
        sim_break("log_has_no_gap", "record %llu has epoch %llu after epoch %llu",
                  (unsigned long long)record->seq, (unsigned long long)record->epoch,
                  (unsigned long long)our->last_epoch);
    }
    our->last_seq = record->seq;
    our->last_epoch = record->epoch;
}

void law_log_verifies(void)
{
    struct asg_log *log = sim_disk_log(our->disk);
    struct asg_log_verdict verdict = {0};
    struct asg_error error = {""};
    if (log == NULL) return;
    if (asg_log_verify(log, 0, NULL, NULL, &verdict, &error) == ASG_OK) return;
    if (verdict.flaw == ASG_LOG_FLAW_SNAPSHOT) return; /* costs time, not truth */
    sim_break("log_has_no_gap", "record %llu: %s", (unsigned long long)verdict.bad_seq,
              verdict.what);
}

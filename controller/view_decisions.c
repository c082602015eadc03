/* view_decisions - what was decided, as it stands in the log: for `openasg explain`.
 *
 * A decision's record has its group and its words, so that one can read the log by them;
 * its kind and numbers stand in the effects record before it. */
#include "controller/parts.h"
#include "model/schemas.h"
#include "wire/wire.h"

#define ROWS_MAX    1000  /* of a page: well under a frame's limit */
#define SCANNED_MAX 20000 /* records that a page looks at: some 2 ms of the loop */

struct origin {
    uint64_t seq; /* of the effects record; its decisions follow it */
    struct asg_effects effects;
    struct asg_arena arena;
};

/* The last effects record before a decision, or none where its payload was pruned. */
static enum asg_status find_origin(struct asg_log *log, uint64_t decision_seq,
                                   struct origin *ret, struct asg_error *error)
{
    const struct asg_log_filter filter = {.to_seq = decision_seq - 1,
                                          .kind = "effects",
                                          .is_newest_first = true,
                                          .limit = 1};
    asg_arena_reset(&ret->arena);
    ret->effects = (struct asg_effects){0};
    ASG_CLEANUP(asg_log_cursor_close) struct asg_log_cursor *cursor = NULL;
    enum asg_status status = asg_log_cursor_open(log, &filter, &cursor, error);
    struct asg_record record;
    if (status == ASG_OK) status = asg_log_cursor_next(cursor, &record, error);
    if (status == ASG_ERR_EMPTY) return ASG_OK;
    if (status != ASG_OK) return status;
    ret->seq = record.seq;
    if (asg_wire_decode(&asg_effects_schema, record.payload, record.payload_length,
                        &ret->arena, &ret->effects) != ASG_OK) {
        ret->effects.decision_count = 0;
    }
    return ASG_OK;
}

/* NULL: it is of another effects record. */
static const struct asg_decision *decision_of(const struct origin *origin, uint64_t seq)
{
    bool is_there =
        seq > origin->seq && seq - origin->seq <= origin->effects.decision_count;
    return is_there ? &origin->effects.decisions[seq - origin->seq - 1] : NULL;
}

static void copy_numbers(const struct asg_decision *decision, struct asg_arena *arena,
                         struct asg_decision_view *view)
{
    view->kind = asg_enum_word(&asg_decision_kind_words, (int)decision->kind);
    view->policy = asg_arena_text(arena, decision->policy);
    view->instance_id = asg_arena_text(arena, decision->instance_id);
    view->from = decision->from;
    view->to = decision->to;
    view->job_id = decision->job_id;
}

static enum asg_status fill_numbers(struct asg_log *log, struct asg_arena *arena,
                                    struct asg_answer *answer, struct asg_error *error)
{
    struct origin origin = {0};
    enum asg_status status = ASG_OK;
    for (size_t i = 0; status == ASG_OK && i < answer->decision_count; i++) {
        struct asg_decision_view *view = &answer->decisions[i];
        const struct asg_decision *decision = decision_of(&origin, view->seq);
        if (decision == NULL) {
            status = find_origin(log, view->seq, &origin, error);
            decision = decision_of(&origin, view->seq);
        }
        if (decision != NULL) copy_numbers(decision, arena, view);
    }
    asg_arena_clear(&origin.arena);
    return status;
}

/* Of one group an index has the decisions. Of all, each record is looked at, and a quiet
 * fleet has millions between two decisions: a page ends there, with what it has found.
 * False: the filter has all that was asked for. */
static bool end_early(const struct asg_log *log, struct asg_log_filter *filter)
{
    if (filter->subject[0] != '\0') return false;
    uint64_t head = asg_log_head(log).seq;
    uint64_t first = filter->from_seq > 0 ? filter->from_seq : 1;
    uint64_t last = filter->to_seq > 0 && filter->to_seq < head ? filter->to_seq : head;
    if (last < first || last - first < SCANNED_MAX) return false;
    if (filter->is_newest_first) {
        filter->from_seq = last - SCANNED_MAX + 1;
    } else {
        filter->to_seq = first + SCANNED_MAX - 1;
    }
    return true;
}

/* Where the next page begins. */
static void fill_next(const struct asg_log *log, const struct asg_log_filter *filter,
                      bool is_early, struct asg_answer *answer)
{
    bool is_full = answer->decision_count == filter->limit;
    uint64_t last = is_full ? answer->decisions[filter->limit - 1].seq : 0;
    answer->has_more = is_full || is_early;
    answer->next_seq = asg_log_head(log).seq + 1;
    if (!answer->has_more) return;
    if (!filter->is_newest_first) {
        answer->next_seq = (is_full ? last : filter->to_seq) + 1;
        return;
    }
    answer->before_seq = (is_full ? last : filter->from_seq) - 1;
    answer->has_more = answer->before_seq > 0;
}

enum asg_status asg_view_decisions(struct asg_log *log, const struct asg_request *request,
                                   struct asg_arena *arena, struct asg_answer *answer,
                                   struct asg_error *error)
{
    bool is_fewer = request->limit > 0 && request->limit < ROWS_MAX;
    uint32_t most = is_fewer ? request->limit : ROWS_MAX;
    struct asg_log_filter filter = {.from_seq = request->from_seq,
                                    .to_seq = request->to_seq,
                                    .kind = "decision",
                                    .subject = request->group,
                                    .is_newest_first = request->is_newest_first,
                                    .limit = most};
    bool is_early = end_early(log, &filter);
    struct asg_log_cursor *cursor = NULL;
    enum asg_status status = asg_log_cursor_open(log, &filter, &cursor, error);
    if (status != ASG_OK) return status;
    size_t capacity = 0;
    struct asg_record record;
    while ((status = asg_log_cursor_next(cursor, &record, error)) == ASG_OK) {
        *(struct asg_decision_view *)asg_arena_push(
            arena, (void **)&answer->decisions, &answer->decision_count, &capacity,
            sizeof *answer->decisions) = (struct asg_decision_view){
            .seq = record.seq,
            .time_ms = record.time_ms,
            .group = asg_arena_text(arena, record.subject),
            .text = asg_arena_text(arena, record.note),
            .kind = "",
            .policy = "",
            .instance_id = "",
        };
    }
    asg_log_cursor_close(&cursor);
    if (status != ASG_ERR_EMPTY) return status;
    fill_next(log, &filter, is_early, answer);
    return fill_numbers(log, arena, answer, error);
}

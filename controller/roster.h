/* roster - which instances there are, whose agent speaks for each, and who fell silent.
 *
 * Flow:     membership (core) -> [roster] <- joins, reports (ingest)
 * An agent is bound to its instance by the join token of the launch job, the first CURVE
 * key that shows it, and the private address EC2 gave it (docs/rules.md, "Peers and
 * keys"). From then on that key speaks for that instance and for no other. A slot
 * number stays with an instance as long as it is known; the window uses the same.
 * Time:    monotonic milliseconds.
 * Threads: one owner (the ingest thread).
 */
#ifndef ASG_CONTROLLER_ROSTER_H
#define ASG_CONTROLLER_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/messages.h"

#define ASG_SLOT_NONE UINT32_MAX

struct asg_roster;

struct asg_roster_options {
    uint8_t join_secret[32]; /* tokens are made from it */
    bool check_address;      /* an agent must come from its instance's address */
    uint32_t silent_reports; /* reports missed before it is silent; 3 */
    int64_t silent_ms_min;   /* but never sooner than this; 1 s */
    int64_t first_report_ms; /* after a start, for agents that reported before; 30 s */
};

/* Kept small: there is one an instance. What a report touches comes first. */
struct asg_roster_slot {
    uint64_t boot_id;
    uint64_t sequence;
    int64_t heard_ms;
    uint32_t interval_ms;
    bool is_used;
    bool is_bound;  /* a key speaks for it */
    bool is_silent; /* told so */
    bool is_heard;  /* reported since it was bound or since our start */
    uint32_t peer;
    uint32_t group_no;
    uint64_t job_id;
    uint64_t incarnation;
    uint32_t attempt;
    uint16_t grpc_port;
    uint8_t state; /* asg_member_state */
    bool has_key;
    bool must_tell; /* its next report is told as a first one */
    uint16_t noted; /* bits 1 << asg_sign: notices that core knows */
    char id[ASG_INSTANCE_ID_MAX + 1];
    char private_ip[16]; /* IPv4, as EC2 gives it */
    char key[40];        /* z85, without a closing zero */
};

void asg_roster_new(const struct asg_roster_options *options, struct asg_roster **ret);
void asg_roster_destroy(struct asg_roster **roster);

/* Take one membership change; GONE empties the slot. Returns the slot, or ASG_SLOT_NONE
 * for a member that is gone and was not known. */
uint32_t asg_roster_set(struct asg_roster *roster, const struct asg_member *member,
                        int64_t now_ms);

/* The next slot that has a member, from `from` on; ASG_SLOT_NONE: none. */
uint32_t asg_roster_next(const struct asg_roster *roster, uint32_t from);

/* May this peer speak for this instance? Binds it when it may.
 * ASG_ERR_NOT_FOUND: not known (yet): try again soon.
 * ASG_ERR_DENIED:    wrong token, another job's, bound to another key, wrong address. */
ASG_MUST_USE enum asg_status asg_roster_join(struct asg_roster *roster,
                                             const struct asg_join *join, uint32_t peer,
                                             const char *key, const char *address,
                                             int64_t now_ms, uint32_t *ret_slot,
                                             struct asg_error *error);

/* Is the token one of ours, for the launch that the agent names, whatever instance it is?
 */
bool asg_roster_is_own_token(const struct asg_roster *roster,
                             const struct asg_join *join);

/* Slot a peer is bound to, ASG_SLOT_NONE when to none: its next report is refused. */
uint32_t asg_roster_slot_of(const struct asg_roster *roster, uint32_t peer);

/* At most so many rows are looked at for a peer; for tests: it walks the table. */
uint32_t asg_roster_longest_search(const struct asg_roster *roster);

enum asg_report_verdict {
    ASG_REPORT_COUNTS,
    ASG_REPORT_REPEATED, /* not newer than the last: dropped */
    ASG_REPORT_FIRST     /* the first, or the first after a silence: counts, tell core */
};

/* Note that a slot spoke. */
enum asg_report_verdict asg_roster_hear(struct asg_roster *roster, uint32_t slot,
                                        const struct asg_report *report, int64_t now_ms);

/* Note a notice of a slot; false: it was noted before. */
bool asg_roster_note(struct asg_roster *roster, uint32_t slot, unsigned sign);
void asg_roster_forget_note(struct asg_roster *roster, uint32_t slot, unsigned sign);

/* As if the last report had not been: the next one is FIRST again. */
void asg_roster_forget_report(struct asg_roster *roster, uint32_t slot);

/* What was told may have been lost with a batch that was not committed: everyone's next
 * report is FIRST again, and who is silent becomes so once more. */
void asg_roster_tell_again(struct asg_roster *roster);

/* The next slot, from `from` on, that has just become silent, ASG_SLOT_NONE when there
 * is none. It is then marked: call asg_roster_unmark() when core could not be told. */
uint32_t asg_roster_find_silent(struct asg_roster *roster, uint32_t from, int64_t now_ms);
void asg_roster_unmark(struct asg_roster *roster, uint32_t slot);

/* Lent until the next call that changes the roster. */
const struct asg_roster_slot *asg_roster_slot(const struct asg_roster *roster,
                                              uint32_t slot);
uint32_t asg_roster_find(const struct asg_roster *roster, const char *instance_id);
uint32_t asg_roster_bound_count(const struct asg_roster *roster);

/* The join token of a launch attempt: 64 hex digits. The same for ever, so that a job
 * that is sent again carries the same user data. */
#define ASG_JOIN_TOKEN_SIZE 65
void asg_join_token(const uint8_t secret[32], uint64_t incarnation, uint64_t job_id,
                    uint32_t attempt, char ret[ASG_JOIN_TOKEN_SIZE]);

#endif

/* roster - which instances there are, whose key speaks for each, and who fell silent.
 *
 * Flow:     membership (core) -> [roster] <- reports (ingest), questions (enrol_agent)
 * Core binds an agent's keys to its instance (docs/rules.md, "Peers and keys"); here they
 * are found in constant time. A key speaks for one instance, and an instance by one key.
 * A slot number stays with an instance as long as it is known; the window uses the same.
 * Age:      a report is as old as its agent's clock says against ours: from the smallest
 *           difference of the two in the last minutes, so that a clock that is wrong, is
 *           set, or drifts does no harm. It is never older than the time since the one
 *           before it was made.
 * Time:     monotonic milliseconds.
 * Threads:  one owner (the ingest, under its lock).
 */
#ifndef ASG_CONTROLLER_ROSTER_H
#define ASG_CONTROLLER_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/effects.h"
#include "model/report.h"

#define ASG_SLOT_NONE UINT32_MAX

struct asg_roster;

struct asg_roster_options {
    bool check_address;      /* an agent must come from its instance's address */
    uint32_t silent_reports; /* reports missed before it is silent; 3 */
    int64_t silent_ms_min;   /* but never sooner than this; 1 s */
    int64_t first_report_ms; /* after a start, for agents that reported before; 30 s */
};

/* Kept small: there is one an instance. What a report touches comes first. */
struct asg_roster_slot {
    uint64_t boot_id;
    uint64_t sequence;
    int64_t heard_ms;        /* when the last report was made, by its age */
    int64_t time_ms;         /* the agent's clock in it */
    int64_t offset_ms;       /* smallest of our clock less the agent's ... */
    int32_t offset_more_ms;  /* ... and by so much smaller that of the time before ... */
    uint32_t offset_until_s; /* ... which begins anew then */
    uint32_t interval_ms;
    uint32_t waiting; /* ingest's own: row of its report in this turn, from 1 */
    bool is_used;
    bool is_bound;      /* a key speaks for it */
    bool is_silent : 1; /* told so */
    bool is_heard : 1;  /* reported since it was bound or since our start */
    bool must_tell : 1; /* its next report is told as a first one */
    uint8_t state;      /* asg_member_state */
    uint16_t grpc_port;
    uint16_t noted;   /* bits 1 << asg_sign: notices that core knows */
    uint32_t version; /* of its agent, as it reports it; 0: not said */
    char key[40];     /* z85, without a closing zero */
    uint32_t group_no;
    uint32_t came_from; /* IPv4 of its reports where that is another; 0: it is not */
    char id[ASG_INSTANCE_ID_MAX + 1];
    char private_ip[16]; /* IPv4, as EC2 gives it */
    uint8_t tls_key[32]; /* its hash */
};
_Static_assert(sizeof(struct asg_roster_slot) <= 184, "of 256 bytes an instance");

void asg_roster_new(const struct asg_roster_options *options, struct asg_roster **ret);
void asg_roster_destroy(struct asg_roster **roster);

/* Take one membership change; GONE empties the slot, LEAVING keeps its keys and awaits no
 * reports. Returns the slot, or ASG_SLOT_NONE
 * for a member that is gone and was not known. */
uint32_t asg_roster_set(struct asg_roster *roster, const struct asg_member *member,
                        int64_t now_ms);

/* The next slot that has a member, from `from` on; ASG_SLOT_NONE: none. */
uint32_t asg_roster_next(const struct asg_roster *roster, uint32_t from);

/* Slot that a key speaks for; ASG_SLOT_NONE: for none. */
uint32_t asg_roster_slot_of(const struct asg_roster *roster, const char *key);

/* At most so many rows are looked at for a key; for tests: it walks the table. */
uint32_t asg_roster_longest_search(const struct asg_roster *roster);

/* What an agent that wants to enrol is told, as far as that is known without the log. */
enum asg_standing {
    ASG_STANDING_UNKNOWN,    /* no such instance (yet) */
    ASG_STANDING_NO_ADDRESS, /* EC2 has not said where it is (yet) */
    ASG_STANDING_ELSEWHERE,  /* it has another address */
    ASG_STANDING_OTHER_KEYS, /* it is bound to other keys, or one of them to another */
    ASG_STANDING_FREE,       /* nothing is bound: ask core */
    ASG_STANDING_BOUND       /* to these very keys */
};
/* `tls_key` is a hash in hex. */
enum asg_standing asg_roster_standing(const struct asg_roster *roster,
                                      const char *instance_id, const char *key,
                                      const char *tls_key, const char *address);

/* What an agent says of itself when it enrols. */
void asg_roster_describe(struct asg_roster *roster, uint32_t slot, uint32_t grpc_port,
                         uint32_t interval_ms);

enum asg_report_verdict {
    ASG_REPORT_COUNTS,
    ASG_REPORT_REPEATED, /* not newer than the last: dropped */
    ASG_REPORT_LATE,     /* older than two of its periods: a sign of life, no more */
    ASG_REPORT_FIRST     /* the first, or the first after a silence: counts, tell core */
};

/* Note that a slot spoke. A port that it says is kept; *ret_has_moved: another one than
 * before. */
enum asg_report_verdict asg_roster_hear(struct asg_roster *roster, uint32_t slot,
                                        const struct asg_report *report, int64_t now_ms,
                                        bool *ret_has_moved);
/* Where its first report came from. One that EC2 did not say (a NAT) is the fleet's from
 * then on, once more for each instance behind it (base/accept_limits.h). */
void asg_roster_came_from(struct asg_roster *roster, uint32_t slot, const char *address);
/* Ingest's mark of a slot in its turn. */
void asg_roster_mark_waiting(struct asg_roster *roster, uint32_t slot, uint32_t row);

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

#endif

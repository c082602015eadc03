#include "controller/roster.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/accept_limits.h"
#include "base/arena.h"
#include "crypto/crypto.h"

/* Slots by their key, which stands in the slot alone. */
struct key_row {
    uint32_t hash;
    uint32_t slot; /* ASG_SLOT_NONE: free */
};

/* Slots by their instance id; the id itself stands in the slot alone. */
struct id_row {
    uint32_t hash;
    uint32_t slot; /* ASG_SLOT_NONE: free */
};

struct asg_roster {
    struct asg_roster_options options;
    struct asg_roster_slot *slots;
    uint32_t slot_end;
    uint32_t slot_capacity;
    int64_t *soonest_ms; /* a block: nobody of it falls silent before */
    uint32_t *spare;     /* slots to use again */
    uint32_t spare_count;
    uint32_t spare_capacity;
    struct id_row *ids;
    uint32_t id_capacity; /* a power of two */
    uint32_t id_count;
    struct key_row *keys;
    uint32_t key_capacity; /* a power of two */
    uint64_t seed;         /* of the keys' hashes: nobody chooses where they fall */
    uint32_t bound_count;
};

#define BLOCK_SLOTS     256 /* looked through together for silence; divides what follows */
#define SLOTS_MIN       256
#define ROWS_MIN        256
#define KEY_LENGTH      40
#define OFFSET_MS       300000 /* how long a smallest offset holds, and once more */
#define LATE_PERIODS    2
#define INTERVAL_MS_MIN 100
#define INTERVAL_MS_MAX 600000 /* a longer one would hide its silence for ever */

static void clear_keys(struct key_row *keys, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        keys[i].slot = ASG_SLOT_NONE;
    }
}

void asg_roster_new(const struct asg_roster_options *options, struct asg_roster **ret)
{
    struct asg_roster *roster = asg_alloc(1, sizeof *roster);
    roster->options = *options;
    roster->key_capacity = ROWS_MIN;
    roster->keys = asg_alloc(ROWS_MIN, sizeof *roster->keys);
    clear_keys(roster->keys, ROWS_MIN);
    asg_random_bytes(&roster->seed, sizeof roster->seed);
    *ret = roster;
}

static void forget_origin(struct asg_roster_slot *slot)
{
    char text[INET_ADDRSTRLEN];
    if (slot->came_from == 0) return;
    asg_accept_forget(inet_ntop(AF_INET, &slot->came_from, text, sizeof text));
    slot->came_from = 0;
}

void asg_roster_destroy(struct asg_roster **roster)
{
    struct asg_roster *r = *roster;
    if (r == NULL) return;
    for (uint32_t i = 0; i < r->slot_end; i++) {
        asg_accept_forget(r->slots[i].private_ip);
        forget_origin(&r->slots[i]);
    }
    free(r->ids);
    free(r->slots);
    free(r->spare);
    free(r->soonest_ms);
    free(r->keys);
    free(r);
    *roster = NULL;
}

/* ---- keys ---- */

/* Of KEY_LENGTH letters. Agents choose their keys, so it is seeded. */
static uint32_t hash_key(const struct asg_roster *roster, const char *key)
{
    uint64_t hash = roster->seed;
    for (size_t i = 0; i < KEY_LENGTH; i += sizeof hash) {
        uint64_t word;
        memcpy(&word, key + i, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    return (uint32_t)hash;
}

/* Row of a key, or the free one where it belongs. */
static struct key_row *key_row_of(const struct asg_roster *roster, const char *key,
                                  uint32_t hash)
{
    uint32_t mask = roster->key_capacity - 1;
    uint32_t at = hash & mask;
    while (roster->keys[at].slot != ASG_SLOT_NONE &&
           (roster->keys[at].hash != hash ||
            memcmp(roster->slots[roster->keys[at].slot].key, key, KEY_LENGTH) != 0)) {
        at = (at + 1) & mask;
    }
    return &roster->keys[at];
}

static void put_key_row(struct asg_roster *roster, struct key_row row)
{
    *key_row_of(roster, roster->slots[row.slot].key, row.hash) = row;
}

/* Take a row out and close the gap: the rows behind it up to the next free one are put
 * in anew, so that probing never meets a hole. */
static void remove_key(struct asg_roster *roster, const char *key)
{
    uint32_t mask = roster->key_capacity - 1;
    struct key_row *row = key_row_of(roster, key, hash_key(roster, key));
    if (row->slot == ASG_SLOT_NONE) return;
    row->slot = ASG_SLOT_NONE;
    uint32_t at = ((uint32_t)(row - roster->keys) + 1) & mask;
    for (; roster->keys[at].slot != ASG_SLOT_NONE; at = (at + 1) & mask) {
        struct key_row moved = roster->keys[at];
        roster->keys[at].slot = ASG_SLOT_NONE;
        put_key_row(roster, moved);
    }
}

/* A wider table with all bound slots. */
static void widen_keys(struct asg_roster *roster)
{
    struct key_row *old = roster->keys;
    uint32_t old_capacity = roster->key_capacity;
    roster->key_capacity *= 2;
    roster->keys = asg_alloc(roster->key_capacity, sizeof *roster->keys);
    clear_keys(roster->keys, roster->key_capacity);
    for (uint32_t i = 0; i < old_capacity; i++) {
        if (old[i].slot != ASG_SLOT_NONE) put_key_row(roster, old[i]);
    }
    free(old);
}

static bool is_key(const char *key)
{
    return key != NULL && strlen(key) == KEY_LENGTH;
}

uint32_t asg_roster_slot_of(const struct asg_roster *roster, const char *key)
{
    if (!is_key(key)) return ASG_SLOT_NONE;
    return key_row_of(roster, key, hash_key(roster, key))->slot;
}

uint32_t asg_roster_longest_search(const struct asg_roster *roster)
{
    uint32_t longest = 0;
    uint32_t run = 0;
    for (uint32_t i = 0; i < 2 * roster->key_capacity; i++) { /* a run may go round */
        bool is_free = roster->keys[i & (roster->key_capacity - 1)].slot == ASG_SLOT_NONE;
        run = is_free ? 0 : run + 1;
        if (run > longest) longest = run;
    }
    return longest;
}

static void unbind(struct asg_roster *roster, uint32_t slot)
{
    struct asg_roster_slot *s = &roster->slots[slot];
    if (!s->is_bound) return;
    remove_key(roster, s->key);
    s->is_bound = false;
    roster->bound_count--;
}

/* The caller has seen that the key speaks for nobody. */
static void bind_key(struct asg_roster *roster, uint32_t slot, const char *key)
{
    struct asg_roster_slot *s = &roster->slots[slot];
    unbind(roster, slot);
    if (4 * (roster->bound_count + 1) > 3 * roster->key_capacity) widen_keys(roster);
    memcpy(s->key, key, KEY_LENGTH);
    put_key_row(roster, (struct key_row){hash_key(roster, key), slot});
    s->is_bound = true;
    roster->bound_count++;
}

/* ---- ids ---- */

static uint32_t hash_of(const char *id)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *id != '\0'; id++) {
        hash = (hash ^ (uint8_t)*id) * 16777619u;
    }
    return hash ^ hash >> 15;
}

/* Row of an id, or the free one where it belongs. */
static struct id_row *id_row_of(const struct asg_roster *roster, const char *id,
                                uint32_t hash)
{
    uint32_t mask = roster->id_capacity - 1;
    uint32_t at = hash & mask;
    while (roster->ids[at].slot != ASG_SLOT_NONE &&
           (roster->ids[at].hash != hash ||
            strcmp(roster->slots[roster->ids[at].slot].id, id) != 0)) {
        at = (at + 1) & mask;
    }
    return &roster->ids[at];
}

static void put_row(struct asg_roster *roster, struct id_row row)
{
    *id_row_of(roster, roster->slots[row.slot].id, row.hash) = row;
}

static void widen_ids(struct asg_roster *roster)
{
    struct id_row *old = roster->ids;
    uint32_t old_capacity = roster->id_capacity;
    roster->id_capacity = old_capacity == 0 ? ROWS_MIN : old_capacity * 2;
    roster->ids = asg_alloc(roster->id_capacity, sizeof *roster->ids);
    for (uint32_t i = 0; i < roster->id_capacity; i++) {
        roster->ids[i].slot = ASG_SLOT_NONE;
    }
    for (uint32_t i = 0; i < old_capacity; i++) {
        if (old[i].slot != ASG_SLOT_NONE) put_row(roster, old[i]);
    }
    free(old);
}

/* The slot's id is written already. */
static void put_id(struct asg_roster *roster, uint32_t slot)
{
    if (4 * (roster->id_count + 1) > 3 * roster->id_capacity) widen_ids(roster);
    put_row(roster, (struct id_row){hash_of(roster->slots[slot].id), slot});
    roster->id_count++;
}

/* Closes the gap as remove_key() does; the slot's id is still there. */
static void remove_id(struct asg_roster *roster, uint32_t slot)
{
    uint32_t mask = roster->id_capacity - 1;
    const char *id = roster->slots[slot].id;
    struct id_row *row = id_row_of(roster, id, hash_of(id));
    assert(row->slot == slot);
    row->slot = ASG_SLOT_NONE;
    roster->id_count--;
    uint32_t at = ((uint32_t)(row - roster->ids) + 1) & mask;
    for (; roster->ids[at].slot != ASG_SLOT_NONE; at = (at + 1) & mask) {
        struct id_row moved = roster->ids[at];
        roster->ids[at].slot = ASG_SLOT_NONE;
        put_row(roster, moved);
    }
}

uint32_t asg_roster_find(const struct asg_roster *roster, const char *instance_id)
{
    if (roster->id_count == 0) return ASG_SLOT_NONE;
    return id_row_of(roster, instance_id, hash_of(instance_id))->slot;
}

/* ---- who falls silent when ---- */

static int64_t silent_at_ms(const struct asg_roster *roster,
                            const struct asg_roster_slot *slot)
{
    if (!slot->is_heard) return slot->heard_ms + roster->options.first_report_ms;
    int64_t after_ms = (int64_t)slot->interval_ms * roster->options.silent_reports;
    if (after_ms < roster->options.silent_ms_min)
        after_ms = roster->options.silent_ms_min;
    return slot->heard_ms + after_ms;
}

/* After all that can make it silent sooner than was expected. A report only makes it
 * later: its block is looked at in vain once, and then knows better. */
static void expect_silence(struct asg_roster *roster, uint32_t slot)
{
    int64_t *soonest_ms = &roster->soonest_ms[slot / BLOCK_SLOTS];
    int64_t at_ms = silent_at_ms(roster, &roster->slots[slot]);
    if (at_ms < *soonest_ms) *soonest_ms = at_ms;
}

/* ---- membership ---- */

static uint32_t take_slot(struct asg_roster *roster)
{
    if (roster->spare_count > 0) return roster->spare[--roster->spare_count];
    if (roster->slot_end == roster->slot_capacity) {
        roster->slot_capacity =
            roster->slot_capacity == 0 ? SLOTS_MIN : roster->slot_capacity * 2;
        roster->slots =
            asg_realloc(roster->slots, roster->slot_capacity, sizeof *roster->slots);
        roster->soonest_ms =
            asg_realloc(roster->soonest_ms, roster->slot_capacity / BLOCK_SLOTS,
                        sizeof *roster->soonest_ms);
    }
    if (roster->slot_end % BLOCK_SLOTS == 0) {
        roster->soonest_ms[roster->slot_end / BLOCK_SLOTS] = INT64_MAX;
    }
    return roster->slot_end++;
}

static void give_slot_back(struct asg_roster *roster, uint32_t slot)
{
    unbind(roster, slot);
    remove_id(roster, slot);
    asg_accept_forget(roster->slots[slot].private_ip);
    forget_origin(&roster->slots[slot]);
    roster->slots[slot] = (struct asg_roster_slot){0};
    if (roster->spare_count == roster->spare_capacity) {
        roster->spare_capacity =
            roster->spare_capacity == 0 ? 64 : roster->spare_capacity * 2;
        roster->spare =
            asg_realloc(roster->spare, roster->spare_capacity, sizeof *roster->spare);
    }
    roster->spare[roster->spare_count++] = slot;
}

/* Keys as the log has them. One that speaks for another instance stays with that one:
 * core binds none twice. */
static void set_keys(struct asg_roster *roster, uint32_t slot,
                     const struct asg_member *member, int64_t now_ms)
{
    struct asg_roster_slot *s = &roster->slots[slot];
    if (!is_key(member->curve_key)) {
        unbind(roster, slot);
        return;
    }
    if (member->tls_key == NULL ||
        asg_hex_decode(member->tls_key, s->tls_key, sizeof s->tls_key) != ASG_OK) {
        memset(s->tls_key, 0, sizeof s->tls_key);
    }
    uint32_t other = asg_roster_slot_of(roster, member->curve_key);
    if (other == ASG_SLOT_NONE) {
        bind_key(roster, slot, member->curve_key);
        s->heard_ms = now_ms;
        expect_silence(roster, slot);
    }
}

/* What comes from there is no stranger's (base/accept_limits.h). */
static void set_address(struct asg_roster_slot *slot, const char *address)
{
    if (strlen(address) >= sizeof slot->private_ip) address = "?"; /* nobody's */
    if (address[0] == '\0' || strcmp(slot->private_ip, address) == 0) return;
    asg_accept_forget(slot->private_ip);
    (void)snprintf(slot->private_ip, sizeof slot->private_ip, "%s", address);
    asg_accept_know(slot->private_ip);
}

uint32_t asg_roster_set(struct asg_roster *roster, const struct asg_member *member,
                        int64_t now_ms)
{
    if (strlen(member->instance_id) > ASG_INSTANCE_ID_MAX) return ASG_SLOT_NONE;
    uint32_t slot = asg_roster_find(roster, member->instance_id);
    if (member->state == ASG_MEMBER_GONE) {
        if (slot != ASG_SLOT_NONE) give_slot_back(roster, slot);
        return slot;
    }
    if (slot == ASG_SLOT_NONE) {
        slot = take_slot(roster);
        roster->slots[slot] =
            (struct asg_roster_slot){.is_used = true, .heard_ms = now_ms};
        expect_silence(roster, slot);
        (void)snprintf(roster->slots[slot].id, sizeof roster->slots[slot].id, "%s",
                       member->instance_id);
        put_id(roster, slot);
    }
    struct asg_roster_slot *s = &roster->slots[slot];
    s->group_no = member->group_no;
    s->state = (uint8_t)member->state;
    set_address(s, member->private_ip);
    set_keys(roster, slot, member, now_ms);
    return slot;
}

uint32_t asg_roster_next(const struct asg_roster *roster, uint32_t from)
{
    for (uint32_t slot = from; slot < roster->slot_end; slot++) {
        if (roster->slots[slot].is_used) return slot;
    }
    return ASG_SLOT_NONE;
}

/* ---- enrolling ---- */

/* Has the slot these keys? */
static bool has_keys(const struct asg_roster_slot *slot, const char *key,
                     const char *tls_key)
{
    char bound[2 * sizeof slot->tls_key + 1];
    asg_hex_encode(slot->tls_key, sizeof slot->tls_key, bound);
    return slot->is_bound && memcmp(slot->key, key, KEY_LENGTH) == 0 &&
           strcmp(bound, tls_key) == 0;
}

enum asg_standing asg_roster_standing(const struct asg_roster *roster,
                                      const char *instance_id, const char *key,
                                      const char *tls_key, const char *address)
{
    uint32_t slot = asg_roster_find(roster, instance_id);
    if (slot == ASG_SLOT_NONE || !is_key(key)) return ASG_STANDING_UNKNOWN;
    const struct asg_roster_slot *s = &roster->slots[slot];
    if (has_keys(s, key, tls_key)) return ASG_STANDING_BOUND;
    if (roster->options.check_address) {
        if (s->private_ip[0] == '\0') return ASG_STANDING_NO_ADDRESS;
        if (strcmp(s->private_ip, address) != 0) return ASG_STANDING_ELSEWHERE;
    }
    uint32_t other = asg_roster_slot_of(roster, key);
    bool is_taken = other != ASG_SLOT_NONE && other != slot;
    return s->is_bound || is_taken ? ASG_STANDING_OTHER_KEYS : ASG_STANDING_FREE;
}

static uint32_t clamp_interval(uint32_t interval_ms)
{
    if (interval_ms < INTERVAL_MS_MIN) return INTERVAL_MS_MIN;
    return interval_ms > INTERVAL_MS_MAX ? INTERVAL_MS_MAX : interval_ms;
}

void asg_roster_describe(struct asg_roster *roster, uint32_t slot, uint32_t grpc_port,
                         uint32_t interval_ms)
{
    struct asg_roster_slot *s = &roster->slots[slot];
    if (grpc_port > 0 && grpc_port <= UINT16_MAX) s->grpc_port = (uint16_t)grpc_port;
    s->interval_ms = clamp_interval(interval_ms);
    expect_silence(roster, slot);
}

/* ---- reports ---- */

static uint32_t until_s(int64_t now_ms)
{
    return (uint32_t)((now_ms + OFFSET_MS) / 1000);
}

static void begin_offsets(struct asg_roster_slot *slot, int64_t offset_ms, int64_t now_ms)
{
    slot->offset_ms = offset_ms;
    slot->offset_more_ms = 0;
    slot->offset_until_s = until_s(now_ms);
}

/* How long ago a report was made: by so much more its clock and ours differ than at the
 * least. A clock that did not go on between two reports was set; one that drifts is
 * followed, as the smallest difference holds for some minutes only. */
static int64_t age_of(struct asg_roster_slot *slot, const struct asg_report *report,
                      int64_t now_ms)
{
    if (report->time_ms < -INT64_MAX / 4 || report->time_ms > INT64_MAX / 4) return 0;
    int64_t offset_ms = now_ms - report->time_ms;
    bool is_new = slot->boot_id != report->boot_id || slot->offset_until_s == 0;
    if (is_new || report->time_ms <= slot->time_ms) {
        begin_offsets(slot, offset_ms, now_ms);
    } else if (now_ms / 1000 >= slot->offset_until_s) {
        int64_t more_ms = offset_ms - slot->offset_ms;
        slot->offset_more_ms = more_ms <= 0          ? 0
                               : more_ms > INT32_MAX ? INT32_MAX
                                                     : (int32_t)more_ms;
        slot->offset_ms = offset_ms;
        slot->offset_until_s = until_s(now_ms);
    } else if (offset_ms < slot->offset_ms) {
        int64_t more_ms = slot->offset_more_ms - (slot->offset_ms - offset_ms);
        slot->offset_more_ms = more_ms > 0 ? (int32_t)more_ms : 0;
        slot->offset_ms = offset_ms;
    }
    int64_t least_ms = slot->offset_ms - slot->offset_more_ms;
    int64_t age_ms = offset_ms - least_ms;
    int64_t most_ms = now_ms - slot->heard_ms; /* it was made after the one before */
    return age_ms < most_ms ? age_ms : most_ms;
}

enum asg_report_verdict asg_roster_hear(struct asg_roster *roster, uint32_t slot,
                                        const struct asg_report *report, int64_t now_ms,
                                        bool *ret_has_moved)
{
    struct asg_roster_slot *s = &roster->slots[slot];
    *ret_has_moved = false;
    if (s->boot_id == report->boot_id && report->sequence <= s->sequence) {
        return ASG_REPORT_REPEATED;
    }
    int64_t age_ms = age_of(s, report, now_ms);
    s->boot_id = report->boot_id;
    s->sequence = report->sequence;
    s->time_ms = report->time_ms;
    s->heard_ms = now_ms - age_ms;
    if (report->interval_ms > 0 && report->interval_ms != s->interval_ms) {
        s->interval_ms = clamp_interval(report->interval_ms);
        expect_silence(roster, slot);
    }
    if (report->version != 0) s->version = report->version;
    if (report->grpc_port != s->grpc_port && report->grpc_port > 0 &&
        report->grpc_port <= UINT16_MAX) {
        s->grpc_port = (uint16_t)report->grpc_port;
        *ret_has_moved = true;
    }
    bool is_late = age_ms > LATE_PERIODS * (int64_t)s->interval_ms;
    if (is_late && s->interval_ms > 0) return ASG_REPORT_LATE;
    if (s->is_heard && !s->is_silent && !s->must_tell) return ASG_REPORT_COUNTS;
    s->is_heard = true;
    s->is_silent = false;
    s->must_tell = false;
    expect_silence(roster, slot);
    return ASG_REPORT_FIRST;
}

void asg_roster_came_from(struct asg_roster *roster, uint32_t slot, const char *address)
{
    struct asg_roster_slot *s = &roster->slots[slot];
    uint32_t from = 0;
    bool is_said = strcmp(s->private_ip, address) == 0;
    if (!is_said && inet_pton(AF_INET, address, &from) != 1) return;
    if (from == s->came_from) return;
    forget_origin(s);
    s->came_from = from;
    if (from != 0) asg_accept_know(address);
}

void asg_roster_mark_waiting(struct asg_roster *roster, uint32_t slot, uint32_t row)
{
    roster->slots[slot].waiting = row;
}

/* The first of the block's slots from `from` on that is silent and not marked. When the
 * whole block was looked through in vain, it is known when to do so again. */
static uint32_t look_through_block(struct asg_roster *roster, uint32_t from,
                                   int64_t now_ms)
{
    uint32_t block = from / BLOCK_SLOTS;
    uint32_t end = (block + 1) * BLOCK_SLOTS;
    if (end > roster->slot_end) end = roster->slot_end;
    int64_t soonest_ms = INT64_MAX;
    for (uint32_t slot = from; slot < end; slot++) {
        struct asg_roster_slot *s = &roster->slots[slot];
        bool is_awaited = s->is_used && s->state != ASG_MEMBER_LEAVING;
        if (!is_awaited || s->is_silent) continue;
        int64_t at_ms = silent_at_ms(roster, s);
        if (at_ms <= now_ms) {
            s->is_silent = true;
            return slot;
        }
        if (at_ms < soonest_ms) soonest_ms = at_ms;
    }
    if (from % BLOCK_SLOTS == 0) roster->soonest_ms[block] = soonest_ms;
    return ASG_SLOT_NONE;
}

uint32_t asg_roster_find_silent(struct asg_roster *roster, uint32_t from, int64_t now_ms)
{
    uint32_t found = ASG_SLOT_NONE;
    while (found == ASG_SLOT_NONE && from < roster->slot_end) {
        uint32_t block = from / BLOCK_SLOTS;
        if (roster->soonest_ms[block] <= now_ms) {
            found = look_through_block(roster, from, now_ms);
        }
        from = (block + 1) * BLOCK_SLOTS;
    }
    return found;
}

void asg_roster_tell_again(struct asg_roster *roster)
{
    for (uint32_t slot = 0; slot < roster->slot_end; slot++) {
        struct asg_roster_slot *s = &roster->slots[slot];
        s->is_silent = false;
        s->must_tell = true;
        s->noted = 0;
        if (s->is_used) expect_silence(roster, slot);
    }
}

void asg_roster_unmark(struct asg_roster *roster, uint32_t slot)
{
    roster->slots[slot].is_silent = false;
    expect_silence(roster, slot);
}

bool asg_roster_note(struct asg_roster *roster, uint32_t slot, unsigned sign)
{
    struct asg_roster_slot *s = &roster->slots[slot];
    uint16_t bit = (uint16_t)(1u << sign);
    if ((s->noted & bit) != 0) return false;
    s->noted = (uint16_t)(s->noted | bit);
    return true;
}

void asg_roster_forget_note(struct asg_roster *roster, uint32_t slot, unsigned sign)
{
    struct asg_roster_slot *s = &roster->slots[slot];
    s->noted = (uint16_t)(s->noted & ~(1u << sign));
}

void asg_roster_forget_report(struct asg_roster *roster, uint32_t slot)
{
    roster->slots[slot].is_heard = false;
    expect_silence(roster, slot);
}

const struct asg_roster_slot *asg_roster_slot(const struct asg_roster *roster,
                                              uint32_t slot)
{
    assert(slot < roster->slot_end);
    return &roster->slots[slot];
}

uint32_t asg_roster_bound_count(const struct asg_roster *roster)
{
    return roster->bound_count;
}

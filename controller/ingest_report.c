#include "controller/ingest_report.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/accept_limits.h"
#include "base/failpoint.h"
#include "base/id_map.h"
#include "base/log.h"
#include "controller/metrics.h"
#include "controller/window.h"
#include "crypto/crypto.h"
#include "wire/wire.h"

#define VERSIONS_AT_ONCE 512  /* slots, while the lock is held */
#define DRAIN_MAX        4096 /* frames between two looks at the clock */
#define SILENCE_EVERY_MS 100
#define SILENT_AT_ONCE   2000 /* in one event, so fewer than ASG_INBOX_SIGNS_MAX */
#define TARGET_MAX       64
#define SHED_SAY_MS      60000 /* between two lines about reports that did not count */

struct change {
    bool is_watch;
    struct asg_watch watch;
    struct asg_member member;
};

/* The newest report of an instance in this turn. */
struct waiting {
    uint32_t slot;
    struct asg_report report;
};

struct asg_ingest {
    struct asg_ingest_options options;
    int64_t began_wall_ms; /* both clocks at the start */
    int64_t began_mono_ms;
    pthread_mutex_t state_lock; /* roster and window: the turn, and asg_ingest_look */
    struct asg_roster *roster;
    struct asg_window *window;
    pthread_mutex_t changes_lock;
    struct asg_arena changes_arena;
    struct change *changes;
    size_t change_count;
    size_t change_capacity;
    bool is_all; /* whom these changes do not name is gone */
    bool must_tell_again;
    struct asg_arena scratch;
    int64_t silence_at_ms;
    struct asg_inbox_item *signs; /* of this turn, not put yet; NULL: none */
    struct asg_health *health;    /* in it */
    size_t sign_capacity;
    struct waiting *waiting; /* of this turn, at most DRAIN_MAX */
    uint32_t waiting_count;
    struct {
        int64_t reports;
        int64_t repeated;
        int64_t unbound;
        int64_t overtaken;
        int64_t late;
    } counts; /* of this drain */
    struct {
        int64_t say_ms; /* monotonic: not before */
        int64_t overtaken;
        int64_t late;
        char late_id[ASG_INSTANCE_ID_MAX + 1]; /* the last of them */
    } shed;                                    /* since it was said */
};

/* ---- membership from the loop ---- */

static struct change *add_change(struct asg_ingest *ingest)
{
    return asg_arena_push(&ingest->changes_arena, (void **)&ingest->changes,
                          &ingest->change_count, &ingest->change_capacity,
                          sizeof(struct change));
}

static void forget_changes(struct asg_ingest *ingest)
{
    ingest->is_all = false;
    ingest->changes = NULL;
    ingest->change_count = 0;
    ingest->change_capacity = 0;
    asg_arena_reset(&ingest->changes_arena);
}

static void add_changes(struct asg_ingest *ingest, const struct asg_effects *effects)
{
    struct asg_arena *arena = &ingest->changes_arena;
    for (size_t i = 0; i < effects->watch_count; i++) {
        struct change *change = add_change(ingest);
        change->is_watch = true;
        change->watch = effects->watches[i];
        change->watch.name = asg_arena_text(arena, effects->watches[i].name);
    }
    for (size_t i = 0; i < effects->member_count; i++) {
        struct change *change = add_change(ingest);
        change->member = effects->members[i];
        change->member.instance_id = asg_arena_text(arena, change->member.instance_id);
        change->member.private_ip = asg_arena_text(arena, change->member.private_ip);
        change->member.curve_key = asg_arena_text(arena, change->member.curve_key);
        change->member.tls_key = asg_arena_text(arena, change->member.tls_key);
    }
}

/* Before anybody hears that its key is bound: who was told may connect at once. */
static void admit_members(struct asg_ingest *ingest, const struct asg_effects *effects)
{
    struct asg_key_set *set = ingest->options.key_set;
    for (size_t i = 0; set != NULL && i < effects->member_count; i++) {
        const struct asg_member *member = &effects->members[i];
        if (member->state == ASG_MEMBER_GONE || member->curve_key[0] == '\0') continue;
        asg_key_set_add(set, member->curve_key);
    }
}

void asg_ingest_take_members(struct asg_ingest *ingest, const struct asg_effects *effects)
{
    if (effects->watch_count == 0 && effects->member_count == 0) return;
    admit_members(ingest, effects);
    (void)pthread_mutex_lock(&ingest->changes_lock);
    add_changes(ingest, effects);
    (void)pthread_mutex_unlock(&ingest->changes_lock);
}

void asg_ingest_take_all(struct asg_ingest *ingest, const struct asg_effects *effects)
{
    (void)pthread_mutex_lock(&ingest->changes_lock);
    forget_changes(ingest);
    add_changes(ingest, effects);
    ingest->is_all = true;
    (void)pthread_mutex_unlock(&ingest->changes_lock);
    admit_members(ingest, effects);
}

void asg_ingest_tell_again(struct asg_ingest *ingest)
{
    (void)pthread_mutex_lock(&ingest->changes_lock);
    ingest->must_tell_again = true;
    (void)pthread_mutex_unlock(&ingest->changes_lock);
}

static void watch_address(struct asg_ingest *ingest, const struct asg_roster_slot *slot)
{
    bool is_leaving = slot->state == ASG_MEMBER_LEAVING;
    if (ingest->options.prober == NULL || slot->private_ip[0] == '\0' || is_leaving)
        return;
    unsigned port = slot->grpc_port != 0 ? slot->grpc_port : ingest->options.probe_port;
    char target[TARGET_MAX];
    (void)snprintf(target, sizeof target, "%s:%u", slot->private_ip, port);
    char tls_key[2 * sizeof slot->tls_key + 1] = "";
    if (slot->is_bound) {
        asg_hex_encode(slot->tls_key, sizeof slot->tls_key, tls_key);
    }
    asg_prober_watch(ingest->options.prober, slot->id, target, tls_key);
    /* It may have fallen silent before anybody knew where it is: CreateFleet does not
     * say. */
    if (slot->is_silent) asg_prober_suspect(ingest->options.prober, slot->id, true);
}

/* Whom it admits follows the roster. */
static void admit(struct asg_ingest *ingest, uint32_t slot, const char *key_before)
{
    struct asg_key_set *set = ingest->options.key_set;
    if (set == NULL) return;
    const struct asg_roster_slot *s = asg_roster_slot(ingest->roster, slot);
    char key[sizeof s->key + 1] = "";
    if (s->is_used && s->is_bound) memcpy(key, s->key, sizeof s->key);
    if (key_before[0] != '\0' && strcmp(key_before, key) != 0) {
        asg_key_set_remove(set, key_before);
    }
    if (key[0] != '\0') asg_key_set_add(set, key);
}

static void apply_member(struct asg_ingest *ingest, const struct asg_member *member,
                         int64_t mono_ms)
{
    bool is_asked =
        member->state == ASG_MEMBER_WATCHED || member->state == ASG_MEMBER_COUNTS;
    char key_before[ASG_BUS_KEY_SIZE] = "";
    uint32_t slot = asg_roster_find(ingest->roster, member->instance_id);
    if (slot != ASG_SLOT_NONE) {
        const struct asg_roster_slot *s = asg_roster_slot(ingest->roster, slot);
        if (s->is_bound) memcpy(key_before, s->key, sizeof s->key);
    }
    slot = asg_roster_set(ingest->roster, member, mono_ms);
    if (slot == ASG_SLOT_NONE) return;
    admit(ingest, slot, key_before);
    asg_window_set(ingest->window, slot, member->group_no,
                   is_asked ? member->state : ASG_MEMBER_GONE);
    if (is_asked) {
        watch_address(ingest, asg_roster_slot(ingest->roster, slot));
    } else if (ingest->options.prober != NULL) {
        asg_prober_forget(ingest->options.prober, member->instance_id);
    }
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void drop_unnamed_groups(struct asg_ingest *ingest, int64_t wall_ms)
{
    size_t count = 0;
    uint32_t *named = asg_alloc(ingest->change_count + 1, sizeof *named);
    for (size_t i = 0; i < ingest->change_count; i++) {
        const struct change *change = &ingest->changes[i];
        if (change->is_watch) named[count++] = change->watch.group_no;
    }
    qsort(named, count, sizeof *named, compare_numbers);
    uint32_t no = asg_window_next_group(ingest->window, 1);
    for (; no != 0; no = asg_window_next_group(ingest->window, no + 1)) {
        const struct asg_watch over = {.group_no = no, .name = ""};
        if (bsearch(&no, named, count, sizeof *named, compare_numbers) != NULL) continue;
        asg_window_watch(ingest->window, &over, wall_ms);
    }
    free(named);
}

/* Members first: they hold slots of their groups. */
static void drop_unnamed(struct asg_ingest *ingest, int64_t mono_ms, int64_t wall_ms)
{
    struct asg_id_map named = {0};
    for (size_t i = 0; i < ingest->change_count; i++) {
        const struct change *change = &ingest->changes[i];
        if (!change->is_watch) asg_id_map_put(&named, change->member.instance_id, 0);
    }
    uint32_t slot = asg_roster_next(ingest->roster, 0);
    for (; slot != ASG_SLOT_NONE; slot = asg_roster_next(ingest->roster, slot + 1)) {
        const struct asg_roster_slot *s = asg_roster_slot(ingest->roster, slot);
        if (asg_id_map_find(&named, s->id) != ASG_ID_MAP_NONE) continue;
        char id[ASG_INSTANCE_ID_MAX + 1]; /* the slot forgets its own */
        memcpy(id, s->id, sizeof id);
        const struct asg_member gone = {.group_no = s->group_no,
                                        .instance_id = id,
                                        .private_ip = "",
                                        .state = ASG_MEMBER_GONE,
                                        .curve_key = "",
                                        .tls_key = ""};
        apply_member(ingest, &gone, mono_ms);
    }
    asg_id_map_clear(&named);
    drop_unnamed_groups(ingest, wall_ms);
}

static void apply_changes(struct asg_ingest *ingest, int64_t mono_ms, int64_t wall_ms)
{
    (void)pthread_mutex_lock(&ingest->changes_lock);
    bool is_any = ingest->is_all || ingest->change_count > 0;
    if (ingest->is_all) drop_unnamed(ingest, mono_ms, wall_ms);
    for (size_t i = 0; i < ingest->change_count; i++) {
        const struct change *change = &ingest->changes[i];
        if (change->is_watch) {
            asg_window_watch(ingest->window, &change->watch, wall_ms);
        } else {
            apply_member(ingest, &change->member, mono_ms);
        }
    }
    if (ingest->must_tell_again) asg_roster_tell_again(ingest->roster);
    ingest->must_tell_again = false;
    forget_changes(ingest);
    (void)pthread_mutex_unlock(&ingest->changes_lock);
    if (is_any) asg_gauge(ASG_COUNT_AGENTS, asg_roster_bound_count(ingest->roster));
}

/* ---- to core ---- */

/* Core balances a group once an event, so the signs of a turn travel in one. */
static void put_signs(struct asg_ingest *ingest)
{
    if (ingest->signs == NULL) return;
    asg_inbox_put(ingest->options.inbox, ingest->signs);
    ingest->signs = NULL;
}

/* False when the inbox is full: the caller keeps or drops what it had. */
static bool begin_signs(struct asg_ingest *ingest)
{
    if (ingest->signs != NULL) return true;
    struct asg_inbox_item *item = asg_inbox_begin(ingest->options.inbox);
    if (item == NULL) {
        asg_count(ASG_COUNT_INBOX_FULL, 1);
        return false;
    }
    ingest->health = asg_arena_take(&item->arena, sizeof *ingest->health);
    ingest->sign_capacity = 0;
    item->event.kind = ASG_EVENT_HEALTH;
    item->event.health = ingest->health;
    ingest->signs = item;
    return true;
}

/* Add a sign to the event of this turn; `row`'s texts are copied. False as above. */
static bool tell(struct asg_ingest *ingest, struct asg_health_sign row)
{
    if (!begin_signs(ingest)) return false;
    struct asg_arena *arena = &ingest->signs->arena;
    row.instance_id = asg_arena_text(arena, row.instance_id);
    row.detail = asg_arena_text(arena, row.detail);
    struct asg_health *health = ingest->health;
    *(struct asg_health_sign *)asg_arena_push(arena, (void **)&health->signs,
                                              &health->sign_count, &ingest->sign_capacity,
                                              sizeof row) = row;
    if (health->sign_count == ASG_INBOX_SIGNS_MAX) put_signs(ingest);
    return true;
}

static bool tell_silence(struct asg_ingest *ingest, const struct asg_roster_slot *slot,
                         int64_t mono_ms)
{
    int64_t quiet_ms = mono_ms - slot->heard_ms;
    char detail[48];
    (void)snprintf(detail, sizeof detail, "no report for %lld.%lld s",
                   (long long)(quiet_ms / 1000), (long long)(quiet_ms % 1000 / 100));
    return tell(ingest, (struct asg_health_sign){.instance_id = slot->id,
                                                 .sign = ASG_SIGN_SILENT,
                                                 .detail = detail});
}

/* All that are found together are told together: one after another, the first would be
 * judged before core knows that it is a partition. */
static void tell_silent(struct asg_ingest *ingest, int64_t mono_ms)
{
    if (mono_ms < ingest->silence_at_ms) return;
    ingest->silence_at_ms = mono_ms + SILENCE_EVERY_MS;
    bool is_crowded = ingest->signs != NULL &&
                      ingest->health->sign_count > ASG_INBOX_SIGNS_MAX - SILENT_AT_ONCE;
    if (is_crowded) put_signs(ingest);
    uint32_t slot = asg_roster_find_silent(ingest->roster, 0, mono_ms);
    for (size_t told = 0; slot != ASG_SLOT_NONE; told++) {
        const struct asg_roster_slot *s = asg_roster_slot(ingest->roster, slot);
        /* What there is no room for is found again at the next look. */
        if (told == SILENT_AT_ONCE || !tell_silence(ingest, s, mono_ms)) {
            asg_roster_unmark(ingest->roster, slot);
            return;
        }
        if (ingest->options.prober != NULL) {
            asg_prober_suspect(ingest->options.prober, s->id, /* is_suspect */ true);
        }
        slot = asg_roster_find_silent(ingest->roster, slot + 1, mono_ms);
    }
}

static void tell_metrics(struct asg_ingest *ingest, int64_t wall_ms)
{
    if (asg_window_next_due(ingest->window) > wall_ms) return;
    struct asg_inbox_item *item = asg_inbox_begin(ingest->options.inbox);
    if (item == NULL) {
        asg_count(ASG_COUNT_INBOX_FULL, 1);
        return; /* the period goes on; the next look may have room */
    }
    struct asg_metrics *metrics = asg_arena_take(&item->arena, sizeof *metrics);
    asg_window_collect(ingest->window, wall_ms, &item->arena, metrics);
    item->event.kind = ASG_EVENT_METRICS;
    item->event.metrics = metrics;
    asg_inbox_put(ingest->options.inbox, item);
}

/* ---- frames ---- */

/* Slot that the key of this very message speaks for. Nobody is answered: an agent finds
 * out by itself when its connection ends. */
static uint32_t slot_of(struct asg_ingest *ingest, const struct asg_bus_message *message)
{
    uint32_t slot = asg_roster_slot_of(ingest->roster, asg_bus_message_user_key(message));
    if (slot == ASG_SLOT_NONE) asg_bus_message_shut(message);
    return slot;
}

/* It waits for the end of the turn; a newer one of its instance takes its place. */
static void let_wait(struct asg_ingest *ingest, uint32_t slot,
                     const struct asg_report *report)
{
    uint32_t row = asg_roster_slot(ingest->roster, slot)->waiting;
    if (row > 0) {
        ingest->counts.overtaken++;
    } else {
        assert(ingest->waiting_count < DRAIN_MAX); /* a row a frame at most */
        row = ++ingest->waiting_count;
        asg_roster_mark_waiting(ingest->roster, slot, row);
    }
    ingest->waiting[row - 1] = (struct waiting){.slot = slot, .report = *report};
}

static void count_waiting(struct asg_ingest *ingest)
{
    for (uint32_t i = 0; i < ingest->waiting_count; i++) {
        const struct waiting *waiting = &ingest->waiting[i];
        asg_roster_mark_waiting(ingest->roster, waiting->slot, 0);
        asg_window_add(ingest->window, waiting->slot, &waiting->report);
    }
    ingest->counts.reports += ingest->waiting_count;
    ingest->waiting_count = 0;
}

static void tell_first(struct asg_ingest *ingest, uint32_t slot)
{
    const struct asg_roster_slot *s = asg_roster_slot(ingest->roster, slot);
    const struct asg_health_sign sign = {
        .instance_id = s->id, .sign = ASG_SIGN_REPORTING, .detail = ""};
    if (!tell(ingest, sign)) {
        asg_roster_forget_report(ingest->roster, slot); /* its next one tells again */
    }
    if (ingest->options.prober != NULL) {
        asg_prober_suspect(ingest->options.prober, s->id, /* is_suspect */ false);
    }
}

/* Agents that come from elsewhere than EC2 says, as behind a NAT, begin as strangers. */
static void take_origin(struct asg_ingest *ingest, uint32_t slot,
                        const struct asg_bus_message *message)
{
    const char *address = asg_bus_message_peer_address(message);
    if (address == NULL) return;
    asg_roster_came_from(ingest->roster, slot, address);
    asg_accept_prove(asg_bus_message_fd(message));
}

static void take_report(struct asg_ingest *ingest, const struct asg_bus_message *message,
                        const struct asg_report *report, int64_t mono_ms)
{
    uint32_t slot = slot_of(ingest, message);
    if (slot == ASG_SLOT_NONE) {
        ingest->counts.unbound++;
        return;
    }
    if (asg_roster_slot(ingest->roster, slot)->state == ASG_MEMBER_LEAVING) {
        ingest->counts.reports++; /* it may go on; nobody needs it */
        return;
    }
    bool has_moved = false;
    enum asg_report_verdict verdict =
        asg_roster_hear(ingest->roster, slot, report, mono_ms, &has_moved);
    if (has_moved) watch_address(ingest, asg_roster_slot(ingest->roster, slot));
    switch (verdict) {
    case ASG_REPORT_REPEATED: ingest->counts.repeated++; return;
    case ASG_REPORT_LATE:
        ingest->counts.late++;
        memcpy(ingest->shed.late_id, asg_roster_slot(ingest->roster, slot)->id,
               sizeof ingest->shed.late_id);
        return;
    case ASG_REPORT_COUNTS: break;
    case ASG_REPORT_FIRST:
        take_origin(ingest, slot, message);
        tell_first(ingest, slot);
        break;
    }
    let_wait(ingest, slot, report);
}

/* Agents say a notice again while it stands: core is told once. */
static void take_notice(struct asg_ingest *ingest, const struct asg_bus_message *message)
{
    struct asg_notice notice;
    asg_arena_reset(&ingest->scratch);
    bool is_notice =
        asg_wire_decode_message(message->data, message->length, ASG_MESSAGE_NOTICE,
                                &ingest->scratch, &notice) == ASG_OK &&
        (notice.sign == ASG_SIGN_SPOT_INTERRUPTION || notice.sign == ASG_SIGN_REBALANCE);
    if (!is_notice) {
        asg_count(ASG_COUNT_FRAMES_MALFORMED, 1);
        return;
    }
    uint32_t slot = slot_of(ingest, message);
    if (slot == ASG_SLOT_NONE) {
        ingest->counts.unbound++;
        return;
    }
    if (asg_roster_slot(ingest->roster, slot)->state == ASG_MEMBER_LEAVING ||
        !asg_roster_note(ingest->roster, slot, (unsigned)notice.sign)) {
        return;
    }
    const struct asg_roster_slot *s = asg_roster_slot(ingest->roster, slot);
    asg_log_info("ingest", "notice", "instance=%s sign=%s detail=\"%s\"", s->id,
                 asg_enum_word(&asg_sign_words, (int)notice.sign), notice.detail);
    const struct asg_health_sign sign = {.instance_id = s->id,
                                         .sign = notice.sign,
                                         .detail = notice.detail,
                                         .at_ms = notice.at_ms};
    if (!tell(ingest, sign)) {
        asg_roster_forget_note(ingest->roster, slot, (unsigned)notice.sign);
    }
}

static void take_frame(struct asg_ingest *ingest, const struct asg_bus_message *message,
                       int64_t mono_ms)
{
    if (ASG_FAILPOINT_FAILS("ingest.received")) return;
    struct asg_report report;
    enum asg_status status =
        asg_wire_decode_report(message->data, message->length, &report);
    if (status == ASG_OK) {
        take_report(ingest, message, &report, mono_ms);
        return;
    }
    enum asg_message_type type;
    if (status == ASG_ERR_MALFORMED) {
        status = asg_wire_message_type(message->data, message->length, &type);
        if (status == ASG_OK && type == ASG_MESSAGE_NOTICE) {
            take_notice(ingest, message);
            return;
        }
    }
    asg_count(status == ASG_ERR_VERSION ? ASG_COUNT_FRAMES_VERSION
                                        : ASG_COUNT_FRAMES_MALFORMED,
              1);
    asg_log_debug("ingest", "frame_refused", "bytes=%zu: %s, dropping it",
                  message->length, asg_status_text(status));
}

/* ---- one turn ---- */

static void say_shed(struct asg_ingest *ingest, int64_t mono_ms)
{
    if (ingest->shed.late == 0 || mono_ms < ingest->shed.say_ms) return;
    asg_log_warn("ingest", "reports_late",
                 "%" PRId64 " reports were older than two of their periods and did not "
                 "count, %" PRId64 " were overtaken by newer ones, in %d s or more; the "
                 "last of instance=%s; check the load of this host and of the network",
                 ingest->shed.late, ingest->shed.overtaken, SHED_SAY_MS / 1000,
                 ingest->shed.late_id);
    ingest->shed.late = 0;
    ingest->shed.overtaken = 0;
    ingest->shed.say_ms = mono_ms + SHED_SAY_MS;
}

static uint32_t drain(struct asg_ingest *ingest, int64_t mono_ms)
{
    uint32_t taken = 0;
    struct asg_bus_message message;
    while (taken < DRAIN_MAX && ingest->options.inlet != NULL) {
        enum asg_status status = asg_bus_inlet_receive(ingest->options.inlet, &message);
        if (status == ASG_ERR_EMPTY) break;
        taken++;
        if (status == ASG_OK)
            take_frame(ingest, &message, mono_ms);
        else
            asg_count(ASG_COUNT_FRAMES_MALFORMED, 1);
    }
    if (taken == 0) return 0;
    count_waiting(ingest);
    asg_count(ASG_COUNT_REPORTS, ingest->counts.reports);
    asg_count(ASG_COUNT_REPORTS_REPEATED, ingest->counts.repeated);
    asg_count(ASG_COUNT_REPORTS_UNBOUND, ingest->counts.unbound);
    asg_count(ASG_COUNT_REPORTS_OVERTAKEN, ingest->counts.overtaken);
    asg_count(ASG_COUNT_REPORTS_LATE, ingest->counts.late);
    ingest->shed.overtaken += ingest->counts.overtaken;
    ingest->shed.late += ingest->counts.late;
    memset(&ingest->counts, 0, sizeof ingest->counts);
    say_shed(ingest, mono_ms);
    return taken;
}

static int64_t wait_ms(struct asg_ingest *ingest, int64_t wall_ms)
{
    int64_t due_ms = asg_window_next_due(ingest->window);
    if (due_ms == INT64_MAX) return INT64_MAX;
    return due_ms > wall_ms ? due_ms - wall_ms : 0;
}

/* Periods follow the monotonic clock: a wall clock that is set back must not stop them.
 */
static int64_t period_ms(const struct asg_ingest *ingest, int64_t mono_ms)
{
    return ingest->began_wall_ms + mono_ms - ingest->began_mono_ms;
}

uint32_t asg_ingest_turn(struct asg_ingest *ingest, int64_t *ret_wait_ms)
{
    int64_t mono_ms = asg_clock_monotonic_ms(&ingest->options.clock);
    int64_t wall_ms = period_ms(ingest, mono_ms);
    (void)pthread_mutex_lock(&ingest->state_lock);
    apply_changes(ingest, mono_ms, wall_ms);
    uint32_t taken = drain(ingest, mono_ms);
    tell_silent(ingest, mono_ms);
    put_signs(ingest);
    tell_metrics(ingest, wall_ms);
    *ret_wait_ms = wait_ms(ingest, wall_ms);
    (void)pthread_mutex_unlock(&ingest->state_lock);
    return taken;
}

/* ---- enrolling ---- */

enum asg_standing asg_ingest_standing(struct asg_ingest *ingest, const char *instance_id,
                                      const char *curve_key, const char *tls_key,
                                      const char *address)
{
    int64_t mono_ms = asg_clock_monotonic_ms(&ingest->options.clock);
    (void)pthread_mutex_lock(&ingest->state_lock);
    apply_changes(ingest, mono_ms, period_ms(ingest, mono_ms));
    enum asg_standing standing =
        asg_roster_standing(ingest->roster, instance_id, curve_key, tls_key, address);
    (void)pthread_mutex_unlock(&ingest->state_lock);
    return standing;
}

void asg_ingest_describe(struct asg_ingest *ingest, const char *instance_id,
                         uint32_t grpc_port, uint32_t interval_ms)
{
    (void)pthread_mutex_lock(&ingest->state_lock);
    uint32_t slot = asg_roster_find(ingest->roster, instance_id);
    if (slot != ASG_SLOT_NONE) {
        asg_roster_describe(ingest->roster, slot, grpc_port, interval_ms);
        watch_address(ingest, asg_roster_slot(ingest->roster, slot));
    }
    (void)pthread_mutex_unlock(&ingest->state_lock);
}

/* ---- making and looking ---- */

void asg_ingest_new(const struct asg_ingest_options *options, struct asg_ingest **ret)
{
    struct asg_ingest *ingest = asg_alloc(1, sizeof *ingest);
    ingest->options = *options;
    ingest->began_wall_ms = asg_clock_wall_ms(&options->clock);
    ingest->began_mono_ms = asg_clock_monotonic_ms(&options->clock);
    (void)pthread_mutex_init(&ingest->state_lock, NULL);
    (void)pthread_mutex_init(&ingest->changes_lock, NULL);
    ingest->waiting = asg_alloc(DRAIN_MAX, sizeof *ingest->waiting);
    asg_roster_new(&options->roster, &ingest->roster);
    asg_window_new(options->limits.rate_bytes > 0 ? &options->limits : NULL,
                   &ingest->window);
    *ret = ingest;
}

void asg_ingest_open(struct asg_ingest *ingest, struct asg_bus_inlet *inlet)
{
    assert(ingest->options.inlet == NULL && inlet != NULL);
    ingest->options.inlet = inlet;
}

void asg_ingest_destroy(struct asg_ingest **ingest)
{
    struct asg_ingest *i = *ingest;
    if (i == NULL) return;
    asg_roster_destroy(&i->roster);
    asg_window_destroy(&i->window);
    (void)pthread_mutex_destroy(&i->state_lock);
    (void)pthread_mutex_destroy(&i->changes_lock);
    asg_arena_clear(&i->changes_arena);
    asg_arena_clear(&i->scratch);
    free(i->waiting);
    free(i);
    *ingest = NULL;
}

static void look(const struct asg_ingest *ingest, struct asg_instance_view *view)
{
    view->cpu_milli = -1;
    view->is_reporting = false;
    uint32_t slot = view->instance_id[0] == '\0'
                        ? ASG_SLOT_NONE
                        : asg_roster_find(ingest->roster, view->instance_id);
    if (slot == ASG_SLOT_NONE) return;
    const struct asg_roster_slot *s = asg_roster_slot(ingest->roster, slot);
    if (s->state == ASG_MEMBER_LEAVING) return;
    view->is_reporting = s->is_bound && s->is_heard && !s->is_silent;
    view->cpu_milli = asg_window_last_cpu(ingest->window, slot);
}

void asg_ingest_look(struct asg_ingest *ingest, struct asg_instance_view *views,
                     size_t count)
{
    (void)pthread_mutex_lock(&ingest->state_lock);
    for (size_t i = 0; i < count; i++) {
        look(ingest, &views[i]);
    }
    (void)pthread_mutex_unlock(&ingest->state_lock);
}

static void count_version(struct asg_version_count *rows, size_t *count, size_t most,
                          uint32_t version)
{
    size_t at = 0;
    while (at < *count && rows[at].version != version) {
        at++;
    }
    if (at == most || (at == *count && at == most - 1)) {
        at = most - 1; /* the last place is for what does not fit */
        version = UINT32_MAX;
    }
    if (at == *count) {
        rows[at] = (struct asg_version_count){.version = version};
        ++*count;
    }
    rows[at].agents++;
}

size_t asg_ingest_versions(struct asg_ingest *ingest, size_t most,
                           struct asg_version_count *ret)
{
    assert(most >= 2);
    size_t count = 0;
    uint32_t slot = 0;
    while (slot != ASG_SLOT_NONE) {
        (void)pthread_mutex_lock(&ingest->state_lock);
        slot = asg_roster_next(ingest->roster, slot);
        for (int i = 0; i < VERSIONS_AT_ONCE && slot != ASG_SLOT_NONE; i++) {
            const struct asg_roster_slot *its = asg_roster_slot(ingest->roster, slot);
            if (its->is_bound) count_version(ret, &count, most, its->version);
            slot = asg_roster_next(ingest->roster, slot + 1);
        }
        (void)pthread_mutex_unlock(&ingest->state_lock);
    }
    return count;
}

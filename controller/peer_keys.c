#include "controller/peer_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define AGAIN_MS   60000
#define EVERY_MS   10000
#define OWN_LANES  2 /* admins, workers */
#define LANES_MOST 8 /* for reports */
/* Workers connect once and stay; each openasg command is a connection, also in a loop of
 * a shell. Handshakes are an hour's. */
#define WORKER_CONNECTIONS 16
#define WORKER_HANDSHAKES  3600
#define WORKER_BURST       60
#define WORKER_SILENT_MS   30000
#define ADMIN_CONNECTIONS  128
#define ADMIN_HANDSHAKES   (50 * 3600)
#define ADMIN_BURST        1000
#define ADMIN_SILENT_MS    5000

bool asg_peer_folder_look(struct asg_peer_folder *folder, int64_t mono_ms)
{
    uint64_t before = asg_allow_list_version(folder->list);
    struct asg_error error = {""};
    enum asg_status status = asg_allow_list_load(folder->list, folder->path, &error);
    bool is_other = strcmp(error.text, folder->told) != 0;
    if (status != ASG_OK && (is_other || mono_ms >= folder->told_at_ms + AGAIN_MS)) {
        folder->told_at_ms = mono_ms;
        asg_log_warn("keys",
                     status == ASG_ERR_MALFORMED ? "key_left_out" : "allow_list_unread",
                     "%s%s", error.text,
                     status == ASG_ERR_MALFORMED ? "" : "; until then no key is added");
    }
    if (status == ASG_OK && folder->told[0] != '\0') {
        asg_log_info("keys", "allow_list_read", "%s has no errors any more",
                     folder->path);
    }
    (void)snprintf(folder->told, sizeof folder->told, "%s", error.text);
    return asg_allow_list_version(folder->list) != before;
}

static bool find_edge(const char *domain, enum asg_edge *ret)
{
    for (int i = 0; i < ASG_EDGE_COUNT; i++) {
        if (strcmp(asg_enum_word(&asg_edge_words, i), domain) != 0) continue;
        *ret = (enum asg_edge)i;
        return true;
    }
    return false;
}

/* Whoever followed "put it into admins.d" would make an admin of a worker. */
static bool is_of_other(const struct asg_known_peers *known, const char *key,
                        enum asg_edge edge, char *ret)
{
    bool is_worker = edge == ASG_EDGE_ADMIN;
    struct asg_allow_list *list = is_worker ? known->workers : known->admins;
    char name[ASG_ALLOW_NAME_MAX + 1];
    if (edge != ASG_EDGE_ADMIN && edge != ASG_EDGE_WORKERS) return false;
    if (list == NULL || !asg_allow_list_find(list, key, name)) return false;
    (void)snprintf(ret, ASG_ERROR_TEXT_MAX,
                   "this is the key of %s %s, and this port is not for it: %s to "
                   "%s (%s)",
                   is_worker ? "worker" : "admin", name,
                   is_worker ? "workers connect" : "openasg connects",
                   is_worker ? known->listen_workers : known->listen_admin,
                   is_worker ? "listen.workers" : "listen.admin");
    return true;
}

void asg_advise_refused(const struct asg_known_peers *known,
                        const struct asg_bus_refusal *row, enum asg_edge edge, char *ret)
{
    const char *words =
        "an agent that has to enrol first, or one of an instance that is gone";
    if (row->key[0] == '\0') {
        words = "compare its server key with controller.key.pub";
    } else if (row->is_admitted) {
        words = "check that no one else has that key";
    } else if (is_of_other(known, row->key, edge, ret)) {
        return;
    } else if (edge == ASG_EDGE_WORKERS) {
        words = "to admit it, copy its NAME.pub into workers.d";
    } else if (edge == ASG_EDGE_ADMIN) {
        words = "to admit it, copy its NAME.pub into admins.d";
    }
    (void)snprintf(ret, ASG_ERROR_TEXT_MAX, "%s", words);
}

static void tell_edge(const struct asg_known_peers *known,
                      const struct asg_bus_refusal *row, enum asg_edge edge,
                      size_t others)
{
    char more[64] = "";
    char advice[ASG_ERROR_TEXT_MAX];
    asg_advise_refused(known, row, edge, advice);
    if (others > 0) (void)snprintf(more, sizeof more, " (and %zu others)", others);
    enum asg_log_level level = edge == ASG_EDGE_AGENTS ? ASG_LOG_INFO : ASG_LOG_WARN;
    asg_log_write(level, "keys", "peer_refused",
                  "port=%s address=%s key=%s times=%" PRIu64 "%s: %s; %s", row->domain,
                  row->address[0] != '\0' ? row->address : "?",
                  row->key[0] != '\0' ? row->key : "?", row->count, more, row->why,
                  advice);
}

/* The newest of the edge since it was told of last, and how many besides. */
static void look_at_edge(struct asg_refusal_teller *teller, enum asg_edge edge,
                         const struct asg_bus_refusal *rows, size_t count,
                         int64_t mono_ms)
{
    if (mono_ms < teller->next_ms[edge]) return;
    const struct asg_bus_refusal *first = NULL;
    size_t others = 0;
    for (size_t i = 0; i < count; i++) {
        enum asg_edge of;
        bool is_its = find_edge(rows[i].domain, &of) && of == edge &&
                      rows[i].last_ms > teller->told_until_ms[edge];
        if (!is_its) continue;
        if (first == NULL) {
            first = &rows[i];
        } else {
            others++;
        }
    }
    if (first == NULL) return;
    teller->told_until_ms[edge] = first->last_ms;
    teller->next_ms[edge] = mono_ms + EVERY_MS;
    tell_edge(&teller->known, first, edge, others);
}

static void tell_misuse(struct asg_refusal_teller *teller, struct asg_bus *bus,
                        const struct asg_bus_refusal *rows, size_t count, int64_t mono_ms)
{
    uint64_t misused = asg_bus_misused_count(bus);
    if (misused == teller->misused || mono_ms < teller->misused_at_ms) return;
    for (size_t i = 0; i < count; i++) {
        if (!rows[i].is_admitted) continue;
        asg_log_error(
            "alarm", "key_misused",
            "port=%s key=%s address=%s: %s, %" PRIu64
            " times; unless this is a restart loop, the key is stolen: remove its .pub "
            "file",
            rows[i].domain, rows[i].key, rows[i].address, rows[i].why,
            misused - teller->misused);
        break;
    }
    teller->misused = misused;
    teller->misused_at_ms = mono_ms + EVERY_MS;
}

void asg_tell_refusals(struct asg_refusal_teller *teller, struct asg_bus *bus,
                       int64_t mono_ms)
{
    struct asg_bus_refusal rows[ASG_BUS_REFUSED_MAX];
    size_t count = asg_bus_refusals(bus, rows, ASG_BUS_REFUSED_MAX);
    tell_misuse(teller, bus, rows, count, mono_ms);
    for (int i = 0; i < ASG_EDGE_COUNT; i++) {
        look_at_edge(teller, (enum asg_edge)i, rows, count, mono_ms);
    }
}

void asg_list_refusals(struct asg_bus *bus, int64_t mono_ms, int64_t wall_ms,
                       struct asg_arena *arena, struct asg_refusal **ret,
                       size_t *ret_count)
{
    struct asg_bus_refusal rows[ASG_BUS_REFUSED_MAX];
    size_t count = asg_bus_refusals(bus, rows, ASG_BUS_REFUSED_MAX);
    *ret = asg_arena_take(arena, count * sizeof **ret);
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        enum asg_edge edge;
        if (!find_edge(rows[i].domain, &edge)) continue;
        (*ret)[(*ret_count)++] = (struct asg_refusal){
            .edge = edge,
            .key = asg_arena_text(arena, rows[i].key),
            .address = asg_arena_text(arena, rows[i].address),
            .why = asg_arena_text(arena, rows[i].why),
            .count = rows[i].count,
            .first_ms = wall_ms - (mono_ms - rows[i].first_ms),
            .last_ms = wall_ms - (mono_ms - rows[i].last_ms),
            .instance_id = "",
        };
    }
}

int asg_io_threads(int64_t setting)
{
    if (setting > 0) return setting > OWN_LANES ? (int)setting : OWN_LANES;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int reports = cores < 2 ? 1 : (int)(cores / 2);
    return OWN_LANES + (reports < LANES_MOST ? reports : LANES_MOST);
}

void asg_limit_key(bool is_admin, int64_t heartbeat_ms,
                   struct asg_bus_listen_options *options)
{
    options->lane = is_admin ? ASG_BUS_LANE_ORDERS : ASG_BUS_LANE_JOBS;
    options->connections_key = is_admin ? ADMIN_CONNECTIONS : WORKER_CONNECTIONS;
    options->handshakes_key_hour = is_admin ? ADMIN_HANDSHAKES : WORKER_HANDSHAKES;
    options->handshakes_key_burst = is_admin ? ADMIN_BURST : WORKER_BURST;
    /* openasg speaks first, a worker at its next heartbeat. */
    options->silent_ms = is_admin ? ADMIN_SILENT_MS : WORKER_SILENT_MS;
    if (!is_admin && 2 * heartbeat_ms > WORKER_SILENT_MS) {
        options->silent_ms = 2 * heartbeat_ms;
    }
}

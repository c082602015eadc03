/* doctor_cluster - the controller, its workers, and what they say of themselves. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/ask/ask_controller.h"
#include "cli/ask/fetch_page.h"
#include "cli/ask/hush_errors.h"
#include "cli/ask/try_endpoint.h"
#include "cli/doctor/doctor.h"
#include "text/quantity.h"

#define PAGE_MS        3000
#define CLOCK_LOW_MS   2500 /* the Date of HTTP has whole seconds */
#define CLOCK_FAR_MS   60000
#define QUIET_MS       10000 /* a worker that said nothing for so long */
#define REFUSED_MS     (INT64_C(15) * 60 * 1000)
#define REFUSED_SHOWN  5
#define EXPIRY_LOW_MS  (INT64_C(30) * 24 * 3600 * 1000)
#define EXPIRY_NONE_MS (INT64_C(7) * 24 * 3600 * 1000)

/* ---- asking ---- */

/* What a question prints when it fails is the finding: it tells nobody listening from a
 * wrong port and from a refused key (ask_controller.c). */
static bool ask(struct asg_doctor *doctor, enum asg_query query, const char *check,
                struct asg_answer *ret)
{
    struct asg_cli *cli = doctor->cli;
    const struct asg_request request = {.query = query, .group = "", .name = ""};
    ASG_CLEANUP(asg_hushed_clear) struct asg_hushed hushed = {0};
    bool in_json = cli->fails_in_json;
    cli->fails_in_json = false;
    asg_hush(cli, 0, &hushed);
    int code = asg_ask_any(cli, &request, &cli->arena, ret);
    asg_unhush(cli, &hushed);
    cli->fails_in_json = in_json;
    while (hushed.length > 0 && hushed.words[hushed.length - 1] == '\n') {
        hushed.words[--hushed.length] = '\0';
    }
    const char *text = asg_hushed_reason(&hushed);
    bool is_fine = code == ASG_EXIT_OK && ret->is_ok;
    if (code == ASG_EXIT_OK && !ret->is_ok) text = ret->message;
    if (!is_fine) asg_doctor_find(doctor, ASG_FINDING_FAILED, check, NULL, "%s", text);
    return is_fine;
}

/* ---- the controller ---- */

static void check_version(struct asg_doctor *doctor, const char *what,
                          const char *version, const char *controllers)
{
    if (strcmp(version, controllers) == 0) return;
    asg_doctor_find(doctor, ASG_FINDING_WARNING, "version",
                    "Upgrade the older one; docs/operations.md, \"Upgrades\", has the "
                    "order.",
                    "%s: version %s, and the controller has %s", what, version,
                    controllers);
}

/* Of IPv4 or IPv6, or the star of ZeroMQ. */
static bool is_everywhere(const char *endpoint)
{
    const char *at = strstr(endpoint, "://");
    at = at != NULL ? at + 3 : endpoint;
    return strncmp(at, "0.0.0.0:", 8) == 0 || strncmp(at, "[::]:", 5) == 0 ||
           strncmp(at, "*:", 2) == 0;
}

static bool is_loopback(const char *endpoint)
{
    const char *at = strstr(endpoint, "://");
    at = at != NULL ? at + 3 : endpoint;
    return strncmp(at, "127.", 4) == 0 || strncmp(at, "localhost:", 10) == 0 ||
           strncmp(at, "[::1]:", 6) == 0;
}

/* An address that others connect to, tried from here. */
static void check_port(struct asg_doctor *doctor, const char *check, const char *setting,
                       const char *endpoint)
{
    struct asg_arena *arena = &doctor->cli->arena;
    if (is_everywhere(endpoint)) {
        asg_doctor_find(
            doctor, ASG_FINDING_FAILED, check,
            asg_arena_format(arena,
                             "Set %s of the controller to an address that "
                             "others can reach.",
                             setting),
            "%s means every address of the controller's host, and clients cannot "
            "connect to it",
            endpoint);
        return;
    }
    int failure = asg_try_endpoint(endpoint);
    if (failure != 0) {
        asg_doctor_find(doctor, ASG_FINDING_FAILED, check,
                        asg_arena_format(arena,
                                         "Check firewalls and security groups between "
                                         "here and there, and %s of the controller.",
                                         setting),
                        "%s: %s", endpoint,
                        failure == ECONNREFUSED ? "no process listens there"
                        : failure > 0           ? strerror(failure)
                                                : "not an address that can be found");
        return;
    }
    asg_doctor_find(doctor, ASG_FINDING_OK, check, NULL, "%s accepts connections%s",
                    endpoint, is_loopback(endpoint) ? " (of this host only)" : "");
}

/* Each of a list with commas; "host:port" is tried as "tcp://host:port". */
static void check_ports(struct asg_doctor *doctor, const char *check, const char *setting,
                        const char *list)
{
    struct asg_arena *arena = &doctor->cli->arena;
    while (*list != '\0') {
        size_t length = strcspn(list, ",");
        bool has_scheme = memmem(list, length, "://", 3) != NULL;
        check_port(doctor, check, setting,
                   asg_arena_format(arena, "%s%.*s", has_scheme ? "" : "tcp://",
                                    (int)length, list));
        list += length;
        list += *list == ',';
    }
}

/* Workers connect to the host by which this command reached the controller. */
static void check_workers_port(struct asg_doctor *doctor, const char *endpoint)
{
    const char *admin = doctor->cli->settings.controller;
    const char *port = strrchr(endpoint, ':');
    const char *colon = strrchr(admin, ':');
    if (is_everywhere(endpoint) && port != NULL && colon != NULL) {
        endpoint = asg_arena_format(&doctor->cli->arena, "%.*s%s", (int)(colon - admin),
                                    admin, port);
    }
    check_ports(doctor, "workers' port", "listen.workers", endpoint);
}

static void check_alarms(struct asg_doctor *doctor, const struct asg_status_view *status)
{
    for (size_t i = 0; i < status->alarms.count; i++) {
        asg_doctor_find(doctor, ASG_FINDING_WARNING, "alarm",
                        "`openasg alarm list` says what to do about it.", "%s",
                        status->alarms.items[i]);
    }
    if (status->alarms.count == 0) {
        asg_doctor_find(doctor, ASG_FINDING_OK, "alarm", NULL, "no alarm is active");
    }
    if (status->is_halted) {
        asg_doctor_find(doctor, ASG_FINDING_WARNING, "halt",
                        "Run `openasg unhalt` when that is no longer intended.",
                        "everything is halted: no instance is launched or terminated");
    }
    if (status->held[0] != '\0') {
        asg_doctor_find(doctor, ASG_FINDING_WARNING, "held",
                        "Run `openasg reconcile`; see docs/recovery.md.", "%s",
                        status->held);
    }
    if (status->dead_jobs > 0) {
        asg_doctor_find(doctor, ASG_FINDING_WARNING, "jobs",
                        "See why with `openasg jobs --dead`, fix it, then `openasg jobs "
                        "retry ID`.",
                        "%u jobs failed for good", status->dead_jobs);
    }
}

static void check_clock(struct asg_doctor *doctor, int64_t their_ms)
{
    if (their_ms < 0) return;
    int64_t ahead_ms = their_ms + 500 - asg_clock_wall_ms(&doctor->cli->clock);
    int64_t far_ms = ahead_ms < 0 ? -ahead_ms : ahead_ms;
    enum asg_finding_state state = ASG_FINDING_OK;
    if (far_ms > CLOCK_LOW_MS) state = ASG_FINDING_WARNING;
    if (far_ms > CLOCK_FAR_MS) state = ASG_FINDING_FAILED;
    asg_doctor_find(
        doctor, state, "clock",
        state == ASG_FINDING_OK
            ? NULL
            : "Run chrony or another NTP client on both: AWS refuses "
              "signatures that are minutes off, and samples of the future are "
              "not used.",
        "the controller's clock is %.1f s %s this host's", (double)far_ms / 1000,
        ahead_ms < 0 ? "behind" : "ahead of");
}

static void check_expiry(struct asg_doctor *doctor, const struct asg_page_answer *page)
{
    double at_s = 0;
    if (!asg_page_value(page, "openasg_certificate_expiry_timestamp_seconds", &at_s) ||
        at_s <= 0) {
        return;
    }
    int64_t left_ms = (int64_t)(at_s * 1000) - asg_clock_wall_ms(&doctor->cli->clock);
    enum asg_finding_state state = ASG_FINDING_OK;
    if (left_ms < EXPIRY_LOW_MS) state = ASG_FINDING_WARNING;
    if (left_ms < EXPIRY_NONE_MS) state = ASG_FINDING_FAILED;
    char when[ASG_TIME_TEXT_MAX];
    asg_time_format((int64_t)(at_s * 1000), when);
    asg_doctor_find(doctor, state, "certificate",
                    state == ASG_FINDING_OK ? NULL
                                            : "Rotate the authority: docs/operations.md, "
                                              "`openasg keys rotate ca`.",
                    "the controller's certificate expires at %s", when);
}

static void check_enrolments(struct asg_doctor *doctor,
                             const struct asg_page_answer *page)
{
    double refused = 0;
    double bound = 0;
    if (!asg_page_value(page, "openasg_enrolments_total{outcome=\"refused\"}",
                        &refused)) {
        return;
    }
    (void)asg_page_value(page, "openasg_enrolments_total{outcome=\"bound\"}", &bound);
    asg_doctor_find(doctor, refused > 0 ? ASG_FINDING_WARNING : ASG_FINDING_OK,
                    "enrolments",
                    refused > 0 ? "The controller's log says why (journalctl -u "
                                  "openasg-controller, event refused)."
                                : NULL,
                    "%.0f enrolments of agents refused and %.0f accepted since the "
                    "controller started",
                    refused, bound);
}

/* Agents by version, as the metrics count them. */
static void check_agents(struct asg_doctor *doctor, const struct asg_page_answer *page,
                         const char *controllers)
{
    struct asg_arena *arena = &doctor->cli->arena;
    const char *version = NULL;
    double count = 0;
    for (const char *at = NULL; (at = asg_page_next(page, "openasg_agents", at, arena,
                                                    &version, &count)) != NULL;) {
        if (count <= 0 || strcmp(version, "unknown") == 0) continue;
        check_version(doctor, asg_arena_format(arena, "agents (%.0f)", count), version,
                      controllers);
    }
}

static void check_pages(struct asg_doctor *doctor, const char *endpoint,
                        const char *controllers)
{
    if (endpoint == NULL || endpoint[0] == '\0') {
        asg_doctor_find(doctor, ASG_FINDING_WARNING, "metrics",
                        "Set listen.http of the controller.",
                        "the controller serves no metrics");
        return;
    }
    struct asg_page_answer page = {.date_ms = -1};
    struct asg_error error = {""};
    if (asg_fetch_page(endpoint, "/metrics", PAGE_MS, &page, &error) != ASG_OK) {
        asg_doctor_find(doctor, ASG_FINDING_WARNING, "metrics",
                        "Prometheus needs that address: set listen.http to one that it "
                        "can reach. From here, run this command on the controller's "
                        "host.",
                        "%s cannot be read: %s", endpoint, error.text);
    } else if (page.status != 200) {
        asg_doctor_find(doctor, ASG_FINDING_FAILED, "metrics",
                        "Is it the controller's listen.http?",
                        "%s/metrics answers with HTTP %u", endpoint, page.status);
    } else {
        asg_doctor_find(doctor, ASG_FINDING_OK, "metrics", NULL, "%s/metrics", endpoint);
        check_clock(doctor, page.date_ms);
        check_expiry(doctor, &page);
        check_enrolments(doctor, &page);
        check_agents(doctor, &page, controllers);
    }
    asg_page_answer_clear(&page);
}

/* ---- workers ---- */

static void check_worker(struct asg_doctor *doctor, const struct asg_worker_view *worker,
                         const char *controllers)
{
    struct asg_arena *arena = &doctor->cli->arena;
    const char *state = asg_enum_word(&asg_worker_state_words, (int)worker->state);
    bool is_fine = worker->state == ASG_WORKER_READY;
    bool is_quiet = worker->heard_ms > QUIET_MS;
    if (is_fine && !is_quiet) {
        asg_doctor_find(doctor, ASG_FINDING_OK, "worker", NULL, "%s at %s: %s",
                        worker->name, worker->address, state);
    } else if (!is_fine && worker->state != ASG_WORKER_SILENT) {
        asg_doctor_find(doctor, ASG_FINDING_FAILED, "worker",
                        worker->state == ASG_WORKER_NO_CREDENTIALS
                            ? "On its host: openasg-worker --check-credentials --config "
                              "/etc/openasg/worker.yaml"
                            : "See which jobs failed with `openasg jobs`; it gets jobs "
                              "again after jobs.put_aside.",
                        "%s at %s: %s%s%s", worker->name, worker->address, state,
                        worker->reason[0] != '\0' ? ", " : "", worker->reason);
    } else {
        asg_doctor_find(doctor, ASG_FINDING_WARNING, "worker",
                        "See whether it runs: systemctl status openasg-worker.",
                        "%s at %s: no message for %" PRId64 " s", worker->name,
                        worker->address, worker->heard_ms / 1000);
    }
    check_version(doctor, asg_arena_format(arena, "the worker %s", worker->name),
                  worker->version, controllers);
}

static void check_workers(struct asg_doctor *doctor, const char *controllers)
{
    struct asg_answer answer = {0};
    if (!ask(doctor, ASG_QUERY_WORKERS, "worker", &answer)) return;
    size_t ready = 0;
    for (size_t i = 0; i < answer.worker_count; i++) {
        check_worker(doctor, &answer.workers[i], controllers);
        ready += answer.workers[i].state == ASG_WORKER_READY;
    }
    if (ready > 0) return;
    asg_doctor_find(doctor, ASG_FINDING_FAILED, "worker",
                    "Start one (docs/install.md), and copy its .pub file into workers.d: "
                    "`openasg worker list --refused` shows keys that were not admitted.",
                    "no worker is ready: nothing can be launched or terminated");
}

static void check_refusals(struct asg_doctor *doctor)
{
    struct asg_answer answer = {0};
    if (!ask(doctor, ASG_QUERY_REFUSED, "refused", &answer)) return;
    int64_t now_ms = asg_clock_wall_ms(&doctor->cli->clock);
    size_t shown = 0;
    for (size_t i = 0; i < answer.refusal_count; i++) {
        const struct asg_refusal *refusal = &answer.refusals[i];
        if (now_ms - refusal->last_ms > REFUSED_MS || shown == REFUSED_SHOWN) continue;
        shown++;
        bool has_key = refusal->key[0] != '\0';
        asg_doctor_find(doctor, ASG_FINDING_WARNING, "refused",
                        has_key ? "If it is yours, copy its .pub file into the folder of "
                                  "that port (workers.d, admins.d); else find out whose "
                                  "it is."
                                : "A client with another controller's key or another "
                                  "port's protocol, or a scanner.",
                        "port %s refused %s from %s %" PRIu64 " times: %s",
                        asg_enum_word(&asg_edge_words, (int)refusal->edge),
                        has_key ? refusal->key : "a connection",
                        refusal->address[0] != '\0' ? refusal->address
                                                    : "several addresses",
                        refusal->count, refusal->why);
    }
    if (shown == 0) {
        asg_doctor_find(doctor, ASG_FINDING_OK, "refused", NULL,
                        "no connection was refused in the last 15 minutes");
    }
}

void asg_doctor_check_cluster(struct asg_doctor *doctor)
{
    struct asg_answer answer = {0};
    if (!ask(doctor, ASG_QUERY_STATUS, "controller", &answer)) return;
    const struct asg_status_view *status = answer.status;
    if (status == NULL) {
        asg_doctor_find(doctor, ASG_FINDING_FAILED, "controller",
                        "It may be another version: upgrade it or this command.",
                        "the controller sent no status");
        return;
    }
    asg_doctor_find(doctor, ASG_FINDING_OK, "controller", NULL,
                    "%s leads cluster %s, version %s, epoch %" PRIu64,
                    doctor->cli->settings.controller, status->cluster_id, status->version,
                    status->epoch);
    check_version(doctor, "this command", ASG_VERSION, status->version);
    check_alarms(doctor, status);
    check_ports(doctor, "agents' port", "announce.agents", status->agents_announced);
    check_ports(doctor, "enrolment port", "announce.enrol", status->enrol_announced);
    check_workers_port(doctor, status->workers_endpoint);
    check_pages(doctor, status->http_endpoint, status->version);
    check_workers(doctor, status->version);
    check_refusals(doctor);
}

/* bench_enrol - what an enrolment costs the controller: a TLS handshake, the token, the
 * roster, a certificate, the wait for a batch that is synced, the answer.
 *
 * The server is a process of its own: gRPC, enrolments, ingest, authority, and in the
 * place of the loop a thread that writes and syncs each batch as the log would and then
 * binds; what core adds is in bench_decision. The clients are another process: agents
 * that connect anew for each call, 64 at once.
 *
 * Rows: enrol_a_core, enrolments a second of the server's CPU, each of new keys;
 * renew_a_core, renewals, the same; enrol_wall, enrolments a second as they came, both
 * processes on this machine. Usage: bench_enrol [AGENTS] (1000)
 */
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "controller/enrol_agent.h"
#include "controller/join_token.h"
#include "rpc/client.h"
#include "rpc/server.h"
#include "rows.h"

#define AGENTS   1000
#define ROUNDS   3
#define AT_ONCE  64
#define CALL_MS  60000
#define CLUSTER  "0123456789abcdef0123456789abcdef"
#define EVENT    200 /* bytes of one in the log, about */
#define PATH_LEN 128

static const uint8_t secret[32] = {5};
static char folder[] = "/tmp/asg-bench-enrol-XXXXXX";

static void must(bool ok, const char *what)
{
    if (ok) return;
    (void)fprintf(stderr, "bench_enrol: %s\n", what);
    exit(1);
}

static double cpu_s(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double wall_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void sleep_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&pause, NULL);
}

static void name_instance(uint32_t number, char ret[20])
{
    (void)snprintf(ret, 20, "i-%017x", number);
}

/* ---- the server ---- */

struct server {
    struct asg_inbox *inbox;
    struct asg_ingest *ingest;
    struct asg_authority *authority;
    struct asg_proofs *proofs;
    struct asg_enrolments *enrolments;
    struct asg_rpc_identity *identity;
    struct asg_rpc_server *rpc;
    atomic_bool is_leading;
};

static void know(struct server *server, const char *id, const char *curve_key,
                 const char *tls_key)
{
    struct asg_member member = {.group_no = 1,
                                .instance_id = id,
                                .private_ip = "127.0.0.1",
                                .state = ASG_MEMBER_COUNTS,
                                .job_id = 1,
                                .attempt = 1,
                                .curve_key = curve_key,
                                .tls_key = tls_key};
    const struct asg_effects effects = {.members = &member, .member_count = 1};
    asg_ingest_take_members(server->ingest, &effects);
}

/* As the loop: all that is there, one sync, then the answers. */
static void *run_loop(void *context)
{
    struct server *server = context;
    char path[PATH_LEN];
    (void)snprintf(path, sizeof path, "%s/log", folder);
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    must(file >= 0, "log");
    static struct asg_inbox_item *batch[512];
    for (;;) {
        size_t count = 0;
        while (count < 512 && (batch[count] = asg_inbox_take(server->inbox)) != NULL) {
            count++;
        }
        if (count == 0) {
            sleep_ms(1);
            continue;
        }
        static const char bytes[512 * EVENT];
        must(write(file, bytes, count * EVENT) > 0 && fdatasync(file) == 0, "sync");
        for (size_t i = 0; i < count; i++) {
            const struct asg_effects effects = {
                .reply = {.is_set = true, .is_ok = true, .code = "", .message = ""}};
            if (batch[i]->event.kind == ASG_EVENT_ENROLMENT) {
                const struct asg_enrolment *enrolment = batch[i]->event.enrolment;
                know(server, enrolment->instance_id, enrolment->curve_key,
                     enrolment->tls_key);
                batch[i]->waiter.settled(batch[i]->waiter.call, &effects);
            }
            asg_inbox_done(server->inbox, batch[i]);
        }
    }
    return NULL;
}

static void make_identity(struct server *server)
{
    struct asg_error error = {""};
    struct asg_tls_key *key = NULL;
    struct asg_bytes request = {0};
    struct asg_bytes pem = {0};
    struct asg_bytes key_pem = {0};
    struct asg_holder holder = {.kind = ASG_HOLDER_CONTROLLER};
    (void)snprintf(holder.cluster, sizeof holder.cluster, CLUSTER);
    must(asg_authority_load_or_make(folder, &server->authority, &error) == ASG_OK,
         error.text);
    must(asg_tls_key_load_or_make("", &key, &error) == ASG_OK, error.text);
    asg_certificate_request(key, &request);
    struct asg_clock clock = asg_clock_real();
    int64_t now_ms = asg_clock_wall_ms(&clock);
    must(asg_authority_sign(server->authority, request.data, request.length, &holder,
                            now_ms - 60000, now_ms + 3600000, &pem, NULL,
                            &error) == ASG_OK,
         error.text);
    asg_bytes_append(&pem, "", 1);
    asg_tls_key_pem(key, &key_pem);
    asg_bytes_append(&key_pem, "", 1);
    must(asg_rpc_identity_new((const char *)pem.data, (const char *)key_pem.data,
                              asg_authority_pem(server->authority), &server->identity,
                              &error) == ASG_OK,
         error.text);
    asg_bytes_clear(&request);
    asg_bytes_clear(&pem);
    asg_bytes_clear(&key_pem);
    asg_tls_key_destroy(&key);
}

struct invitation {
    uint16_t port;
    char ca[ASG_KEY_HASH_SIZE];
};

static void begin(struct server *server, uint32_t agents, struct invitation *ret)
{
    struct asg_error error = {""};
    make_identity(server);
    atomic_init(&server->is_leading, true);
    asg_inbox_new(8192, NULL, NULL, &server->inbox);
    const struct asg_ingest_options ingest = {
        .inbox = server->inbox,
        .roster = {.check_address = true,
                   .silent_reports = 3,
                   .silent_ms_min = 3600000,
                   .first_report_ms = 3600000},
        .clock = asg_clock_real(),
    };
    asg_ingest_new(&ingest, &server->ingest);
    struct asg_watch watch = {1, "web", 3600000, 1u << ASG_METRIC_NAME_CPU, 1};
    const struct asg_effects effects = {.watches = &watch, .watch_count = 1};
    asg_ingest_take_members(server->ingest, &effects);
    for (uint32_t i = 0; i < agents; i++) {
        char id[20];
        name_instance(i, id);
        know(server, id, "", "");
    }
    struct asg_proofs_options proving = {.rules = NULL};
    memcpy(proving.join_secret, secret, sizeof secret);
    asg_proofs_new(&proving, &server->proofs);
    const struct asg_enrolments_options options = {
        .inbox = server->inbox,
        .ingest = server->ingest,
        .proofs = server->proofs,
        .authority = server->authority,
        .is_leading = &server->is_leading,
        .cluster_id = CLUSTER,
        .reports = "tcp://127.0.0.1:7701",
        .reports_key = "",
        .is_address_checked = true,
        .life_ms = 86400000,
        .pending = 1000,
        .clock = asg_clock_real(),
    };
    must(asg_enrolments_new(&options, &server->enrolments, &error) == ASG_OK, error.text);
    static struct asg_rpc_enrolment_handler handler;
    handler = (struct asg_rpc_enrolment_handler){.take = asg_enrolments_take,
                                                 .context = server->enrolments};
    struct asg_rpc_method methods[ASG_RPC_ENROLMENT_METHODS];
    asg_rpc_enrolment_methods(&handler, methods);
    const struct asg_rpc_server_options serving = {
        .address = "127.0.0.1:0",
        .max_message_bytes = ASG_RPC_ENROLMENT_MESSAGE_BYTES,
        .max_streams = 1,
        .max_calls = 1000,
        .max_calls_an_address = 1000,
        .methods = methods,
        .method_count = ASG_RPC_ENROLMENT_METHODS,
        .identity = server->identity,
    };
    must(asg_rpc_server_new(&serving, &server->rpc, &error) == ASG_OK, error.text);
    ret->port = asg_rpc_server_port(server->rpc);
    (void)snprintf(ret->ca, sizeof ret->ca, "%s",
                   asg_authority_fingerprint(server->authority));
}

/* Says its CPU when asked by a byte, until there are no more. */
static void run_server(uint32_t agents, int from, int to)
{
    static struct server server;
    struct invitation invitation;
    begin(&server, agents, &invitation);
    pthread_t loop;
    must(pthread_create(&loop, NULL, run_loop, &server) == 0, "thread");
    must(write(to, &invitation, sizeof invitation) == (ssize_t)sizeof invitation, "pipe");
    char ask;
    while (read(from, &ask, 1) == 1) {
        double cpu = cpu_s();
        must(write(to, &cpu, sizeof cpu) == (ssize_t)sizeof cpu, "pipe");
    }
    _exit(0);
}

/* ---- the clients ---- */

struct agent {
    struct asg_bus_keys keys;
    struct asg_bytes request;
};

struct clients {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t under_way;
    uint32_t failed;
};

static bool check_server(void *context, const char *peer, const char *chain_pem,
                         struct asg_error *reason)
{
    (void)peer;
    struct asg_bytes authority = {0};
    struct asg_certificate_facts facts;
    bool is_right =
        asg_certificate_find_authority(chain_pem, context, &authority, reason) == ASG_OK;
    asg_bytes_append(&authority, "", 1);
    is_right = is_right && asg_certificate_check(chain_pem, (const char *)authority.data,
                                                 &facts, reason) == ASG_OK;
    asg_bytes_clear(&authority);
    return is_right;
}

static void take_answer(enum asg_rpc_code code, const char *details,
                        const struct asg_rpc_enrolled *enrolled, void *context)
{
    struct clients *clients = context;
    (void)pthread_mutex_lock(&clients->lock);
    if (enrolled == NULL && clients->failed++ == 0) {
        (void)fprintf(stderr, "bench_enrol: %s: %s\n", asg_rpc_code_name(code), details);
    }
    clients->under_way--;
    (void)pthread_cond_signal(&clients->changed);
    (void)pthread_mutex_unlock(&clients->lock);
}

static void call_all(struct asg_rpc_client *client, const char *target,
                     const struct agent *agents, uint32_t count)
{
    struct clients clients = {.lock = PTHREAD_MUTEX_INITIALIZER,
                              .changed = PTHREAD_COND_INITIALIZER};
    char token[ASG_JOIN_TOKEN_SIZE];
    asg_join_token(secret, 0, 1, 1, token);
    for (uint32_t i = 0; i < count; i++) {
        (void)pthread_mutex_lock(&clients.lock);
        while (clients.under_way == AT_ONCE) {
            (void)pthread_cond_wait(&clients.changed, &clients.lock);
        }
        clients.under_way++;
        (void)pthread_mutex_unlock(&clients.lock);
        char id[20];
        name_instance(i, id);
        const struct asg_rpc_enroll enroll = {
            .instance_id = id,
            .curve_key = agents[i].keys.public_key,
            .request = agents[i].request.data,
            .request_length = agents[i].request.length,
            .version = "bench",
            .grpc_port = 7705,
            .interval_ms = 1000,
            .proof = ASG_RPC_PROOF_TOKEN,
            .token = {.token = token, .job_id = 1, .attempt = 1},
            .sts = {.url = "", .body = ""},
            .document = {.document = "", .signature = ""},
        };
        must(asg_rpc_enroll(client, target, "", &enroll, CALL_MS, take_answer,
                            &clients) == ASG_OK,
             "a call");
    }
    (void)pthread_mutex_lock(&clients.lock);
    while (clients.under_way > 0) {
        (void)pthread_cond_wait(&clients.changed, &clients.lock);
    }
    (void)pthread_mutex_unlock(&clients.lock);
    must(clients.failed == 0, "calls were refused");
}

static double cpu_of_server(int from, int to)
{
    double cpu = 0;
    must(write(to, "c", 1) == 1 && read(from, &cpu, sizeof cpu) == (ssize_t)sizeof cpu,
         "the server gave up");
    return cpu;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

struct figures {
    double enrol_a_core;
    double renew_a_core;
    double enrol_wall;
};

static struct figures measure(uint32_t count)
{
    int down[2];
    int up[2];
    must(pipe(down) == 0 && pipe(up) == 0, "pipe");
    pid_t server = fork();
    must(server >= 0, "fork");
    if (server == 0) {
        (void)close(down[1]);
        run_server(count, down[0], up[1]);
    }
    (void)close(down[0]);
    struct agent *agents = asg_alloc(count, sizeof *agents);
    for (uint32_t i = 0; i < count; i++) {
        struct asg_tls_key *key = NULL;
        asg_bus_keys_new(&agents[i].keys);
        must(asg_tls_key_load_or_make("", &key, NULL) == ASG_OK, "key");
        asg_certificate_request(key, &agents[i].request);
        asg_tls_key_destroy(&key);
    }
    struct invitation invitation;
    must(read(up[0], &invitation, sizeof invitation) == (ssize_t)sizeof invitation,
         "the server does not begin");
    char target[64];
    (void)snprintf(target, sizeof target, "127.0.0.1:%u", invitation.port);
    struct asg_error error = {""};
    struct asg_rpc_identity *identity = NULL;
    must(asg_rpc_identity_new(NULL, NULL, NULL, &identity, &error) == ASG_OK, error.text);
    const struct asg_rpc_client_options options = {
        .max_message_bytes = ASG_RPC_ENROLMENT_MESSAGE_BYTES,
        .max_calls = 2 * AT_ONCE, /* one whose answer is being taken counts yet */
        .identity = identity,
        .check = check_server,
        .check_context = invitation.ca,
    };
    struct asg_rpc_client *client = NULL;
    must(asg_rpc_client_new(&options, &client, &error) == ASG_OK, error.text);
    double before = cpu_of_server(up[0], down[1]);
    double began = wall_s();
    call_all(client, target, agents, count);
    double wall = wall_s() - began;
    double middle = cpu_of_server(up[0], down[1]);
    call_all(client, target, agents, count); /* the same keys again */
    double after = cpu_of_server(up[0], down[1]);
    const struct figures figures = {.enrol_a_core = count / (middle - before),
                                    .renew_a_core = count / (after - middle),
                                    .enrol_wall = count / wall};
    asg_rpc_client_destroy(&client);
    asg_rpc_identity_destroy(&identity);
    (void)close(down[1]);
    (void)close(up[0]);
    (void)waitpid(server, NULL, 0);
    for (uint32_t i = 0; i < count; i++) {
        asg_bytes_clear(&agents[i].request);
    }
    free(agents);
    return figures;
}

/* In a process of its own: gRPC does not live through a fork. */
static struct figures measure_apart(uint32_t count)
{
    int back[2];
    must(pipe(back) == 0, "pipe");
    pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        struct figures figures = measure(count);
        must(write(back[1], &figures, sizeof figures) == (ssize_t)sizeof figures, "pipe");
        _exit(0);
    }
    (void)close(back[1]);
    struct figures figures;
    must(read(back[0], &figures, sizeof figures) == (ssize_t)sizeof figures,
         "a round failed");
    (void)close(back[0]);
    (void)waitpid(child, NULL, 0);
    return figures;
}

int main(int argc, char **argv)
{
    uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : AGENTS;
    must(count > 0, "usage: bench_enrol [AGENTS]");
    must(mkdtemp(folder) != NULL, "folder");
    double enrol[ROUNDS];
    double renew[ROUNDS];
    double wall[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++) {
        struct figures figures = measure_apart(count);
        enrol[i] = figures.enrol_a_core;
        renew[i] = figures.renew_a_core;
        wall[i] = figures.enrol_wall;
    }
    (void)bench_row("enrol_a_core", enrol, ROUNDS, "1/s",
                    "enrolments a second of CPU; goal 300 or more");
    (void)bench_row("renew_a_core", renew, ROUNDS, "1/s", "renewals a second of CPU");
    (void)bench_row("enrol_wall", wall, ROUNDS, "1/s", "as they came, clients included");
    (void)nftw(folder, remove_one, 4, FTW_DEPTH | FTW_PHYS);
    return 0;
}

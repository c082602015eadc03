/* bench_probe - one sweep of health checks over many agents, some of them hung (G14).
 *
 * A child process serves grpc.health.v1 on one loopback address an agent, over mutual TLS
 * as agents do; the hung ones accept connections (the kernel does) and never say a word.
 * The parent checks all of them with bounded concurrency, a channel and a full handshake
 * each, every certificate as the prober does, and prints one line a round: time, own CPU,
 * own memory. The child's CPU stands beside it, because on few cores it counts.
 *
 *   bench_probe [agents 1000] [hung 50] [concurrency 200] [deadline_ms 1000] [rounds 5]
 *               [tls 1]
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "controller/probe_trust.h"
#include "crypto/certificates.h"
#include "rpc/health.h"
#include "rows.h"

#define AGENTS_MAX 20000
#define CLUSTER    "0123456789abcdef0123456789abcdef"
#define INSTANCE   "i-0123456789abcdef0"
#define DAY_MS     INT64_C(86400000)

/* Whom the two sides are; made before the child is. */
static struct asg_bytes trusted;
static struct asg_rpc_identity *controller_identity; /* NULL: plaintext */
static struct asg_rpc_identity *agent_identity;

static void fail(const struct asg_error *error)
{
    (void)fprintf(stderr, "%s\n", error->text);
    exit(1);
}

/* gRPC must not be started before the fork: the texts only. */
struct pems {
    struct asg_bytes certificate;
    struct asg_bytes key;
};

static char peer[ASG_PROBE_PEER_BYTES]; /* whom the prober means */

/* Agents show their own certificate only: the prober has the authority's. */
static void cut_after_leaf(struct asg_bytes *pem)
{
    static const char end[] = "-----END CERTIFICATE-----\n";
    const char *at = strstr(asg_bytes_text(pem), end);
    if (at != NULL) pem->length = (size_t)(at - (const char *)pem->data) + strlen(end);
}

static struct pems make_pems(struct asg_authority *authority,
                             const struct asg_holder *holder)
{
    struct pems it = {0};
    struct asg_error error = {0};
    struct asg_tls_key *key = NULL;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes request = {0};
    struct asg_clock clock = asg_clock_real();
    int64_t now_ms = asg_clock_wall_ms(&clock);
    if (asg_tls_key_load_or_make("", &key, &error) != ASG_OK) fail(&error);
    asg_certificate_request(key, &request);
    if (asg_authority_sign(authority, request.data, request.length, holder,
                           now_ms - DAY_MS, now_ms + DAY_MS, &it.certificate, NULL,
                           &error) != ASG_OK) {
        fail(&error);
    }
    asg_tls_key_pem(key, &it.key);
    if (holder->kind == ASG_HOLDER_INSTANCE) {
        char hash[ASG_KEY_HASH_SIZE];
        asg_tls_key_hash(key, hash);
        asg_probe_trust_peer(holder->instance_id, hash, peer);
        cut_after_leaf(&it.certificate);
    }
    asg_tls_key_destroy(&key);
    return it;
}

static struct pems agent_pems;
static struct pems controller_pems;

static void make_certificates(void)
{
    char folder[] = "/tmp/bench_probe.XXXXXX";
    struct asg_error error = {0};
    struct asg_authority *authority = NULL;
    if (mkdtemp(folder) == NULL ||
        asg_authority_load_or_make(folder, &authority, &error) != ASG_OK) {
        fail(&error);
    }
    asg_bytes_append_text(&trusted, asg_authority_pem(authority));
    const struct asg_holder agent = {
        .kind = ASG_HOLDER_INSTANCE, .cluster = CLUSTER, .instance_id = INSTANCE};
    const struct asg_holder controller = {.kind = ASG_HOLDER_CONTROLLER,
                                          .cluster = CLUSTER};
    agent_pems = make_pems(authority, &agent);
    controller_pems = make_pems(authority, &controller);
    asg_authority_destroy(&authority);
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes command = {0};
    asg_bytes_printf(&command, "%s/ca.key", folder);
    (void)unlink(asg_bytes_text(&command));
    asg_bytes_reset(&command);
    asg_bytes_printf(&command, "%s/ca.pem", folder);
    (void)unlink(asg_bytes_text(&command));
    (void)rmdir(folder);
}

static struct asg_rpc_identity *identity_of(struct pems *pems)
{
    struct asg_rpc_identity *identity = NULL;
    struct asg_error error = {0};
    if (asg_rpc_identity_new(asg_bytes_text(&pems->certificate),
                             asg_bytes_text(&pems->key), asg_bytes_text(&trusted),
                             &identity, &error) != ASG_OK) {
        fail(&error);
    }
    return identity;
}

struct sweep {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int under_way;
    int serving;
    int failed;
};

/* Agent i of the fleet has 127.1.x.y, the hung ones 127.2.x.y. */
static void address_of(int i, int hung, uint16_t port, char ret[64])
{
    int net = i < hung ? 2 : 1;
    (void)snprintf(ret, 64, "127.%d.%d.%d:%u", net, i / 250, i % 250 + 1, port);
}

static int listen_on(const char *address, uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    (void)inet_pton(AF_INET, address, &to.sin_addr);
    if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
        listen(fd, 1024) != 0) {
        perror(address);
        exit(1);
    }
    return fd;
}

/* A port that is free on 127.0.0.1, and so most likely on the others. */
static uint16_t free_port(void)
{
    int fd = listen_on("127.0.0.1", 0);
    struct sockaddr_in at;
    socklen_t length = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &length) != 0) exit(1);
    (void)close(fd);
    return ntohs(at.sin_port);
}

/* The child: all agents of the fleet. Says one byte on `ready`, then serves. */
static void serve(int agents, int hung, uint16_t port, int ready)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct asg_bytes list = {0};
    for (int i = 0; i < agents; i++) {
        char address[64];
        address_of(i, hung, port, address);
        if (i < hung) {
            *strchr(address, ':') = '\0';
            (void)listen_on(address, port);
        } else {
            asg_bytes_printf(&list, "%s%s", list.length == 0 ? "" : ",", address);
        }
    }
    struct asg_rpc_health *health = asg_rpc_health_new();
    struct asg_rpc_method methods[ASG_RPC_HEALTH_METHODS];
    asg_rpc_health_methods(health, methods);
    if (asg_rpc_health_set(health, "", ASG_HEALTH_SERVING) != ASG_OK) exit(1);
    const struct asg_rpc_server_options options = {
        .address = asg_bytes_text(&list),
        .max_calls = 4096,
        .identity = agent_identity,
        .wants_client_certificate = agent_identity != NULL,
        .methods = methods,
        .method_count = ASG_RPC_HEALTH_METHODS};
    struct asg_rpc_server *server = NULL;
    struct asg_error error;
    if (list.length > 0 && asg_rpc_server_new(&options, &server, &error) != ASG_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    if (write(ready, "!", 1) != 1) exit(1);
    for (;;)
        (void)pause();
}

static void take(const struct asg_rpc_health_reply *reply, void *context)
{
    struct sweep *sweep = context;
    (void)pthread_mutex_lock(&sweep->mutex);
    sweep->under_way--;
    if (reply->code == ASG_RPC_OK && reply->status == ASG_HEALTH_SERVING) {
        sweep->serving++;
    } else {
        sweep->failed++;
    }
    (void)pthread_cond_signal(&sweep->changed);
    (void)pthread_mutex_unlock(&sweep->mutex);
}

static double cpu_ms(int who)
{
    struct rusage usage;
    (void)getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

/* CPU time of another process, from /proc/<pid>/stat: clock ticks. */
static double child_cpu_ms(pid_t pid)
{
    char path[64];
    char line[1024] = {0};
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) return 0;
    size_t length = fread(line, 1, sizeof line - 1, file);
    (void)fclose(file);
    line[length] = '\0';
    unsigned long user = 0;
    unsigned long system = 0;
    const char *at = strrchr(line, ')');
    if (at == NULL ||
        sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system) != 2) {
        return 0;
    }
    return (double)(user + system) * 1e3 / (double)sysconf(_SC_CLK_TCK);
}

static long resident_kb(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) return 0;
    if (fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    (void)fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void run_sweep(struct asg_rpc_client *client, struct sweep *sweep, int agents,
                      int hung, uint16_t port, int concurrency, int64_t deadline_ms)
{
    for (int i = 0; i < agents; i++) {
        /* Spread the hung ones over the fleet, as they would be. */
        int stride = hung > 0 ? agents / hung : 0;
        int agent = i;
        if (stride > 0 && i % stride == 0 && i / stride < hung)
            agent = i / stride;
        else if (stride > 0)
            agent = hung + i - (i / stride < hung ? i / stride + 1 : hung);
        char target[64];
        address_of(agent, hung, port, target);
        (void)pthread_mutex_lock(&sweep->mutex);
        while (sweep->under_way >= concurrency) {
            (void)pthread_cond_wait(&sweep->changed, &sweep->mutex);
        }
        sweep->under_way++;
        (void)pthread_mutex_unlock(&sweep->mutex);
        enum asg_status status = ASG_ERR_BUSY;
        while (status == ASG_ERR_BUSY) {
            status =
                asg_rpc_health_check(client, target, peer, "", deadline_ms, take, sweep);
        }
        if (status != ASG_OK) {
            (void)fprintf(stderr, "%s: %s\n", target, asg_status_text(status));
            exit(1);
        }
    }
    (void)pthread_mutex_lock(&sweep->mutex);
    while (sweep->under_way > 0)
        (void)pthread_cond_wait(&sweep->changed, &sweep->mutex);
    (void)pthread_mutex_unlock(&sweep->mutex);
}

static int argument(int argc, char **argv, int index, int fallback)
{
    return argc > index ? atoi(argv[index]) : fallback;
}

int main(int argc, char **argv)
{
    int agents = argument(argc, argv, 1, 1000);
    int hung = argument(argc, argv, 2, 50);
    int concurrency = argument(argc, argv, 3, 200);
    int deadline_ms = argument(argc, argv, 4, 1000);
    int rounds = argument(argc, argv, 5, 5);
    if (agents < 1 || agents > AGENTS_MAX || hung < 0 || hung > agents ||
        concurrency < 1 || deadline_ms < 1 || rounds < 1 || rounds > BENCH_ROUNDS_MAX) {
        (void)fprintf(stderr, "usage: see the head of bench_probe.c\n");
        return 2;
    }
    bool is_tls = argument(argc, argv, 6, 1) != 0;
    if (is_tls) make_certificates();
    struct rlimit files;
    (void)getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);

    uint16_t port = free_port();
    int ready[2];
    if (pipe(ready) != 0) return 1;
    pid_t child = fork();
    if (child == 0) {
        if (is_tls) agent_identity = identity_of(&agent_pems);
        serve(agents, hung, port, ready[1]);
    }
    char byte = 0;
    (void)close(ready[1]);
    if (child < 0 || read(ready[0], &byte, 1) != 1) return 1;

    struct asg_rpc_client *client = NULL;
    struct asg_probe_trust *trust =
        asg_probe_trust_new(CLUSTER, asg_bytes_text(&trusted));
    if (is_tls) controller_identity = identity_of(&controller_pems);
    const struct asg_rpc_client_options options = {.max_calls = (uint32_t)concurrency + 8,
                                                   .identity = controller_identity,
                                                   .check = asg_probe_trust_check,
                                                   .check_context = trust};
    if (asg_rpc_client_new(&options, &client, NULL) != ASG_OK) return 1;
    struct asg_clock clock = asg_clock_real();
    double sweeps_ms[BENCH_ROUNDS_MAX];
    double prober_ms[BENCH_ROUNDS_MAX];
    double resident[BENCH_ROUNDS_MAX];
    (void)fprintf(stderr,
                  "probe sweep: %d agents, %d of them hung, %d at once, deadline %d ms\n",
                  agents, hung, concurrency, deadline_ms);
    for (int round = 1; round <= rounds; round++) {
        struct sweep sweep = {0};
        (void)pthread_mutex_init(&sweep.mutex, NULL);
        (void)pthread_cond_init(&sweep.changed, NULL);
        double own_ms = cpu_ms(RUSAGE_SELF);
        double theirs_ms = child_cpu_ms(child);
        int64_t began_us = asg_clock_monotonic_us(&clock);
        run_sweep(client, &sweep, agents, hung, port, concurrency, deadline_ms);
        double took_ms = (double)(asg_clock_monotonic_us(&clock) - began_us) / 1e3;
        sweeps_ms[round - 1] = took_ms;
        prober_ms[round - 1] = cpu_ms(RUSAGE_SELF) - own_ms;
        resident[round - 1] = (double)resident_kb() / 1024;
        (void)fprintf(stderr,
                      "round %d: %.0f ms, serving %d, failed %d, prober cpu %.0f ms, "
                      "agents cpu %.0f ms, prober resident %ld kB\n",
                      round, took_ms, sweep.serving, sweep.failed, prober_ms[round - 1],
                      child_cpu_ms(child) - theirs_ms, resident_kb());
        if (sweep.serving != agents - hung || sweep.failed != hung) return 1;
    }
    char words[128];
    (void)snprintf(words, sizeof words,
                   "%d agents, %d hung, %d at once, deadline %d ms, %s", agents, hung,
                   concurrency, deadline_ms, is_tls ? "mutual TLS" : "plaintext");
    (void)bench_row("sweep", sweeps_ms, (size_t)rounds, "ms", words);
    (void)bench_row("prober_cpu", prober_ms, (size_t)rounds, "ms", "of one sweep");
    (void)bench_row("prober_resident", resident, (size_t)rounds, "MiB", "");
    asg_rpc_client_destroy(&client);
    asg_rpc_identity_destroy(&controller_identity);
    asg_probe_trust_destroy(&trust);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    return 0;
}

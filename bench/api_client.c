#include "api_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "aws/sigv4.h"
#include "base/clock.h"

#define HEAD_MAX    4096
#define READ_MAX    (256 * 1024)
#define SLOW_BYTES  (64 * 1024)
#define SLOW_US     20000
#define CONNECTIONS 256

static struct asg_clock the_clock;

static void fail(const char *what)
{
    (void)fprintf(stderr, "bench_api client: %s: %s\n", what, strerror(errno));
    exit(1);
}

struct bench_request bench_sign_request(const char *form, uint16_t port)
{
    char host[32];
    (void)snprintf(host, sizeof host, "127.0.0.1:%u", port);
    const struct asg_sigv4_header headers[] = {
        {"Host", host}, {"Content-Type", "application/x-www-form-urlencoded"}};
    const struct asg_sigv4_request request = {.method = "POST",
                                              .path = "/",
                                              .headers = headers,
                                              .header_count = 2,
                                              .body = form,
                                              .body_length = strlen(form)};
    struct asg_credentials credentials = {0};
    asg_credentials_set(&credentials, BENCH_KEY_ID, BENCH_SECRET, "", "bench");
    const struct asg_sigv4_signer_options options = {.region = BENCH_REGION,
                                                     .service = "autoscaling"};
    struct asg_sigv4_signer *signer = NULL;
    asg_sigv4_signer_new(&options, &signer);
    struct asg_arena arena = {0};
    struct asg_sigv4_signed done;
    the_clock = asg_clock_real();
    if (asg_sigv4_sign(signer, &credentials, &request, asg_clock_wall_ms(&the_clock),
                       &arena, &done) != ASG_OK) {
        fail("sign");
    }
    struct bench_request ret = {.bytes = asg_alloc(1, HEAD_MAX + strlen(form))};
    int length = snprintf(ret.bytes, HEAD_MAX,
                          "POST / HTTP/1.1\r\nHost: %s\r\n"
                          "Content-Type: application/x-www-form-urlencoded\r\n"
                          "Content-Length: %zu\r\n",
                          host, strlen(form));
    for (size_t i = 0; i < done.count; i++) {
        length += snprintf(ret.bytes + length, HEAD_MAX - (size_t)length, "%s: %s\r\n",
                           done.headers[i].name, done.headers[i].value);
    }
    length += snprintf(ret.bytes + length, HEAD_MAX + strlen(form) - (size_t)length,
                       "\r\n%s", form);
    ret.length = (size_t)length;
    asg_sigv4_signer_destroy(&signer);
    asg_credentials_clear(&credentials);
    asg_arena_clear(&arena);
    return ret;
}

void bench_write_keys(const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0) fail(path);
    (void)dprintf(file, "name=bench key=%s secret=%s actions=* groups=*\n", BENCH_KEY_ID,
                  BENCH_SECRET);
    (void)close(file);
}

/* ---- one connection ---- */

enum state { IN_HEAD, IN_BODY, IN_CHUNK_SIZE, IN_CHUNK, IN_CHUNK_END, IN_LAST };

struct connection {
    int socket;
    size_t next; /* request */
    int64_t sent_us;
    bool has_first;
    enum state state;
    char head[HEAD_MAX];
    size_t head_length;
    uint64_t left; /* of the body or the chunk */
    int64_t rests_until_us;
    bool is_done;
};

struct client {
    const struct bench_load *load;
    struct bench_answers *answers;
    struct connection connections[CONNECTIONS];
    int64_t began_us;
    int begun; /* replies */
};

static int64_t now_us(void)
{
    return asg_clock_monotonic_us(&the_clock);
}

static void send_next(struct client *client, struct connection *connection)
{
    const struct bench_request *request =
        &client->load->requests[connection->next % client->load->request_count];
    connection->next += (size_t)client->load->connections;
    connection->state = IN_HEAD;
    connection->head_length = 0;
    connection->has_first = false;
    connection->sent_us = now_us();
    size_t sent = 0;
    while (sent < request->length) { /* small: the kernel takes it */
        ssize_t got =
            send(connection->socket, request->bytes + sent, request->length - sent, 0);
        if (got < 0 && errno != EAGAIN) fail("send");
        if (got > 0) sent += (size_t)got;
    }
}

static void end_reply(struct client *client, struct connection *connection)
{
    struct bench_answers *answers = client->answers;
    int64_t took_us = now_us() - connection->sent_us;
    answers->replies++;
    if (strstr(connection->head, " 200 ") == NULL) answers->failed++;
    if (answers->count < BENCH_LATENCIES) {
        answers->latencies_us[answers->count++] = (uint32_t)took_us;
    }
    connection->is_done = client->load->is_once;
    if (!connection->is_done) send_next(client, connection);
}

static void take_head(struct connection *connection)
{
    connection->head[connection->head_length] = '\0';
    const char *length = strstr(connection->head, "Content-Length: ");
    if (length != NULL) {
        connection->left = strtoull(length + 16, NULL, 10);
        connection->state = IN_BODY;
    } else {
        connection->state = IN_CHUNK_SIZE;
        connection->left = 0;
    }
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A byte of what stands around the body. */
static void take_byte(struct client *client, struct connection *connection, char c)
{
    switch (connection->state) {
    case IN_HEAD:
        if (connection->head_length + 1 == HEAD_MAX) fail("a head that is too long");
        connection->head[connection->head_length++] = c;
        if (connection->head_length >= 4 &&
            memcmp(connection->head + connection->head_length - 4, "\r\n\r\n", 4) == 0) {
            take_head(connection);
            if (connection->state == IN_BODY && connection->left == 0) {
                end_reply(client, connection);
            }
        }
        break;
    case IN_CHUNK_SIZE:
        if (digit_of(c) >= 0) {
            connection->left = connection->left * 16 + (uint64_t)digit_of(c);
        } else if (c == '\n') {
            connection->state = connection->left == 0 ? IN_LAST : IN_CHUNK;
        }
        break;
    case IN_CHUNK_END:
        if (c == '\n') connection->state = IN_CHUNK_SIZE;
        break;
    case IN_LAST:
        if (c == '\n') end_reply(client, connection);
        break;
    case IN_BODY:
    case IN_CHUNK: break;
    }
}

static void take_bytes(struct client *client, struct connection *connection,
                       const char *data, size_t length)
{
    while (length > 0) {
        bool is_inner = connection->state == IN_BODY || connection->state == IN_CHUNK;
        if (!is_inner) {
            take_byte(client, connection, *data);
            data++;
            length--;
            continue;
        }
        size_t take = length < connection->left ? length : (size_t)connection->left;
        client->answers->bytes += take;
        connection->left -= take;
        data += take;
        length -= take;
        if (connection->left > 0) continue;
        if (connection->state == IN_CHUNK) {
            connection->state = IN_CHUNK_END;
        } else {
            end_reply(client, connection);
        }
    }
}

static void read_some(struct client *client, struct connection *connection)
{
    static char buffer[READ_MAX];
    size_t most = client->load->reads_slowly ? SLOW_BYTES : READ_MAX;
    ssize_t got = recv(connection->socket, buffer, most, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) fail("the server closed a connection");
    if (!connection->has_first) {
        connection->has_first = true;
        client->begun++;
        if (client->answers->count < BENCH_LATENCIES) {
            client->answers->first_bytes_us[client->answers->count] =
                (uint32_t)(now_us() - connection->sent_us);
        }
    }
    take_bytes(client, connection, buffer, (size_t)got);
    /* Not before each of them has its first byte: that is measured, too. */
    if (client->load->reads_slowly && client->begun == client->load->connections) {
        const struct timespec pause = {.tv_nsec =
                                           SLOW_US * 1000L / client->load->connections};
        (void)nanosleep(&pause, NULL);
    }
}

static bool is_told_to_stop(void);

static void run(struct client *client)
{
    const struct bench_load *load = client->load;
    int poll = epoll_create1(0);
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(load->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < load->connections; i++) {
        struct connection *connection = &client->connections[i];
        connection->socket = socket(AF_INET, SOCK_STREAM, 0);
        connection->next = (size_t)i;
        int one = 1;
        (void)setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (connect(connection->socket, (const struct sockaddr *)&address,
                    sizeof address) != 0) {
            fail("connect");
        }
        (void)fcntl(connection->socket, F_SETFL, O_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        (void)epoll_ctl(poll, EPOLL_CTL_ADD, connection->socket, &event);
    }
    client->began_us = now_us();
    for (int i = 0; i < load->connections; i++) {
        send_next(client, &client->connections[i]);
    }
    int done = 0;
    while (done < load->connections && !is_told_to_stop() &&
           now_us() - client->began_us < load->duration_us) {
        struct epoll_event events[64];
        int count = epoll_wait(poll, events, 64, 100);
        for (int i = 0; i < count; i++) {
            struct connection *connection = &client->connections[events[i].data.u32];
            if (!connection->is_done) read_some(client, connection);
        }
        done = 0;
        for (int i = 0; load->is_once && i < load->connections; i++) {
            done += client->connections[i].is_done ? 1 : 0;
        }
    }
    client->answers->took_us = now_us() - client->began_us;
}

/* ---- its process ---- */

/* What both processes see. The client is forked before the servers have any memory: a
 * page that both have is copied when one of them writes it, which would be measured. */
struct shared {
    struct bench_answers answers;
    struct bench_load load;
    struct bench_request requests[BENCH_REQUESTS]; /* places in `bytes` */
    char bytes[BENCH_REQUESTS * HEAD_MAX];
    atomic_bool is_over;
};

static struct shared *shared;
static int to_client;
static int from_client;

static void serve(int commands, int done)
{
    char word = 0;
    while (read(commands, &word, 1) == 1) {
        pid_t child = fork(); /* without the memory of the round before */
        if (child == 0) {
            if (shared->load.cpu >= 0) {
                cpu_set_t set;
                CPU_ZERO(&set);
                CPU_SET((size_t)shared->load.cpu, &set);
                (void)sched_setaffinity(0, sizeof set, &set);
            }
            static struct client client;
            client = (struct client){.load = &shared->load, .answers = &shared->answers};
            run(&client);
            _exit(0);
        }
        int code = 1;
        (void)waitpid(child, &code, 0);
        word = code == 0 ? 'y' : 'n';
        if (write(done, &word, 1) != 1) break;
    }
    _exit(0);
}

struct bench_answers *bench_client_new(void)
{
    the_clock = asg_clock_real();
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int commands[2];
    int done[2];
    if (shared == MAP_FAILED || pipe(commands) != 0 || pipe(done) != 0) fail("mmap");
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        (void)close(commands[1]);
        (void)close(done[0]);
        serve(commands[0], done[1]);
    }
    (void)close(commands[0]);
    (void)close(done[1]);
    to_client = commands[1];
    from_client = done[0];
    return &shared->answers;
}

void bench_client_begin(const struct bench_load *load)
{
    if (load->request_count > BENCH_REQUESTS) fail("too many requests");
    shared->load = *load;
    shared->load.requests = shared->requests;
    char *place = shared->bytes;
    for (size_t i = 0; i < load->request_count; i++) {
        shared->requests[i] =
            (struct bench_request){.bytes = place, .length = load->requests[i].length};
        memcpy(place, load->requests[i].bytes, load->requests[i].length);
        place += load->requests[i].length;
    }
    shared->answers.replies = shared->answers.failed = shared->answers.bytes = 0;
    shared->answers.took_us = 0;
    shared->answers.count = 0;
    atomic_store(&shared->is_over, false);
    if (write(to_client, "b", 1) != 1) fail("the client is gone");
}

static bool is_told_to_stop(void)
{
    return atomic_load(&shared->is_over);
}

void bench_client_stop(void)
{
    atomic_store(&shared->is_over, true);
}

void bench_client_end(void)
{
    char word = 0;
    if (read(from_client, &word, 1) == 1 && word == 'y') return;
    (void)fprintf(stderr, "bench_api: the client failed\n");
    exit(1);
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

double bench_percentile(uint32_t *numbers, size_t count, double share)
{
    if (count == 0) fail("nothing was measured");
    qsort(numbers, count, sizeof *numbers, by_size);
    size_t at = (size_t)(share * (double)(count - 1) + 0.5);
    return numbers[at];
}

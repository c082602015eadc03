/* scripted_ec2 - an HTTP server in the test that answers as the test says: throttled,
 * broken off, late, not at all. Every request's signature is checked by our verifier.
 *
 * One thread a connection; the script runs under a lock, so that it may keep counts.
 */
#ifndef ASG_TESTS_SCRIPTED_EC2_H
#define ASG_TESTS_SCRIPTED_EC2_H

#include "lib/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/percent.h"
#include "aws/sigv4.h"
#include "base/clock.h"

#define SCRIPTED_KEY_ID  "AKIDSCRIPTED"
#define SCRIPTED_SECRET  "scripted-secret"
#define SCRIPTED_SOCKETS 256

enum scripted_fault {
    SCRIPTED_ANSWER,  /* as it should be */
    SCRIPTED_CLOSE,   /* read the request, then close without a byte */
    SCRIPTED_HALF,    /* promise the whole body, send half of it, close */
    SCRIPTED_SILENCE, /* read the request and say nothing for a long time */
};

struct scripted_answer {
    enum scripted_fault fault;
    int http_status;     /* 0: 200 */
    const char *headers; /* more of them, each with its line end; NULL: none */
    char *body;          /* malloc'd; the server frees it */
};

struct scripted_request {
    const char *action;
    const char *form; /* the raw body */
    int number;       /* of all requests, from 1 */
};

typedef void scripted_script(void *context, const struct scripted_request *request,
                             struct scripted_answer *ret);

struct scripted_ec2 {
    int listener;
    int port;
    char url[64];
    scripted_script *script;
    void *context;
    pthread_t accepter;
    pthread_mutex_t lock;
    pthread_t threads[SCRIPTED_SOCKETS];
    int sockets[SCRIPTED_SOCKETS];
    int socket_count;
    int requests;       /* read under the lock */
    int bad_signatures; /* as well */
    bool is_stopping;
    int64_t clock_offset_ms; /* how far this server's clock is off */
};

struct scripted_connection {
    struct scripted_ec2 *server;
    int socket;
};

/* The decoded value of a form field, malloc'd; NULL when it is not there. */
static inline char *scripted_field(const char *form, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = form; at != NULL && *at != '\0';) {
        if (strncmp(at, name, length) == 0 && at[length] == '=') {
            struct asg_bytes value = {0};
            at += length + 1;
            asg_percent_decode(at, strcspn(at, "&"), /* plus_is_space */ true, &value);
            (void)asg_bytes_text(&value);
            return (char *)value.data;
        }
        at = strchr(at, '&');
        if (at != NULL) at++;
    }
    return NULL;
}

__attribute__((format(printf, 1, 2))) static inline char *scripted_text(
    const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0) abort();
    return text;
}

static inline void scripted_error(struct scripted_answer *ret, int http_status,
                                  const char *code, const char *message)
{
    ret->http_status = http_status;
    ret->body = scripted_text(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>"
        "<Code>%s</Code><Message>%s</Message></Error></Errors>"
        "<RequestID>req-%s</RequestID></Response>",
        code, message, code);
}

static inline const char *scripted_find_secret(void *context, const char *key_id)
{
    (void)context;
    return strcmp(key_id, SCRIPTED_KEY_ID) == 0 ? SCRIPTED_SECRET : NULL;
}

/* Read one request into `ret`; false when the peer closed. */
static inline bool scripted_read(int socket, struct asg_bytes *ret, char **ret_body)
{
    asg_bytes_reset(ret);
    for (;;) {
        const char *text = asg_bytes_text(ret);
        const char *end = strstr(text, "\r\n\r\n");
        if (end != NULL) {
            const char *said = strcasestr(text, "\r\ncontent-length:");
            size_t body = said == NULL ? 0 : strtoul(said + 17, NULL, 10);
            size_t head = (size_t)(end - text) + 4;
            if (ret->length >= head + body) {
                *ret_body = (char *)ret->data + head;
                return true;
            }
        }
        uint8_t *at = asg_bytes_reserve(ret, 65536);
        ssize_t got = recv(socket, at, 65535, 0);
        if (got <= 0) return false;
        ret->length += (size_t)got;
    }
}

static inline bool scripted_is_signed(struct scripted_ec2 *server, char *text,
                                      const char *body, size_t body_length)
{
    struct asg_sigv4_header headers[32];
    struct asg_sigv4_request request = {
        .headers = headers, .body = body, .body_length = body_length};
    char *line = text;
    char *end = strstr(line, "\r\n");
    *end = '\0';
    request.method = line;
    char *path = strchr(line, ' ');
    *path++ = '\0';
    *strchr(path, ' ') = '\0';
    request.path = path;
    for (line = end + 2; strncmp(line, "\r\n", 2) != 0 && request.header_count < 32;
         line = end + 2) {
        end = strstr(line, "\r\n");
        *end = '\0';
        char *colon = strchr(line, ':');
        if (colon == NULL) return false;
        *colon = '\0';
        headers[request.header_count++] = (struct asg_sigv4_header){line, colon + 1};
        for (char *c = colon + 1; *c == ' '; c++) {
            headers[request.header_count - 1].value = c + 1;
        }
    }
    struct asg_clock clock = asg_clock_real();
    struct asg_sigv4_rules rules = {.service = "ec2",
                                    .now_ms = asg_clock_wall_ms(&clock) +
                                              server->clock_offset_ms,
                                    .window_ms = ASG_SIGV4_WINDOW_MS,
                                    .find_secret = scripted_find_secret};
    struct asg_sigv4_verdict verdict;
    return asg_sigv4_verify(&request, &rules, &verdict) == ASG_OK;
}

static inline void scripted_send(int socket, const void *data, size_t length)
{
    const char *at = data;
    while (length > 0) {
        ssize_t sent = send(socket, at, length, MSG_NOSIGNAL);
        if (sent <= 0) return;
        at += sent;
        length -= (size_t)sent;
    }
}

/* Returns false when the connection is over. */
static inline bool scripted_reply(struct scripted_ec2 *server, int socket,
                                  struct scripted_answer *answer)
{
    if (answer->fault == SCRIPTED_SILENCE) {
        /* Until the peer gives up or the server stops. */
        char byte;
        while (recv(socket, &byte, 1, 0) > 0) {
        }
    }
    if (answer->fault == SCRIPTED_SILENCE || answer->fault == SCRIPTED_CLOSE) {
        return false;
    }
    size_t length = strlen(answer->body);
    struct asg_bytes out = {0};
    struct asg_clock clock = asg_clock_real();
    time_t now = (time_t)((asg_clock_wall_ms(&clock) + server->clock_offset_ms) / 1000);
    struct tm parts;
    char date[64];
    (void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT",
                   gmtime_r(&now, &parts));
    asg_bytes_printf(&out,
                     "HTTP/1.1 %d Scripted\r\nDate: %s\r\nContent-Type: text/xml\r\n"
                     "Content-Length: %zu\r\n%s\r\n",
                     answer->http_status, date, length,
                     answer->headers == NULL ? "" : answer->headers);
    bool is_half = answer->fault == SCRIPTED_HALF;
    asg_bytes_append(&out, answer->body, is_half ? length / 2 : length);
    scripted_send(socket, out.data, out.length);
    asg_bytes_clear(&out);
    return !is_half;
}

static inline void *scripted_serve(void *argument)
{
    struct scripted_connection *connection = argument;
    struct scripted_ec2 *server = connection->server;
    int socket = connection->socket;
    struct asg_bytes in = {0};
    char *body = NULL;
    bool goes_on = true;
    while (goes_on && scripted_read(socket, &in, &body)) {
        char *form = strdup(body);
        size_t body_length = in.length - (size_t)(body - (char *)in.data);
        char *action = scripted_field(form, "Action");
        bool is_signed = scripted_is_signed(server, (char *)in.data, body, body_length);
        struct scripted_answer answer = {.http_status = 200};
        (void)pthread_mutex_lock(&server->lock);
        server->requests++;
        if (!is_signed) server->bad_signatures++;
        struct scripted_request request = {.action = action == NULL ? "" : action,
                                           .form = form,
                                           .number = server->requests};
        if (is_signed) {
            server->script(server->context, &request, &answer);
        } else {
            scripted_error(&answer, 400, "RequestExpired", "the test server says no");
        }
        (void)pthread_mutex_unlock(&server->lock);
        if (answer.body == NULL) answer.body = strdup("");
        goes_on = scripted_reply(server, socket, &answer);
        free(answer.body);
        free(action);
        free(form);
    }
    asg_bytes_clear(&in);
    (void)shutdown(socket, SHUT_RDWR);
    free(connection);
    return NULL;
}

static inline void *scripted_accept(void *argument)
{
    struct scripted_ec2 *server = argument;
    for (;;) {
        int socket = accept(server->listener, NULL, NULL);
        if (socket < 0) return NULL;
        int on = 1;
        (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        (void)pthread_mutex_lock(&server->lock);
        bool is_refused = server->is_stopping || server->socket_count == SCRIPTED_SOCKETS;
        if (!is_refused) {
            struct scripted_connection *connection = malloc(sizeof *connection);
            *connection = (struct scripted_connection){server, socket};
            int i = server->socket_count++;
            server->sockets[i] = socket;
            (void)pthread_create(&server->threads[i], NULL, scripted_serve, connection);
        }
        (void)pthread_mutex_unlock(&server->lock);
        if (is_refused) (void)close(socket);
    }
}

static inline void scripted_start(struct scripted_ec2 *server, scripted_script *script,
                                  void *context)
{
    *server = (struct scripted_ec2){.script = script, .context = context};
    (void)pthread_mutex_init(&server->lock, NULL);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    assert_int_equal(0, bind(server->listener, (struct sockaddr *)&address, length));
    assert_int_equal(0, listen(server->listener, 256));
    assert_int_equal(0,
                     getsockname(server->listener, (struct sockaddr *)&address, &length));
    server->port = ntohs(address.sin_port);
    (void)snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d", server->port);
    assert_int_equal(0, pthread_create(&server->accepter, NULL, scripted_accept, server));
}

static inline void scripted_stop(struct scripted_ec2 *server)
{
    (void)pthread_mutex_lock(&server->lock);
    server->is_stopping = true;
    for (int i = 0; i < server->socket_count; i++) {
        (void)shutdown(server->sockets[i], SHUT_RDWR);
    }
    (void)pthread_mutex_unlock(&server->lock);
    (void)shutdown(server->listener, SHUT_RDWR);
    (void)pthread_join(server->accepter, NULL);
    for (int i = 0; i < server->socket_count; i++) {
        (void)pthread_join(server->threads[i], NULL);
        (void)close(server->sockets[i]);
    }
    (void)close(server->listener);
    (void)pthread_mutex_destroy(&server->lock);
}

static inline enum asg_status scripted_credentials(void *context,
                                                   struct asg_credentials *ret,
                                                   struct asg_error *error)
{
    (void)context;
    (void)error;
    asg_credentials_set(ret, SCRIPTED_KEY_ID, SCRIPTED_SECRET, "session", "test");
    return ASG_OK;
}

#endif

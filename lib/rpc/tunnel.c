#include "rpc/tunnel.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "rpc/identity.h"
#include "rpc/library.h"

#define EVENTS       64
#define BUFFER_BYTES 4096

/* TLS's own words: a handshake, session tickets. */
#define TLS_BYTES 65536

/* Sessions that are kept, some 2.5 kB each (docs/decisions/0020); a power of two. A round
 * goes through all targets in turn: with fewer places than targets, hardly one would find
 * its session again. */
#define SESSIONS_MAX 16384

enum phase { CONNECTING, SHAKING_HANDS, OPEN, ENDED };

/* Bytes on their way in one direction. */
struct flow {
    size_t from;
    size_t until;
    uint8_t bytes[BUFFER_BYTES];
};

struct side {
    struct asg_rpc_tunnel *tunnel;
    int fd;
    uint32_t interest; /* what epoll was told last */
};

struct asg_rpc_tunnel {
    struct asg_rpc_tunneller *tunneller;
    pthread_mutex_t mutex; /* guards what follows */
    uint32_t holds;        /* the call's, and the thread's */
    bool is_let_go;
    enum asg_rpc_tunnel_end end;
    struct asg_error reason;

    /* The thread's alone, once the tunnel is open. */
    struct asg_rpc_tunnel *next;
    struct asg_rpc_tunnel *previous;
    struct side net;
    struct side local;
    enum phase phase;
    SSL *ssl;
    uint64_t who;      /* hash of target and peer: whose session it is */
    bool wants_write;  /* TLS has something to send before it can go on */
    bool is_read_held; /* ... and before it can read */
    bool is_net_over;
    bool is_local_over;
    struct flow out; /* from gRPC to the server */
    struct flow in;
    char peer[];
};

/* What a server gave us to go on with next time. */
struct session {
    uint64_t who;
    uint8_t *der; /* NULL: this place is free. As an object it is five times as large */
    size_t length;
};

struct asg_rpc_tunneller {
    struct asg_rpc_tunneller_options options;
    struct sockaddr_storage source; /* .ss_family 0: any */
    socklen_t source_length;
    int epoll;
    int wake; /* eventfd: stop */
    pthread_t thread;
    pthread_mutex_t mutex;        /* guards what follows */
    struct asg_rpc_tunnel *first; /* all that the thread has */
    /* The thread's alone. */
    struct asg_rpc_tunnel *ended; /* freed after this round */
    struct session *sessions;
    uint64_t generation; /* of the identity that they were made with */
};

static void release(struct asg_rpc_tunnel *tunnel)
{
    (void)pthread_mutex_lock(&tunnel->mutex);
    bool is_last = --tunnel->holds == 0;
    (void)pthread_mutex_unlock(&tunnel->mutex);
    if (!is_last) return;
    (void)pthread_mutex_destroy(&tunnel->mutex);
    free(tunnel);
}

void asg_rpc_tunnel_let_go(struct asg_rpc_tunnel **tunnel)
{
    struct asg_rpc_tunnel *it = *tunnel;
    if (it == NULL) return;
    *tunnel = NULL;
    (void)pthread_mutex_lock(&it->mutex);
    it->is_let_go = true;
    (void)pthread_mutex_unlock(&it->mutex);
    release(it);
}

enum asg_rpc_tunnel_end asg_rpc_tunnel_outcome(struct asg_rpc_tunnel *tunnel,
                                               struct asg_error *ret_reason)
{
    (void)pthread_mutex_lock(&tunnel->mutex);
    enum asg_rpc_tunnel_end end = tunnel->end;
    *ret_reason = tunnel->reason;
    (void)pthread_mutex_unlock(&tunnel->mutex);
    return end;
}

/* ---- ends ---- */

static void close_side(struct side *side)
{
    if (side->fd >= 0) (void)close(side->fd);
    side->fd = -1;
}

/* Closes both sides; the struct is freed after this round, which may know it still. */
static void end_tunnel(struct asg_rpc_tunnel *tunnel)
{
    if (tunnel->phase == ENDED) return;
    tunnel->phase = ENDED;
    struct asg_rpc_tunneller *tunneller = tunnel->tunneller;
    (void)pthread_mutex_lock(&tunneller->mutex);
    if (tunnel->previous == NULL)
        tunneller->first = tunnel->next;
    else
        tunnel->previous->next = tunnel->next;
    if (tunnel->next != NULL) tunnel->next->previous = tunnel->previous;
    (void)pthread_mutex_unlock(&tunneller->mutex);
    SSL_free(tunnel->ssl);
    tunnel->ssl = NULL;
    close_side(&tunnel->net);
    close_side(&tunnel->local);
    tunnel->next = tunneller->ended;
    tunneller->ended = tunnel;
}

/* The reason is there before gRPC sees its end closed. */
static void fail_tunnel(struct asg_rpc_tunnel *tunnel, const char *what, const char *why)
{
    (void)pthread_mutex_lock(&tunnel->mutex);
    if (tunnel->end == ASG_RPC_TUNNEL_FINE) {
        tunnel->end = ASG_RPC_TUNNEL_FAILED;
        (void)asg_fail(&tunnel->reason, ASG_ERR_IO, "%s%s%s", what,
                       why[0] != '\0' ? ": " : "", why);
    }
    (void)pthread_mutex_unlock(&tunnel->mutex);
    end_tunnel(tunnel);
}

static const char *tls_words(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *words = code == 0 ? NULL : ERR_reason_error_string(code);
    return words == NULL ? "the connection was closed" : words;
}

/* ---- sessions ---- */

/* FNV-1a. Who finds two with one hash gains nothing: check() looks at the certificate of
 * a session as at any other. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash;
}

/* One of two: its own, or a free one, or the one that it takes from another. */
static struct session *place_of(const struct asg_rpc_tunnel *tunnel)
{
    uint64_t who = tunnel->who;
    struct session *two = &tunnel->tunneller->sessions[who & (SESSIONS_MAX - 2)];
    for (int i = 0; i < 2; i++) {
        if (two[i].der != NULL && two[i].who == who) return &two[i];
    }
    for (int i = 0; i < 2; i++) {
        if (two[i].der == NULL) return &two[i];
    }
    return &two[who >> 63];
}

static void forget_session(struct session *place)
{
    free(place->der);
    *place = (struct session){0};
}

/* OpenSSL has one for us; 0: it stays OpenSSL's. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    int length = i2d_SSL_SESSION(session, NULL);
    if (length <= 0) return 0;
    struct asg_rpc_tunnel *tunnel = SSL_get_app_data(ssl);
    struct session *place = place_of(tunnel);
    forget_session(place);
    uint8_t *der = asg_alloc(1, (size_t)length);
    *place = (struct session){tunnel->who, der, (size_t)length};
    (void)i2d_SSL_SESSION(session, &der);
    return 0;
}

static void resume(const struct asg_rpc_tunnel *tunnel, SSL *ssl)
{
    const struct session *place = place_of(tunnel);
    if (place->der == NULL || place->who != tunnel->who) return;
    const uint8_t *at = place->der;
    SSL_SESSION *session = d2i_SSL_SESSION(NULL, &at, (long)place->length);
    if (session == NULL) return;
    (void)SSL_set_session(ssl, session);
    SSL_SESSION_free(session);
}

static void forget_sessions(struct asg_rpc_tunneller *tunneller)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        forget_session(&tunneller->sessions[i]);
}

/* Sessions go with the certificate that we showed. */
static SSL *new_ssl(struct asg_rpc_tunnel *tunnel)
{
    struct asg_rpc_tunneller *tunneller = tunnel->tunneller;
    uint64_t generation = 0;
    SSL_CTX *context =
        asg_rpc_identity_client(tunneller->options.identity, keep_session, &generation);
    if (generation != tunneller->generation) forget_sessions(tunneller);
    tunneller->generation = generation;
    SSL *ssl = SSL_new(context);
    SSL_CTX_free(context);
    if (ssl == NULL) return NULL;
    (void)SSL_set_app_data(ssl, tunnel);
    resume(tunnel, ssl);
    return ssl;
}

/* ---- what the server shows ---- */

static void write_chain(SSL *ssl, BIO *ret)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl); /* the leaf too */
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    if (sk_X509_num(chain) < 1 && leaf != NULL) (void)PEM_write_bio_X509(ret, leaf);
    for (int i = 0; i < sk_X509_num(chain); i++)
        (void)PEM_write_bio_X509(ret, sk_X509_value(chain, i));
    (void)BIO_write(ret, "", 1); /* as a C string */
}

static bool is_believed(struct asg_rpc_tunnel *tunnel)
{
    const struct asg_rpc_tunneller_options *options = &tunnel->tunneller->options;
    BIO *bio = BIO_new(BIO_s_mem());
    assert(bio != NULL); /* out of memory ends the program, as in base/arena.h */
    write_chain(tunnel->ssl, bio);
    char *chain = NULL;
    (void)BIO_get_mem_data(bio, &chain);
    (void)pthread_mutex_lock(&tunnel->mutex);
    bool is_fine =
        !tunnel->is_let_go &&
        options->check(options->check_context, tunnel->peer, chain, &tunnel->reason);
    if (!is_fine) tunnel->end = ASG_RPC_TUNNEL_REFUSED;
    (void)pthread_mutex_unlock(&tunnel->mutex);
    BIO_free(bio);
    return is_fine;
}

/* ---- one step after another ---- */

static bool is_empty(const struct flow *flow)
{
    return flow->from == flow->until;
}

static void set_interest(struct side *side, uint32_t interest)
{
    if (side->fd < 0 || side->interest == interest) return;
    side->interest = interest;
    struct epoll_event event = {.events = interest, .data.ptr = side};
    (void)epoll_ctl(side->tunnel->tunneller->epoll, EPOLL_CTL_MOD, side->fd, &event);
}

/* What the next step waits for. EPOLLHUP and EPOLLERR are told always. */
static void wait_for_next(struct asg_rpc_tunnel *tunnel)
{
    if (tunnel->phase == ENDED) return;
    uint32_t net = 0;
    uint32_t local = 0;
    switch (tunnel->phase) {
    case CONNECTING: net = EPOLLOUT; break;
    case SHAKING_HANDS: net = tunnel->wants_write ? EPOLLOUT : EPOLLIN; break;
    case OPEN:
        if (!tunnel->is_net_over && !tunnel->is_read_held && is_empty(&tunnel->in))
            net |= EPOLLIN;
        if (tunnel->wants_write || tunnel->is_read_held) net |= EPOLLOUT;
        if (!tunnel->is_local_over && is_empty(&tunnel->out)) local |= EPOLLIN;
        if (!is_empty(&tunnel->in)) local |= EPOLLOUT;
        break;
    case ENDED: break;
    }
    set_interest(&tunnel->net, net);
    set_interest(&tunnel->local, local);
}

/* A server that does not end: its words keep the thread, and gRPC holds its headers. */
static bool says_too_much(struct asg_rpc_tunnel *tunnel)
{
    uint64_t most = tunnel->tunneller->options.max_answer_bytes + TLS_BYTES;
    if (BIO_number_read(SSL_get_rbio(tunnel->ssl)) <= most) return false;
    fail_tunnel(tunnel, "the server sends more than an answer can have", "cut off");
    return true;
}

/* gRPC -> server. True: something has moved. */
static bool move_out(struct asg_rpc_tunnel *tunnel)
{
    struct flow *out = &tunnel->out;
    bool has_moved = false;
    if (is_empty(out) && !tunnel->is_local_over) {
        ssize_t count = read(tunnel->local.fd, out->bytes, sizeof out->bytes);
        out->from = 0;
        out->until = count > 0 ? (size_t)count : 0;
        bool is_later = count < 0 && (errno == EAGAIN || errno == EINTR);
        tunnel->is_local_over = count <= 0 && !is_later;
        has_moved = count > 0;
    }
    tunnel->wants_write = false;
    if (is_empty(out)) return has_moved;
    ERR_clear_error();
    int count =
        SSL_write(tunnel->ssl, out->bytes + out->from, (int)(out->until - out->from));
    if (count > 0) {
        out->from += (size_t)count;
        return true;
    }
    int error = SSL_get_error(tunnel->ssl, count);
    tunnel->wants_write = error == SSL_ERROR_WANT_WRITE;
    if (error != SSL_ERROR_WANT_WRITE && error != SSL_ERROR_WANT_READ) {
        fail_tunnel(tunnel, "the connection broke", tls_words());
    }
    return false;
}

/* Server -> gRPC. True: something has moved. */
static bool move_in(struct asg_rpc_tunnel *tunnel)
{
    struct flow *in = &tunnel->in;
    bool has_moved = false;
    if (is_empty(in) && !tunnel->is_net_over) {
        ERR_clear_error();
        int count = SSL_read(tunnel->ssl, in->bytes, sizeof in->bytes);
        if (says_too_much(tunnel)) return false;
        in->from = 0;
        in->until = count > 0 ? (size_t)count : 0;
        has_moved = count > 0;
        int error = count > 0 ? SSL_ERROR_NONE : SSL_get_error(tunnel->ssl, count);
        if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) {
            fail_tunnel(tunnel, "the server ended the connection", tls_words());
            return false;
        }
        tunnel->is_net_over = error == SSL_ERROR_ZERO_RETURN;
        tunnel->is_read_held = error == SSL_ERROR_WANT_WRITE;
    }
    if (is_empty(in)) return has_moved;
    ssize_t count =
        send(tunnel->local.fd, in->bytes + in->from, in->until - in->from, MSG_NOSIGNAL);
    if (count > 0) {
        in->from += (size_t)count;
        return true;
    }
    if (count < 0 && errno != EAGAIN && errno != EINTR) end_tunnel(tunnel);
    return false;
}

/* Ends: what a server may say in all is little (says_too_much). */
static void move(struct asg_rpc_tunnel *tunnel)
{
    bool goes_on = true;
    while (goes_on && tunnel->phase == OPEN) {
        goes_on = move_out(tunnel);
        if (tunnel->phase == OPEN) goes_on = move_in(tunnel) || goes_on;
    }
    if (tunnel->phase != OPEN) return;
    bool is_sent = tunnel->is_local_over && is_empty(&tunnel->out);
    bool is_told = tunnel->is_net_over && is_empty(&tunnel->in);
    if (is_sent) (void)SSL_shutdown(tunnel->ssl); /* a word of farewell */
    if (is_sent || is_told) end_tunnel(tunnel);
}

/* Whose first bytes are no record of TLS. */
static bool speaks_no_tls(void)
{
    unsigned long code = ERR_peek_last_error();
    int reason = ERR_GET_REASON(code);
    return ERR_GET_LIB(code) == ERR_LIB_SSL &&
           (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST);
}

static void fail_handshake(struct asg_rpc_tunnel *tunnel)
{
    if (speaks_no_tls()) {
        fail_tunnel(tunnel, "the server there does not use TLS", "");
    } else {
        fail_tunnel(tunnel, "no TLS with the server", tls_words());
    }
}

static void shake_hands(struct asg_rpc_tunnel *tunnel)
{
    ERR_clear_error();
    int code = SSL_connect(tunnel->ssl);
    if (says_too_much(tunnel)) return;
    if (code != 1) {
        int error = SSL_get_error(tunnel->ssl, code);
        tunnel->wants_write = error == SSL_ERROR_WANT_WRITE;
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
        fail_handshake(tunnel);
        return;
    }
    tunnel->wants_write = false;
    if (!is_believed(tunnel)) {
        struct session *place = place_of(tunnel);
        if (place->who == tunnel->who) forget_session(place);
        end_tunnel(tunnel);
        return;
    }
    tunnel->phase = OPEN;
    move(tunnel);
}

static void take_connection(struct asg_rpc_tunnel *tunnel)
{
    int error = 0;
    socklen_t length = sizeof error;
    (void)getsockopt(tunnel->net.fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) {
        fail_tunnel(tunnel, "cannot connect", strerror(error));
        return;
    }
    tunnel->ssl = new_ssl(tunnel);
    if (tunnel->ssl == NULL || SSL_set_fd(tunnel->ssl, tunnel->net.fd) != 1) {
        fail_tunnel(tunnel, "no TLS with the server", tls_words());
        return;
    }
    tunnel->phase = SHAKING_HANDS;
    shake_hands(tunnel);
}

static void take_event(struct side *side, uint32_t events)
{
    struct asg_rpc_tunnel *tunnel = side->tunnel;
    if (tunnel->phase == ENDED) return;
    bool is_given_up = side == &tunnel->local && (events & (EPOLLHUP | EPOLLERR)) != 0;
    if (is_given_up && tunnel->phase != OPEN) {
        end_tunnel(tunnel);
        return;
    }
    switch (tunnel->phase) {
    case CONNECTING:
        if (side == &tunnel->net) take_connection(tunnel);
        break;
    case SHAKING_HANDS:
        if (side == &tunnel->net) shake_hands(tunnel);
        break;
    case OPEN:
        move(tunnel);
        /* Nobody reads any more what the server still says. */
        if (is_given_up) end_tunnel(tunnel);
        break;
    case ENDED: break;
    }
    wait_for_next(tunnel);
}

static void free_ended(struct asg_rpc_tunneller *tunneller)
{
    while (tunneller->ended != NULL) {
        struct asg_rpc_tunnel *tunnel = tunneller->ended;
        tunneller->ended = tunnel->next;
        release(tunnel);
    }
}

static void *run(void *context)
{
    struct asg_rpc_tunneller *tunneller = context;
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(tunneller->epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL) return NULL; /* the word to stop */
            take_event(events[i].data.ptr, events[i].events);
        }
        free_ended(tunneller);
    }
}

/* ---- begin ---- */

static bool add_side(struct side *side, struct asg_rpc_tunnel *tunnel, int fd,
                     uint32_t interest)
{
    *side = (struct side){tunnel, fd, interest};
    struct epoll_event event = {.events = interest, .data.ptr = side};
    return epoll_ctl(tunnel->tunneller->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* -1 and errno: it cannot even be begun. */
static int begin_connection(const struct asg_rpc_tunneller *tunneller, const char *target)
{
    socklen_t length = 0;
    struct sockaddr_storage address = asg_rpc_target_address(target, &length);
    if (length == 0) {
        errno = EINVAL;
        return -1;
    }
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bool is_bound = tunneller->source.ss_family != address.ss_family ||
                    bind(fd, (const struct sockaddr *)&tunneller->source,
                         tunneller->source_length) == 0;
    if (is_bound && (connect(fd, (const struct sockaddr *)&address, length) == 0 ||
                     errno == EINPROGRESS)) {
        return fd;
    }
    int error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

static struct asg_rpc_tunnel *new_tunnel(struct asg_rpc_tunneller *tunneller,
                                         const char *peer)
{
    size_t size = strlen(peer) + 1;
    struct asg_rpc_tunnel *tunnel = asg_alloc(1, sizeof *tunnel + size);
    (void)pthread_mutex_init(&tunnel->mutex, NULL);
    tunnel->tunneller = tunneller;
    tunnel->holds = 2;
    tunnel->net.fd = tunnel->local.fd = -1;
    memcpy(tunnel->peer, peer, size);
    return tunnel;
}

/* Not yet, or never, the thread's. */
static void never_begin(struct asg_rpc_tunnel *tunnel, int error, int local, int net)
{
    (void)pthread_mutex_lock(&tunnel->mutex);
    tunnel->end = ASG_RPC_TUNNEL_FAILED;
    (void)asg_fail(&tunnel->reason, ASG_ERR_IO, "cannot connect: %s", strerror(error));
    (void)pthread_mutex_unlock(&tunnel->mutex);
    if (local >= 0) (void)close(local);
    if (net >= 0) (void)close(net);
    release(tunnel);
}

void asg_rpc_tunnel_open(struct asg_rpc_tunneller *tunneller, const char *target,
                         const char *peer, struct asg_rpc_tunnel **ret, int *ret_fd)
{
    struct asg_rpc_tunnel *tunnel = new_tunnel(tunneller, peer);
    tunnel->who = hash_text(hash_text(UINT64_C(14695981039346656037), target), peer);
    *ret = tunnel;
    *ret_fd = -1;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
        never_begin(tunnel, errno, -1, -1);
        return;
    }
    *ret_fd = pair[0];
    int net = begin_connection(tunneller, target);
    if (net < 0) {
        never_begin(tunnel, errno, pair[1], -1);
        return;
    }
    /* From the first add on the thread may act: all of it is there, and the lock keeps it
     * from ending the tunnel before it is on the list with both sides. */
    (void)pthread_mutex_lock(&tunneller->mutex);
    tunnel->next = tunneller->first;
    if (tunnel->next != NULL) tunnel->next->previous = tunnel;
    tunneller->first = tunnel;
    tunnel->net = (struct side){tunnel, net, 0};
    bool is_added = add_side(&tunnel->local, tunnel, pair[1], 0) &&
                    add_side(&tunnel->net, tunnel, net, EPOLLOUT);
    (void)pthread_mutex_unlock(&tunneller->mutex);
    assert(is_added); /* epoll has a limit of watches far above that of descriptors */
    (void)is_added;
}

static enum asg_status read_source(struct asg_rpc_tunneller *tunneller,
                                   const char *address, struct asg_error *error)
{
    if (address == NULL || address[0] == '\0') return ASG_OK;
    char target[128];
    bool is_six = strchr(address, ':') != NULL;
    (void)snprintf(target, sizeof target, is_six ? "[%s]:1" : "%s:1", address);
    tunneller->source = asg_rpc_target_address(target, &tunneller->source_length);
    if (tunneller->source_length == 0) {
        return asg_fail(error, ASG_ERR_INVALID, "rpc client: \"%s\" is not an address",
                        address);
    }
    /* Any port. */
    if (is_six)
        ((struct sockaddr_in6 *)&tunneller->source)->sin6_port = 0;
    else
        ((struct sockaddr_in *)&tunneller->source)->sin_port = 0;
    return ASG_OK;
}

static void free_parts(struct asg_rpc_tunneller *tunneller)
{
    if (tunneller->epoll >= 0) (void)close(tunneller->epoll);
    if (tunneller->wake >= 0) (void)close(tunneller->wake);
    (void)pthread_mutex_destroy(&tunneller->mutex);
    asg_rpc_identity_destroy(&tunneller->options.identity);
    forget_sessions(tunneller);
    free(tunneller->sessions);
    free(tunneller);
}

/* OpenSSL writes without MSG_NOSIGNAL: the thread takes no signals, SIGPIPE included. */
static bool start_thread(struct asg_rpc_tunneller *tunneller)
{
    struct epoll_event event = {.events = EPOLLIN};
    if (tunneller->epoll < 0 || tunneller->wake < 0 ||
        epoll_ctl(tunneller->epoll, EPOLL_CTL_ADD, tunneller->wake, &event) != 0) {
        return false;
    }
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    bool is_started = pthread_create(&tunneller->thread, NULL, run, tunneller) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return is_started;
}

enum asg_status asg_rpc_tunneller_new(const struct asg_rpc_tunneller_options *options,
                                      struct asg_rpc_tunneller **ret,
                                      struct asg_error *error)
{
    assert(options->identity != NULL && options->check != NULL);
    struct asg_rpc_tunneller *tunneller = asg_alloc(1, sizeof *tunneller);
    enum asg_status status = read_source(tunneller, options->source_address, error);
    if (status != ASG_OK) {
        free(tunneller);
        return status;
    }
    tunneller->options = *options;
    tunneller->options.source_address = NULL;
    (void)asg_rpc_identity_hold(options->identity);
    (void)pthread_mutex_init(&tunneller->mutex, NULL);
    tunneller->sessions = asg_alloc(SESSIONS_MAX, sizeof *tunneller->sessions);
    tunneller->epoll = epoll_create1(EPOLL_CLOEXEC);
    tunneller->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!start_thread(tunneller)) {
        free_parts(tunneller);
        return asg_fail(error, ASG_ERR_LIMIT, "rpc client: no thread or descriptor left");
    }
    *ret = tunneller;
    return ASG_OK;
}

void asg_rpc_tunneller_destroy(struct asg_rpc_tunneller **tunneller)
{
    struct asg_rpc_tunneller *it = *tunneller;
    if (it == NULL) return;
    *tunneller = NULL;
    const uint64_t one = 1;
    ssize_t count = write(it->wake, &one, sizeof one);
    assert(count == sizeof one);
    (void)count;
    (void)pthread_join(it->thread, NULL);
    while (it->first != NULL)
        end_tunnel(it->first);
    free_ended(it);
    free_parts(it);
}

#include "base/accept_limits.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/accept_calls.h"
#include "base/arena.h"

#define ADDRESS_BYTES 16 /* IPv4 as ::ffff:a.b.c.d */
#define FDS           (1U << 20)
/* Addresses that have connections are found in a table of sets, so that looking one up
 * and making room for one take the same time however many attack. 10,000 known and 4,096
 * strangers fill a set of eight once in 10^5 times. */
#define SETS     ((size_t)8192)
#define WAYS     ((size_t)8)
#define TELL_MS  10000
#define MILLI    1000U
#define NO_ENTRY UINT32_MAX

/* An fd's mark: which port and which address it counts for. */
#define MARK_USED    (UINT32_C(1) << 31)
#define MARK_KNOWN   (UINT32_C(1) << 30)
#define MARK_ADDRESS (UINT32_C(1) << 29)
#define MARK_BUDGET  (UINT32_C(1) << 28)
#define MARK_BYTES   (UINT32_C(1) << 27) /* receivable[] has what it may still send */
#define MARK_SLOT_AT 16
#define MARK_SLOTS   0xfU
#define MARK_ENTRIES 0xffffU

static_assert(SETS * WAYS == MARK_ENTRIES + 1, "an entry's number fits in a mark");
static_assert(ASG_ACCEPT_PORTS_MAX == MARK_SLOTS + 1, "so does a port's slot");

enum reason {
    FOR_ADDRESS,      /* as many at once of one address */
    FOR_ADDRESS_RATE, /* as many a second */
    FOR_ALL,
    FOR_ALL_RATE,
    FOR_KNOWN,
    FOR_DESCRIPTORS,
    FOR_ROOM,  /* no place in the table */
    FOR_BYTES, /* was let in, and cut off */
    REASONS
};

static const char *const reason_texts[REASONS] = {
    "one address may not hold more connections",
    "one address may not connect more often",
    "strangers may not hold more connections",
    "strangers may not connect more often",
    "the fleet may not hold more connections",
    "the other descriptors are kept for files, HTTP and admins",
    "too many addresses at the same time",
    "one connection may not send more bytes",
};

/* So many in a second, and a second's worth at once. */
struct bucket {
    uint64_t milli;
    int64_t filled_ms;
};

/* An address at a port. Free to be another when nothing is open. */
struct entry {
    uint8_t address[ADDRESS_BYTES];
    uint8_t slot;
    bool is_known;
    _Atomic uint32_t open;
    struct bucket bucket;
    uint32_t period;  /* in which it was refused last ... */
    uint32_t refused; /* ... and how often in that one */
};

struct port {
    bool is_limited;
    struct asg_accept_limits limits;
    _Atomic uint32_t open;
    _Atomic uint32_t open_known;
    struct bucket bucket;
    uint64_t accepted;
    uint64_t refused;
    /* Since it was last told of: */
    uint32_t period;
    int64_t told_ms; /* of the caller's clock */
    int64_t first_ms;
    int64_t last_ms;
    uint64_t refused_now;
    uint64_t reasons[REASONS];
    uint32_t addresses;
    uint32_t worst_count;
    uint8_t worst[ADDRESS_BYTES];
};

/* A set of addresses, each with how often it was named; doubles as it fills. */
struct known {
    uint8_t address[ADDRESS_BYTES];
    uint32_t count;
    bool is_used; /* also while the count is 0, until the table is made anew */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all below but atomics */
static struct port ports[ASG_ACCEPT_PORTS_MAX];
static _Atomic uint32_t slots_by_port[UINT16_MAX + 1]; /* slot + 1; 0: not limited */
static struct entry entries[SETS * WAYS];
static _Atomic uint32_t marks[FDS];
static _Atomic uint32_t receivable[FDS]; /* bytes; most pages are never touched */
static _Atomic uint64_t numbers[FDS];    /* of the last accept; likewise */
static _Atomic uint64_t last_number;
static struct known *known;
static size_t known_size; /* a power of two */
static size_t known_used;
static uint64_t hash_key;
static uint32_t budget = UINT32_MAX; /* descriptors of the limited ports together */
static _Atomic uint32_t open_in_budget;
static _Atomic uint32_t strangers_in_budget;
static _Atomic int spare = -1;

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- addresses ---- */

static void map_ipv4(const struct in_addr *from, uint8_t ret[ADDRESS_BYTES])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    memcpy(ret, mapped, sizeof mapped);
    memcpy(ret + sizeof mapped, from, sizeof *from);
}

static bool is_ipv4(const uint8_t address[ADDRESS_BYTES])
{
    return IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)address);
}

static void read_peer(const struct sockaddr_storage *peer, uint8_t ret[ADDRESS_BYTES])
{
    memset(ret, 0, ADDRESS_BYTES);
    if (peer->ss_family == AF_INET) {
        map_ipv4(&((const struct sockaddr_in *)(const void *)peer)->sin_addr, ret);
    } else if (peer->ss_family == AF_INET6) {
        memcpy(ret, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr,
               ADDRESS_BYTES);
    }
}

static bool read_text(const char *text, uint8_t ret[ADDRESS_BYTES])
{
    struct in_addr four;
    if (inet_pton(AF_INET, text, &four) == 1) {
        map_ipv4(&four, ret);
        return true;
    }
    return inet_pton(AF_INET6, text, ret) == 1;
}

static uint64_t mix(uint64_t value)
{
    value ^= value >> 32;
    value *= UINT64_C(0xd6e8feb86659fd93);
    value ^= value >> 32;
    value *= UINT64_C(0xd6e8feb86659fd93);
    return value ^ (value >> 32);
}

/* Strangers choose addresses: the key keeps them from choosing one set. */
static uint64_t hash_address(const uint8_t address[ADDRESS_BYTES])
{
    uint64_t halves[2];
    memcpy(halves, address, ADDRESS_BYTES);
    return mix(halves[1] ^ mix(halves[0] ^ hash_key));
}

/* ---- known addresses ---- */

static struct known *find_known(struct known *table, size_t size,
                                const uint8_t address[ADDRESS_BYTES])
{
    size_t at = hash_address(address) & (size - 1);
    while (table[at].is_used && memcmp(table[at].address, address, ADDRESS_BYTES) != 0) {
        at = (at + 1) & (size - 1);
    }
    return &table[at];
}

/* At most half full, without those that are known no more. */
static void make_room_for_known(void)
{
    if ((known_used + 1) * 2 <= known_size) return;
    size_t live = 1;
    for (size_t i = 0; i < known_size; i++) {
        live += known[i].count > 0;
    }
    size_t size = 64;
    while (size < live * 4) {
        size *= 2;
    }
    struct known *bigger = asg_alloc(size, sizeof *bigger);
    memset(bigger, 0, size * sizeof *bigger);
    for (size_t i = 0; i < known_size; i++) {
        if (known[i].count == 0) continue;
        *find_known(bigger, size, known[i].address) = known[i];
    }
    free(known);
    known = bigger;
    known_size = size;
    known_used = live - 1;
}

static bool is_own(const uint8_t address[ADDRESS_BYTES])
{
    static const uint8_t four[ADDRESS_BYTES] = {
        [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1};
    static const uint8_t six[ADDRESS_BYTES] = {[15] = 1};
    return memcmp(address, four, ADDRESS_BYTES) == 0 ||
           memcmp(address, six, ADDRESS_BYTES) == 0;
}

static uint32_t count_known(const uint8_t address[ADDRESS_BYTES])
{
    return known_size > 0 ? find_known(known, known_size, address)->count : 0;
}

static bool is_known_address(const uint8_t address[ADDRESS_BYTES])
{
    return is_own(address) || count_known(address) > 0;
}

void asg_accept_know(const char *address)
{
    uint8_t bytes[ADDRESS_BYTES];
    if (!read_text(address, bytes)) return;
    (void)pthread_mutex_lock(&lock);
    make_room_for_known();
    struct known *one = find_known(known, known_size, bytes);
    if (!one->is_used) {
        memcpy(one->address, bytes, ADDRESS_BYTES);
        one->is_used = true;
        known_used++;
    }
    one->count++;
    (void)pthread_mutex_unlock(&lock);
}

void asg_accept_forget(const char *address)
{
    uint8_t bytes[ADDRESS_BYTES];
    if (!read_text(address, bytes)) return;
    (void)pthread_mutex_lock(&lock);
    struct known *one = known_size > 0 ? find_known(known, known_size, bytes) : NULL;
    if (one != NULL && one->count > 0) one->count--;
    (void)pthread_mutex_unlock(&lock);
}

bool asg_accept_is_known(const char *address)
{
    uint8_t bytes[ADDRESS_BYTES];
    if (!read_text(address, bytes)) return false;
    (void)pthread_mutex_lock(&lock);
    bool is = is_known_address(bytes);
    (void)pthread_mutex_unlock(&lock);
    return is;
}

/* ---- limits ---- */

static int slot_of_port(uint16_t port)
{
    return (int)atomic_load(&slots_by_port[port]) - 1;
}

/* What another port left there. */
static void clear_slot(int slot)
{
    memset(&ports[slot], 0, sizeof ports[slot]);
    for (size_t i = 0; i < SETS * WAYS; i++) {
        struct entry *one = &entries[i]; /* most were never written: no page for them */
        if (one->bucket.filled_ms != 0 && one->slot == slot) {
            one->bucket = (struct bucket){0};
        }
    }
}

static int take_slot(uint16_t port)
{
    int slot = slot_of_port(port);
    for (int i = 0; slot < 0 && i < ASG_ACCEPT_PORTS_MAX; i++) {
        if (ports[i].is_limited || atomic_load(&ports[i].open) > 0) continue;
        clear_slot(i);
        slot = i;
    }
    return slot;
}

void asg_accept_limit(uint16_t port, const struct asg_accept_limits *limits)
{
    (void)pthread_mutex_lock(&lock);
    if (hash_key == 0 && getrandom(&hash_key, sizeof hash_key, 0) < 0) {
        hash_key = (uint64_t)now_ms(); /* poor, but the table stays right */
    }
    int slot = take_slot(port);
    assert(slot >= 0); /* more ports than ASG_ACCEPT_PORTS_MAX */
    ports[slot].limits = *limits;
    ports[slot].is_limited = true;
    atomic_store(&slots_by_port[port], (uint32_t)slot + 1);
    (void)pthread_mutex_unlock(&lock);
    asg_accept_keep_spare();
}

void asg_accept_unlimit(uint16_t port)
{
    (void)pthread_mutex_lock(&lock);
    int slot = slot_of_port(port);
    atomic_store(&slots_by_port[port], 0);
    if (slot >= 0) ports[slot].is_limited = false;
    (void)pthread_mutex_unlock(&lock);
}

void asg_accept_reserve(uint32_t descriptors)
{
    struct rlimit files = {0};
    uint32_t most = UINT32_MAX;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < UINT32_MAX) {
        most = (uint32_t)files.rlim_cur;
    }
    (void)pthread_mutex_lock(&lock);
    budget = descriptors == 0 ? UINT32_MAX : most > descriptors ? most - descriptors : 0;
    (void)pthread_mutex_unlock(&lock);
}

bool asg_accept_counts(uint16_t port, struct asg_accept_counts *ret)
{
    (void)pthread_mutex_lock(&lock);
    int slot = slot_of_port(port);
    if (slot >= 0) {
        struct port *of = &ports[slot];
        *ret = (struct asg_accept_counts){.accepted = of->accepted,
                                          .refused = of->refused,
                                          .open = atomic_load(&of->open),
                                          .open_known = atomic_load(&of->open_known)};
    }
    (void)pthread_mutex_unlock(&lock);
    return slot >= 0;
}

/* ---- one connection ---- */

static void fill(struct bucket *bucket, uint32_t per_s, int64_t at_ms)
{
    uint64_t most = (uint64_t)per_s * MILLI;
    if (bucket->filled_ms == 0) {
        bucket->milli = most;
    } else if (at_ms > bucket->filled_ms) {
        bucket->milli += (uint64_t)(at_ms - bucket->filled_ms) * per_s;
    }
    if (bucket->milli > most) bucket->milli = most;
    bucket->filled_ms = at_ms;
}

static bool is_empty(const struct bucket *bucket, uint32_t per_s)
{
    return per_s > 0 && bucket->milli < MILLI;
}

static void take(struct bucket *bucket)
{
    bucket->milli -= bucket->milli < MILLI ? bucket->milli : MILLI;
}

/* The entry of an address at a port, made when it has none; NULL: no room. */
static struct entry *find_entry(int slot, const uint8_t address[ADDRESS_BYTES],
                                bool is_address_known)
{
    uint64_t hash = mix(hash_address(address) + (uint64_t)slot);
    struct entry *set = &entries[(hash % SETS) * WAYS];
    struct entry *oldest = NULL;
    for (size_t i = 0; i < WAYS; i++) {
        struct entry *one = &set[i];
        if (one->slot == slot && one->is_known == is_address_known &&
            one->bucket.filled_ms != 0 &&
            memcmp(one->address, address, ADDRESS_BYTES) == 0) {
            return one;
        }
        if (atomic_load(&one->open) > 0) continue;
        if (oldest == NULL || one->bucket.filled_ms < oldest->bucket.filled_ms) {
            oldest = one;
        }
    }
    if (oldest == NULL) return NULL;
    memcpy(oldest->address, address, ADDRESS_BYTES);
    oldest->slot = (uint8_t)slot;
    oldest->is_known = is_address_known;
    oldest->bucket = (struct bucket){0};
    oldest->period = 0;
    return oldest;
}

static bool reaches(uint32_t count, uint32_t limit)
{
    return limit > 0 && count >= limit;
}

/* Of an address that is known so many times: a limit, and one for each after the first.
 */
static uint32_t widen(uint32_t limit, uint32_t times)
{
    return limit == 0 || times < 2 ? limit : limit + times - 1;
}

/* The limits, as far as they hold for one address. */
static struct asg_accept_limits limits_of(const struct port *port,
                                          const uint8_t address[ADDRESS_BYTES])
{
    struct asg_accept_limits limits = port->limits;
    uint32_t times = count_known(address);
    limits.connections_address = widen(limits.connections_address, times);
    limits.handshakes_address_s = widen(limits.handshakes_address_s, times);
    return limits;
}

/* Why not; REASONS: it may stay. */
static enum reason judge(struct port *port, const struct asg_accept_limits *limits,
                         struct entry *entry, bool is_address_known)
{
    uint32_t open_known = atomic_load(&port->open_known);
    uint32_t strangers = atomic_load(&port->open) - open_known;
    if (entry == NULL && !is_address_known) return FOR_ROOM;
    if (entry != NULL && is_own(entry->address)) entry = NULL;
    if (entry != NULL &&
        reaches(atomic_load(&entry->open), limits->connections_address)) {
        return FOR_ADDRESS;
    }
    if (entry != NULL && is_empty(&entry->bucket, limits->handshakes_address_s)) {
        return FOR_ADDRESS_RATE;
    }
    if (is_address_known) {
        if (reaches(open_known, limits->known_connections)) return FOR_KNOWN;
    } else {
        if (reaches(strangers, limits->connections)) return FOR_ALL;
        if (is_empty(&port->bucket, limits->handshakes_s)) return FOR_ALL_RATE;
    }
    if (limits->may_use_reserve) return REASONS;
    if (atomic_load(&open_in_budget) >= budget) return FOR_DESCRIPTORS;
    bool is_half = !is_address_known && atomic_load(&strangers_in_budget) >= budget / 2;
    return is_half ? FOR_DESCRIPTORS : REASONS;
}

static void count_refused(struct port *port, struct entry *entry, enum reason reason,
                          int64_t at_ms)
{
    port->refused++;
    if (port->refused_now == 0) port->first_ms = at_ms;
    port->last_ms = at_ms;
    port->refused_now++;
    port->reasons[reason]++;
    if (port->period == 0) port->period = 1;
    if (entry == NULL) return;
    if (entry->period != port->period) {
        entry->period = port->period;
        entry->refused = 0;
        port->addresses++;
    }
    entry->refused++;
    if (entry->refused <= port->worst_count) return;
    port->worst_count = entry->refused;
    memcpy(port->worst, entry->address, ADDRESS_BYTES);
}

/* Without the lock, so that a signal handler may close. An entry is another's as soon as
 * nothing is open, and a slot likewise: the port's count goes last. */
static void drop(uint32_t mark)
{
    struct port *port = &ports[mark >> MARK_SLOT_AT & MARK_SLOTS];
    if ((mark & MARK_ADDRESS) != 0) {
        (void)atomic_fetch_sub(&entries[mark & MARK_ENTRIES].open, 1);
    }
    if ((mark & MARK_BUDGET) != 0) {
        (void)atomic_fetch_sub(&open_in_budget, 1);
        if ((mark & MARK_KNOWN) == 0) (void)atomic_fetch_sub(&strangers_in_budget, 1);
    }
    if ((mark & MARK_KNOWN) != 0) (void)atomic_fetch_sub(&port->open_known, 1);
    (void)atomic_fetch_sub(&port->open, 1);
}

static void count_open(int slot, int fd, struct entry *entry, bool is_address_known)
{
    struct port *port = &ports[slot];
    uint32_t mark = MARK_USED | (uint32_t)slot << MARK_SLOT_AT;
    if (is_address_known) mark |= MARK_KNOWN;
    if (entry != NULL) {
        mark |= MARK_ADDRESS | (uint32_t)(entry - entries);
        (void)atomic_fetch_add(&entry->open, 1);
        take(&entry->bucket);
    }
    if (!is_address_known) take(&port->bucket);
    port->accepted++;
    atomic_store(&numbers[fd], atomic_fetch_add(&last_number, 1) + 1);
    (void)atomic_fetch_add(&port->open, 1);
    if (is_address_known) (void)atomic_fetch_add(&port->open_known, 1);
    if (!port->limits.may_use_reserve) {
        mark |= MARK_BUDGET;
        (void)atomic_fetch_add(&open_in_budget, 1);
        if (!is_address_known) (void)atomic_fetch_add(&strangers_in_budget, 1);
    }
    if (port->limits.received_bytes > 0) {
        mark |= MARK_BYTES;
        atomic_store(&receivable[fd], port->limits.received_bytes);
    }
    /* One that was closed where we do not see it (dup2 onto it) is counted off here. */
    uint32_t old = atomic_exchange(&marks[fd], mark);
    if (old != 0) drop(old);
}

int asg_accept_slot(int listener)
{
    struct sockaddr_storage local = {0};
    socklen_t length = sizeof local;
    int code = errno;
    bool is_named = getsockname(listener, (struct sockaddr *)&local, &length) == 0;
    errno = code;
    if (!is_named) return -1;
    in_port_t port = 0;
    if (local.ss_family == AF_INET) {
        port = ((const struct sockaddr_in *)(const void *)&local)->sin_port;
    } else if (local.ss_family == AF_INET6) {
        port = ((const struct sockaddr_in6 *)(const void *)&local)->sin6_port;
    }
    return port == 0 ? -1 : slot_of_port(ntohs(port));
}

bool asg_accept_admit(int slot, int fd, const struct sockaddr_storage *peer)
{
    uint8_t address[ADDRESS_BYTES];
    read_peer(peer, address);
    int64_t at_ms = now_ms();
    (void)pthread_mutex_lock(&lock);
    struct port *port = &ports[slot];
    bool is_address_known = is_known_address(address);
    if (!is_address_known && !is_ipv4(address)) memset(address + 8, 0, 8);
    const struct asg_accept_limits limits = limits_of(port, address);
    struct entry *entry = find_entry(slot, address, is_address_known);
    if (entry != NULL) fill(&entry->bucket, limits.handshakes_address_s, at_ms);
    fill(&port->bucket, limits.handshakes_s, at_ms);
    enum reason reason = (uint32_t)fd < FDS
                             ? judge(port, &limits, entry, is_address_known)
                             : FOR_DESCRIPTORS;
    if (reason == REASONS) {
        count_open(slot, fd, entry, is_address_known);
    } else {
        count_refused(port, entry, reason, at_ms);
    }
    (void)pthread_mutex_unlock(&lock);
    return reason == REASONS;
}

void asg_accept_turned_away(int slot)
{
    (void)pthread_mutex_lock(&lock);
    count_refused(&ports[slot], NULL, FOR_DESCRIPTORS, now_ms());
    (void)pthread_mutex_unlock(&lock);
}

bool asg_accept_received(int fd, size_t count)
{
    if (fd < 0 || (uint32_t)fd >= FDS) return true;
    uint32_t mark = atomic_load_explicit(&marks[fd], memory_order_relaxed);
    if ((mark & MARK_BYTES) == 0) return true;
    uint32_t left = atomic_load(&receivable[fd]);
    if (count <= left) { /* one thread at a time reads of a descriptor */
        atomic_store(&receivable[fd], left - (uint32_t)count);
        return true;
    }
    struct entry *entry =
        (mark & MARK_ADDRESS) != 0 ? &entries[mark & MARK_ENTRIES] : NULL;
    (void)pthread_mutex_lock(&lock);
    count_refused(&ports[mark >> MARK_SLOT_AT & MARK_SLOTS], entry, FOR_BYTES, now_ms());
    (void)pthread_mutex_unlock(&lock);
    return false;
}

void asg_accept_closed(int fd)
{
    if (fd < 0 || (uint32_t)fd >= FDS) return;
    if (atomic_load_explicit(&marks[fd], memory_order_relaxed) == 0) return;
    uint32_t mark = atomic_exchange(&marks[fd], 0);
    if (mark != 0) drop(mark);
}

/* Counted among the known first: whoever closes it meanwhile counts off what the mark
 * says, and no count falls below none. */
void asg_accept_prove(int fd)
{
    if (fd < 0 || (uint32_t)fd >= FDS) return;
    uint32_t mark = atomic_load(&marks[fd]);
    if ((mark & MARK_USED) == 0 || (mark & MARK_KNOWN) != 0) return;
    struct port *port = &ports[mark >> MARK_SLOT_AT & MARK_SLOTS];
    (void)atomic_fetch_add(&port->open_known, 1);
    if (!atomic_compare_exchange_strong(&marks[fd], &mark, mark | MARK_KNOWN)) {
        (void)atomic_fetch_sub(&port->open_known, 1); /* another's by now */
    } else if ((mark & MARK_BUDGET) != 0) {
        (void)atomic_fetch_sub(&strangers_in_budget, 1);
    }
}

uint64_t asg_accept_number(int fd)
{
    return fd < 0 || (uint32_t)fd >= FDS ? 0 : atomic_load(&numbers[fd]);
}

uint64_t asg_accept_last_number(void)
{
    return atomic_load(&last_number);
}

int asg_accept_take_spare(void)
{
    return atomic_exchange(&spare, -1);
}

void asg_accept_keep_spare(void)
{
    if (atomic_load(&spare) >= 0) return;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int none = -1;
    if (fd >= 0 && !atomic_compare_exchange_strong(&spare, &none, fd)) {
        (void)close(fd); /* another thread was quicker */
    }
}

/* ---- what is told ---- */

static void name_address(const uint8_t address[ADDRESS_BYTES], char ret[INET6_ADDRSTRLEN])
{
    const char *text = is_ipv4(address)
                           ? inet_ntop(AF_INET, address + 12, ret, INET6_ADDRSTRLEN)
                           : inet_ntop(AF_INET6, address, ret, INET6_ADDRSTRLEN);
    if (text == NULL) ret[0] = '\0';
}

static enum reason most_frequent(const struct port *port)
{
    enum reason most = FOR_ADDRESS;
    for (enum reason i = FOR_ADDRESS; i < REASONS; i++) {
        if (port->reasons[i] > port->reasons[most]) most = i;
    }
    return most;
}

static void describe(const struct port *port, struct asg_error *ret)
{
    char worst[INET6_ADDRSTRLEN] = "";
    if (port->worst_count > 0) name_address(port->worst, worst);
    long seconds = (long)((port->last_ms - port->first_ms) / 1000) + 1;
    const char *why = reason_texts[most_frequent(port)];
    if (worst[0] == '\0') {
        (void)asg_fail(ret, ASG_OK, "%s: refused %lu connections: %s", port->limits.name,
                       (unsigned long)port->refused_now, why);
        return;
    }
    (void)asg_fail(ret, ASG_OK,
                   "%s: refused %lu connections of %lu addresses in %ld s, %lu of them "
                   "of %s: %s",
                   port->limits.name, (unsigned long)port->refused_now,
                   (unsigned long)port->addresses, seconds,
                   (unsigned long)port->worst_count, worst, why);
}

static void begin_period(struct port *port, int64_t mono_ms)
{
    port->period++;
    port->told_ms = mono_ms;
    port->refused_now = 0;
    port->addresses = 0;
    port->worst_count = 0;
    memset(port->reasons, 0, sizeof port->reasons);
}

bool asg_accept_tell(int64_t mono_ms, struct asg_error *ret)
{
    bool is_told = false;
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < ASG_ACCEPT_PORTS_MAX && !is_told; i++) {
        struct port *port = &ports[i];
        if (port->refused_now == 0 || !port->is_limited) continue;
        if (port->told_ms != 0 && mono_ms - port->told_ms < TELL_MS) continue;
        describe(port, ret);
        begin_period(port, mono_ms);
        is_told = true;
    }
    (void)pthread_mutex_unlock(&lock);
    asg_accept_keep_spare(); /* if it could not be had when it was last missed */
    return is_told;
}

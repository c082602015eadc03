/* queue_floor - what a durable job costs before anybody has written a line of it. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zmq.h>

#include "bus/bus.h"
#include "queue_round.h"

#define SYNC_BYTES 8192
#define FILE_BYTES (16 << 20)
#define TIMES      400

static struct {
    int file;
    void *socket; /* ROUTER, CURVE */
    pid_t echo;
} ground;

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double median(int64_t *took_us)
{
    qsort(took_us, TIMES, sizeof took_us[0], by_size);
    return (double)took_us[TIMES / 2];
}

/* The other process: sends each message back. */
void run_echo(const char *endpoint, const char *server_key)
{
    struct asg_bus_keys keys;
    asg_bus_keys_new(&keys);
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_DEALER);
    must(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_key, ASG_BUS_KEY_SIZE) == 0 &&
             zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys.public_key,
                            ASG_BUS_KEY_SIZE) == 0 &&
             zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys.secret_key,
                            ASG_BUS_KEY_SIZE) == 0 &&
             zmq_connect(socket, endpoint) == 0 && zmq_send(socket, "", 0, 0) == 0,
         "echo");
    char bytes[JOB_BYTES];
    for (;;) {
        int length = zmq_recv(socket, bytes, sizeof bytes, 0);
        must(length >= 0 && zmq_send(socket, bytes, (size_t)length, 0) == length, "echo");
    }
}

static void begin_trips(void)
{
    struct asg_bus_keys keys;
    asg_bus_keys_new(&keys);
    void *context = zmq_ctx_new();
    ground.socket = zmq_socket(context, ZMQ_ROUTER);
    int is_server = 1;
    char endpoint[ASG_BUS_ENDPOINT_MAX];
    size_t size = sizeof endpoint;
    must(zmq_setsockopt(ground.socket, ZMQ_CURVE_SERVER, &is_server, sizeof is_server) ==
                 0 &&
             zmq_setsockopt(ground.socket, ZMQ_CURVE_SECRETKEY, keys.secret_key,
                            ASG_BUS_KEY_SIZE) == 0 &&
             zmq_bind(ground.socket, "tcp://127.0.0.1:*") == 0 &&
             zmq_getsockopt(ground.socket, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0,
         "bind");
    (void)fflush(NULL);
    ground.echo = fork();
    must(ground.echo >= 0, "fork");
    if (ground.echo == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)execl("/proc/self/exe", "bench_queue", "--echo", endpoint, keys.public_key,
                    (char *)NULL);
        _exit(127);
    }
}

void begin_floor(const char *folder)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/floor", folder);
    ground.file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    must(ground.file >= 0, "open");
    static char bytes[1 << 20];
    for (int at = 0; at < FILE_BYTES; at += (int)sizeof bytes) {
        must(write(ground.file, bytes, sizeof bytes) == (ssize_t)sizeof bytes, "write");
    }
    must(fsync(ground.file) == 0, "fsync");
    begin_trips();
}

void end_floor(void)
{
    (void)kill(ground.echo, SIGKILL);
    (void)waitpid(ground.echo, NULL, 0);
    (void)close(ground.file);
}

static double measure_sync(void)
{
    static char bytes[SYNC_BYTES];
    int64_t took_us[TIMES];
    for (int i = 0; i < TIMES; i++) {
        memset(bytes, i, sizeof bytes);
        int64_t before_us = now_us();
        must(pwrite(ground.file, bytes, sizeof bytes,
                    (off_t)i * SYNC_BYTES % FILE_BYTES) == SYNC_BYTES &&
                 fdatasync(ground.file) == 0,
             "fdatasync");
        took_us[i] = now_us() - before_us;
    }
    return median(took_us);
}

/* From the other process: who it is, and one part. */
static void receive(char peer[16], int *ret_peer_length)
{
    char bytes[JOB_BYTES];
    *ret_peer_length = zmq_recv(ground.socket, peer, 16, 0);
    must(*ret_peer_length > 0 && zmq_recv(ground.socket, bytes, sizeof bytes, 0) >= 0,
         "receive");
}

static double measure_trip(void)
{
    static char peer[16];
    static int peer_length;
    static const char job[JOB_BYTES] = "job";
    if (peer_length == 0) receive(peer, &peer_length);
    int64_t took_us[TIMES];
    for (int i = 0; i < TIMES; i++) {
        int64_t before_us = now_us();
        must(zmq_send(ground.socket, peer, (size_t)peer_length, ZMQ_SNDMORE) >= 0 &&
                 zmq_send(ground.socket, job, sizeof job, 0) >= 0,
             "send");
        receive(peer, &peer_length);
        took_us[i] = now_us() - before_us;
    }
    return median(took_us);
}

struct floor_result run_floor(void)
{
    return (struct floor_result){.sync_us = measure_sync(), .trip_us = measure_trip()};
}

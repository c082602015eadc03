#include "agent/read_metrics.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "agent/read_disk.h"
#include "agent/read_network.h"

struct asg_metrics_reader {
    enum asg_cpu_source source;
    union {
        struct asg_cpu_host host;
        struct asg_cpu_cgroup cgroup;
        struct asg_cpu_session session;
    } cpu;
    struct asg_cpu_sample before;
    uint32_t cpu_milli; /* as last measured */
    struct asg_proc_file memory;
    struct asg_proc_file load;
    struct asg_proc_file pressure;
    struct asg_network_reader network;
    struct asg_disk_reader disk;
};

int32_t asg_session_of(int32_t pid)
{
    return (int32_t)getsid((pid_t)pid);
}

static enum asg_status open_cpu(struct asg_metrics_reader *reader,
                                const struct asg_metrics_options *options, int64_t now_us,
                                struct asg_error *error)
{
    switch (options->cpu_source) {
    case ASG_CPU_HOST: return asg_cpu_host_open(&reader->cpu.host, options->root, error);
    case ASG_CPU_CGROUP:
        return asg_cpu_cgroup_open(&reader->cpu.cgroup, options->root, options->cgroup,
                                   options->cpu_capacity_milli, now_us, error);
    case ASG_CPU_SESSION:
        return asg_cpu_session_open(&reader->cpu.session, options->root,
                                    options->session_id, options->session_of,
                                    options->cpu_capacity_milli, now_us, error);
    }
    return asg_fail(error, ASG_ERR_INVALID, "no such CPU source");
}

static void close_cpu(struct asg_metrics_reader *reader)
{
    switch (reader->source) {
    case ASG_CPU_HOST: asg_cpu_host_close(&reader->cpu.host); return;
    case ASG_CPU_CGROUP: asg_cpu_cgroup_close(&reader->cpu.cgroup); return;
    case ASG_CPU_SESSION: asg_cpu_session_close(&reader->cpu.session); return;
    }
}

static enum asg_status sample_cpu(struct asg_metrics_reader *reader, int64_t now_us,
                                  struct asg_cpu_sample *ret)
{
    switch (reader->source) {
    case ASG_CPU_HOST: return asg_read_cpu_host(&reader->cpu.host, ret);
    case ASG_CPU_CGROUP: return asg_read_cpu_cgroup(&reader->cpu.cgroup, now_us, ret);
    case ASG_CPU_SESSION: return asg_read_cpu_session(&reader->cpu.session, now_us, ret);
    }
    return ASG_ERR_INVALID;
}

enum asg_status asg_metrics_reader_new(const struct asg_metrics_options *options,
                                       int64_t now_us, struct asg_metrics_reader **ret,
                                       struct asg_error *error)
{
    struct asg_metrics_reader *reader = asg_alloc(1, sizeof *reader);
    reader->source = options->cpu_source;
    enum asg_status status = open_cpu(reader, options, now_us, error);
    if (status == ASG_OK) {
        status = sample_cpu(reader, now_us, &reader->before);
        if (status != ASG_OK) close_cpu(reader);
    }
    if (status != ASG_OK) {
        free(reader);
        return status;
    }
    asg_proc_file_open(&reader->memory, options->root, "/proc/meminfo");
    asg_proc_file_open(&reader->load, options->root, "/proc/loadavg");
    asg_proc_file_open(&reader->pressure, options->root, "/proc/pressure/cpu");
    asg_network_reader_open(&reader->network, options->root);
    asg_disk_reader_open(&reader->disk, options->root);
    *ret = reader;
    return ASG_OK;
}

void asg_metrics_reader_destroy(struct asg_metrics_reader **reader)
{
    if (*reader == NULL) return;
    close_cpu(*reader);
    asg_proc_file_close(&(*reader)->memory);
    asg_proc_file_close(&(*reader)->load);
    asg_proc_file_close(&(*reader)->pressure);
    asg_network_reader_close(&(*reader)->network);
    asg_disk_reader_close(&(*reader)->disk);
    free(*reader);
    *reader = NULL;
}

static uint32_t percent_milli(uint64_t part, uint64_t whole)
{
    if (whole == 0) return 0;
    if (part >= whole) return ASG_PERCENT_MILLI_MAX;
    return (uint32_t)((__uint128_t)part * ASG_PERCENT_MILLI_MAX / whole);
}

static uint32_t memory_milli(const struct asg_proc_file *file)
{
    char text[1024]; /* the first lines are MemTotal, MemFree, MemAvailable */
    (void)asg_proc_file_read(file, text, sizeof text);
    uint64_t total = 0;
    uint64_t available = 0;
    for (const char *line = text; line != NULL; line = asg_proc_next_line(line)) {
        const char *at = line + strcspn(line, " \t\n");
        if (strncmp(line, "MemTotal:", 9) == 0) (void)asg_proc_number(&at, &total);
        if (strncmp(line, "MemAvailable:", 13) == 0) {
            (void)asg_proc_number(&at, &available);
        }
    }
    return available > total ? 0 : percent_milli(total - available, total);
}

static uint32_t load_milli(const struct asg_proc_file *file)
{
    char text[128];
    (void)asg_proc_file_read(file, text, sizeof text);
    const char *at = text;
    uint64_t load = 0;
    if (!asg_proc_decimal_milli(&at, &load)) return 0;
    load = load * 1000 / asg_cpu_online_milli();
    return load > UINT32_MAX ? UINT32_MAX : (uint32_t)load;
}

/* "some avg10=1.53 avg60=0.87 ..." */
static uint32_t pressure_milli(const struct asg_proc_file *file)
{
    char text[256];
    (void)asg_proc_file_read(file, text, sizeof text);
    const char *at = strstr(text, "some avg10=");
    if (at == NULL) return 0;
    at += strlen("some avg10=");
    uint64_t milli = 0;
    if (!asg_proc_decimal_milli(&at, &milli)) return 0;
    return milli > ASG_PERCENT_MILLI_MAX ? ASG_PERCENT_MILLI_MAX : (uint32_t)milli;
}

enum asg_status asg_read_metrics(struct asg_metrics_reader *reader, int64_t now_us,
                                 struct asg_report *ret)
{
    struct asg_cpu_sample now;
    enum asg_status status = sample_cpu(reader, now_us, &now);
    if (status != ASG_OK) return status;
    /* No time has passed on the source's clock: what was true then is true still. */
    if (now.possible > reader->before.possible) {
        uint64_t used = now.used > reader->before.used ? now.used - reader->before.used
                                                       : 0; /* iowait may go back */
        reader->cpu_milli = percent_milli(used, now.possible - reader->before.possible);
        reader->before = now;
    }
    ret->cpu_milli = reader->cpu_milli;
    ret->memory_milli = memory_milli(&reader->memory);
    ret->load_milli = load_milli(&reader->load);
    ret->pressure_milli = pressure_milli(&reader->pressure);
    asg_read_network(&reader->network, &ret->network_in_bytes, &ret->network_out_bytes);
    asg_read_disk(&reader->disk, &ret->disk_read_bytes, &ret->disk_write_bytes);
    return ASG_OK;
}

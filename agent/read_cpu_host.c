#include <string.h>
#include <unistd.h>

#include "agent/read_cpu.h"

/* The first line is all we want; the file goes on with each core and interrupt. */
#define FIRST_LINE_BYTES 256

uint64_t asg_cpu_online_milli(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1000 : (uint64_t)cores * 1000;
}

enum asg_status asg_cpu_host_open(struct asg_cpu_host *host, const char *root,
                                  struct asg_error *error)
{
    asg_proc_file_open(&host->stat, root, "/proc/stat");
    struct asg_cpu_sample sample;
    if (asg_read_cpu_host(host, &sample) != ASG_OK) {
        asg_proc_file_close(&host->stat);
        return asg_fail(error, ASG_ERR_IO,
                        "cannot read the CPU time of the machine from %s/proc/stat",
                        root);
    }
    return ASG_OK;
}

void asg_cpu_host_close(struct asg_cpu_host *host)
{
    asg_proc_file_close(&host->stat);
}

enum asg_status asg_read_cpu_host(struct asg_cpu_host *host, struct asg_cpu_sample *ret)
{
    char text[FIRST_LINE_BYTES];
    if (asg_proc_file_read(&host->stat, text, sizeof text) == 0) return ASG_ERR_IO;
    if (strncmp(text, "cpu ", 4) != 0) return ASG_ERR_IO;

    /* user nice system idle iowait irq softirq steal, in ticks (proc(5)); guest time,
     * which follows, is already in user. Old kernels have fewer columns. */
    enum { IDLE = 3, IOWAIT = 4, COLUMNS = 8 };
    const char *at = text + 4;
    struct asg_cpu_sample sample = {0};
    int column = 0;
    for (uint64_t ticks; column < COLUMNS && asg_proc_number(&at, &ticks); column++) {
        sample.possible += ticks;
        if (column != IDLE && column != IOWAIT) sample.used += ticks;
    }
    if (column <= IDLE) return ASG_ERR_IO;
    *ret = sample;
    return ASG_OK;
}

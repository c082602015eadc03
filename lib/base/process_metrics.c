#include "base/process_metrics.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#ifndef ASG_REVISION
#define ASG_REVISION "unknown" /* a build of this file alone */
#endif

enum which {
#define X(id, name, labels, kind, help) PROCESS_##id,
    ASG_PROCESS_METRICS(X)
#undef X
        PROCESS_END
};

static const struct asg_metric_family families[PROCESS_END] = {
#define X(id, metric_name, label_names, metric_kind, help_text)                          \
    [PROCESS_##id] = {.name = (metric_name),                                             \
                      .labels = (label_names),                                           \
                      .help = (help_text),                                               \
                      .kind = ASG_METRIC_##metric_kind},
    ASG_PROCESS_METRICS(X)
#undef X
};

struct facts {
    bool is_known[PROCESS_END];
    int64_t values[PROCESS_END];
};

static void tell(struct facts *facts, enum which which, int64_t value)
{
    facts->is_known[which] = true;
    facts->values[which] = value;
}

/* proc(5), /proc/pid/stat: the name in its parentheses may have any byte in it, so that
 * fields are counted from the last one on. */
static void read_stat(struct facts *facts)
{
    FILE *file = fopen("/proc/self/stat", "re");
    if (file == NULL) return;
    char text[1024];
    size_t length = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[length] = '\0';
    const char *rest = strrchr(text, ')');
    long long threads = 0;
    unsigned long long start = 0;
    unsigned long long bytes = 0;
    long long pages = 0;
    if (rest == NULL ||
        sscanf(rest + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
               "%lld %*d %llu %llu %lld",
               &threads, &start, &bytes, &pages) != 4) {
        return;
    }
    tell(facts, PROCESS_THREADS, threads);
    tell(facts, PROCESS_VIRTUAL, (int64_t)bytes);
    tell(facts, PROCESS_RESIDENT, (int64_t)pages * sysconf(_SC_PAGESIZE));
    /* Since the machine booted, on the clock that counts its sleep. */
    struct timespec wall;
    struct timespec up;
    if (clock_gettime(CLOCK_REALTIME, &wall) == 0 &&
        clock_gettime(CLOCK_BOOTTIME, &up) == 0) {
        int64_t booted_ms = ((int64_t)wall.tv_sec - up.tv_sec) * 1000 +
                            (wall.tv_nsec - up.tv_nsec) / 1000000;
        tell(facts, PROCESS_START,
             booted_ms + (int64_t)start * 1000 / sysconf(_SC_CLK_TCK));
    }
}

static void count_descriptors(struct facts *facts)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        tell(facts, PROCESS_MAX_FDS, (int64_t)limit.rlim_cur);
    }
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL) return;
    int64_t count = -1; /* the folder's own */
    while (true) {
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) break;
        if (entry->d_name[0] != '.') count++;
    }
    (void)closedir(folder);
    tell(facts, PROCESS_OPEN_FDS, count);
}

static void read_cpu(struct facts *facts)
{
    struct timespec spent;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent) != 0) return;
    tell(facts, PROCESS_CPU, (int64_t)spent.tv_sec * 1000 + spent.tv_nsec / 1000000);
}

void asg_process_metrics_print(enum asg_metric_form form, struct asg_bytes *ret)
{
    struct facts facts = {{false}, {0}};
    tell(&facts, PROCESS_BUILD, 1);
    read_stat(&facts);
    count_descriptors(&facts);
    read_cpu(&facts);
    const char *const labels[] = {ASG_VERSION, ASG_REVISION};
    for (int i = 0; i < PROCESS_END; i++) {
        if (!facts.is_known[i]) continue;
        asg_metric_family_print(&families[i], form, ret);
        asg_metric_row_print(&families[i], labels, facts.values[i], ret);
    }
}

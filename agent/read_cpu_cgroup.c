#include <stdio.h>
#include <string.h>

#include "agent/read_cpu.h"

#define FILE_BYTES 4096

/* "0::/system.slice/web.service" among the lines of /proc/self/cgroup. */
static enum asg_status own_folder(const char *root, char ret[ASG_PROC_PATH_MAX],
                                  struct asg_error *error)
{
    char text[FILE_BYTES];
    (void)asg_proc_read_once(root, "/proc/self/cgroup", text, sizeof text);
    for (const char *line = text; line != NULL; line = asg_proc_next_line(line)) {
        if (strncmp(line, "0::", 3) != 0) continue;
        int path_length = (int)strcspn(line + 3, "\n");
        int length =
            snprintf(ret, ASG_PROC_PATH_MAX, "/sys/fs/cgroup%.*s", path_length, line + 3);
        if (length > 0 && length < ASG_PROC_PATH_MAX) return ASG_OK;
    }
    return asg_fail(
        error, ASG_ERR_UNSUPPORTED,
        "%s/proc/self/cgroup names no cgroup v2: set cgroup to its folder, or "
        "cpu_source to host",
        root);
}

/* cpu.max is "max 100000" or "50000 100000": microseconds of CPU in a period. 0 when
 * there is no limit. */
static uint64_t limit_milli(const char *root, const char *folder)
{
    char path[ASG_PROC_PATH_MAX];
    char text[128];
    int length = snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (length < 0 || (size_t)length >= sizeof path) return 0;
    if (asg_proc_read_once(root, path, text, sizeof text) == 0) return 0;
    const char *at = text;
    uint64_t quota_us = 0;
    uint64_t period_us = 0;
    if (!asg_proc_number(&at, &quota_us) || !asg_proc_number(&at, &period_us)) return 0;
    if (period_us == 0 || quota_us > UINT64_MAX / 1000) return 0;
    return quota_us * 1000 / period_us;
}

static enum asg_status read_used(const struct asg_proc_file *stat, uint64_t *ret)
{
    char text[FILE_BYTES];
    if (asg_proc_file_read(stat, text, sizeof text) == 0) return ASG_ERR_IO;
    for (const char *line = text; line != NULL; line = asg_proc_next_line(line)) {
        if (strncmp(line, "usage_usec ", 11) != 0) continue;
        const char *at = line + 11;
        return asg_proc_number(&at, ret) ? ASG_OK : ASG_ERR_IO;
    }
    return ASG_ERR_IO;
}

enum asg_status asg_cpu_cgroup_open(struct asg_cpu_cgroup *cgroup, const char *root,
                                    const char *folder, uint64_t capacity_milli,
                                    int64_t now_us, struct asg_error *error)
{
    char own[ASG_PROC_PATH_MAX];
    if (folder == NULL || folder[0] == '\0') {
        enum asg_status status = own_folder(root, own, error);
        if (status != ASG_OK) return status;
        folder = own;
    }
    char path[ASG_PROC_PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/cpu.stat", folder);
    if (length < 0 || (size_t)length >= sizeof path) {
        return asg_fail(error, ASG_ERR_INVALID, "cgroup \"%s\": too long a name", folder);
    }
    asg_proc_file_open(&cgroup->stat, root, path);
    uint64_t used_us = 0;
    if (read_used(&cgroup->stat, &used_us) != ASG_OK) {
        asg_proc_file_close(&cgroup->stat);
        return asg_fail(error, ASG_ERR_IO,
                        "cannot read usage_usec from %s%s: is it the folder of a cgroup "
                        "v2 with the cpu controller?",
                        root, path);
    }
    if (capacity_milli == 0) capacity_milli = limit_milli(root, folder);
    if (capacity_milli == 0) capacity_milli = asg_cpu_online_milli();
    cgroup->capacity_milli = capacity_milli;
    cgroup->last_us = now_us;
    cgroup->possible_us_milli = 0;
    return ASG_OK;
}

void asg_cpu_cgroup_close(struct asg_cpu_cgroup *cgroup)
{
    asg_proc_file_close(&cgroup->stat);
}

enum asg_status asg_read_cpu_cgroup(struct asg_cpu_cgroup *cgroup, int64_t now_us,
                                    struct asg_cpu_sample *ret)
{
    uint64_t used_us = 0;
    enum asg_status status = read_used(&cgroup->stat, &used_us);
    if (status != ASG_OK) return status;
    if (now_us > cgroup->last_us) {
        cgroup->possible_us_milli +=
            (uint64_t)(now_us - cgroup->last_us) * cgroup->capacity_milli;
        cgroup->last_us = now_us;
    }
    *ret = (struct asg_cpu_sample){used_us, cgroup->possible_us_milli / 1000};
    return ASG_OK;
}

#include "agent/read_disk.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define FILE_BYTES   16384
#define SECTOR_BYTES 512 /* of /proc/diskstats, whatever the disk's own (iostats.rst) */

/* Devices that stand on others or on memory: their bytes are counted elsewhere, or are
 * none. */
static bool is_stacked(const char *name)
{
    static const char *const prefixes[] = {"loop", "ram", "zram", "dm-",
                                           "md",   "sr",  "fd"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) return true;
    }
    return false;
}

static void list_disks(struct asg_disk_reader *reader)
{
    reader->name_count = 0;
    DIR *folder = opendir(reader->block);
    if (folder == NULL) return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (entry->d_name[0] == '.' || length >= ASG_DISK_NAME_BYTES) continue;
        if (is_stacked(entry->d_name) || reader->name_count == ASG_DISKS_MAX) continue;
        memcpy(reader->names[reader->name_count++], entry->d_name, length + 1);
    }
    (void)closedir(folder);
}

void asg_disk_reader_open(struct asg_disk_reader *reader, const char *root)
{
    *reader = (struct asg_disk_reader){0};
    asg_proc_file_open(&reader->file, root, "/proc/diskstats");
    (void)snprintf(reader->block, sizeof reader->block, "%s/sys/block", root);
}

void asg_disk_reader_close(struct asg_disk_reader *reader)
{
    asg_proc_file_close(&reader->file);
}

static bool is_disk(const struct asg_disk_reader *reader, const char *name, size_t length)
{
    for (size_t i = 0; i < reader->name_count; i++) {
        if (strlen(reader->names[i]) == length &&
            memcmp(reader->names[i], name, length) == 0) {
            return true;
        }
    }
    return false;
}

/* " 254 0 vda 93795 26835 7941130 68264 29923 19324 2245320 ...": numbers, name, reads,
 * merged, sectors read, ms, writes, merged, sectors written. */
void asg_read_disk(struct asg_disk_reader *reader, uint64_t *ret_read,
                   uint64_t *ret_written)
{
    *ret_read = 0;
    *ret_written = 0;
    char text[FILE_BYTES];
    if (asg_proc_file_read(&reader->file, text, sizeof text) == 0) return;
    size_t lines = 0;
    for (const char *line = text; line != NULL; line = asg_proc_next_line(line))
        lines++;
    if (lines != reader->line_count) { /* a disk came or went */
        list_disks(reader);
        reader->line_count = lines;
    }
    for (const char *line = text; line != NULL; line = asg_proc_next_line(line)) {
        const char *at = line;
        if (!asg_proc_skip_words(&at, 2)) continue;
        const char *name = at + strspn(at, " \t");
        size_t length = strcspn(name, " \t\n");
        if (!is_disk(reader, name, length)) continue;
        at = name + length;
        uint64_t read = 0;
        uint64_t written = 0;
        if (!asg_proc_skip_words(&at, 2) || !asg_proc_number(&at, &read) ||
            !asg_proc_skip_words(&at, 3) || !asg_proc_number(&at, &written)) {
            continue;
        }
        *ret_read += read * SECTOR_BYTES;
        *ret_written += written * SECTOR_BYTES;
    }
}

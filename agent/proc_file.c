#include "agent/proc_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int open_path(const char *root, const char *path)
{
    char full[ASG_PROC_PATH_MAX];
    int length = snprintf(full, sizeof full, "%s%s", root, path);
    if (length < 0 || (size_t)length >= sizeof full) return -1;
    return open(full, O_RDONLY | O_CLOEXEC);
}

void asg_proc_file_open(struct asg_proc_file *file, const char *root, const char *path)
{
    file->fd = open_path(root, path);
}

void asg_proc_file_close(struct asg_proc_file *file)
{
    if (file->fd >= 0) (void)close(file->fd);
    file->fd = -1;
}

size_t asg_proc_file_read(const struct asg_proc_file *file, char *ret, size_t size)
{
    size_t length = 0;
    while (file->fd >= 0 && length + 1 < size) {
        ssize_t more = pread(file->fd, ret + length, size - 1 - length, (off_t)length);
        if (more <= 0) break;
        length += (size_t)more;
    }
    ret[length] = '\0';
    return length;
}

size_t asg_proc_read_once(const char *root, const char *path, char *ret, size_t size)
{
    struct asg_proc_file file;
    asg_proc_file_open(&file, root, path);
    size_t length = asg_proc_file_read(&file, ret, size);
    asg_proc_file_close(&file);
    return length;
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

bool asg_proc_number(const char **at, uint64_t *ret)
{
    const char *digit = skip_blanks(*at);
    if (*digit < '0' || *digit > '9') return false;
    uint64_t value = 0;
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*digit - '0'), &value)) {
            return false;
        }
    }
    *at = digit;
    *ret = value;
    return true;
}

bool asg_proc_skip_words(const char **at, int count)
{
    const char *word = *at;
    for (int i = 0; i < count; i++) {
        word = skip_blanks(word);
        size_t length = strcspn(word, " \t\n");
        if (length == 0) return false;
        word += length;
    }
    *at = word;
    return true;
}

const char *asg_proc_next_line(const char *at)
{
    const char *end = strchr(at, '\n');
    return end == NULL || end[1] == '\0' ? NULL : end + 1;
}

bool asg_proc_decimal_milli(const char **at, uint64_t *ret)
{
    const char *digit = *at;
    uint64_t whole = 0;
    if (!asg_proc_number(&digit, &whole) || whole > UINT64_MAX / 1000 - 1) return false;
    uint64_t milli = whole * 1000;
    if (*digit == '.') {
        digit++;
        for (uint64_t weight = 100; *digit >= '0' && *digit <= '9'; digit++) {
            milli += (uint64_t)(*digit - '0') * weight;
            weight /= 10;
        }
    }
    *at = digit;
    *ret = milli;
    return true;
}

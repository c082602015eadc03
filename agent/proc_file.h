/* proc_file - a file of /proc or /sys that is read again and again.
 *
 * Opened once and read from its start each time: half the system calls, and no path
 * look-up.
 * Threads: one owner at a time.
 */
#ifndef ASG_AGENT_PROC_FILE_H
#define ASG_AGENT_PROC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASG_PROC_PATH_MAX 512

struct asg_proc_file {
    int fd; /* -1: this system does not have it */
};

/* Open root + path ("" and "/proc/stat"). A file that is not there reads as nothing. */
void asg_proc_file_open(struct asg_proc_file *file, const char *root, const char *path);
void asg_proc_file_close(struct asg_proc_file *file);

/* Read at most size - 1 bytes and close them with a zero. 0: nothing there. */
size_t asg_proc_file_read(const struct asg_proc_file *file, char *ret, size_t size);

/* Open, read, close. */
size_t asg_proc_read_once(const char *root, const char *path, char *ret, size_t size);

/* Skip blanks, read a decimal number and step behind it. False, with *at and *ret
 * untouched: there is none, or it does not fit. */
bool asg_proc_number(const char **at, uint64_t *ret);

/* Skip `count` words. False when the line has fewer. */
bool asg_proc_skip_words(const char **at, int count);

/* The line after this one; NULL when this was the last. */
const char *asg_proc_next_line(const char *at);

/* "12.34" -> 12340. False: no such number. */
bool asg_proc_decimal_milli(const char **at, uint64_t *ret);

#endif

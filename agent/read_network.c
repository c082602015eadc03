#include "agent/read_network.h"

#include <string.h>

#define FILE_BYTES 16384

void asg_network_reader_open(struct asg_network_reader *reader, const char *root)
{
    asg_proc_file_open(&reader->file, root, "/proc/net/dev");
}

void asg_network_reader_close(struct asg_network_reader *reader)
{
    asg_proc_file_close(&reader->file);
}

/* "  eth0: 29642950 909 0 0 0 0 0 0 47338 562 ...": bytes in, seven more, bytes out. */
void asg_read_network(const struct asg_network_reader *reader, uint64_t *ret_in,
                      uint64_t *ret_out)
{
    *ret_in = 0;
    *ret_out = 0;
    char text[FILE_BYTES];
    (void)asg_proc_file_read(&reader->file, text, sizeof text);
    for (const char *line = text; line != NULL; line = asg_proc_next_line(line)) {
        const char *name = line + strspn(line, " \t");
        size_t length = strcspn(name, ":|\n");
        if (name[length] != ':') continue; /* one of the two lines of headings */
        if (length == 2 && memcmp(name, "lo", 2) == 0) continue;
        const char *at = name + length + 1;
        uint64_t in = 0;
        uint64_t out = 0;
        if (!asg_proc_number(&at, &in) || !asg_proc_skip_words(&at, 7) ||
            !asg_proc_number(&at, &out)) {
            continue;
        }
        *ret_in += in;
        *ret_out += out;
    }
}

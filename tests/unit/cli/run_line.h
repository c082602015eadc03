/* run_line - a command line through asg_cli_run(), with what it says. */
#ifndef ASG_TESTS_RUN_LINE_H
#define ASG_TESTS_RUN_LINE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"

#define WORDS_MAX 64

struct said {
    int code;
    char *out;
    char *err;
};

/* Cut at blanks, as a shell does: quotes keep words together. Ends at > and |. */
static inline int cut_words(char *line, char **words)
{
    int count = 0;
    char *at = line;
    while (*at != '\0' && count < WORDS_MAX - 1) {
        while (*at == ' ')
            at++;
        if (*at == '\0' || *at == '>' || *at == '|') break;
        char *to = at;
        words[count++] = to;
        char quote = '\0';
        for (; *at != '\0' && (quote != '\0' || *at != ' '); at++) {
            if (quote == '\0' && (*at == '\'' || *at == '"')) {
                quote = *at;
            } else if (*at == quote) {
                quote = '\0';
            } else {
                *to++ = *at;
            }
        }
        if (*at != '\0') at++;
        *to = '\0';
    }
    words[count] = NULL;
    return count;
}

static inline void clear_said(struct said *said)
{
    free(said->out);
    free(said->err);
    *said = (struct said){0};
}

/* Forget what was said before, run, keep what is said now. */
static inline void run_line(struct said *said, const char *line)
{
    clear_said(said);
    char copy[2048];
    (void)snprintf(copy, sizeof copy, "openasg %s", line);
    char *words[WORDS_MAX];
    int count = cut_words(copy, words);
    size_t out_length = 0;
    size_t err_length = 0;
    struct asg_cli cli = {.table = asg_cli_table(),
                          .out = open_memstream(&said->out, &out_length),
                          .err = open_memstream(&said->err, &err_length),
                          .clock = asg_clock_real()};
    said->code = asg_cli_run(&cli, count, words);
    (void)fclose(cli.out);
    (void)fclose(cli.err);
}

#endif

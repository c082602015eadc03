/* process_words - the processes of a group that can be suspended, as bits and words. */
#ifndef ASG_CLI_SHOW_PROCESS_WORDS_H
#define ASG_CLI_SHOW_PROCESS_WORDS_H

#include "base/bytes.h"
#include "base/error.h"
#include "model/schema.h"

/* "launch,terminate" */
void asg_process_write(uint64_t bits, struct asg_bytes *ret);

/* ASG_ERR_INVALID: a word is no process; error names them. No words: 0, all. */
ASG_MUST_USE enum asg_status asg_process_bits(const struct asg_texts *words,
                                              uint64_t *ret, struct asg_error *error);

#endif

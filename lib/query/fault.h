/* fault - what is wrong with a request, and how the two kinds of AWS service say so.
 * Threads: no state.
 */
#ifndef ASG_QUERY_FAULT_H
#define ASG_QUERY_FAULT_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define ASG_QUERY_FAULT_MORE  1600
#define ASG_QUERY_MESSAGE_MAX 2400 /* of any fault, in the words of either service */

enum asg_query_trouble {
    ASG_QUERY_FINE,
    ASG_QUERY_NOT_TEXT,  /* not UTF-8, or a zero byte */
    ASG_QUERY_TOO_LARGE, /* more bytes or pairs than are read */
    ASG_QUERY_BAD_NAME,  /* too long, too deep, an empty part */
    ASG_QUERY_TWICE,     /* one name more than once */
    ASG_QUERY_BAD_INDEX, /* of a list: no number, 0, or beyond the limit */
    ASG_QUERY_BAD_KIND,  /* a text where a list or a structure belongs, or the reverse */
    ASG_QUERY_UNKNOWN,   /* no such parameter */
    ASG_QUERY_MISSING,   /* a required one is not there */
    ASG_QUERY_BAD_VALUE, /* it breaks `constraint` */
};

struct asg_query_fault {
    enum asg_query_trouble trouble;
    char path[160];  /* as the client wrote it: "Tags.member.2.Key"; "" : the whole */
    char value[100]; /* of a bad value, cut */
    char constraint[240]; /* "Member must have length greater than or equal to 1" */
    /* Of MISSING and BAD_VALUE, when the reader collects them: those beside the first. */
    uint32_t more_count;
    char more[ASG_QUERY_FAULT_MORE]; /* in AWS's words, each with "; " before it; cut */
};

/* Fill it; texts are cut between characters. Returns ASG_ERR_DENIED. */
enum asg_status asg_query_blame(struct asg_query_fault *fault,
                                enum asg_query_trouble trouble, const char *path,
                                const char *value, const char *constraint);

/* The same beside the faults that it has: the first fills it, the others stand in `more`.
 * MISSING and BAD_VALUE only. */
void asg_query_blame_also(struct asg_query_fault *fault, enum asg_query_trouble trouble,
                          const char *path, const char *value, const char *constraint);

/* How a door words its refusals: EC2's codes (InvalidParameterValue, MissingParameter,
 * UnknownParameter), or those of the other Query services (ValidationError, and
 * InvalidParameterValue only where no member is to blame). */
enum asg_query_words { ASG_QUERY_WORDS_AWS, ASG_QUERY_WORDS_EC2 };

/* The code (static) and the message of a fault; always an HTTP status of 400. */
const char *asg_query_fault_code(const struct asg_query_fault *fault,
                                 enum asg_query_words words);
void asg_query_fault_message(const struct asg_query_fault *fault,
                             enum asg_query_words words, char *ret, size_t size);

#endif

/* check_texts - are the texts of a struct fit to be stored and shown?
 *
 * Whoever takes an order from a person or a client asks this before anything is done with
 * it: the controller, and the command line before it sends.
 * Threads: no state; any.
 */
#ifndef ASG_MODEL_CHECK_TEXTS_H
#define ASG_MODEL_CHECK_TEXTS_H

#include "base/error.h"
#include "model/schema.h"

/* Check every text in `object`, however deep: UTF-8, within its field's limit, without
 * control characters (a long text, one that may have lines, may have tabs and line ends).
 * ASG_ERR_LIMIT, ASG_ERR_INVALID: `error` names the field and says what is wrong. */
ASG_MUST_USE enum asg_status asg_model_check_texts(const struct asg_schema *schema,
                                                   const void *object,
                                                   struct asg_error *error);

/* The same but for control characters, for texts that clients have their own rules for:
 * what passes can be written into the log and read again. */
ASG_MUST_USE enum asg_status asg_model_check_limits(const struct asg_schema *schema,
                                                    const void *object,
                                                    struct asg_error *error);

#endif
